package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The state of nodes, shards and tenants at one moment. */
public record ClusterHealth(
        String cluster, List<NodeHealth> nodes, List<ShardHealth> shards, List<TenantHealth> tenants) {

    /** A node. */
    public record NodeHealth(NodeId node, RegionId region, String version) {}

    /** A shard and the node that leads it. */
    public record ShardHealth(
            ShardId shard, RegionId region, NodeId node, long entityCount, double signalsPerSecond, long diskBytes) {}

    /**
     * A tenant.
     *
     * @param damage why a log of the tenant is quarantined, or null
     */
    public record TenantHealth(
            TenantId tenant,
            String label,
            List<ReplicaId> shards,
            TenantUsage usage,
            @Nullable String damage) {}
}
