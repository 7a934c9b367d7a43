package io.tidaldb.it.sim.check;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.core.Tenant;
import io.tidaldb.it.sim.SimulatedCluster;
import java.util.List;

/** Where a tenant's data belongs, by its configuration and placement alone. */
public final class Members {

    private Members() {}

    static boolean mayBeAt(Tenant tenant, ReplicaId replica) {
        List<RegionId> required = tenant.config().requiredRegions();
        return (required.isEmpty() || required.contains(replica.region()))
                && tenant.placement().stream().anyMatch(slot -> slot.shard().equals(replica.shard()));
    }

    /** Returns the replicas that hold a slot, in order. */
    public static List<ReplicaId> of(SimulatedCluster cluster, Tenant tenant, ShardId shard) {
        return cluster.replicas().stream()
                .filter(replica -> replica.shard().equals(shard) && mayBeAt(tenant, replica))
                .toList();
    }
}
