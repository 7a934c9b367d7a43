package io.tidaldb.server.cli.cluster;

import io.tidaldb.server.client.Request;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "remove",
        description = "Removes a node that has no replicas, for good: its name is never used again.",
        footer = {"", "One that has replicas is not removed, but replaced: see \"cluster replace\"."})
@SuppressWarnings("NullAway.Init")
final class ClusterRemoveCommand extends MembershipCommand {

    @Parameters(paramLabel = "NODE", description = "Which.")
    private String node;

    @Override
    Request change(String query) {
        return Request.change("DELETE", "/v1/cluster/nodes/" + Request.encoded(node) + query, null);
    }
}
