package io.tidaldb.server.cli.cluster;

import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerCommand;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import picocli.CommandLine.Command;

@Command(
        name = "nodes",
        description = "Lists the nodes that the cluster has agreed on, and those that are gone for good.",
        footer = {
            "",
            "votes: has a vote on what is agreed. filling: replicas that may still lack what was acknowledged before the",
            "node was given them; they can't lead yet."
        })
final class ClusterNodesCommand extends ServerCommand {

    @Override
    protected int run(ServerClient client) {
        output().result(client.call(Request.get("/v1/cluster/nodes")));
        return ExitCodes.DONE;
    }
}
