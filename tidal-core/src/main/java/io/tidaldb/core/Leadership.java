package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.ingest.Lease;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.runtime.LoopScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what a node leads led by exactly one: renews this node's lease in the control log, and takes over from nodes that have let theirs run
 * out.
 *
 * <p>A lease lasts for a fixed time from when the renewal that was agreed was <em>proposed</em>, by the clocks of the node that holds it. A
 * take-over names the last renewal that was agreed, is proposed only when longer than a lease has passed since that was <em>applied</em>
 * here, and is refused by the control log if there is a newer one. So by the order of the log either the node has renewed and nobody takes
 * over, or its lease has run out before anybody else leads. A node whose lease had run out leads again only when it has done everything that
 * was agreed meanwhile. Clocks need not agree, only not drift apart by more than the margin.
 *
 * <p>Confined to the control scheduler.
 */
final class Leadership {

    private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);

    static final Duration LEASE = Duration.ofSeconds(2);

    private static final Duration RENEWAL = Duration.ofMillis(500);

    /** What clocks may drift apart by within a lease, and then some. */
    private static final Duration MARGIN = Duration.ofMillis(200);

    /** Later than whoever decides, who is the first to take over: two that do it are in each other's way. */
    private static final Duration PATIENCE = Duration.ofMillis(1500);

    private static final Duration CALL_DEADLINE = Duration.ofSeconds(1);
    private static final int PROMOTIONS_PER_COMMAND = 500;

    private final NodeId self;
    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final RemoteCalls calls;
    private final Lease lease;
    private final LoopScheduler scheduler;
    private final CompletableFuture<Void> first = new CompletableFuture<>();

    /** What the last renewal of this node came to; -1 if that is not known. */
    private long sequence = -1;

    private boolean renewing;
    private boolean takingOver;

    /** Other nodes' leases, each with the time at which it was found to be new. */
    private final SortedMap<NodeId, Seen> seen = new TreeMap<>();

    private record Seen(long sequence, long nanos) {}

    Leadership(
            NodeId self,
            ControlPlane control,
            LocalCluster cluster,
            Hosting hosting,
            RemoteCalls calls,
            Lease lease,
            LoopScheduler scheduler) {
        this.self = self;
        this.control = control;
        this.cluster = cluster;
        this.hosting = hosting;
        this.calls = calls;
        this.lease = lease;
        this.scheduler = scheduler;
    }

    /** Begins; completes when this node has its first lease. */
    CompletableFuture<Void> start() {
        scheduler.execute(this::tick);
        return first;
    }

    private void tick() {
        scheduler.schedule(RENEWAL.dividedBy(2), this::tick);
        renew();
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
        if (renewing || sequence >= 0 && scheduler.nanoTime() - renewedNanos < RENEWAL.toNanos()) {
            return;
        }
        renewing = true;
        long expected = control.lease(self);
        renewedNanos = scheduler.nanoTime();
        Lease.Moment proposed = lease.now();
        control.submit(new ClusterCommand.RenewLease(self, expected))
                .whenComplete((next, failure) ->
                        scheduler.execute(() -> renewed(expected, failure == null ? next : -1, proposed, failure)));
    }

    @SuppressWarnings("FutureReturnValueIgnored") // It does not fail.
    private void renewed(long expected, long next, Lease.Moment proposed, @Nullable Throwable failure) {
        boolean continued = sequence == expected;
        renewing = false;
        sequence = next;
        if (failure != null) {
            LOG.debug("node {} could not renew its lease: {}", self, failure.getMessage());
        } else if (continued) {
            held(proposed);
        } else {
            // Somebody may have taken over meanwhile: that has to be done here before this node leads anything again.
            hosting.settled().whenComplete((nothing, never) -> scheduler.execute(() -> held(proposed)));
        }
    }

    private void held(Lease.Moment proposed) {
        lease.extend(proposed, LEASE);
        first.complete(null);
    }

    // Those of others

    private void watch(NodeId node) {
        long now = scheduler.nanoTime();
        long known = control.lease(node);
        Seen last = seen.get(node);
        if (last == null || last.sequence != known) {
            seen.put(node, new Seen(known, now));
            return;
        }
        boolean decides = control.leader().filter(self::equals).isPresent();
        Duration patience = LEASE.plus(MARGIN).plus(decides ? Duration.ZERO : PATIENCE);
        if (now - last.nanos > patience.toNanos() && !takingOver && lease.holds() && hosting.leads(node)) {
            takeOver(node, known);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is logged, and it is tried again.
    private void takeOver(NodeId from, long expected) {
        takingOver = true;
        LOG.info("node {} takes over from node {}, which has not renewed its lease", self, from);
        List<CompletableFuture<Answer.Positions>> asked = new ArrayList<>();
        asked.add(hosting.positions(from));
        for (NodeId other : cluster.names()) {
            if (!other.equals(self) && !other.equals(from) && calls.isUp(other)) {
                asked.add(calls.ask(
                                other,
                                index -> new Call.Positions(index, 0, from.name()),
                                Answer.Positions.class,
                                CALL_DEADLINE)
                        .exceptionally(failure -> new Answer.Positions(List.of())));
            }
        }
        CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
                .thenApplyAsync(
                        nothing -> Succession.decide(
                                asked.stream().map(each -> filled(each.join())).toList(), hosting::members),
                        scheduler)
                .thenCompose(promotions -> promote(from, expected, promotions))
                .whenComplete((nothing, failure) -> scheduler.execute(() -> {
                    takingOver = false;
                    if (failure != null) {
                        TidalException reason = RemoteCalls.reason(failure);
                        LOG.info("node {} does not take over from node {}: {}", self, from, reason.getMessage());
                    }
                }));
    }

    // What a replica holds that is new on its node tells nothing of what a majority had acknowledged before.
    private Answer.Positions filled(Answer.Positions said) {
        SortedSet<ReplicaId> filling = control.filling();
        return new Answer.Positions(said.replicas().stream()
                .filter(each -> !filling.contains(ReplicaId.parse(each.replica())))
                .toList());
    }

    private CompletableFuture<Void> promote(NodeId from, long expected, List<ClusterCommand.Promote> promotions) {
        if (promotions.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        int now = Math.min(PROMOTIONS_PER_COMMAND, promotions.size());
        return control.submit(new ClusterCommand.TakeOver(from, expected, promotions.subList(0, now)))
                .thenCompose(next -> promote(from, next, promotions.subList(now, promotions.size())));
    }
}
