package io.tidaldb.core.leading;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.ingest.Lease;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.upgrade.UpgradePhase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what a node leads led by exactly one: renews this node's lease in the control log, and takes over from nodes that have let theirs run
 * out.
 *
 * <p>A lease lasts for a fixed time from when the renewal that was agreed was <em>proposed</em>, by the clocks of the node that holds it. A
 * take-over names the last renewal that was agreed, is proposed only when longer than the lease that it tells of has passed since that was
 * <em>applied</em> here, and is refused by the control log if there is a newer one. So by the order of the log either the node has renewed
 * and nobody takes over, or its lease has run out before anybody else leads. A node whose lease had run out leads again only when it has
 * done everything that was agreed meanwhile. Clocks need not agree, only not drift apart by more than the margin.
 *
 * <p>A node that gives back what it leads proposes the take-over itself. That renews what it goes on to lead.
 *
 * <p>Confined to the control scheduler.
 */
public final class Leadership {

    /** For how long a disk may stand still before its node leads nothing any more. */
    private static final Duration LONGEST_STALL = Duration.ofSeconds(5);

    private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);

    private static final Duration CALL_DEADLINE = Duration.ofSeconds(1);
    /** How many slots are given other leaders by one command. */
    public static final int PROMOTIONS_PER_COMMAND = 500;

    private final NodeId self;
    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final RemoteCalls calls;
    private final Lease lease;
    private final LeadershipSettings settings;
    private final LoopScheduler scheduler;
    private final CompletableFuture<Void> first = new CompletableFuture<>();

    /** What the last renewal of this node came to; -1 if that is not known. */
    private long sequence = -1;

    /** Completes when this node could write something. */
    private final Supplier<CompletableFuture<Void>> sound;

    /** When this node could last write something; null before it was looked at, or if it can't any more until it is opened again. */
    private @Nullable Long soundNanos;

    private boolean soundAsked;

    /** Whether this machine's clock was about right when it was last looked at. */
    private boolean onTime = true;

    /** How often this node had to begin anew because somebody might have taken over from it. */
    private long tenure;

    private boolean renewing;
    private boolean takingOver;
    private long triedNanos;

    /** What waits until no renewal is under way. */
    private @Nullable Runnable next;

    /** What waits until nothing of what was proposed before can be agreed any more. */
    private final List<Runnable> afterRenewal = new ArrayList<>();

    /** Other nodes' leases, each with the time at which it was found to be new. */
    private final SortedMap<NodeId, Seen> seen = new TreeMap<>();

    private record Seen(long sequence, long nanos) {}

    /** Since when this node decides. */
    private @Nullable Long decidesSince;

    /** @param sound completes when this node could write something, fails if it can't until it is opened again */
    public Leadership(
            NodeId self,
            ControlPlane control,
            LocalCluster cluster,
            Hosting hosting,
            RemoteCalls calls,
            Lease lease,
            Supplier<CompletableFuture<Void>> sound,
            LeadershipSettings settings,
            LoopScheduler scheduler) {
        this.self = self;
        this.control = control;
        this.cluster = cluster;
        this.hosting = hosting;
        this.calls = calls;
        this.lease = lease;
        this.sound = sound;
        this.settings = settings;
        this.scheduler = scheduler;
    }

    /** Begins; completes when this node has its first lease. */
    public CompletableFuture<Void> start() {
        scheduler.execute(this::tick);
        return first;
    }

    private void tick() {
        scheduler.schedule(settings.tick(), this::tick);
        renew();
        boolean decides = control.leader().filter(self::equals).isPresent();
        decidesSince = !decides ? null : decidesSince == null ? (Long) scheduler.nanoTime() : decidesSince;
        for (NodeId node : cluster.names()) {
            if (!node.equals(self)) {
                watch(node);
            }
        }
    }

    // This node's own

    private long renewedNanos;

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is seen to, and tried again.
    private void renew() {
        boolean due = sequence < 0
                || scheduler.nanoTime() - renewedNanos >= settings.renewal().toNanos();
        // Whoever opens waits for the first.
        if (due && !renewing && isSound() && (!first.isDone() || isOnTime())) {
            propose(expected -> new ClusterCommand.RenewLease(
                    self, expected, settings.lease().toNanos()));
        }
    }

    /**
     * Returns whether this node could write something not long ago. One that can't must not keep what it leads from those that can: it does not
     * renew, so that they take over, until it can again.
     */
    @SuppressWarnings("FutureReturnValueIgnored") // A failure is seen to.
    private boolean isSound() {
        long now = scheduler.nanoTime();
        if (!soundAsked) {
            soundAsked = true;
            sound.get().whenComplete((nothing, failure) -> scheduler.execute(() -> looked(failure)));
            soundNanos = soundNanos == null ? (Long) now : soundNanos;
        }
        Long last = soundNanos;
        return last != null && now - last <= LONGEST_STALL.toNanos();
    }

    /**
     * Returns whether this machine's clock is about right. What is written by one that is wrong stays wrong, so that a node does not renew
     * either until its clock is.
     */
    private boolean isOnTime() {
        OptionalLong ahead = cluster.clockAhead(self);
        if (ahead.isPresent() == onTime) {
            onTime = ahead.isEmpty();
            if (onTime) {
                LOG.info("the clock of node {} agrees with those of others again: it may lead", self);
            } else {
                LOG.error(
                        "node {} leads nothing until its clock is set right: it is {} ms ahead of those of a majority, which agree",
                        self,
                        ahead.getAsLong());
            }
        }
        return onTime;
    }

    // What failed for good is not asked again.
    private void looked(@Nullable Throwable failure) {
        soundAsked = failure != null;
        soundNanos = failure == null ? (Long) scheduler.nanoTime() : null;
        if (failure != null && RemoteCalls.reason(failure).code() == ErrorCode.STORE_FAILED) {
            LOG.error(
                    "node {} leads nothing until it is opened again: {}",
                    self,
                    RemoteCalls.reason(failure).getMessage());
        }
    }

    /** Proposes what goes on to the next sequence of this node. */
    @SuppressWarnings("FutureReturnValueIgnored") // Handed on.
    private CompletableFuture<Void> propose(LongFunction<ClusterCommand> command) {
        renewing = true;
        long expected = control.lease(self);
        renewedNanos = scheduler.nanoTime();
        Lease.Moment proposed = lease.now();
        CompletableFuture<Void> seenTo = new CompletableFuture<>();
        control.submit(command.apply(expected))
                .whenComplete((agreed, failure) -> scheduler.execute(() -> {
                    renewed(expected, failure == null ? agreed : -1, proposed, failure);
                    if (failure == null) {
                        seenTo.complete(null);
                    } else {
                        seenTo.completeExceptionally(failure);
                    }
                }));
        return seenTo;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // It does not fail.
    private void renewed(long expected, long agreed, Lease.Moment proposed, @Nullable Throwable failure) {
        boolean continued = sequence == expected;
        renewing = false;
        sequence = agreed;
        tenure += continued && failure == null ? 0 : 1;
        if (failure != null) {
            LOG.debug("node {} could not renew its lease: {}", self, failure.getMessage());
        } else if (continued) {
            held(proposed);
        } else {
            // Somebody may have taken over meanwhile: that has to be done here before this node leads anything again.
            hosting.settled().whenComplete((nothing, never) -> scheduler.execute(() -> held(proposed)));
        }
        if (failure == null && !afterRenewal.isEmpty()) {
            List<Runnable> certain = List.copyOf(afterRenewal);
            afterRenewal.clear();
            hosting.settled().whenComplete((nothing, never) -> scheduler.execute(() -> certain.forEach(Runnable::run)));
        }
        Runnable waiting = next;
        next = null;
        if (waiting != null) {
            waiting.run();
        }
    }

    private void held(Lease.Moment proposed) {
        lease.extend(proposed, settings.lease());
        first.complete(null);
    }

    // What this node gives back

    /** Returns a number that stays the same for as long as nobody else can have led what this node leads. */
    long tenure() {
        return tenure;
    }

    /**
     * Has others lead what this node has led without a break, and takes no writes for any more. One at a time. Fails with what the control
     * log says; NOT_OWNER if somebody else may have led it meanwhile.
     *
     * @param since the tenure when this node began to take no writes
     * @param preferring whether those that lead next are preferred
     */
    CompletableFuture<Void> giveBack(List<ClusterCommand.Promote> promotions, boolean preferring, long since) {
        CompletableFuture<Void> given = new CompletableFuture<>();
        if (renewing) {
            next = () -> giveBack(promotions, preferring, since, given);
        } else {
            giveBack(promotions, preferring, since, given);
        }
        return given;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // Handed on.
    private void giveBack(
            List<ClusterCommand.Promote> promotions, boolean preferring, long since, CompletableFuture<Void> given) {
        if (tenure != since || sequence != control.lease(self)) {
            given.completeExceptionally(new TidalException(
                    ErrorCode.NOT_OWNER, "another node may have taken over from node " + self + " meanwhile"));
            return;
        }
        propose(expected -> new ClusterCommand.TakeOver(self, expected, promotions, preferring))
                .whenComplete((nothing, failure) -> {
                    if (failure == null) {
                        given.complete(null);
                    } else {
                        given.completeExceptionally(failure);
                    }
                });
    }

    /** Does something when nothing can be agreed any more that was proposed for this node before, and all that was is done here. */
    void whenCertain(Runnable action) {
        afterRenewal.add(action);
    }

    // Those of others

    /** Returns whether a node may be handed anything to lead. */
    boolean mayLead(NodeId node) {
        return control.phase(node).mayLead();
    }

    /** Returns whether a node has just come back into service and has everything. */
    boolean returns(NodeId node) {
        return control.phase(node) == UpgradePhase.RETURNING;
    }

    /** Returns whether a node has renewed its lease in time, as far as was heard here. */
    boolean renews(NodeId node) {
        Seen last = seen.get(node);
        return last != null && last.sequence > 0 && scheduler.nanoTime() - last.nanos <= control.leaseNanos(node);
    }

    private void watch(NodeId node) {
        long now = scheduler.nanoTime();
        long known = control.lease(node);
        Seen last = seen.get(node);
        if (last == null || last.sequence != known) {
            seen.put(node, new Seen(known, now));
            return;
        }
        if (now - last.nanos > patience(node).toNanos() && mayTakeOver(now) && hosting.leads(node)) {
            takeOver(node, known);
        }
    }

    private Duration patience(NodeId node) {
        Duration theirs = Duration.ofNanos(control.leaseNanos(node));
        Duration over = LeadershipSettings.untilTakenOver(theirs);
        return decidesSince != null ? over : over.plus(settings.patience());
    }

    // Right after an election renewals of all are under way that nobody could decide on before.
    private boolean mayTakeOver(long now) {
        Long since = decidesSince;
        return !takingOver
                && now - triedNanos >= settings.renewal().toNanos()
                && lease.holds()
                && !hosting.retires()
                && (since == null || now - since >= settings.grace().toNanos());
    }

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is logged, and it is tried again.
    private void takeOver(NodeId from, long expected) {
        takingOver = true;
        triedNanos = scheduler.nanoTime();
        LOG.info("node {} takes over from node {}, which has not renewed its lease", self, from);
        positions(
                        from,
                        cluster.names().stream()
                                .filter(node -> !node.equals(from))
                                // Of equals the first one leads: none that is out of service.
                                .sorted(Comparator.comparing((NodeId node) -> !mayLead(node)))
                                .toList())
                .thenApplyAsync(answers -> Succession.decide(answers, hosting::members), scheduler)
                .thenCompose(promotions -> promote(from, expected, promotions))
                .whenComplete((nothing, failure) -> scheduler.execute(() -> {
                    takingOver = false;
                    if (failure != null) {
                        TidalException reason = RemoteCalls.reason(failure);
                        LOG.info("node {} does not take over from node {}: {}", self, from, reason.getMessage());
                    }
                }));
    }

    /** Returns what those of these nodes that answer hold of what a node leads, without replicas that are still being filled. */
    CompletableFuture<List<Answer.Positions>> positions(NodeId of, List<NodeId> nodes) {
        List<CompletableFuture<Answer.Positions>> asked = new ArrayList<>();
        for (NodeId node : nodes) {
            if (node.equals(self)) {
                asked.add(hosting.positions(of));
            } else if (calls.isUp(node)) {
                asked.add(calls.ask(
                                node,
                                index -> new Call.Positions(index, 0, of.name()),
                                Answer.Positions.class,
                                CALL_DEADLINE)
                        .exceptionally(failure -> new Answer.Positions(List.of())));
            }
        }
        return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
                .thenApply(nothing ->
                        asked.stream().map(each -> filled(each.join())).toList());
    }

    // What a replica holds that is new on its node tells nothing of what a majority had acknowledged before.
    private Answer.Positions filled(Answer.Positions said) {
        SortedSet<ReplicaId> filling = control.filling();
        return new Answer.Positions(said.replicas().stream()
                .filter(each -> !filling.contains(ReplicaId.parse(each.replica()))
                        && !hosting.isFilling(TenantId.of(each.tenant()), ReplicaId.parse(each.replica())))
                .toList());
    }

    private CompletableFuture<Void> promote(NodeId from, long expected, List<ClusterCommand.Promote> promotions) {
        if (promotions.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        int now = Math.min(PROMOTIONS_PER_COMMAND, promotions.size());
        return control.submit(new ClusterCommand.TakeOver(from, expected, promotions.subList(0, now), false))
                .thenCompose(agreed -> promote(from, agreed, promotions.subList(now, promotions.size())));
    }
}
