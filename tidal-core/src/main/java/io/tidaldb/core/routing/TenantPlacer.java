package io.tidaldb.core.routing;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.PlacementPolicy;
import io.tidaldb.api.placement.PlacementRequest;
import java.util.List;
import java.util.TreeSet;

/**
 * Chooses where a new tenant lives: the shards that it is pinned to, else the policy's choice among those that its residency allows.
 *
 * <p>Immutable, and a pure function of topology and configuration if the policy is one.
 */
public final class TenantPlacer {

    private final PlacementPolicy policy;

    /** Creates a placer that asks this policy. */
    public TenantPlacer(PlacementPolicy policy) {
        this.policy = policy;
    }

    /**
     * Returns where the tenant is to live: a shard for each slot, all of them distinct.
     *
     * @throws TidalException RESIDENCY_UNSATISFIABLE if the required regions have no shard, or fewer than the tenant has slots;
     *     INVALID_ARGUMENT if a shard that it is pinned to does not exist, or there are fewer shards than slots
     */
    public List<ReplicaId> place(TenantConfig tenant, ShardReplicas topology) {
        List<ReplicaId> shards = topology.all();
        if (!tenant.pinnedShards().isEmpty()) {
            return pinned(tenant, shards);
        }
        List<ReplicaId> eligible = topology.leaders(tenant);
        if (eligible.size() < tenant.slots()) {
            throw tooFew(tenant, eligible, shards);
        }
        return checked(tenant, eligible, policy.place(new PlacementRequest(tenant.id(), tenant.slots(), eligible)));
    }

    private static List<ReplicaId> pinned(TenantConfig tenant, List<ReplicaId> shards) {
        for (ReplicaId shard : tenant.pinnedShards()) {
            if (!shards.contains(shard)) {
                throw TidalException.invalid("tenant " + tenant.id() + " is pinned to shard " + shard
                        + ", which does not exist: expected some of " + shards);
            }
        }
        if (tenant.pinnedShards().stream().map(ReplicaId::shard).distinct().count()
                < tenant.pinnedShards().size()) {
            throw TidalException.invalid("tenant " + tenant.id() + " is pinned to " + tenant.pinnedShards()
                    + ", which are replicas of the same shard: expected one replica of each shard, the one that leads");
        }
        return tenant.pinnedShards();
    }

    private static TidalException tooFew(TenantConfig tenant, List<ReplicaId> eligible, List<ReplicaId> shards) {
        List<RegionId> required = tenant.requiredRegions();
        List<RegionId> existing = List.copyOf(
                shards.stream().map(ReplicaId::region).collect(java.util.stream.Collectors.toCollection(TreeSet::new)));
        if (required.isEmpty()) {
            return TidalException.invalid("tenant " + tenant.id() + " has " + tenant.slots()
                    + " slots: expected at most one for each of the " + eligible.size() + " shards");
        }
        return new TidalException(
                ErrorCode.RESIDENCY_UNSATISFIABLE,
                "tenant " + tenant.id() + " with " + tenant.slots() + " slots requires regions " + required
                        + ", which have "
                        + eligible.size() + " shards; regions with shards are " + existing
                        + ": require other regions, or add shards there");
    }

    private static List<ReplicaId> checked(TenantConfig tenant, List<ReplicaId> eligible, List<ReplicaId> chosen) {
        boolean distinct = new TreeSet<>(chosen).size() == chosen.size();
        if (chosen.size() != tenant.slots() || !distinct || !eligible.containsAll(chosen)) {
            // A plugin's mistake must not place a byte where residency forbids it.
            throw new TidalException(
                    ErrorCode.INTERNAL,
                    "placement policy answered " + chosen + " for tenant " + tenant.id() + ": expected "
                            + tenant.slots() + " distinct shards of " + eligible);
        }
        return List.copyOf(chosen);
    }
}
