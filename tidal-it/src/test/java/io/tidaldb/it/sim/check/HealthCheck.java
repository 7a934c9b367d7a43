package io.tidaldb.it.sim.check;

import io.tidaldb.core.ClusterHealth;
import io.tidaldb.it.sim.SimulatedCluster;

/** What the cluster says of itself when nothing is wrong: all nodes are there, nobody lags, no tenant is damaged or has lost anything. */
public final class HealthCheck {

    private HealthCheck() {}

    /** Asks a cluster that has converged. */
    public static void check(SimulatedCluster cluster) {
        ClusterHealth health = cluster.tidal().health();
        if (health.nodes().size() != cluster.replicas().size()) {
            throw new AssertionError("nodes are missing: there are " + health.nodes());
        }
        for (ClusterHealth.ShardHealth shard : health.shards()) {
            shard.replicationLag().forEach((follower, lag) -> {
                if (lag.records() != 0 || lag.millis() != 0) {
                    throw new AssertionError(follower + " lags by " + lag + " behind " + shard.node());
                }
            });
        }
        for (ClusterHealth.TenantHealth tenant : health.tenants()) {
            if (tenant.damage() != null) {
                throw new AssertionError(tenant.tenant() + " is damaged: " + tenant.damage());
            }
            if (!tenant.lost().isEmpty()) {
                throw new AssertionError(tenant.tenant() + " has lost what others have: " + tenant.lost());
            }
        }
    }
}
