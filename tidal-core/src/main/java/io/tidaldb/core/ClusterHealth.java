package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The state of nodes, shards and tenants at one moment, as one node sees it.
 *
 * @param leader who decides; null while nobody does as far as is known
 * @param decisions how many there were
 */
public record ClusterHealth(
        String cluster,
        @Nullable NodeId leader,
        long decisions,
        List<NodeHealth> nodes,
        List<ShardHealth> shards,
        List<TenantHealth> tenants) {

    /**
     * A node.
     *
     * @param address where other nodes reach it; null if there are no others
     * @param version what it runs; null while it does not answer
     * @param heardMillisAgo when something came from it last; -1 if nothing ever did
     */
    public record NodeHealth(
            NodeId node,
            RegionId region,
            @Nullable String address,
            @Nullable String version,
            boolean up,
            long heardMillisAgo) {}

    /**
     * A replica of a shard.
     *
     * @param leads whether it takes writes of some tenant, or would
     * @param replicationLag of each follower of the slots that it leads, the largest
     */
    public record ShardHealth(
            ShardId shard,
            RegionId region,
            NodeId node,
            boolean leads,
            long entityCount,
            double signalsPerSecond,
            Map<NodeId, Lag> replicationLag,
            long diskBytes) {}

    /**
     * How far a follower is behind.
     *
     * @param records records that it has not acknowledged
     * @param millis how long ago the oldest of them was written, 0 if there is none; -1 while it was not heard of, or
     *     has its logs and waits for a snapshot to fold them into
     */
    public record Lag(long records, long millis) {}

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
