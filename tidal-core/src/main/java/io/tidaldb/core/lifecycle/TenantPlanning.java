package io.tidaldb.core.lifecycle;

import io.tidaldb.api.Durability;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantPlan;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.DryRun;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.report.Redundancy;
import io.tidaldb.core.report.SlotCopies;
import io.tidaldb.core.routing.ShardReplicas;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** What changes of tenants would come to: checked by what makes them, and decided by a copy of what decides. */
public final class TenantPlanning {

    private final TenantLifecycle tenants;
    private final ControlPlane control;
    private final SlotCopies copies;
    private final List<String> effects = new ArrayList<>();
    private final List<String> risks = new ArrayList<>();

    /** Plans with what the nodes say of themselves. */
    public TenantPlanning(
            TenantLifecycle tenants,
            ControlPlane control,
            SortedMap<NodeId, Answer.Figures> figures,
            boolean takesOver) {
        this.tenants = tenants;
        this.control = control;
        this.copies = new SlotCopies(control.shards(), figures, takesOver);
        control.shards().stream()
                .map(each -> each.node())
                .distinct()
                .filter(node -> !figures.containsKey(node))
                .forEach(node -> risks.add("node " + node + " does not answer: it does its part when it is back"));
    }

    /** Returns what creating a tenant would come to. */
    public TenantPlan create(TenantConfig config) {
        List<ReplicaId> placement;
        try {
            placement = tenants.checkedPlacement(config);
        } catch (TidalException e) {
            return refused(e);
        }
        TenantRecord record = new TenantRecord(config, placement, placement, 1, 0, 0);
        effects.add("its slots are led on " + placement);
        holders(record, "get a copy");
        if (control.hadFormer(config.id())) {
            effects.add("what is left anywhere of the tenant that had this id is erased first");
        }
        return plan(
                new ClusterCommand.CreateTenant(TenantLifecycle.unlabelled(config), placement, 0), null, fresh(record));
    }

    /** Returns what changing a tenant would come to. */
    public TenantPlan update(TenantConfig config) {
        TenantRecord known = control.tenant(config.id());
        try {
            tenants.checkUpdate(config);
        } catch (TidalException e) {
            return refused(e);
        }
        if (known != null && config.durability().compareTo(known.config().durability()) < 0) {
            risks.add("writes are acknowledged at " + config.durability() + " instead of "
                    + known.config().durability() + ": fewer nodes have them by then");
        }
        if (config.durability() == Durability.ALL) {
            risks.add("writes wait for every replica: one that is away stops them");
        }
        tenants.find(config.id()).map(Tenant::config).ifPresent(before -> {
            if (!before.label().equals(config.label())) {
                effects.add("its label becomes \"" + config.label() + "\", in the tenant's own log");
            }
        });
        TenantRecord then = known == null ? null : known.with(config);
        Optional<ClusterCommand> change = tenants.replicaChanges().change(config);
        if (known != null && then != null && change.isPresent()) {
            return replicas(known, then, change.get());
        }
        return plan(new ClusterCommand.UpdateTenant(TenantLifecycle.unlabelled(config)), risk(known), risk(then));
    }

    /** What is changed besides is checked when it is done: it changes nothing here. */
    private TenantPlan replicas(TenantRecord known, TenantRecord then, ClusterCommand change) {
        List<ReplicaId> before = members(known);
        List<ReplicaId> after = members(then);
        List<ReplicaId> come =
                after.stream().filter(each -> !before.contains(each)).toList();
        List<ReplicaId> leave =
                before.stream().filter(each -> !after.contains(each)).toList();
        if (!come.isEmpty()) {
            effects.add("replicas " + come + " get a copy");
        }
        known.placement().stream()
                .filter(leave::contains)
                .forEach(leader ->
                        effects.add("another replica of shard " + leader.shard() + " leads instead of " + leader));
        if (!leave.isEmpty()) {
            effects.add("replicas " + leave + " are erased, once nothing is there alone");
            risks.add(
                    "until those that stay are known to have everything, which takes a moment, nobody can take over from who"
                            + " leads");
        }
        return plan(change, risk(known), complete(then, after));
    }

    /** Returns what could be lost if those that are to hold it had everything; null if they can't. */
    private ClusterHealth.@Nullable TenantRisk complete(TenantRecord then, List<ReplicaId> after) {
        List<ReplicaId> leaders = new ArrayList<>();
        for (ReplicaId leader : then.placement()) {
            after.stream()
                    .filter(each -> each.shard().equals(leader.shard()))
                    .min((one, other) -> Boolean.compare(other.equals(leader), one.equals(leader)))
                    .ifPresent(leaders::add);
        }
        return leaders.size() < then.placement().size()
                ? null
                : fresh(new TenantRecord(then.config(), leaders, leaders, then.epoch(), 0, 0));
    }

    private List<ReplicaId> members(TenantRecord record) {
        ShardReplicas topology = new ShardReplicas(control.shards());
        return record.placement().stream()
                .flatMap(leader -> topology.allowed(leader.shard(), record.config()).stream())
                .map(ShardAssignment::replica)
                .toList();
    }

    /** Returns what deleting a tenant would come to. */
    public TenantPlan delete(TenantId id) {
        TenantRecord known = control.tenant(id);
        if (known != null) {
            holders(known, "erase what they have of it");
            risks.add("its data is gone for good: nothing here brings it back");
        }
        return plan(new ClusterCommand.DeleteTenant(id), risk(known), null);
    }

    private TenantPlan refused(TidalException reason) {
        return new TenantPlan(reason, null, null, List.of(), risks, null, null);
    }

    private TenantPlan plan(
            ClusterCommand command,
            ClusterHealth.@Nullable TenantRisk before,
            ClusterHealth.@Nullable TenantRisk after) {
        DryRun run = control.dryRun(command);
        if (run.refusal() != null) {
            return refused(run.refusal());
        }
        if (before != null && after != null && isLess(after, before)) {
            risks.add("less can be lost then than now");
        }
        return new TenantPlan(null, run.before(), run.after(), effects, risks, before, after);
    }

    private static boolean isLess(ClusterHealth.TenantRisk one, ClusterHealth.TenantRisk other) {
        return one.data().nodes() < other.data().nodes()
                || one.service().nodes() < other.service().nodes();
    }

    private void holders(TenantRecord record, String what) {
        effects.add("nodes "
                + copies.of(record).stream()
                        .flatMap(slot -> slot.members().stream())
                        .map(Redundancy.Copy::node)
                        .distinct()
                        .sorted()
                        .toList()
                + " " + what);
    }

    private ClusterHealth.@Nullable TenantRisk risk(@Nullable TenantRecord record) {
        return record == null ? null : Redundancy.risk(copies.of(record), copies.deciders());
    }

    // It has nothing yet, so whoever runs has all of it.
    private ClusterHealth.TenantRisk fresh(TenantRecord record) {
        List<Redundancy.Slot> slots = copies.of(record).stream()
                .map(slot -> new Redundancy.Slot(
                        slot.members().stream()
                                .map(each -> new Redundancy.Copy(each.node(), each.region(), each.up(), each.up()))
                                .toList(),
                        slot.leader(),
                        slot.durability()))
                .toList();
        return Redundancy.risk(slots, copies.deciders());
    }
}
