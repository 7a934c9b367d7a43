package io.tidaldb.server.cli.cluster;

import io.tidaldb.server.client.Request;
import io.tidaldb.server.importing.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "join",
        description = "Lets a node without replicas join: it answers clients, and may replace another one later.",
        footer = {
            "",
            "The node has \"join\" in its configuration and an empty directory; it is started before or after this."
        })
@SuppressWarnings("NullAway.Init")
final class ClusterJoinCommand extends MembershipCommand {

    @Parameters(paramLabel = "NODE", description = "The new node's name, never used before.")
    private String node;

    @Option(names = "--region", required = true, paramLabel = "0", description = "The region that it is in.")
    private int region;

    @Option(
            names = "--address",
            required = true,
            paramLabel = "HOST:PORT",
            description = "Where the others reach it: what it listens on, or advertises.")
    private String address;

    @Override
    Request change(String query) {
        return Request.change(
                "POST",
                "/v1/cluster/nodes" + query,
                Json.object().put("node", node).put("region", region).put("address", address));
    }
}
