package io.tidaldb.core.migration;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.MigrationRecord;
import io.tidaldb.core.control.MigrationState;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.ingest.LogsNeeded;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.tenant.EmbeddedTenant;
import io.tidaldb.core.upgrade.UpgradePhase;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to the migrations of slots that nodes of this process lead, and erases what replicas here hold no more. It looks at what is agreed, so
 * it does not matter who began. Confined to the control scheduler, but for what says otherwise.
 */
public final class MoveCoordinator implements Move.MoveSite {

    private static final Logger LOG = LoggerFactory.getLogger(MoveCoordinator.class);

    private static final Duration LOOK = Duration.ofMillis(50);
    private static final Duration CALL_DEADLINE = Duration.ofSeconds(10);
    private static final Duration SETTLE_DEADLINE = Duration.ofSeconds(2);

    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final @Nullable RemoteCalls calls;
    private final MoveTarget target;
    private final Clock clock;
    private final LoopScheduler scheduler;
    private final SortedMap<Long, Move> moves = new TreeMap<>();
    private final SortedSet<Long> busy = new TreeSet<>();
    private final SortedSet<Long> erasing = new TreeSet<>();
    private final SortedMap<Long, Long> notBefore = new TreeMap<>();
    private boolean waiting;

    /** Creates what sees to the migrations whose source is in this process. */
    public MoveCoordinator(
            ControlPlane control,
            LocalCluster cluster,
            Hosting hosting,
            @Nullable RemoteCalls calls,
            MoveTarget target,
            Clock clock,
            LoopScheduler scheduler) {
        this.control = control;
        this.cluster = cluster;
        this.hosting = hosting;
        this.calls = calls;
        this.target = target;
        this.clock = clock;
        this.scheduler = scheduler;
    }

    /** Looks at what is agreed now. Safe for any thread. */
    public void changed() {
        scheduler.execute(this::look);
    }

    private void look() {
        List<MigrationRecord> running = control.migrations().stream()
                .filter(each -> !each.state().isOver())
                .toList();
        moves.entrySet().removeIf(known -> {
            boolean over = running.stream().noneMatch(each -> each.id() == known.getKey());
            if (over) {
                known.getValue().ended();
            }
            return over;
        });
        SortedSet<Long> queued = MoveQueue.waiting(running, record -> away(record, control, cluster) == null);
        for (MigrationRecord record : running) {
            if (record.state() == MigrationState.GC || record.state() == MigrationState.ABORTING) {
                erase(record);
            } else if (record.state() == MigrationState.HOLD) {
                drained(record);
            }
            if (queued.contains(record.id())) {
                queue(moves.get(record.id()));
            } else {
                see(record);
            }
        }
        if (!running.isEmpty() && !waiting) {
            waiting = true;
            scheduler.schedule(LOOK, () -> {
                waiting = false;
                look();
            });
        }
    }

    // What the target lacked when this led was fetched. It would keep the logs for it as long as it is held, and with
    // them what is erased.
    private void drained(MigrationRecord record) {
        EmbeddedTenant hosted = hosting.tenant(record.tenant());
        if (hosted != null) {
            hosted.replicas(record.passive().shard()).forEach(shard -> shard.neededElsewhere(LogsNeeded.NOTHING));
        }
    }

    /** Returns which node a migration waits for, and why; null if none is known of here. */
    static @Nullable String away(MigrationRecord record, ControlPlane control, LocalCluster cluster) {
        ReplicaId unreachable = unreachable(record, cluster);
        return unreachable == null ? outOfService(record, control, cluster) : awaits(unreachable, cluster);
    }

    /** Returns what is waited for while a migration's target may not be handed anything to lead; null if it may. */
    static @Nullable String outOfService(MigrationRecord record, ControlPlane control, LocalCluster cluster) {
        UpgradePhase phase = control.phase(cluster.nameOf(record.to()));
        return phase.mayLead() || !record.state().canAbort()
                ? null
                : awaits(record.to(), cluster) + " and is out of service: it is " + phase;
    }

    /** Returns a replica of a migration whose node can't be reached from here; null if both can. */
    static @Nullable ReplicaId unreachable(MigrationRecord record, LocalCluster cluster) {
        return Stream.of(record.active(), record.passive())
                .filter(replica -> !cluster.isReachable(cluster.nameOf(replica)))
                .findFirst()
                .orElse(null);
    }

