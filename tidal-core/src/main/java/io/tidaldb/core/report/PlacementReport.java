package io.tidaldb.core.report;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.PlacementExplanation;
import io.tidaldb.core.PlacementExplanation.Part;
import io.tidaldb.core.PlacementExplanation.Rule;
import io.tidaldb.core.PlacementExplanation.Verdict;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.ReplicaChange;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.routing.ShardReplicas;
import io.tidaldb.core.routing.TenantPlacer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** Says why a tenant's data is where it is: with the rules that decide, and what the nodes say that answer. */
public final class PlacementReport {

    private final TenantRecord tenant;
    private final ShardReplicas topology;
    private final TenantPlacer placer;
    private final Reserves reserves;
    private final ControlPlane control;
    private final SortedMap<NodeId, Answer.Figures> figures;
    private final boolean takesOver;

    /** Creates a report on one tenant. */
    public PlacementReport(
            TenantRecord tenant,
            TenantPlacer placer,
            Reserves reserves,
            ControlPlane control,
            SortedMap<NodeId, Answer.Figures> figures,
            boolean takesOver) {
        this.tenant = tenant;
        this.topology = new ShardReplicas(control.shards());
        this.placer = placer;
        this.reserves = reserves;
        this.control = control;
        this.figures = figures;
        this.takesOver = takesOver;
    }

    /** Returns why the tenant is where it is. */
    public PlacementExplanation explanation() {
        SlotCopies copies = new SlotCopies(control.shards(), figures, takesOver);
        List<Redundancy.Slot> slots = copies.of(tenant);
        List<PlacementExplanation.Slot> shown = new ArrayList<>();
        for (int i = 0; i < slots.size(); i++) {
            shown.add(new PlacementExplanation.Slot(
                    i,
                    tenant.placement().get(i),
                    Redundancy.data(slots.get(i)),
                    Redundancy.service(slots.get(i), copies.deciders())));
        }
        return new PlacementExplanation(
                tenant.config().id(),
                shown,
                control.shards().stream().sorted().map(this::replica).toList());
    }

    private PlacementExplanation.Replica replica(ShardAssignment each) {
        int slot = tenant.placement().stream().map(ReplicaId::shard).toList().indexOf(each.shard());
        List<Rule> rules = new ArrayList<>();
        rules.add(residency(each));
        pinned(each, rules);
        rules.add(slots(each, slot));
        rules.add(replication(each, slot));
        reserve(each, slot, rules);
        boolean leads = tenant.placement().contains(each.replica());
        boolean holds = leads
                || slot >= 0
                        && topology.isReplicated(each.shard())
                        && topology.allowed(each.shard(), tenant.config()).contains(each);
        boolean leaves =
                holds && !topology.allowed(each.shard(), tenant.wanted()).contains(each);
        Part part = leaves ? Part.NONE : leads ? Part.LEADS : holds ? Part.FOLLOWS : Part.NONE;
        State changing = leaves
                ? new State(Verdict.LATER, "it is to leave", "wait: it is erased once others have all that it has")
                : changing(each);
        State state = changing != null
                ? changing
                : part == Part.NONE
                        ? new State(Verdict.YES, "nothing of the tenant belongs there", null)
                        : state(each, part, slot);
        return new PlacementExplanation.Replica(
                each.replica(),
                each.node(),
                slot < 0 ? null : slot,
                rules,
                part,
                state.actual,
                state.found,
                state.step);
    }

    private Rule residency(ShardAssignment each) {
        TenantConfig config = tenant.config();
        return new Rule(
                "residency",
                verdict(ShardReplicas.mayHold(each, config)),
                config.withoutReplicas().contains(each.replica())
                        ? "it is left out, as asked for"
                        : config.requiredRegions().isEmpty()
                                ? "no region is required"
                                : "required are " + config.requiredRegions() + ", the replica is in " + each.region());
    }

    private void pinned(ShardAssignment each, List<Rule> rules) {
        List<ReplicaId> pinned = tenant.config().pinnedShards();
        if (!pinned.isEmpty()) {
            boolean to = pinned.stream().anyMatch(pin -> pin.shard().equals(each.shard()));
            rules.add(new Rule("pinned", verdict(to), "pinned to " + pinned));
        }
    }

    private Rule slots(ShardAssignment each, int slot) {
        if (slot >= 0) {
            return new Rule(
                    "slots",
                    Verdict.YES,
                    "shard " + each.shard() + " has slot " + slot + " of "
                            + tenant.placement().size() + today());
        }
        return new Rule(
                "slots",
                Verdict.NO,
                "its " + tenant.placement().size() + " slots are on " + tenant.placement() + ", chosen among "
                        + topology.leaders(tenant.config()));
    }

