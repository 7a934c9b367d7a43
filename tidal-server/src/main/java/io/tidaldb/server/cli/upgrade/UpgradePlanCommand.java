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
        name = "plan",
        description = "Says in which order nodes are best drained, and which could not be now, and why.",
        footer = {"", "paused: tenants that nobody could serve while the node is away, the first of them."})
final class UpgradePlanCommand extends CliCommand {

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Override
    public Integer call() throws IOException {
        try (ServerClient client = server.connect(token())) {
            output().result(client.call(Request.get("/v1/upgrades/plan")));
            return ExitCodes.DONE;
        }
    }
}
