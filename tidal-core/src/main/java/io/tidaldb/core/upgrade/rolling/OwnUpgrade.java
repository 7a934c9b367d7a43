package io.tidaldb.core.upgrade.rolling;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.hosting.Filling;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.upgrade.NodeUpgrade;
import io.tidaldb.core.upgrade.UpgradePhase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does on a node what is agreed on its upgrade, and has agreed that it is done. It looks at what is agreed only, so it goes on where it was
 * when the node starts again. Confined to the control scheduler, but for what it says of itself.
 */
public final class OwnUpgrade {

    private static final Logger LOG = LoggerFactory.getLogger(OwnUpgrade.class);

    private static final Duration LOOK = Duration.ofMillis(50);
    private static final Duration LOOK_WHILE_DRAINED = Duration.ofMillis(500);

    /** For how long what prefers a node that is back is waited for: after that it comes when it can. */
    private static final Duration UNTIL_LED = Duration.ofSeconds(30);

    private final NodeId self;
    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final UpgradeSteps steps;
    private final boolean several;
    private final Clock clock;
    private final LoopScheduler scheduler;

    private UpgradePhase phase = UpgradePhase.SERVING;
    private long sinceNanos;
    private boolean busy;
    private boolean looking;
    private final Set<Filling.Slot> compared = new HashSet<>();

    /** What keeps the node where it is. */
    private volatile @Nullable String waitsFor;

    /**
     * Creates one.
     *
     * @param several whether nodes are processes of their own
     */
    public OwnUpgrade(
            NodeId self,
            ControlPlane control,
            LocalCluster cluster,
            Hosting hosting,
            UpgradeSteps steps,
            boolean several,
            Clock clock,
            LoopScheduler scheduler) {
        this.self = self;
        this.control = control;
        this.cluster = cluster;
        this.hosting = hosting;
        this.steps = steps;
        this.several = several;
        this.clock = clock;
        this.scheduler = scheduler;
    }

    /** Returns what keeps the node where it is on its way; null if that is not known. Safe for any thread. */
    public @Nullable String waitsFor() {
        return waitsFor;
    }