    /** Returns what the rules would choose for the tenant if it were created now, where that is something else. */
    private String today() {
        try {
            List<ReplicaId> chosen = placer.place(tenant.config(), topology);
            return chosen.equals(tenant.placement()) ? "" : "; created now it would be led on " + chosen;
        } catch (TidalException e) {
            return "; created now it would be refused: " + e.getMessage();
        }
    }

    private Rule replication(ShardAssignment each, int slot) {
        boolean replicated = topology.isReplicated(each.shard());
        boolean there = slot >= 0 && (replicated || tenant.placement().contains(each.replica()));
        return new Rule(
                "replication",
                verdict(there),
                "shard " + each.shard() + " has "
                        + topology.allowed(each.shard(), tenant.config()).size()
                        + " replicas where the tenant may be; it is asked for "
                        + tenant.config().durability());
    }

    private void reserve(ShardAssignment each, int slot, List<Rule> rules) {
        reserves.load(each.node(), tenant.config(), tenant.placement(), control).ifPresent(load -> {
            boolean counts = slot >= 0 && tenant.placement().contains(each.replica());
            rules.add(new Rule(
                    "reserve",
                    verdict(!counts || load.fits()),
                    "of " + load.capacity() + " signals/s on node " + each.node() + " it reserves " + load.own()
                            + ", others " + load.others()));
        });
    }

    /** Returns what a change of the tenant's replicas has still to do with one; null if nothing. */
    private @Nullable State changing(ShardAssignment each) {
        ReplicaChange change = tenant.change();
        if (change != null && change.erasing().contains(each.replica())) {
            return new State(
                    Verdict.LATER,
                    "it has left, and is not known to be erased",
                    "start node " + each.node() + ": it erases what it has");
        }
        return change != null && change.filling().contains(each.replica())
                ? new State(Verdict.LATER, "it may lack what was acknowledged", "wait: it says so when it has all")
                : null;
    }

    private record State(
            Verdict actual, String found, @Nullable String step) {}

    /** Returns whether what is damaged on a replica is fetched from another one. */
    private boolean heals(ShardAssignment each) {
        return topology.isReplicated(each.shard())
                && tenant.config().writes() != WriteMode.EVERYWHERE
                && topology.allowed(each.shard(), tenant.config()).size() > 1;
    }

    private State state(ShardAssignment each, Part part, int slot) {
        if (!figures.containsKey(each.node())) {
            return new State(
                    Verdict.LATER,
                    "node " + each.node() + " does not answer",
                    "start node " + each.node() + ": it catches up by itself");
        }
        ReplicaId leader = tenant.placement().get(slot);
        NodeId leads = topology.allowed(leader.shard(), tenant.config()).stream()
                .filter(other -> other.replica().equals(leader))
                .findFirst()
                .map(ShardAssignment::node)
                .orElse(each.node());
        Answer.@Nullable Tenant said = said(leads);
        if (said == null) {
            return new State(
                    Verdict.LATER,
                    "node " + leads + ", which is to lead, does not say that it does",
                    "start node " + leads + ", or wait until another one leads");
        }
        if (said.damage() != null && part == Part.LEADS) {
            return new State(
                    Verdict.LATER,
                    "quarantined: " + said.damage(),
                    heals(each)
                            ? "wait: another replica leads, and it is fetched from there; health and the audit log say what that waits for"
                            : "restore the file from a copy, or delete the tenant");
        }
        if (part == Part.LEADS) {
            return new State(Verdict.YES, "takes the writes", null);
        }
        long[] lag = lag(said, each);
        if (lag == null) {
            return new State(Verdict.YES, "has all that was written", null);
        }
        return lag[1] < 0
                ? new State(
                        Verdict.LATER,
                        "has not said what it holds, or waits for a snapshot",
                        "wait: node " + leads + " ships it as soon as node " + each.node() + " answers it")
                : new State(
                        Verdict.LATER,
                        lag[0] + " records behind, for " + lag[1] + " ms",
                        "wait: node " + leads + " ships them");
    }

    private Answer.@Nullable Tenant said(NodeId node) {
        Answer.Figures all = figures.get(node);
        return all == null
                ? null
                : all.tenants().stream()
                        .filter(each -> each.tenant() == tenant.config().id().value())
                        .findFirst()
                        .orElse(null);
    }

    private static long @Nullable [] lag(Answer.Tenant said, ShardAssignment follower) {
        Map<Integer, Map<String, long[]>> behind = said.behind();
        if (behind == null) {
            return new long[] {0, -1};
        }
        Map<String, long[]> ofShard = behind.get(follower.shard().value());
        return ofShard == null ? null : ofShard.get(follower.node().name());
    }

    private static Verdict verdict(boolean holds) {
        return holds ? Verdict.YES : Verdict.NO;
    }
}
