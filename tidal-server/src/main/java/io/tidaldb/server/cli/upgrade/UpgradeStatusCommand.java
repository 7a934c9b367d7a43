package io.tidaldb.server.cli.upgrade;

import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerCommand;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import picocli.CommandLine.Command;

@Command(
        name = "status",
        description = "Shows how far each node is: its version, its state, what it waits for, and what there is to do.")
final class UpgradeStatusCommand extends ServerCommand {

    @Override
    protected int run(ServerClient client) {
        output().result(client.call(Request.get("/v1/upgrades")));
        return ExitCodes.DONE;
    }
}
