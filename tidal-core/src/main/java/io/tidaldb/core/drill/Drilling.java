package io.tidaldb.core.drill;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.RegionDrill;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.DrillOutcome;
import io.tidaldb.core.control.DrillRecord;
import io.tidaldb.core.control.NotFound;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.leading.LeadershipSettings;
import io.tidaldb.core.leading.Promotion;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.report.ClusterFigures;
import io.tidaldb.core.report.HealthReport;
import io.tidaldb.core.report.Redundancy;
import io.tidaldb.core.report.SlotCopies;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has replicas in other regions take for a moment what a region leads of a tenant, and measures how long that takes. Which replicas are
 * preferred does not change: so whatever becomes of whoever runs a drill, what was handed over goes back by itself.
 *
 * <p>Safe for any number of threads.
 */
public final class Drilling {

    private static final Logger LOG = LoggerFactory.getLogger(Drilling.class);

    private final Instance instance;
    private final ControlPlane control;
    private final ClusterFigures figures;
    private final Promotion promotion;

    /** Creates what runs drills. */
    public Drilling(Instance instance, ControlPlane control, ClusterFigures figures, Promotion promotion) {
        this.instance = instance;
        this.control = control;
        this.figures = figures;
        this.promotion = promotion;
    }

    /** What is handed over, and to whom. */
    private record Loan(ReplicaId home, ReplicaId away) {}

    /**
     * Runs one; fails as {@link io.tidaldb.core.Tidal#drill}.
     *
     * @param decide has something agreed in the name of whoever wants the drill
     */
    public RegionDrill run(TenantId id, RegionId lost, Consumer<ClusterCommand> decide) {
        TenantRecord tenant = tenant(id);
        requireRegion(lost);
        SortedMap<NodeId, Answer.Figures> said = figures.all();
        requireAllUp(said);
        if (comeHome(tenant, lost)) {
            tenant = tenant(id);
            said = figures.all();
        }
        SlotCopies copies = new SlotCopies(control.shards(), said, true);
        List<Redundancy.Slot> slots = copies.of(tenant);
        requireOthers(tenant, slots, copies, lost);
        List<Loan> loans = loans(tenant, slots, copies, lost);
        ClusterHealth.RecoveryPoint point = copies.recoveryPoint(tenant, slots, lost);
        DrillRecord begun = new DrillRecord(
                id,
                lost,
                point.extent().name(),
                point.records(),
                point.millis(),
                Instant.ofEpochMilli(instance.clock().wallNanos() / 1_000_000),
                DrillOutcome.RUNNING,
                loans.size(),
                lease(loans),
                null,
                null);
        decide.accept(new ClusterCommand.BeginDrill(begun));
        return ended(begun, loans, decide);
    }

    private RegionDrill ended(DrillRecord begun, List<Loan> loans, Consumer<ClusterCommand> decide) {
        TenantId id = begun.tenant();
        long from = instance.clock().monotonicNanos();
        @Nullable
        TidalException notHanded = lent(id, loans.stream().map(Loan::away).toList());
        long handed = instance.clock().monotonicNanos();
        @Nullable
        TidalException notBack = lent(id, loans.stream().map(Loan::home).toList());
        @Nullable
        Duration back = notBack == null ? took(handed, instance.clock().monotonicNanos()) : null;
        if (notBack != null) {
            LOG.warn("tenant {} is not back after a drill, and goes back when it can: {}", id, notBack.getMessage());
        }
        DrillOutcome outcome =
                notHanded != null ? DrillOutcome.FAILED : notBack != null ? DrillOutcome.NOT_BACK : DrillOutcome.DONE;
        DrillRecord over = begun.ended(outcome, notHanded == null ? took(from, handed) : null, back);
        decide.accept(new ClusterCommand.EndDrill(over));
        if (notHanded != null) {
            throw notHanded;
        }
        return HealthReport.drill(over);
    }

    /** Returns how long something took, in whole milliseconds, no less. */
    private static Duration took(long fromNanos, long toNanos) {
        return Duration.ofMillis((toNanos - fromNanos + 999_999) / 1_000_000);
    }

    /** Has replicas lead that are not preferred, or are again; returns why not all of them do. */
    private @Nullable TidalException lent(TenantId id, List<ReplicaId> replicas) {
        CompletableFuture<?>[] all =
                replicas.stream().map(each -> promotion.lend(id, each)).toArray(CompletableFuture[]::new);
        try {
            instance.await(CompletableFuture.allOf(all));
            return null;
        } catch (TidalException e) {
            return e;
        }
    }

