package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.NodeId;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "rejoin",
        description = "Brings a node back into service: it catches up, is compared with the others, and leads again.",
        footer = {"", "Of a node that is still being drained, this undoes it."})
@SuppressWarnings("NullAway.Init")
final class UpgradeRejoinCommand extends CliCommand {

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Parameters(paramLabel = "NODE", description = "The node.")
    private String node;

    @Option(names = "--no-wait", description = "Return when it has begun: \"upgrade status\" says how far it is.")
    private boolean noWait;

    @Override
    public Integer call() throws IOException, InterruptedException {
        String name = NodeId.of(node).name();
        try (ServerClient client = server.connect(token())) {
            UpgradeWait wait = new UpgradeWait(client, output(), name);
            ObjectNode begun = wait.begin("/v1/upgrades/" + Request.encoded(name) + "/rejoin");
            output().result(noWait ? begun : wait.until("SERVING", "REJOINING", "RETURNING"));
            return ExitCodes.DONE;
        }
    }
}