    /** Looks what is to be done. Safe for any thread. */
    public void look() {
        scheduler.execute(this::work);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is noted, and it is tried again.
    private void work() {
        NodeUpgrade agreed = agreed();
        enter(agreed == null ? UpgradePhase.SERVING : agreed.phase());
        if (busy || agreed == null || !agreed.isOpen() || !cluster.isRunning(self)) {
            return;
        }
        busy = true;
        step(agreed)
                .whenCompleteAsync(
                        (waiting, failure) -> {
                            busy = false;
                            noted(
                                    failure == null
                                            ? waiting
                                            : RemoteCalls.reason(failure).getMessage());
                            again();
                        },
                        scheduler);
    }

    private @Nullable NodeUpgrade agreed() {
        return control.upgrades().stream()
                .filter(each -> each.node().equals(self))
                .findFirst()
                .orElse(null);
    }

    private void enter(UpgradePhase now) {
        if (now != phase) {
            LOG.info("node {} is {} from now on, after {}", self, now, phase);
            phase = now;
            sinceNanos = scheduler.nanoTime();
            waitsFor = null;
            compared.clear();
        }
    }

    private void noted(@Nullable String reason) {
        if (reason != null && !reason.equals(waitsFor)) {
            LOG.info("node {} is {}: {}", self, phase, reason);
        }
        waitsFor = reason;
    }

    private void again() {
        if (!looking) {
            looking = true;
            scheduler.schedule(phase == UpgradePhase.DRAINED ? LOOK_WHILE_DRAINED : LOOK, () -> {
                looking = false;
                work();
            });
        }
    }

    /** Completes with what is waited for; with null when nothing is. */
    private CompletableFuture<@Nullable String> step(NodeUpgrade agreed) {
        try {
            return switch (agreed.phase()) {
                case DRAINING -> drain(agreed);
                case DRAINED -> steps.handOver().thenApply(left -> null);
                case REJOINING -> rejoin();
                case RETURNING -> bringBack();
                case SERVING -> CompletableFuture.completedFuture(null);
            };
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    // Out of service

    private CompletableFuture<@Nullable String> drain(NodeUpgrade agreed) {
        if (scheduler.nanoTime() - sinceNanos
                > Duration.ofMillis(agreed.timeoutMillis()).toNanos()) {
            String reason = "draining took longer than " + Duration.ofMillis(agreed.timeoutMillis())
                    + (waitsFor == null ? "" : ": " + waitsFor);
            LOG.warn("node {} goes back into service: {}", self, reason);
            return control.submit(new ClusterCommand.RejoinNode(self, reason, nowMillis()))
                    .thenApply(done -> null);
        }
        return steps.handOver()
                .thenComposeAsync(left -> left.isEmpty() ? handed(agreed) : waits(leads(left)), scheduler);
    }

    private CompletableFuture<@Nullable String> handed(NodeUpgrade agreed) {
        if (!agreed.allowUnavailable()) {
            List<TenantId> paused = DrainSafety.paused(control, self, steps::isUp, several);
            if (!paused.isEmpty()) {
                return waits("nobody else could serve tenants such as " + paused.get(0)
                        + " now: another node that has them does not answer");
            }
        }
        return lacking(false, agreed.allowUnavailable())
                .thenComposeAsync(
                        lacking -> lacking != null ? waits(lacking) : reached(UpgradePhase.DRAINED), scheduler);
    }

    private String leads(List<ClusterCommand.Promote> left) {
        ClusterCommand.Promote first = left.get(0);
        return "node " + self + " still leads " + left.size() + " slots, such as shard "
                + first.leader().shard() + " of tenant " + first.tenant()
                + ", of which no other replica has enough yet or can be reached";
    }

    /**
     * Looks whether leaders hold all that is held here, or the other way round.
     *
     * @param onlyOfThoseUp whether those that don't answer are left aside
     * @return what is missing; null if nothing is
     */
    private CompletableFuture<@Nullable String> lacking(boolean here, boolean onlyOfThoseUp) {
        List<CompletableFuture<@Nullable String>> asked = new ArrayList<>();
        byLeader().forEach((leader, slots) -> {
            if (steps.isUp(leader)) {
                asked.add(here ? lackingHere(leader, slots) : lackingThere(leader, slots));
            } else if (!onlyOfThoseUp) {
                asked.add(waits("node " + leader + ", which leads " + slots.get(0) + ", does not answer"));
            }
        });
        return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
                .thenApply(nothing -> asked.stream()
                        .map(CompletableFuture::join)
                        .filter(each -> each != null)
                        .findFirst()
                        .orElse(null));
    }

    private CompletableFuture<@Nullable String> lackingThere(NodeId leader, List<Filling.Slot> slots) {
        return steps.heldHere(leader)
                .thenCompose(mine -> steps.heldByLeader(leader)
                        .thenApply(theirs -> Filling.firstMissing(held(mine, slots), mine, theirs)
                                .map(slot -> "node " + leader + " does not hold yet all that node " + self + " has of "
                                        + slot)
                                .orElse(null)));
    }

    // What was never written needs to be nowhere.
    private static List<Filling.Slot> held(Answer.Positions mine, List<Filling.Slot> slots) {
        Set<Filling.Slot> written = mine.replicas().stream()
                .filter(each -> !each.logs().isEmpty())
                .map(each -> new Filling.Slot(
                        each.tenant(), ReplicaId.parse(each.replica()).shard().value()))
                .collect(Collectors.toSet());
        return slots.stream().filter(written::contains).toList();
    }

    // Back into service

    private CompletableFuture<@Nullable String> rejoin() {
        return lacking(true, false)
                .thenComposeAsync(lacking -> lacking != null ? waits(lacking) : compare(), scheduler);
    }

    private CompletableFuture<@Nullable String> lackingHere(NodeId leader, List<Filling.Slot> slots) {
        return steps.heldByLeader(leader)
                .thenCompose(theirs -> steps.heldHere(leader)
                        .thenApply(mine -> Filling.firstMissing(held(theirs, slots), theirs, mine)
                                .map(slot -> "node " + self + " does not hold yet all that node " + leader + " has of "
                                        + slot)
                                .orElse(null)));
    }

    /** Compares slot by slot what is held here with what those that lead it hold. */
    private CompletableFuture<@Nullable String> compare() {
        CompletableFuture<@Nullable String> sofar = CompletableFuture.completedFuture(null);
        for (Map.Entry<NodeId, List<Filling.Slot>> each : byLeader().entrySet()) {
            sofar = sofar.thenCompose(missing -> missing != null
                    ? waits(missing)
                    : steps.heldByLeader(each.getKey())
                            .thenComposeAsync(
                                    theirs -> compare(each.getKey(), held(theirs, each.getValue()), 0), scheduler));
        }
        return sofar.thenComposeAsync(
                missing -> missing != null ? waits(missing) : reached(UpgradePhase.RETURNING), scheduler);
    }

    private CompletableFuture<@Nullable String> compare(NodeId leader, List<Filling.Slot> slots, int next) {
        int at = next;
        while (at < slots.size() && compared.contains(slots.get(at))) {
            at++;
        }
        if (at >= slots.size()) {
            return CompletableFuture.completedFuture(null);
        }
        Filling.Slot slot = slots.get(at);
        int after = at + 1;
        return steps.compare(leader, slot)
                .thenComposeAsync(
                        same -> {
                            if (!same) {
                                return waits("it is not known yet whether " + slot + " is the same here as on node "
                                        + leader);
                            }
                            compared.add(slot);
                            return compare(leader, slots, after);
                        },
                        scheduler);
    }

    private CompletableFuture<@Nullable String> bringBack() {
        List<ClusterCommand.Promote> wanted = preferring();
        if (wanted.isEmpty() || scheduler.nanoTime() - sinceNanos > UNTIL_LED.toNanos()) {
            return reached(UpgradePhase.SERVING);
        }
        return steps.bringBack(wanted)
                .thenApply(nothing -> wanted.size() + " slots that prefer node " + self + " are led by others");
    }

    /** Returns which slots prefer this node and are led by others that answer. */
    private List<ClusterCommand.Promote> preferring() {
        List<ClusterCommand.Promote> wanted = new ArrayList<>();
        for (TenantRecord tenant : control.tenants().values()) {
            for (int slot = 0; slot < tenant.placement().size(); slot++) {
                ReplicaId preferred = tenant.preferred().get(slot);
                NodeId leader = cluster.nameOf(tenant.placement().get(slot));
                if (cluster.nameOf(preferred).equals(self) && !leader.equals(self) && steps.isUp(leader)) {
                    wanted.add(new ClusterCommand.Promote(tenant.config().id(), preferred));
                }
            }
        }
        return wanted;
    }

    // Both

    private Map<NodeId, List<Filling.Slot>> byLeader() {
        Map<NodeId, List<Filling.Slot>> slots = hosting.slotsByLeader(cluster.hosted(self));
        slots.remove(self);
        return slots;
    }

    private CompletableFuture<@Nullable String> reached(UpgradePhase next) {
        return control.submit(new ClusterCommand.UpgradeStep(self, next, nowMillis()))
                .thenApply(done -> null);
    }

    private static CompletableFuture<@Nullable String> waits(String reason) {
        return CompletableFuture.completedFuture(reason);
    }

    private long nowMillis() {
        return Duration.ofNanos(clock.wallNanos()).toMillis();
    }
}
