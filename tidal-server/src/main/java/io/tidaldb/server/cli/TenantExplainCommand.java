package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.view.TenantView;
import picocli.CommandLine.Command;

@Command(name = "explain", description = "Says where a tenant's data is, and why there.")
final class TenantExplainCommand extends OneTenantCommand {

    @Override
    int run(Tidal tidal, Tenant tenant) {
        TenantConfig config = tenant.config();
        ClusterHealth health = tidal.health();
        ObjectNode result = TenantView.identity(tenant);
        result.put("because", reason(config));
        TenantView.strings(result.putArray("required_regions"), config.requiredRegions());
        ArrayNode slots = result.putArray("slots");
        for (int slot = 0; slot < tenant.placement().size(); slot++) {
            ReplicaId shard = tenant.placement().get(slot);
            slots.add(Json.object()
                    .put("slot", slot)
                    .put("shard", shard.toString())
                    .put("node", node(health, shard)));
        }
        output().result(result);
        return ExitCodes.DONE;
    }

    private static String reason(TenantConfig config) {
        if (!config.pinnedShards().isEmpty()) {
            return "pinned to " + config.pinnedShards() + " when it was created";
        }
        return config.requiredRegions().isEmpty()
                ? "chosen by the placement policy among all shards"
                : "chosen by the placement policy among the shards of its required regions " + config.requiredRegions();
    }

    private static String node(ClusterHealth health, ReplicaId shard) {
        return health.shards().stream()
                .filter(candidate -> candidate.region().equals(shard.region())
                        && candidate.shard().equals(shard.shard()))
                .map(candidate -> candidate.node().toString())
                .findFirst()
                .orElse("unknown");
    }
}
