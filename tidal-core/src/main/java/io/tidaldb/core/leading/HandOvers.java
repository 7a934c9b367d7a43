package io.tidaldb.core.leading;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.replication.Replicator;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands what this node leads to replicas on other nodes, in order: it takes no more writes for a slot, waits until the next leader holds all
 * that was taken, and then has it agreed that this one leads. Writers meanwhile are told to try again, as by any node that does not lead.
 * Where it can't be done, this node goes on as soon as it is certain that nobody else was made the leader.
 *
 * <p>One hand-over at a time. Confined to the control scheduler.
 */
public final class HandOvers {

    private static final Logger LOG = LoggerFactory.getLogger(HandOvers.class);

    /** For how long writes wait at most until the next leader has everything. */
    private static final Duration WITHOUT_WRITES = Duration.ofSeconds(2);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(5);
    private static final Duration ENACTED_DEADLINE = Duration.ofSeconds(2);

    /** How many records a replica may lack so that it has them soon after the last write. */
    public static final long NEAR = 1_000;

    private final NodeId self;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final RemoteCalls calls;
    private final Leadership leadership;
    private final LoopScheduler scheduler;
    private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);

    /** A slot on its way. */
    private record Handed(ClusterCommand.Promote promotion, TenantShard from, NodeId to) {}

    /** Creates what hands over slots that this node leads. */
    public HandOvers(
            NodeId self,
            LocalCluster cluster,
            Hosting hosting,
            RemoteCalls calls,
            Leadership leadership,
            LoopScheduler scheduler) {
        this.self = self;
        this.cluster = cluster;
        this.hosting = hosting;
        this.calls = calls;
        this.leadership = leadership;
        this.scheduler = scheduler;
    }

    /** Returns whether one is under way. */
    boolean isBusy() {
        return !last.isDone();
    }

    /** Decides who of some nodes takes what of what this node leads. */
    public CompletableFuture<List<Relief.Successor>> successors(
            List<NodeId> among, Predicate<ClusterCommand.Promote> wanted) {
        return hosting.positions(self)
                .thenCombine(leadership.positions(self, among), (own, others) -> Relief.decide(own, others, wanted))
                .thenApplyAsync(each -> each, scheduler);
    }

    /** Returns the other nodes that there is a link to. */
    List<NodeId> reachable() {
        return cluster.names().stream()
                .filter(node -> !node.equals(self) && calls.isUp(node))
                .toList();
    }

    /** Returns those of them that may lead: none that is out of service for an upgrade. */
    public List<NodeId> able() {
        return reachable().stream().filter(leadership::mayLead).toList();
    }

    /**
     * Hands over some slots, together; what this node does not lead is left out. Fails if it was not agreed, or is not known to be.
     *
     * @param promotions not more than one command may have
     * @param preferring whether those that lead next are preferred
     * @return those that were handed over; others would have had to wait for too long
     */
    public CompletableFuture<List<ClusterCommand.Promote>> hand(
            List<ClusterCommand.Promote> promotions, boolean preferring) {
        CompletableFuture<List<ClusterCommand.Promote>> handed =
                last.thenComposeAsync(nothing -> begin(promotions, preferring), scheduler);
        last = handed.handle((done, failure) -> null);
        return handed;
    }

    private CompletableFuture<List<ClusterCommand.Promote>> begin(
            List<ClusterCommand.Promote> promotions, boolean preferring) {
        List<Handed> slots =
                promotions.stream().map(this::handed).filter(Objects::nonNull).toList();
        if (slots.isEmpty()) {
            return CompletableFuture.completedFuture(List.of());
        }
        long begun = scheduler.nanoTime();
        long tenure = leadership.tenure();
        slots.forEach(slot -> slot.from.yields(true));
        return cluster.node(slots.get(0).from.replica())
                .submit(() -> begun)
                .thenCompose(committed -> caughtUp(slots, List.of(), begun + WITHOUT_WRITES.toNanos()))
                .whenComplete((ready, failure) -> {
                    if (failure != null) {
                        slots.forEach(slot -> slot.from.yields(false));
                    }
                })
                .thenComposeAsync(ready -> give(slots, ready, preferring, tenure), scheduler)
                .whenComplete((handed, failure) -> LOG.info(
                        "node {} has handed over {} of {} slots in {} ms{}",
                        self,
                        handed == null ? 0 : handed.size(),
                        slots.size(),
                        (scheduler.nanoTime() - begun) / 1_000_000,
                        failure == null
                                ? ""
                                : ": " + RemoteCalls.reason(failure).getMessage()));
    }

    private @Nullable Handed handed(ClusterCommand.Promote promotion) {
        EmbeddedTenant tenant = hosting.tenant(promotion.tenant());
        TenantShard here =
                tenant == null ? null : tenant.replica(promotion.leader().shard());
        return here == null
                        || !here.isReplicated()
                        || !here.leads()
                        || here.replica().equals(promotion.leader())
                ? null
                : new Handed(promotion, here, cluster.nameOf(promotion.leader()));
    }

    /** Waits until those that are to lead hold everything, or it is too late; returns those that do. */
    private CompletableFuture<List<Handed>> caughtUp(List<Handed> waiting, List<Handed> ready, long endNanos) {
        List<CompletableFuture<Boolean>> asked =
                waiting.stream().map(this::isReady).toList();
        return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
                .thenComposeAsync(
                        nothing -> {
                            List<Handed> now = new ArrayList<>(ready);
                            List<Handed> left = new ArrayList<>();
                            for (int i = 0; i < waiting.size(); i++) {
                                (asked.get(i).join() ? now : left).add(waiting.get(i));
                            }
                            return left.isEmpty() || scheduler.nanoTime() - endNanos > 0
                                    ? CompletableFuture.completedFuture(now)
                                    : hosting.after(LOOK_AGAIN)
                                            .thenComposeAsync(again -> caughtUp(left, now, endNanos), scheduler);
                        },
                        scheduler);
    }

    private CompletableFuture<Boolean> isReady(Handed slot) {
        @Nullable Replicator replicator = cluster.replicator(slot.from.replica());
        return replicator == null
                ? CompletableFuture.completedFuture(false)
                : replicator.isHandedTo(slot.from, slot.to);
    }

    private CompletableFuture<List<ClusterCommand.Promote>> give(
            List<Handed> slots, List<Handed> ready, boolean preferring, long tenure) {
        slots.stream().filter(slot -> !ready.contains(slot)).forEach(slot -> slot.from.yields(false));
        if (ready.isEmpty()) {
            return CompletableFuture.completedFuture(List.of());
        }
        List<ClusterCommand.Promote> promotions =
                ready.stream().map(Handed::promotion).toList();
        return leadership
                .giveBack(promotions, preferring, tenure)
                .whenComplete((nothing, failure) -> {
                    if (failure != null) {
                        keep(ready, RemoteCalls.reason(failure));
                    }
                })
                .thenCompose(nothing -> enacted(promotions))
                .thenCompose(nothing -> taken(ready));
    }

    /**
     * Returns what others lead now. A replica may have left, or begun anew, since it was asked: that it leads was refused then, and this node
     * takes writes again. Fails with NOT_OWNER if all were refused.
     */
    private CompletableFuture<List<ClusterCommand.Promote>> taken(List<Handed> slots) {
        List<CompletableFuture<Boolean>> kept = slots.stream().map(this::isKept).toList();
        return CompletableFuture.allOf(kept.toArray(CompletableFuture[]::new)).thenApply(nothing -> {
            List<ClusterCommand.Promote> taken = new ArrayList<>();
            for (int i = 0; i < slots.size(); i++) {
                if (kept.get(i).join()) {
                    slots.get(i).from.yields(false);
                } else {
                    taken.add(slots.get(i).promotion);
                }
            }
            if (taken.isEmpty()) {
                throw new TidalException(
                        ErrorCode.NOT_OWNER,
                        "none of the replicas that node " + self
                                + " would have handed over to may lead any more: try again");
            }
            return taken;
        });
    }

    // As long as what was agreed is not done here, this node does not know who leads.
    private CompletableFuture<Boolean> isKept(Handed slot) {
        return hosting.settled(slot.promotion.tenant())
                .handle((nothing, failure) -> failure == null && slot.from.leads());
    }

    // What may still be agreed must find that nothing was written here since.
    private void keep(List<Handed> slots, TidalException reason) {
        if (reason.code().outcome() == Outcome.NOT_APPLIED) {
            slots.forEach(slot -> slot.from.yields(false));
        } else {
            leadership.whenCertain(() -> slots.forEach(slot -> slot.from.yields(false)));
        }
    }

    /** Waits until it is done here and on those others that answer, so that nobody sends here any more what others lead. */
    private CompletableFuture<Void> enacted(List<ClusterCommand.Promote> promotions) {
        long tenant = promotions.get(promotions.size() - 1).tenant().value();
        return hosting.settled()
                .thenComposeAsync(
                        nothing -> {
                            List<CompletableFuture<Void>> told = new ArrayList<>();
                            for (NodeId node : reachable()) {
                                told.add(calls.ask(
                                                node,
                                                index -> new Call.Settle(index, tenant),
                                                Answer.Done.class,
                                                ENACTED_DEADLINE)
                                        .handle((done, failure) -> null));
                            }
                            return CompletableFuture.allOf(told.toArray(CompletableFuture[]::new));
                        },
                        scheduler);
    }

    // One slot, because somebody wants it so

    /**
     * Hands one slot to a certain replica. Fails with NOT_OWNER if this node does not lead it, with
     * PEER_UNAVAILABLE if the replica's node does not answer, with NOT_CAUGHT_UP if the replica can't lead, or not soon.
     *
     * @param preferring whether the replica is preferred from then on
     * @param atMost for how long the replica may catch up before writes wait for it
     */
    @SuppressWarnings("FutureReturnValueIgnored") // Handed on.
    public CompletableFuture<Void> promote(ClusterCommand.Promote promotion, boolean preferring, Duration atMost) {
        CompletableFuture<Void> promoted = new CompletableFuture<>();
        scheduler.execute(() -> promote(promotion, preferring, scheduler.nanoTime() + atMost.toNanos())
                .whenComplete((nothing, failure) -> {
                    if (failure == null) {
                        promoted.complete(null);
                    } else {
                        promoted.completeExceptionally(RemoteCalls.reason(failure));
                    }
                }));
        return promoted;
    }

    private CompletableFuture<Void> promote(ClusterCommand.Promote promotion, boolean preferring, long endNanos) {
        NodeId host = cluster.nameOf(promotion.leader());
        Handed slot = handed(promotion);
        if (slot == null) {
            return CompletableFuture.failedFuture(new TidalException(
                    ErrorCode.NOT_OWNER,
                    "node " + self + " does not lead shard "
                            + promotion.leader().shard() + " of tenant " + promotion.tenant() + ", or has no others to"
                            + " hand it to"));
        }
        if (!calls.isUp(host)) {
            return CompletableFuture.failedFuture(new TidalException(
                    ErrorCode.PEER_UNAVAILABLE,
                    "node " + host + ", which has shard " + promotion.leader() + ", can't be reached from node " + self
                            + ", which leads it: start it, or wait for it"));
        }
        if (slot.from.isDamagedOnDisk()) {
            CompletableFuture<Void> given = last.thenComposeAsync(nothing -> relinquish(slot, preferring), scheduler);
            last = given.handle((done, failure) -> null);
            return given;
        }
        return successors(List.of(host), promotion::equals)
                .thenComposeAsync(
                        found -> {
                            if (found.stream().anyMatch(each -> each.behind() <= NEAR)) {
                                return hand(List.of(promotion), preferring)
                                        .thenCompose(handed -> handed.isEmpty() ? behind(promotion.leader()) : done());
                            }
                            return scheduler.nanoTime() - endNanos > 0
                                    ? behind(promotion.leader())
                                    : hosting.after(LOOK_AGAIN.multipliedBy(10))
                                            .thenComposeAsync(
                                                    nothing -> promote(promotion, preferring, endNanos), scheduler);
                        },
                        scheduler);
    }

    /**
     * Gives a slot away whose files are damaged here. Nobody can wait for what can't be read: as when this node is gone, so many have to
     * answer that what a majority had acknowledged is among what they hold. This one does, if it knows what it had.
     */
    private CompletableFuture<Void> relinquish(Handed slot, boolean preferring) {
        long tenure = leadership.tenure();
        ClusterCommand.Promote promotion = slot.promotion;
        int members = hosting.members(promotion.tenant(), promotion.leader().shard());
        slot.from.yields(true);
        return cluster.node(slot.from.replica())
                .submit(() -> tenure)
                .thenComposeAsync(
                        committed -> leadership.positions(
                                self,
                                Stream.concat(Stream.of(self), reachable().stream())
                                        .toList()),
                        scheduler)
                .thenCompose(
                        known -> Succession.mayLead(promotion, known, members) ? done() : behind(promotion.leader()))
                .whenComplete((nothing, failure) -> {
                    if (failure != null) {
                        slot.from.yields(false);
                    }
                })
                .thenComposeAsync(nothing -> give(List.of(slot), List.of(slot), preferring, tenure), scheduler)
                .thenCompose(given -> done());
    }

    private static CompletableFuture<Void> behind(ReplicaId replica) {
        return CompletableFuture.failedFuture(new TidalException(
                ErrorCode.NOT_CAUGHT_UP,
                "replica " + replica
                        + " can't lead: it lacks too much of what the one that leads has; wait until it has"
                        + " caught up, or choose another one"));
    }

    private static CompletableFuture<Void> done() {
        return CompletableFuture.completedFuture(null);
    }
}
