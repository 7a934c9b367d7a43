package io.tidaldb.core.report;

import io.tidaldb.api.Durability;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.routing.ShardReplicas;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Who holds what of tenants, as far as the nodes say that answer. */
public final class SlotCopies {

    private final ShardReplicas topology;
    private final SortedMap<NodeId, Answer.Figures> figures;
    private final Map<NodeId, Map<Long, Answer.Tenant>> led = new HashMap<>();
    private final Map<ReplicaId, NodeId> hosts = new HashMap<>();
    private final Redundancy.Deciders deciders;

    /**
     * Begins.
     *
     * @param figures of the nodes that answer
     * @param takesOver whether each node is a process of its own, one of those that decide
     */
    public SlotCopies(List<ShardAssignment> shards, SortedMap<NodeId, Answer.Figures> figures, boolean takesOver) {
        this.topology = new ShardReplicas(shards);
        this.figures = figures;
        shards.forEach(each -> hosts.put(each.replica(), each.node()));
        figures.forEach((node, said) -> {
            Map<Long, Answer.Tenant> tenants = new HashMap<>();
            said.tenants().forEach(tenant -> tenants.put(tenant.tenant(), tenant));
            led.put(node, tenants);
        });
        SortedMap<NodeId, Redundancy.Copy> voters = new TreeMap<>();
        if (takesOver) {
            shards.forEach(each -> voters.put(
                    each.node(),
                    new Redundancy.Copy(each.node(), each.region(), figures.containsKey(each.node()), true)));
        }
        this.deciders = new Redundancy.Deciders(List.copyOf(voters.values()), takesOver);
    }

    /** Returns whose votes decide. */
    public Redundancy.Deciders deciders() {
        return deciders;
    }

    /**
     * What tells tenants apart of which those who lead them say that nobody lacks anything: the slots of all that have the same are alike, and
     * they lose as much with a region.
     */
    record Kind(List<ReplicaId> placement, List<RegionId> regions, List<ReplicaId> without, Durability durability) {}

    /** Returns of which kind a tenant is; null if it may be like no other. */
    @Nullable
    Kind kind(TenantRecord tenant) {
        TenantConfig config = tenant.config();
        boolean everywhere = config.writes() == WriteMode.EVERYWHERE;
        return everywhere || !tenant.placement().stream().allMatch(leader -> isWhole(tenant, leader))
                ? null
                : new Kind(tenant.placement(), config.requiredRegions(), config.withoutReplicas(), config.durability());
    }

    private boolean isWhole(TenantRecord tenant, ReplicaId leader) {
        Map<Long, Answer.Tenant> saidThere = led.get(hosts.get(leader));
        Answer.@Nullable Tenant said =
                saidThere == null ? null : saidThere.get(tenant.config().id().value());
        Map<Integer, Map<String, long[]>> behind = said == null || said.damage() != null ? null : said.behind();
        return behind != null && behind.isEmpty();
    }

    /** Returns the slots of a tenant, in order. */
    public List<Redundancy.Slot> of(TenantRecord tenant) {
        List<Redundancy.Slot> slots = new ArrayList<>(tenant.placement().size());
        for (ReplicaId leader : tenant.placement()) {
            slots.add(slot(tenant, leader));
        }
        return slots;
    }

    private Redundancy.Slot slot(TenantRecord tenant, ReplicaId leader) {
        List<ShardAssignment> members = topology.allowed(leader.shard(), tenant.config());
        NodeId leads = members.stream()
                .filter(each -> each.replica().equals(leader))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("shard " + leader + " is on no node"))
                .node();
        Map<Long, Answer.Tenant> saidThere = led.get(leads);
        Answer.@Nullable Tenant said =
                saidThere == null ? null : saidThere.get(tenant.config().id().value());
        return new Redundancy.Slot(
                members.stream()
                        .map(each -> new Redundancy.Copy(
                                each.node(),
                                each.region(),
                                figures.containsKey(each.node()),
                                said != null
                                        && said.damage() == null
                                        && (each.node().equals(leads) || isComplete(said, each))))
                        .toList(),
                leads,
                tenant.config().durability());
    }

    /**
     * Returns what a tenant would lose with the region whose loss would cost most.
     *
     * @param slots as {@link #of} tells them
     */
    ClusterHealth.RecoveryPoint recoveryPoint(TenantRecord tenant, List<Redundancy.Slot> slots) {
        return recoveryPoints(tenant, slots).values().stream()
                .max(RecoveryPoints.BY_COST)
                .orElseThrow();
    }

    /**
     * Returns what a tenant would lose with a region.
     *
     * @param slots as {@link #of} tells them
     */
    public ClusterHealth.RecoveryPoint recoveryPoint(
            TenantRecord tenant, List<Redundancy.Slot> slots, RegionId region) {
        ClusterHealth.RecoveryPoint found = recoveryPoints(tenant, slots).get(region);
        return found == null ? RecoveryPoints.nothing(region) : found;
    }

    /** Returns the member of a slot in another region than the leader's that lacks least of what that has. */
    public Redundancy.Copy next(TenantRecord tenant, Redundancy.Slot slot, ReplicaId leader) {
        Map<String, long[]> behind = behind(tenant, leader.shard(), slot.leader(), false);
        Map<String, long[]> lags = behind == null ? Collections.emptyMap() : behind;
        return slot.members().stream()
                .filter(each -> each.up() && !each.region().equals(leader.region()))
                .min(Comparator.comparing(each -> RecoveryPoints.of(each, lags), RecoveryPoints.BY_COST))
                .orElseThrow(() -> new IllegalStateException("slot " + slot + " is in one region alone"));
    }

    private SortedMap<RegionId, ClusterHealth.RecoveryPoint> recoveryPoints(
            TenantRecord tenant, List<Redundancy.Slot> slots) {
        boolean everywhere = tenant.config().writes() == WriteMode.EVERYWHERE;
        SortedMap<RegionId, ClusterHealth.RecoveryPoint> byRegion = new TreeMap<>();
        for (int i = 0; i < slots.size(); i++) {
            Redundancy.Slot slot = slots.get(i);
            ShardId shard = tenant.placement().get(i).shard();
            for (Redundancy.Copy writer : slot.members()) {
                if (everywhere || writer.node().equals(slot.leader())) {
                    byRegion.merge(
                            writer.region(),
                            RecoveryPoints.of(slot, writer, behind(tenant, shard, writer.node(), everywhere)),
                            RecoveryPoints::both);
                }
            }
        }
        return byRegion;
    }

    /** Returns which followers lack what of one that writes, by node; null if nobody says. */
    private @Nullable Map<String, long[]> behind(
            TenantRecord tenant, ShardId shard, NodeId writer, boolean everywhere) {
        Map<Long, Answer.Tenant> saidThere = led.get(writer);
        if (saidThere == null) {
            return null;
        }
        Answer.Tenant said = saidThere.get(tenant.config().id().value());
        if (said == null) {
            // One that does not lead says nothing while nobody lacks anything.
            return everywhere ? Collections.emptyMap() : null;
        }
        Map<Integer, Map<String, long[]>> behind = said.behind();
        return behind == null || said.damage() != null
                ? null
                : behind.getOrDefault(shard.value(), Collections.emptyMap());
    }

    private static boolean isComplete(Answer.Tenant said, ShardAssignment follower) {
        Map<Integer, Map<String, long[]>> behind = said.behind();
        if (behind == null) {
            return false;
        }
        Map<String, long[]> ofShard = behind.get(follower.shard().value());
        return ofShard == null || !ofShard.containsKey(follower.node().name());
    }
}