    /** Brings back what a drill has left elsewhere whose end nobody has seen; returns whether there was anything. */
    private boolean comeHome(TenantRecord tenant, RegionId lost) {
        List<ReplicaId> away = new ArrayList<>();
        for (int slot = 0; slot < tenant.placement().size(); slot++) {
            ReplicaId preferred = tenant.preferred().get(slot);
            if (preferred.region().equals(lost) && !tenant.placement().get(slot).equals(preferred)) {
                away.add(preferred);
            }
        }
        TidalException failure = lent(tenant.config().id(), away);
        if (failure != null) {
            throw failure;
        }
        return !away.isEmpty();
    }

    private Duration lease(List<Loan> loans) {
        return loans.stream()
                .map(each -> instance.cluster().nameOf(each.home))
                .map(node -> LeadershipSettings.untilTakenOver(Duration.ofNanos(control.leaseNanos(node))))
                .reduce(Duration.ZERO, (one, other) -> one.compareTo(other) < 0 ? other : one);
    }

    // What has to be so

    private TenantRecord tenant(TenantId id) {
        TenantRecord record = control.tenant(id);
        if (record == null || control.isRestoring(id)) {
            throw NotFound.tenant(id);
        }
        return record;
    }

    private void requireRegion(RegionId lost) {
        LocalCluster cluster = instance.cluster();
        SortedSet<RegionId> regions =
                new TreeSet<>(cluster.names().stream().map(cluster::region).toList());
        if (!regions.contains(lost)) {
            throw TidalException.invalid("region " + lost + " has no node: expected one of " + regions);
        }
    }

    private void requireAllUp(SortedMap<NodeId, Answer.Figures> said) {
        for (NodeId node : instance.cluster().names()) {
            if (!said.containsKey(node)) {
                throw unsafe("node " + node + " does not answer, and a drill takes nodes away that may be needed then:"
                        + " start it, or wait for it");
            }
            Promotion.requireInService(control, node);
        }
    }

    private void requireOthers(TenantRecord tenant, List<Redundancy.Slot> slots, SlotCopies copies, RegionId lost) {
        LocalCluster cluster = instance.cluster();
        for (int i = 0; i < slots.size(); i++) {
            ShardId shard = tenant.placement().get(i).shard();
            Redundancy.Fate fate = Redundancy.fate(
                    slots.get(i),
                    copies.deciders(),
                    node -> cluster.region(node).equals(lost));
            boolean readOnly =
                    fate == Redundancy.Fate.READ_ONLY && tenant.config().writes() == WriteMode.SINGLE;
            if (fate == Redundancy.Fate.UNAVAILABLE) {
                throw unsafe("tenant " + tenant.config().id() + " has no replica of shard " + shard
                        + " outside of region " + lost + ", and may be in regions "
                        + tenant.config().requiredRegions()
                        + ": without it there is nothing to read or write; let it be in another region, too");
            }
            if (readOnly) {
                throw unsafe("tenant " + tenant.config().id() + " could not be written without region " + lost
                        + ": too few of the replicas of shard " + shard
                        + ", or of the nodes that decide, are elsewhere;"
                        + " what is left is in if_lost of the cluster's status");
            }
        }
    }

    private List<Loan> loans(TenantRecord tenant, List<Redundancy.Slot> slots, SlotCopies copies, RegionId lost) {
        List<Loan> loans = new ArrayList<>();
        if (tenant.config().writes() == WriteMode.EVERYWHERE) {
            return loans;
        }
        for (int i = 0; i < slots.size(); i++) {
            ReplicaId leader = tenant.placement().get(i);
            if (!leader.region().equals(lost)) {
                continue;
            }
            if (!tenant.preferred().get(i).equals(leader)) {
                throw unsafe("shard " + leader.shard() + " of tenant "
                        + tenant.config().id() + " is led by " + leader
                        + " in place of " + tenant.preferred().get(i)
                        + ": wait until that leads again, or promote the one that is to lead");
            }
            RegionId next = copies.next(tenant, slots.get(i), leader).region();
            loans.add(new Loan(leader, new ReplicaId(next, leader.shard())));
        }
        return loans;
    }

    private static TidalException unsafe(String why) {
        return new TidalException(ErrorCode.UNSAFE, why);
    }
}
