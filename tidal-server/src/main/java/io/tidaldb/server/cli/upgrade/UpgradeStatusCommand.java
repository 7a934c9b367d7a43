package io.tidaldb.server.cli.upgrade;

import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerOptions;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "status",
        description = "Shows how far each node is: its version, its state, what it waits for, and what there is to do.")
final class UpgradeStatusCommand extends CliCommand {

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Override
    public Integer call() throws IOException {
        try (ServerClient client = server.connect(token())) {
            output().result(client.call(Request.get("/v1/upgrades")));
            return ExitCodes.DONE;
        }
    }
}
