package io.tidaldb.core.upgrade.rolling;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.NodeRecord;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.report.Redundancy;
import io.tidaldb.core.routing.ShardReplicas;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Which tenants nobody would serve while a node is away. */
final class DrainSafety {

    private static final int MAX_NAMED = 20;

    private DrainSafety() {}

    /**
     * Returns the first tenants that could not be written or not be read without a node.
     *
     * @param up whether a node answers
     * @param several whether nodes are processes that decide by majority
     */
    static List<TenantId> paused(ControlPlane control, NodeId node, Predicate<NodeId> up, boolean several) {
        ShardReplicas topology = new ShardReplicas(control.shards());
        Set<ReplicaId> filling = control.filling();
        Redundancy.Deciders deciders = new Redundancy.Deciders(several ? voters(control, up) : List.of(), true);
        List<TenantId> paused = new ArrayList<>();
        for (TenantRecord tenant : control.tenants().values()) {
            boolean served = tenant.placement().stream()
                    .filter(leader -> members(topology, tenant, leader).stream()
                            .anyMatch(each -> each.node().equals(node)))
                    .map(leader -> slot(members(topology, tenant, leader), tenant, leader, filling, up))
                    .allMatch(slot ->
                            Redundancy.fate(slot, deciders, node::equals).compareTo(Redundancy.Fate.READ_ONLY) < 0);
            if (!served && paused.size() < MAX_NAMED) {
                paused.add(tenant.config().id());
            }
        }
        return paused;
    }

    /** Returns what can be done so that a tenant of {@link #paused} is served without the node. */
    static String wayOut(ControlPlane control, NodeId node, Predicate<NodeId> up, TenantId paused) {
        TenantRecord tenant = control.tenants().get(paused);
        if (tenant == null) {
            return "it is being deleted: try again";
        }
        ShardReplicas topology = new ShardReplicas(control.shards());
        Set<NodeId> others = tenant.placement().stream()
                .flatMap(leader -> members(topology, tenant, leader).stream())
                .map(ShardAssignment::node)
                .filter(each -> !each.equals(node))
                .collect(Collectors.toCollection(TreeSet::new));
        List<NodeId> away = others.stream().filter(up.negate()).toList();
        if (others.isEmpty()) {
            return "no other node has a replica of it: move it to a shard of one that stays with \"tidal migrate start\"";
        }
        return away.isEmpty()
                ? "the replicas on " + others + " are too few for its durability "
                        + tenant.config().durability() + ", or have not caught up: set another one, or wait"
                : "it is on " + others + ", too, of which " + away + " do not answer: start those";
    }

    private static List<ShardAssignment> members(ShardReplicas topology, TenantRecord tenant, ReplicaId leader) {
        return topology.allowed(leader.shard(), tenant.config());
    }

    private static Redundancy.Slot slot(
            List<ShardAssignment> members,
            TenantRecord tenant,
            ReplicaId leader,
            Set<ReplicaId> filling,
            Predicate<NodeId> up) {
        NodeId leads = members.stream()
                .filter(each -> each.replica().equals(leader))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("shard " + leader + " is on no node"))
                .node();
        return new Redundancy.Slot(
                members.stream()
                        .map(each -> new Redundancy.Copy(
                                each.node(),
                                each.region(),
                                up.test(each.node())
                                        && !filling.contains(each.replica())
                                        && !tenant.isFilling(each.replica()),
                                true))
                        .toList(),
                leads,
                tenant.config().durability());
    }

    private static List<Redundancy.Copy> voters(ControlPlane control, Predicate<NodeId> up) {
        List<NodeId> voters = control.voters();
        return control.nodes().stream()
                .filter(each -> voters.contains(each.node()))
                .map((NodeRecord each) -> new Redundancy.Copy(each.node(), each.region(), up.test(each.node()), true))
                .toList();
    }
}
