package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The state of nodes, shards and tenants at one moment, as one node sees it.
 *
 * @param leader who decides; null while nobody does as far as is known
 * @param decisions how many there were
 * @param risks what can still be lost
 * @param upgrades of each node
 */
public record ClusterHealth(
        String cluster,
        @Nullable NodeId leader,
        long decisions,
        List<NodeHealth> nodes,
        List<ShardHealth> shards,
        List<TenantHealth> tenants,
        Risks risks,
        List<Upgrades.NodeStatus> upgrades) {

    /**
     * What can still be lost.
     *
     * @param tenants of each tenant, in order
     * @param recoveryPoints of each tenant: what it would lose with a region
     * @param drills the last one of each tenant that ever had one
     * @param ifLost what becomes of tenants if a node is lost, of each node that is not lost already
     */
    public record Risks(
            SortedMap<TenantId, TenantRisk> tenants,
            SortedMap<TenantId, RecoveryPoint> recoveryPoints,
            SortedMap<TenantId, RegionDrill> drills,
            List<IfLost> ifLost) {

        /** Nothing is known. */
        public static final Risks UNKNOWN = new Risks(new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), List.of());
    }

    /**
     * How many nodes or regions can be lost at the same time, whichever they are, besides those that don't answer.
     *
     * @param nodes -1 if it is too many already
     * @param regions -1 if it is too many already
     */
    public record CanLose(int nodes, int regions) {}

    /**
     * What a tenant can still lose: the least of its slots.
     *
     * @param data so that all that was acknowledged is still there
     * @param service so that writes go on, at once or when others have taken over
     */
    public record TenantRisk(CanLose data, CanLose service) {}

    /** How much of what was acknowledged would be lost, from the least to the most. */
    public enum Extent {
        /** None of it. */
        NOTHING,
        /** The latest of it, which no other region has yet. */
        LATEST,
        /** Those that would know do not answer, or have not heard of each other. */
        UNKNOWN,
        /** All of it: no other region holds the tenant. */
        EVERYTHING
    }

    /**
     * What a tenant would lose of what was acknowledged at its own level, if a region were lost for good at this moment. Nodes of other
     * regions count with what they had acknowledged last, also while they do not answer.
     *
     * @param region the one whose loss would cost most, of those that take the tenant's writes
     * @param records how many of the {@link Extent#LATEST} at most; 0 if nothing, else -1
     * @param millis how long ago the oldest of them was written; 0 if nothing, else -1
     */
    public record RecoveryPoint(RegionId region, Extent extent, long records, long millis) {}

    /**
     * What becomes of tenants if one node more is lost; of each those slots count that fare worst.
     *
     * @param moves tenants that are led by others then
     * @param readOnly tenants that can't be written then
     * @param unavailable tenants that can't be read then either
     * @param losesData tenants that lose what was acknowledged, if the node's disk is lost as well
     * @param examples the first of those that become read-only or unavailable or lose data
     */
    public record IfLost(
            NodeId node, int moves, int readOnly, int unavailable, int losesData, List<TenantId> examples) {}

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
     * @param lost what is gone for good because it was on a damaged disk alone, oldest first; of much the newest
     */
    public record TenantHealth(
            TenantId tenant,
            String label,
            List<ReplicaId> shards,
            TenantUsage usage,
            @Nullable String damage,
            List<String> lost) {}
}
