package io.tidaldb.server.cli.cluster;

import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerOptions;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "nodes",
        description = "Lists the nodes that the cluster has agreed on, and those that are gone for good.",
        footer = {
            "",
            "votes: has a vote on what is agreed. filling: replicas that may still lack what was acknowledged before the",
            "node was given them; they can't lead yet."
        })
final class ClusterNodesCommand extends CliCommand {

    @Mixin
    private final ServerOptions server = new ServerOptions();

    @Override
    public Integer call() throws IOException {
        try (ServerClient client = server.connect(token())) {
            output().result(client.call(Request.get("/v1/cluster/nodes")));
            return ExitCodes.DONE;
        }
    }
}
