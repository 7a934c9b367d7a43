package io.tidaldb.server.cli.upgrade;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.NodeId;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerCommand;
import io.tidaldb.server.cli.option.DryRunOption;
import io.tidaldb.server.cli.option.DurationText;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "drain",
        description = "Takes a node out of service: it hands over what it leads, and can then be stopped and replaced.",
        footer = {
            "",
            "Refused (exit code 3) while another node is out of service, and if somebody would be without service. What is not",
            "done in time is undone, and the reason is told."
        })
@SuppressWarnings("NullAway.Init")
final class UpgradeDrainCommand extends ServerCommand {

    @Parameters(paramLabel = "NODE", description = "The node.")
    private String node;

    @Option(
            names = "--allow-unavailable",
            description = "Let tenants pause that nobody else could serve, until the node is back.")
    private boolean allowUnavailable;

    @Option(
            names = "--timeout",
            converter = DurationText.class,
            paramLabel = "60s",
            description = "How long it may take until it is undone (default: 60s).")
    @Nullable
    private Duration timeout;

    @Option(
            names = "--wait",
            description = "Return when it is done, not when it has begun; tell on the way what is waited for.")
    private boolean wait;

    @Mixin
    private final DryRunOption dryRun = new DryRunOption();

    @Override
    protected int run(ServerClient client) throws InterruptedException {
        String name = NodeId.of(node).name();
        if (dryRun.isGiven()) {
            return DryRunOption.show(output(), step(client, name));
        }
        UpgradeWait progress = new UpgradeWait(client, output(), name);
        ObjectNode begun = progress.begin("/v1/upgrades/" + Request.encoded(name) + "/drain?allow_unavailable="
                + allowUnavailable + (timeout == null ? "" : "&timeout=" + DurationText.print(timeout)));
        output().result(wait ? progress.until("DRAINED", "DRAINING") : begun);
        return ExitCodes.DONE;
    }

    private static ObjectNode step(ServerClient client, String name) {
        for (JsonNode each : client.call(Request.get("/v1/upgrades/plan")).path("steps")) {
            if (each.path("node").asText().equals(name) && each instanceof ObjectNode found) {
                return found;
            }
        }
        throw CliException.usage("node " + name + " does not exist: \"upgrade plan\" lists those that do");
    }
}
