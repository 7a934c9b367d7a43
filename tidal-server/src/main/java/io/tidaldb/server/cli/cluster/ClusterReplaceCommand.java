package io.tidaldb.server.cli.cluster;

import io.tidaldb.server.client.Request;
import io.tidaldb.server.importing.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "replace",
        description = "Gives the replicas of a node that is lost for good to a new one, in the same region.",
        footer = {
            "",
            "The new node has \"join\" in its configuration and an empty directory; it is started before or after this. It",
            "fetches what it is to have from the others: \"cluster nodes\" shows what it still fills. The lost node is never let",
            "in again. Refused while it leads anything: some seconds after it was lost, others have taken over."
        })
@SuppressWarnings("NullAway.Init")
final class ClusterReplaceCommand extends MembershipCommand {

    @Parameters(paramLabel = "NODE", description = "The node that is lost.")
    private String node;

    @Option(
            names = "--with",
            required = true,
            paramLabel = "NODE",
            description = "The new node's name, never used before.")
    private String with;

    @Option(
            names = "--address",
            required = true,
            paramLabel = "HOST:PORT",
            description = "Where the others reach the new node: what it listens on, or advertises.")
    private String address;

    @Override
    Request change(String query) {
        return Request.change(
                "POST",
                "/v1/cluster/nodes" + query,
                Json.object().put("node", with).put("replaces", node).put("address", address));
    }
}
