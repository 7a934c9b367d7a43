package io.tidaldb.core.routing;

import io.tidaldb.api.Durability;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.placement.ShardAssignment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Who holds a shard, for tenants that may be only in some regions, and who of them leads unless something else was agreed: shard i in the
 * i-th of its regions, counted around, so that leaders are spread over regions.
 *
 * <p>Immutable; a pure function of the topology.
 */
public final class ShardReplicas {

    private final SortedMap<ShardId, List<ShardAssignment>> byShard = new TreeMap<>();

    /** Reads a topology. */
    public ShardReplicas(Collection<ShardAssignment> topology) {
        topology.stream()
                .sorted()
                .forEach(each -> byShard.computeIfAbsent(each.shard(), shard -> new ArrayList<>())
                        .add(each));
    }

    /** Returns all replicas, in order. */
    public List<ReplicaId> all() {
        return byShard.values().stream()
                .flatMap(List::stream)
                .map(ShardAssignment::replica)
                .sorted()
                .toList();
    }

    /** Returns the replica of each shard that leads it for a tenant, for shards that have any where the tenant may be. */
    public List<ReplicaId> leaders(TenantConfig tenant) {
        return byShard.keySet().stream()
                .map(shard -> allowed(shard, tenant))
                .filter(replicas -> !replicas.isEmpty())
                .map(replicas -> replicas.get(replicas.get(0).shard().value() % replicas.size())
                        .replica())
                .sorted()
                .toList();
    }

    /** Returns who holds a shard for a tenant, in order of region. */
    public List<ShardAssignment> allowed(ShardId shard, TenantConfig tenant) {
        return byShard.getOrDefault(shard, List.of()).stream()
                .filter(replica -> mayHold(replica, tenant))
                .toList();
    }

    /** Returns whether a replica holds what a tenant has on its shard: its residency lets it, and it was not left out. */
    public static boolean mayHold(ShardAssignment replica, TenantConfig tenant) {
        List<RegionId> required = tenant.requiredRegions();
        return (required.isEmpty() || required.contains(replica.region()))
                && !tenant.withoutReplicas().contains(replica.replica());
    }

    /**
     * Returns how many of so many members have to be there so that one of them surely holds what all members together have dropped from
     * their logs: with one less, the others may be a majority.
     */
    public static int enoughToPromote(int members) {
        return members - members / 2;
    }

    /** Returns how many of so many members have a write once it is acknowledged, at least. */
    public static int enoughToAcknowledge(Durability level, int members) {
        return switch (level) {
            case ASYNC, LOCAL -> 1;
            case MAJORITY -> members / 2 + 1;
            case ALL -> members;
        };
    }

    /** Returns whether a shard is on more than one node. */
    public boolean isReplicated(ShardId shard) {
        return byShard.getOrDefault(shard, List.of()).size() > 1;
    }
}
