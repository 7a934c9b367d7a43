package io.tidaldb.server.cli.upgrade;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.NodeId;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerCommand;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "rejoin",
        description = "Brings a node back into service: it catches up, is compared with the others, and leads again.",
        footer = {"", "Of a node that is still being drained, this undoes it."})
@SuppressWarnings("NullAway.Init")
final class UpgradeRejoinCommand extends ServerCommand {

    @Parameters(paramLabel = "NODE", description = "The node.")
    private String node;

    @Option(
            names = "--wait",
            description = "Return when it is done, not when it has begun; tell on the way what is waited for.")
    private boolean wait;

    @Override
    protected int run(ServerClient client) throws InterruptedException {
        String name = NodeId.of(node).name();
        UpgradeWait progress = new UpgradeWait(client, output(), name);
        ObjectNode begun = progress.begin("/v1/upgrades/" + Request.encoded(name) + "/rejoin");
        output().result(wait ? progress.until("SERVING", "REJOINING", "RETURNING") : begun);
        return ExitCodes.DONE;
    }
}