    /** Returns what is waited for while a replica's node can't be reached. */
    static String awaits(ReplicaId replica, LocalCluster cluster) {
        return "waits for node " + cluster.nameOf(replica) + ", which has " + replica;
    }

    // It had a place, and another one that was there before it can go on again.
    private static void queue(@Nullable Move begun) {
        if (begun != null) {
            begun.queued();
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is logged, and it is tried again.
    private void see(MigrationRecord record) {
        Move move = move(record);
        if (move == null || busy.contains(record.id()) || isTooEarly(record)) {
            return;
        }
        busy.add(record.id());
        begin(move, record)
                .whenComplete((pause, failure) -> scheduler.execute(() -> {
                    busy.remove(record.id());
                    if (failure != null) {
                        LOG.info(
                                "migration {} is tried again: {}",
                                record.id(),
                                RemoteCalls.reason(failure).getMessage());
                    }
                    Duration next = failure == null ? pause : LOOK;
                    if (next.isZero()) {
                        look();
                    } else {
                        notBefore.put(record.id(), scheduler.nanoTime() + next.toNanos());
                        scheduler.schedule(next, this::look);
                    }
                }));
    }

    private static CompletableFuture<Duration> begin(Move move, MigrationRecord record) {
        try {
            return move.step(record);
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private boolean isTooEarly(MigrationRecord record) {
        Long until = notBefore.get(record.id());
        return until != null && scheduler.nanoTime() - until < 0;
    }

    /** Returns who sees to a migration here; null if its slot is led elsewhere, or nobody can tell. */
    private @Nullable Move move(MigrationRecord record) {
        TenantShard leading = leading(record);
        if (leading == null) {
            if (!busy.contains(record.id())) {
                release(moves.remove(record.id()));
            }
            return null;
        }
        Move known = moves.get(record.id());
        if (known == null || known.shard() != leading) {
            release(known);
            known = new Move(record, leading, this);
            moves.put(record.id(), known);
        }
        return known;
    }

    private static void release(@Nullable Move former) {
        if (former != null) {
            former.released();
        }
    }

    private @Nullable TenantShard leading(MigrationRecord record) {
        TenantRecord tenant = control.tenant(record.tenant());
        EmbeddedTenant hosted = hosting.tenant(record.tenant());
        ReplicaId leader = record.active();
        if (tenant == null || hosted == null || !tenant.placement().contains(leader)) {
            return null;
        }
        NodeId host = cluster.nameOf(leader);
        boolean done = hosted.record().equals(tenant);
        return done
                        && cluster.isLocal(host)
                        && cluster.isRunning(host)
                        && cluster.node(leader).lease().holds()
                ? hosted.open(leader)
                : null;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is logged, and it is tried again.
    private void erase(MigrationRecord record) {
        TenantRecord tenant = control.tenant(record.tenant());
        EmbeddedTenant hosted = hosting.tenant(record.tenant());
        // Nobody may be told that a replica is there after it was erased.
        boolean done = tenant != null && (hosted == null || hosted.record().equals(tenant));
        if (!done || !erasing.add(record.id())) {
            return;
        }
        hosting.erase(record.tenant(), record.erasing())
                .thenCompose(erased -> erased.isEmpty()
                        ? CompletableFuture.completedFuture(0L)
                        : control.submit(
                                new ClusterCommand.ReplicasErased(record.tenant(), record.id(), erased, nowMillis())))
                .whenComplete((left, failure) -> scheduler.execute(() -> {
                    erasing.remove(record.id());
                    if (failure != null) {
                        LOG.info(
                                "migration {} has erased what is here, and nobody knows yet: {}",
                                record.id(),
                                RemoteCalls.reason(failure).getMessage());
                    }
                }));
    }

    /** Returns how far the migrations are that are seen to here. */
    public CompletableFuture<Answer.Figured> figures() {
        return CompletableFuture.supplyAsync(
                () -> new Answer.Figured(
                        moves.values().stream().map(Move::figure).toList()),
                scheduler);
    }

    // What moves have to do with

    @Override
    public ControlPlane control() {
        return control;
    }

    @Override
    public LocalCluster cluster() {
        return cluster;
    }

    @Override
    public Hosting hosting() {
        return hosting;
    }

    @Override
    public long nowNanos() {
        return clock.monotonicNanos();
    }

    @Override
    public long nowMillis() {
        return Duration.ofNanos(clock.wallNanos()).toMillis();
    }

    @Override
    public Executor scheduler() {
        return scheduler;
    }

    @Override
    public MoveFeed.Peer peer(MigrationRecord record, ReplicaId replica) {
        return new MoveFeed.Peer() {
            @Override
            public CompletableFuture<Answer.Moved> ask(
                    Call.MoveStep step, int @Nullable [] origin, long number, boolean last, ByteBuffer attached) {
                return asked(record.tenant(), replica, step, origin, number, last, attached);
            }
        };
    }

    /** Asks a replica of a slot that is being moved, here or on another node, how far its logs are. */
    public CompletableFuture<Answer.Moved> held(TenantId tenant, ReplicaId replica) {
        return asked(tenant, replica, Call.MoveStep.HELD, null, 0, false, ByteBuffer.allocate(0));
    }

    /**
     * Has a replica of a shard that does not have the slot be given it once more, because what it has said that it has does not count any more:
     * from when this completes, the slot does not change hands to it before contents were compared again.
     *
     * @return fails with NOT_OWNER if it leads the slot by now
     */
    public CompletableFuture<Void> beginAgain(TenantId tenant, ReplicaId passive, String why) {
        return control.catchUp().thenComposeAsync(index -> agreedToBeginAgain(tenant, passive, why), scheduler);
    }

    private CompletableFuture<Void> agreedToBeginAgain(TenantId tenant, ReplicaId passive, String why) {
        TenantRecord record = control.tenant(tenant);
        if (record == null || record.placement().contains(passive)) {
            return CompletableFuture.failedFuture(
                    new TidalException(ErrorCode.NOT_OWNER, passive + " leads tenant " + tenant + " by now"));
        }
        return control.migrations().stream()
                .filter(each -> each.tenant().equals(tenant)
                        && each.passive().equals(passive)
                        && each.state().canAbort()
                        && each.state() != MigrationState.PREPARING)
                .findFirst()
                .map(each -> control.submit(new ClusterCommand.StepMigration(
                                tenant,
                                each.id(),
                                each.state(),
                                each.attempt(),
                                MigrationState.PREPARING,
                                why,
                                nowMillis()))
                        .<Void>thenApply(attempt -> null))
                .orElseGet(() -> CompletableFuture.completedFuture(null));
    }

    private CompletableFuture<Answer.Moved> asked(
            TenantId tenant,
            ReplicaId replica,
            Call.MoveStep step,
            int @Nullable [] origin,
            long number,
            boolean last,
            ByteBuffer attached) {
        NodeId host = cluster.nameOf(replica);
        RemoteCalls remote = calls;
        if (!cluster.isReachable(host)) {
            return CompletableFuture.failedFuture(
                    new TidalException(ErrorCode.PEER_UNAVAILABLE, awaits(replica, cluster)));
        }
        if (cluster.isLocal(host) || remote == null) {
            Call.Move call = new Call.Move(0, tenant.value(), replica.toString(), step, origin, number, last);
            return cluster.unlessEnded(host, () -> target.answer(call, attached));
        }
        return remote.ask(
                host,
                index -> new Call.Move(index, tenant.value(), replica.toString(), step, origin, number, last),
                attached,
                Answer.Moved.class,
                CALL_DEADLINE);
    }

    @Override
    public CompletableFuture<Void> settledElsewhere(MigrationRecord record) {
        List<CompletableFuture<Void>> told = new ArrayList<>();
        told.add(hosting.settled(record.tenant()).handle((nothing, failure) -> null));
        RemoteCalls remote = calls;
        if (remote != null) {
            for (NodeId node : cluster.names()) {
                if (!cluster.isLocal(node) && remote.isUp(node)) {
                    told.add(remote.ask(
                                    node,
                                    index -> new Call.Settle(
                                            index, record.tenant().value()),
                                    Answer.Done.class,
                                    SETTLE_DEADLINE)
                            .handle((done, failure) -> null));
                }
            }
        }
        return CompletableFuture.allOf(told.toArray(CompletableFuture[]::new));
    }
}
