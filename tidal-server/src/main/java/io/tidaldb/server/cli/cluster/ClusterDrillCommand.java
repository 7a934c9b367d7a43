package io.tidaldb.server.cli.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.control.DrillOutcome;
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
        name = "drill",
        description = "Practises the loss of a region for a tenant, on live data, and undoes it.",
        footer = {
            "",
            "Replicas in other regions take the writes of what the region leads, then those of the region take them again;",
            "writers wait for a moment, and nothing is lost. rto_ms is the time that was measured and the lease for which",
            "others would have waited; recovery_point is what would have been lost when the drill began. Exit code 1 if",
            "some replica of the region has not taken its writes again yet: it does as soon as it can."
        })
@SuppressWarnings("NullAway.Init")
final class ClusterDrillCommand extends ServerCommand {

    @Option(names = "--tenant", required = true, paramLabel = "T", description = "Number or label of the tenant.")
    private String tenant;

    @Option(names = "--lose-region", required = true, paramLabel = "r0", description = "The region to do without.")
    private String region;

    @Override
    protected int run(ServerClient client) {
        ObjectNode body =
                Json.object().put("lose_region", RegionId.parse(region).toString());
        TenantId id = new ServerBackend(client).named(tenant);
        ObjectNode drill = client.call(Request.change("POST", ServerTenants.path(id) + "/drills", body));
        output().result(drill);
        return drill.path("outcome").asText().equals(DrillOutcome.DONE.name()) ? ExitCodes.DONE : ExitCodes.FAILED;
    }
}
