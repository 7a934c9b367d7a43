package io.tidaldb.server.cli.upgrade;

import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerCommand;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import picocli.CommandLine.Command;

@Command(
        name = "plan",
        description = "Says in which order nodes are best drained, and which could not be now, and why.",
        footer = {"", "paused: tenants that nobody could serve while the node is away, the first of them."})
final class UpgradePlanCommand extends ServerCommand {

    @Override
    protected int run(ServerClient client) {
        output().result(client.call(Request.get("/v1/upgrades/plan")));
        return ExitCodes.DONE;
    }
}
