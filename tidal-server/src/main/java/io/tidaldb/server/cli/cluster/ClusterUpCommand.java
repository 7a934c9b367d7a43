package io.tidaldb.server.cli.cluster;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.StopSignal;
import io.tidaldb.server.cli.option.DurationText;
import io.tidaldb.server.cli.option.PluginOptions;
import io.tidaldb.server.cluster.ClusterHome;
import io.tidaldb.server.cluster.ClusterPlan;
import io.tidaldb.server.cluster.LocalCluster;
import io.tidaldb.server.cluster.LocalNode;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "up",
        description = "Starts nodes as processes on this machine, and returns when all of them serve.",
        footer = {
            "",
            "Each node is alone in a region of its own and has a replica of every shard. A directory that holds a",
            "stopped cluster is started again as it was; where only some nodes run, the others are started."
        })
@SuppressWarnings("NullAway.Init")
final class ClusterUpCommand extends CliCommand {

    private static final int DEFAULT_NODES = 3;
    private static final int DEFAULT_BASE_PORT = 7400;
    private static final String DEFAULT_WAL = "file";

    @Option(names = "--nodes", paramLabel = "N", description = "1 to 16 (default: 3).")
    @Nullable
    private Integer nodes;

    @Option(names = "--shards", paramLabel = "N", description = "Default: as many as nodes. Shard i is led by node i.")
    @Nullable
    private Integer shards;

    @Option(
            names = "--data-dir",
            required = true,
            paramLabel = "DIR",
            description = "Where data, configurations, logs and cluster.json are; new, empty, or made by this command.")
    private Path directory;

    @Option(
            names = "--base-port",
            paramLabel = "P",
            description =
                    "Node i serves at P + 10 i and talks to others at the next port; 0: any free (default: 7400).")
    @Nullable
    private Integer basePort;

    @Option(names = "--wal", paramLabel = "file|rocks", description = "Log store of a new cluster (default: file).")
    @Nullable
    private String wal;

    @Option(names = "--debug", description = "Allow faults to be injected into a new cluster.")
    private boolean debug;

    @Option(
            names = "--timeout",
            defaultValue = "60s",
            converter = DurationText.class,
            paramLabel = "60s",
            description = "How long all nodes may take until they serve (default: ${DEFAULT-VALUE}).")
    private Duration timeout;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw CliException.usage("--data-dir " + directory + " is not a directory");
        }
        ClusterHome home = new ClusterHome(directory);
        if (home.exists()) {
            checkSame(home.nodes());
        } else {
            home.create(plan());
        }
        try (StopSignal stop = StopSignal.install()) {
            List<LocalCluster.Outcome> outcomes =
                    new LocalCluster(home, output()::note).start(timeout, stop::requested);
            output().result(describe(outcomes)
                    .put("cluster_file", home.processes().toString()));
            return stop.finished(ExitCodes.DONE);
        }
    }

    private ClusterPlan plan() {
        int count = nodes == null ? DEFAULT_NODES : nodes;
        String store = wal == null ? DEFAULT_WAL : wal;
        new PluginOptions().checkWal(store);
        return new ClusterPlan(
                count, shards == null ? count : shards, basePort == null ? DEFAULT_BASE_PORT : basePort, store, debug);
    }

    /** What a cluster is was said when it was made; whoever says it again has to say the same. */
    private void checkSame(List<LocalNode> there) {
        LocalNode first = there.get(0);
        checkSame("--nodes", nodes, there.size());
        checkSame(
                "--shards",
                shards,
                first.configuration().shards().stream()
                        .map(shard -> shard.shard().value())
                        .distinct()
                        .count());
        checkSame("--wal", wal, first.configuration().wal().plugin());
        if (basePort != null && basePort != 0) {
            checkSame(
                    "--base-port",
                    basePort,
                    first.configuration().http().listen().port());
        }
        if (debug) {
            checkSame("--debug", true, first.configuration().debug());
        }
    }

    private void checkSame(String option, @Nullable Object wanted, Object there) {
        if (wanted != null && !wanted.toString().equals(there.toString())) {
            throw CliException.usage(option + " " + wanted + " is not what the cluster in " + directory
                    + " was made with: expected " + there + ", or none");
        }
    }

    static ObjectNode describe(List<LocalCluster.Outcome> outcomes) {
        ObjectNode result = Json.object();
        ArrayNode all = result.putArray("nodes");
        for (LocalCluster.Outcome outcome : outcomes) {
            LocalNode node = outcome.node();
            all.addObject()
                    .put("node", node.name())
                    .put("state", outcome.state())
                    .put("pid", outcome.pid() == 0 ? null : outcome.pid())
                    .put("http", node.configuration().http().listen().toString())
                    .put("peer", node.configuration().transport().listen().toString());
        }
        return result;
    }
}
