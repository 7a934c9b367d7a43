package io.tidaldb.core;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.TenantShard;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** How nodes, shards and tenants are at one moment. */
final class HealthReport {

    private final long nowNanos;
    private final Collection<EmbeddedTenant> tenants;

    HealthReport(long nowNanos, Collection<EmbeddedTenant> tenants) {
        this.nowNanos = nowNanos;
        this.tenants = tenants;
    }

    ClusterHealth of(ControlPlane control, List<Node> nodes) {
        String version = Optional.ofNullable(getClass().getPackage().getImplementationVersion())
                .orElse("unknown");
        return new ClusterHealth(
                control.cluster(),
                nodes.stream()
                        .map(node -> new ClusterHealth.NodeHealth(node.id(), node.region(), version))
                        .toList(),
                control.shards().stream().map(this::shardHealth).toList(),
                tenants.stream()
                        .map(HealthReport::tenantHealth)
                        .flatMap(Optional::stream)
                        .toList());
    }

    private ClusterHealth.ShardHealth shardHealth(ShardAssignment shard) {
        long entities = 0;
        long bytes = 0;
        double rate = 0;
        for (EmbeddedTenant tenant : tenants) {
            List<TenantShard> slots = tenant.state().slots();
            for (TenantShard slot : slots) {
                if (slot.replica().equals(shard.replica())) {
                    entities += slot.entityCount();
                    bytes += slot.storageBytes();
                    rate += tenant.state().rate(nowNanos) / slots.size();
                }
            }
        }
        return new ClusterHealth.ShardHealth(shard.shard(), shard.region(), shard.node(), entities, rate, bytes);
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
