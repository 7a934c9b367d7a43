package io.tidaldb.core.report;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.replication.ReplicationLag;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** How one node of this process is. */
public final class NodeFigures {

    private final NodeId node;
    private final long nowNanos;
    private final LocalCluster cluster;
    private final Collection<EmbeddedTenant> tenants;
    private final @Nullable String upgrade;
    private final String version;
    private final long usableBytes;
    private final Map<TenantId, List<ReplicationLag>> lags = new HashMap<>();

    /** Creates a report on one node of this process. */
    public NodeFigures(
            NodeId node,
            long nowNanos,
            LocalCluster cluster,
            Collection<EmbeddedTenant> tenants,
            List<ReplicationLag> lags,
            @Nullable String upgrade,
            String version,
            long usableBytes) {
        this.usableBytes = usableBytes;
        this.version = version;
        this.upgrade = upgrade;
        this.node = node;
        this.nowNanos = nowNanos;
        this.cluster = cluster;
        this.tenants = tenants;
        lags.forEach(each -> this.lags
                .computeIfAbsent(each.tenant(), tenant -> new ArrayList<>(2))
                .add(each));
    }

    /** Returns what the node tells of itself. */
    public Answer.Figures figures() {
        Map<ReplicaId, ShardSums> shards = new LinkedHashMap<>();
        cluster.hosted(node).forEach(replica -> shards.put(replica, new ShardSums()));
        List<Answer.Tenant> said = new ArrayList<>();
        for (EmbeddedTenant tenant : tenants) {
            for (TenantShard slot : tenant.replicas()) {
                ShardSums sums = shards.get(slot.replica());
                if (sums != null) {
                    sums.add(tenant, slot);
                }
            }
            tenant(tenant).ifPresent(said::add);
        }
        return new Answer.Figures(
                version,
                shards.entrySet().stream()
                        .map(each -> each.getValue().of(each.getKey()))
                        .toList(),
                said,
                upgrade,
                usableBytes);
    }

    /** What the slots of a shard's replica come to. */
    private final class ShardSums {

        private final Map<String, long[]> lag = new TreeMap<>();
        private boolean leads;
        private long entities;
        private double rate;
        private long bytes;

        void add(EmbeddedTenant tenant, TenantShard slot) {
            entities += slot.entityCount();
            bytes += slot.storageBytes();
            if (slot.leads()) {
                leads = true;
                rate += tenant.rate(nowNanos)
                        / Math.max(1, tenant.state().slots().size());
                for (ReplicationLag each : lags.getOrDefault(tenant.id(), List.of())) {
                    if (each.shard().equals(slot.replica().shard())) {
                        lag.merge(
                                each.follower().name(), new long[] {each.records(), each.millis()}, NodeFigures::worse);
                    }
                }
            }
        }

        Answer.Shard of(ReplicaId replica) {
            return new Answer.Shard(replica.shard().value(), leads, entities, rate, bytes, lag);
        }
    }

    private static long[] worse(long[] one, long[] other) {
        boolean unknown = one[1] < 0 || other[1] < 0;
        return new long[] {one[0] + other[0], unknown ? -1 : Math.max(one[1], other[1])};
    }

    /** Returns nothing for a tenant of which the node leads nothing, and others lack nothing, or that is deleted meanwhile. */
    private Optional<Answer.Tenant> tenant(EmbeddedTenant tenant) {
        List<TenantShard> led = new ArrayList<>(1);
        for (TenantShard slot : tenant.state().slots()) {
            if (cluster.nameOf(slot.replica()).equals(node)) {
                led.add(slot);
            }
        }
        if (led.isEmpty()) {
            Map<Integer, Map<String, long[]>> behind = behind(tenant);
            return behind.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new Answer.Tenant(
                            tenant.id().value(), false, null, new Answer.Usage(0, 0, 0, 0, 0), null, behind));
        }
        @Nullable
        String damage = led.stream()
                .map(TenantShard::damage)
                .filter(reason -> reason != null)
                .map(TidalException::getMessage)
                .findFirst()
                .orElse(null);
        boolean home = cluster.nameOf(tenant.placement().get(0)).equals(node);
        try {
            Answer.Usage held = damage == null ? tenant.usageOf(led) : unread(led);
            return Optional.of(new Answer.Tenant(
                    tenant.id().value(),
                    home,
                    home ? tenant.config().label() : null,
                    usage(tenant, held, led),
                    damage,
                    behind(tenant)));
        } catch (TidalException e) {
            if (e.code() == ErrorCode.TENANT_NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private Map<Integer, Map<String, long[]>> behind(EmbeddedTenant tenant) {
        Map<Integer, Map<String, long[]>> behind = new TreeMap<>();
        for (ReplicationLag lag : lags.getOrDefault(tenant.id(), List.of())) {
            if (lag.records() > 0 || lag.millis() < 0 || lag.diverged()) {
                behind.computeIfAbsent(lag.shard().value(), each -> new TreeMap<>())
                        .put(lag.follower().name(), new long[] {lag.records(), lag.diverged() ? -1 : lag.millis()});
            }
        }
        return behind;
    }

    private static Answer.Usage unread(List<TenantShard> slots) {
        return new Answer.Usage(
                0,
                slots.stream().mapToLong(TenantShard::entityCount).sum(),
                slots.stream().mapToLong(TenantShard::storageBytes).sum(),
                0,
                0);
    }

    // Rate and refusals are counted for all that this process leads, so they are said once.
    private Answer.Usage usage(EmbeddedTenant tenant, Answer.Usage held, List<TenantShard> led) {
        boolean first = tenant.state().slots().get(0).equals(led.get(0));
        return new Answer.Usage(
                first ? tenant.rate(nowNanos) : 0,
                held.entities(),
                held.storageBytes(),
                held.accepted(),
                first ? tenant.throttled() : 0);
    }
}
