package io.tidaldb.core.report;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.RegionDrill;
import io.tidaldb.core.TenantUsage;
import io.tidaldb.core.Upgrades;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.DrillRecord;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.routing.ShardReplicas;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** How nodes, shards and tenants are at one moment: what the nodes that answer say of themselves, put together. */
public final class HealthReport {

    private static final TenantConfig ANY_TENANT =
            TenantConfig.builder(TenantId.DEFAULT).build();

    private final ControlPlane control;
    private final Collection<EmbeddedTenant> tenants;
    private final SortedMap<NodeId, Answer.Figures> figures;
    private final boolean takesOver;

    /**
     * Begins a report.
     *
     * @param tenants as they are known here
     * @param figures of the nodes that answer
     * @param takesOver whether each node is a process, one of those that decide, and led for by others if it fails
     */
    public HealthReport(
            ControlPlane control,
            Collection<EmbeddedTenant> tenants,
            SortedMap<NodeId, Answer.Figures> figures,
            boolean takesOver) {
        this.takesOver = takesOver;
        this.control = control;
        this.tenants = tenants;
        this.figures = figures;
    }

    /** Returns the report; what is known of a node's link comes from the caller. */
    public ClusterHealth health(
            List<NodeId> nodes, Function<NodeId, ClusterHealth.NodeHealth> link, List<Upgrades.NodeStatus> upgrades) {
        List<ShardAssignment> shards = control.shards();
        ShardReplicas topology = new ShardReplicas(shards);
        SlotCopies copies = new SlotCopies(shards, figures, takesOver);
        return new ClusterHealth(
                control.cluster(),
                control.leader().orElse(null),
                control.index(),
                nodes.stream().map(link).toList(),
                shards.stream().map(shard -> shard(shard, topology)).toList(),
                tenants(),
                risks(copies, nodes),
                upgrades);
    }

    /** Tenants with slots that are alike, and what each of them would lose. */
    private record Alike(List<TenantId> ids, ClusterHealth.RecoveryPoint recoveryPoint) {}

    private ClusterHealth.Risks risks(SlotCopies copies, List<NodeId> nodes) {
        SortedMap<TenantId, ClusterHealth.TenantRisk> risks = new TreeMap<>();
        Map<NodeId, LossTally> tallies = new TreeMap<>();
        nodes.stream()
                .filter(node -> figures.containsKey(node))
                .forEach(node -> tallies.put(node, new LossTally(node)));
        // Of many tenants most are alike.
        Map<SlotCopies.Kind, Alike> kinds = new HashMap<>();
        Map<List<Redundancy.Slot>, List<TenantId>> alike = new LinkedHashMap<>();
        SortedMap<TenantId, ClusterHealth.RecoveryPoint> recoveryPoints = new TreeMap<>();
        for (EmbeddedTenant tenant : tenants) {
            TenantRecord record = tenant.record();
            SlotCopies.Kind kind = copies.kind(record);
            Alike others = kind == null ? null : kinds.get(kind);
            if (others == null) {
                List<Redundancy.Slot> slots = copies.of(record);
                others = new Alike(
                        alike.computeIfAbsent(slots, each -> new ArrayList<>()), copies.recoveryPoint(record, slots));
                if (kind != null) {
                    kinds.put(kind, others);
                }
            }
            others.ids.add(tenant.id());
            recoveryPoints.put(tenant.id(), others.recoveryPoint);
        }
        alike.forEach((slots, ids) -> {
            ClusterHealth.TenantRisk risk = Redundancy.risk(slots, copies.deciders());
            ids.forEach(id -> risks.put(id, risk));
            tallies.values().forEach(tally -> tally.add(ids, slots, copies.deciders()));
        });
        return new ClusterHealth.Risks(
                risks,
                recoveryPoints,
                drills(),
                tallies.values().stream().map(LossTally::result).toList());
    }

    private SortedMap<TenantId, RegionDrill> drills() {
        SortedMap<TenantId, RegionDrill> drills = new TreeMap<>();
        control.drills().forEach((id, drill) -> drills.put(id, drill(drill)));
        return drills;
    }

    /** Returns a drill as it is shown. */
    public static RegionDrill drill(DrillRecord drill) {
        return new RegionDrill(
                drill.tenant(),
                new ClusterHealth.RecoveryPoint(
                        drill.lost(), ClusterHealth.Extent.valueOf(drill.loses()), drill.records(), drill.millis()),
                drill.began(),
                drill.outcome(),
                drill.moved(),
                drill.lease(),
                drill.takeover(),
                drill.back());
    }

    private ClusterHealth.ShardHealth shard(ShardAssignment shard, ShardReplicas topology) {
        boolean leads = topology.leaders(ANY_TENANT).contains(shard.replica());
        Answer.@Nullable Shard said = said(shard.node(), shard.shard());
        if (said == null) {
            return new ClusterHealth.ShardHealth(
                    shard.shard(), shard.region(), shard.node(), leads, 0, 0, new TreeMap<>(), 0);
        }
        SortedMap<NodeId, ClusterHealth.Lag> lags = new TreeMap<>();
        said.lag().forEach((node, lag) -> lags.put(NodeId.of(node), new ClusterHealth.Lag(lag[0], lag[1])));
        return new ClusterHealth.ShardHealth(
                shard.shard(),
                shard.region(),
                shard.node(),
                leads || said.leads(),
                said.entities(),
                said.signalsPerSecond(),
                lags,
                said.bytes());
    }

    private Answer.@Nullable Shard said(NodeId node, ShardId shard) {
        Answer.Figures all = figures.get(node);
        return all == null
                ? null
                : all.shards().stream()
                        .filter(each -> each.shard() == shard.value())
                        .findFirst()
                        .orElse(null);
    }

    private List<ClusterHealth.TenantHealth> tenants() {
        Map<Long, List<Answer.Tenant>> said = new HashMap<>();
        figures.values()
                .forEach(all -> all.tenants()
                        .forEach(tenant -> said.computeIfAbsent(tenant.tenant(), each -> new ArrayList<>())
                                .add(tenant)));
        return tenants.stream()
                .map(tenant -> tenant(tenant, said.getOrDefault(tenant.id().value(), List.of())))
                .toList();
    }

    private ClusterHealth.TenantHealth tenant(EmbeddedTenant tenant, List<Answer.Tenant> said) {
        double rate = 0;
        long entities = 0;
        long bytes = 0;
        long accepted = 0;
        long throttled = 0;
        @Nullable String damage = null;
        String label = tenant.config().label();
        for (Answer.Tenant part : said) {
            rate += part.usage().signalsPerSecond();
            entities += part.usage().entities();
            bytes += part.usage().storageBytes();
            accepted += part.usage().accepted();
            throttled += part.usage().throttled();
            damage = damage == null ? part.damage() : damage;
            String theirs = part.label();
            label = theirs == null ? label : theirs;
        }
        return new ClusterHealth.TenantHealth(
                tenant.id(),
                label,
                tenant.placement(),
                new TenantUsage(rate, entities, bytes, accepted, throttled),
                damage,
                control.losses(tenant.id()));
    }
}
