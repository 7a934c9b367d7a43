package io.tidaldb.core;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.replication.ReplicationLag;
import io.tidaldb.core.routing.ShardReplicas;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** How nodes, shards and tenants are at one moment. */
final class HealthReport {

    private static final TenantConfig ANY_TENANT =
            TenantConfig.builder(TenantId.DEFAULT).build();

    private final long nowNanos;
    private final Collection<EmbeddedTenant> tenants;
    private final List<ReplicationLag> lags;

    HealthReport(long nowNanos, Collection<EmbeddedTenant> tenants, List<ReplicationLag> lags) {
        this.nowNanos = nowNanos;
        this.tenants = tenants;
        this.lags = lags;
    }

    ClusterHealth of(ControlPlane control, List<Node> nodes) {
        String version = Optional.ofNullable(getClass().getPackage().getImplementationVersion())
                .orElse("unknown");
        ShardReplicas topology = new ShardReplicas(control.shards());
        return new ClusterHealth(
                control.cluster(),
                nodes.stream()
                        .map(node -> new ClusterHealth.NodeHealth(node.id(), node.region(), version))
                        .toList(),
                control.shards().stream()
                        .map(shard -> shardHealth(shard, topology))
                        .toList(),
                tenants.stream()
                        .map(HealthReport::tenantHealth)
                        .flatMap(Optional::stream)
                        .toList());
    }

    private ClusterHealth.ShardHealth shardHealth(ShardAssignment shard, ShardReplicas topology) {
        long entities = 0;
        long bytes = 0;
        double rate = 0;
        boolean leads = topology.leaders(ANY_TENANT).contains(shard.replica());
        SortedMap<NodeId, ClusterHealth.Lag> followers = new TreeMap<>();
        for (EmbeddedTenant tenant : tenants) {
            for (TenantShard slot : tenant.replicas(shard.shard())) {
                if (!slot.replica().equals(shard.replica())) {
                    continue;
                }
                entities += slot.entityCount();
                bytes += slot.storageBytes();
                if (slot.leads()) {
                    leads = true;
                    rate += tenant.state().rate(nowNanos) / tenant.placement().size();
                    lags.stream()
                            .filter(lag -> lag.tenant().equals(tenant.id())
                                    && lag.shard().equals(shard.shard()))
                            .forEach(lag -> followers.merge(
                                    lag.follower(),
                                    new ClusterHealth.Lag(lag.records(), lag.millis()),
                                    HealthReport::worse));
                }
            }
        }
        return new ClusterHealth.ShardHealth(
                shard.shard(), shard.region(), shard.node(), leads, entities, rate, followers, bytes);
    }

    private static ClusterHealth.Lag worse(ClusterHealth.Lag one, ClusterHealth.Lag other) {
        boolean unknown = one.millis() < 0 || other.millis() < 0;
        return new ClusterHealth.Lag(
                one.records() + other.records(), unknown ? -1 : Math.max(one.millis(), other.millis()));
    }

    /** Returns nothing for a tenant that is deleted meanwhile. */
    private static Optional<ClusterHealth.TenantHealth> tenantHealth(EmbeddedTenant tenant) {
        String damage = tenant.state().slots().stream()
                .map(TenantShard::damage)
                .filter(reason -> reason != null)
                .map(TidalException::getMessage)
                .findFirst()
                .orElse(null);
        try {
            TenantUsage usage = damage == null
                    ? tenant.usage()
                    : new TenantUsage(
                            0, tenant.state().entities(), tenant.state().storageBytes(), 0, 0);
            return Optional.of(new ClusterHealth.TenantHealth(
                    tenant.id(), tenant.config().label(), tenant.placement(), usage, damage));
        } catch (TidalException e) {
            if (e.code() == ErrorCode.TENANT_NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
