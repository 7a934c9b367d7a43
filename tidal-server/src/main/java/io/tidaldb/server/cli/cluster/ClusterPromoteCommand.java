package io.tidaldb.server.cli.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerBackend;
import io.tidaldb.server.cli.backend.ServerCommand;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import io.tidaldb.server.client.ServerTenants;
import io.tidaldb.server.importing.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "promote",
        description = "Makes another replica of a tenant's shard take its writes.",
        footer = {
            "",
            "The one that does hands over in order: writers do not notice. The new one is preferred from then on: after a",
            "failure it takes the writes again when it has been back for a while."
        })
@SuppressWarnings("NullAway.Init")
final class ClusterPromoteCommand extends ServerCommand {

    @Option(names = "--tenant", required = true, paramLabel = "T", description = "Number or label of the tenant.")
    private String tenant;

    @Option(names = "--to", required = true, paramLabel = "r1:s0", description = "The replica that is to take writes.")
    private String replica;

    @Override
    protected int run(ServerClient client) {
        ObjectNode body = Json.object().put("replica", ReplicaId.parse(replica).toString());
        TenantId id = new ServerBackend(client).named(tenant);
        output().result(client.call(Request.change("POST", ServerTenants.path(id) + "/leader", body)));
        return ExitCodes.DONE;
    }
}
