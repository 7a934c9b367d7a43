package io.tidaldb.server.cli.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerOptions;
import io.tidaldb.server.cli.option.DurationText;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import io.tidaldb.server.client.ServerException;
import io.tidaldb.server.cluster.ClusterHome;
import io.tidaldb.server.cluster.LocalNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "status",
        description = "Shows nodes, regions and shards, as the first server that answers sees them.",
        footer = {
            "",
            "healthy: every node is UP and every region HEALTHY. Exit code 1 if that does not come true in time, or no",
            "server answers. With --watch, a result follows the other until it is interrupted or what is waited for is",
            "true."
        })
@SuppressWarnings("NullAway.Init")
final class ClusterStatusCommand extends CliCommand {

    private static final long WATCH_MILLIS = 1_000;
    private static final long WAIT_MILLIS = 200;

    /** What can be waited for. */
    enum Awaited {
        /** Every node is up and every region healthy. */
        HEALTHY
    }

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Option(
            names = "--data-dir",
            paramLabel = "DIR",
            description = "Ask the nodes of the cluster that cluster up started there, in place of --server.")
    @Nullable
    private Path directory;

    @Option(names = "--watch", description = "Show it again every second.")
    private boolean watch;

    @Option(names = "--wait-for", paramLabel = "healthy", description = "Return when that is so.")
    @Nullable
    private Awaited awaited;

    @Option(
            names = "--timeout",
            defaultValue = "60s",
            converter = DurationText.class,
            paramLabel = "60s",
            description = "How long to wait for it (default: ${DEFAULT-VALUE}).")
    private Duration timeout;

    /** What was seen at a moment: the cluster's health, or why it was not seen. */
    private record Look(
            @Nullable ObjectNode health, @Nullable RuntimeException failure) {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (ServerClient client = connect()) {
            long begun = System.nanoTime();
            Look look = look(client);
            while (watch || (awaited != null && !isHealthy(look))) {
                if (watch) {
                    show(look);
                    if (awaited != null && isHealthy(look)) {
                        return ExitCodes.DONE;
                    }
                }
                if (awaited != null && System.nanoTime() - begun > timeout.toNanos()) {
                    return tooLate(look);
                }
                TimeUnit.MILLISECONDS.sleep(watch ? WATCH_MILLIS : WAIT_MILLIS);
                look = look(client);
            }
            if (look.failure != null) {
                throw look.failure;
            }
            show(look);
            return ExitCodes.DONE;
        }
    }

    private ServerClient connect() throws IOException {
        if (directory == null) {
            return server.connect(token());
        }
        String urls = new ClusterHome(directory)
                .nodes().stream().map(ClusterStatusCommand::url).collect(Collectors.joining(","));
        return server.connectTo(urls, token());
    }

    private static String url(LocalNode node) {
        return "http://" + node.configuration().http().listen();
    }

    private static Look look(ServerClient client) {
        try {
            return new Look(client.call(Request.get("/v1/cluster")), null);
        } catch (TidalException | ServerException e) {
            return new Look(null, e);
        }
    }

    private void show(Look look) {
        if (look.health == null) {
            output().note("tidal: " + (look.failure == null ? "no answer" : look.failure.getMessage()));
        } else {
            output().result(output().json() ? look.health : ClusterTable.of(look.health));
        }
    }

    private static boolean isHealthy(Look look) {
        return look.health != null && ill(look.health).isEmpty();
    }

    private Integer tooLate(Look look) {
        if (look.health == null && look.failure != null) {
            throw look.failure;
        }
        if (!watch) {
            show(look);
        }
        throw CliException.failed("not healthy after " + DurationText.print(timeout) + ": "
                + Optional.ofNullable(look.health)
                        .map(health -> String.join(", ", ill(health)))
                        .orElse("no answer"));
    }

    /** Returns what is not as it should be. */
    private static List<String> ill(ObjectNode health) {
        List<String> ill = new ArrayList<>();
        for (JsonNode node : health.path("nodes")) {
            if (!node.path("state").asText().equals("UP")) {
                ill.add("node " + node.path("node").asText() + " is "
                        + node.path("state").asText());
            }
        }
        for (JsonNode region : health.path("regions")) {
            if (!region.path("health").asText().equals("HEALTHY")) {
                ill.add("region r" + region.path("region").asText() + " is "
                        + region.path("health").asText());
            }
        }
        if (health.path("nodes").isEmpty()) {
            ill.add("there is no node");
        }
        return ill;
    }
}
