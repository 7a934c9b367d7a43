package io.tidaldb.core.migration;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
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
import io.tidaldb.core.ingest.CopyThrottle;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.SlotContent;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call.MoveStep;
import io.tidaldb.core.replication.Replicator;
import io.tidaldb.core.routing.ShardReplicas;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One migration, seen to by the node that leads its slot: one step after another, each of which begins with what is agreed. So whoever leads
 * the slot next goes on where this one has stopped, and a step that is done twice does nothing the second time.
 *
 * <p>Confined to the control scheduler.
 */
final class Move {

    private static final Logger LOG = LoggerFactory.getLogger(Move.class);

    /** How much is sent between two looks at what is agreed. */
    private static final long ROUND_BYTES = 32L << 20;

    /** How many rounds in a row have to find little before the content is compared. */
    private static final int STEADY = 3;

    private static final Duration LOOK_AGAIN = Duration.ofMillis(1);

    /** A tenant that is slowed down may write that many signals a second at least. */
    private static final double LEAST_SIGNALS = 10;

    private static final Duration LOOK_AT_TURN = Duration.ofMillis(50);

    /** One that gets no further for so long leaves its place to others. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** How often one without a place is tried. */
    private static final Duration STALLED_PAUSE = Duration.ofSeconds(1);

    private final MoveSite site;
    private final TenantShard shard;
    private final Node node;
    private final MoveFeed feed;
    private final MovePace pace;
    private final CopyThrottle throttle;
    private final long id;
    private final TenantId tenant;
    private int steady;
    private boolean frozen;
    private @Nullable MigrationState seen;
    private @Nullable Double slowed;
    private @Nullable String waitsFor;

    /** Since when nothing of what the target lacks gets there, or it lacks little and the slot does not change hands all the same. */
    private @Nullable Long stuckSince;

    /** What this has to do with: what is agreed, who is asked, and the time. */
    interface MoveSite {

        ControlPlane control();

        LocalCluster cluster();

        Hosting hosting();

        MoveFeed.Peer peer(MigrationRecord record, ReplicaId replica);

        CompletableFuture<Void> settledElsewhere(MigrationRecord record);

        long nowNanos();

        long nowMillis();

        Executor scheduler();
    }

    Move(MigrationRecord record, TenantShard shard, MoveSite site) {
        this.id = record.id();
        this.tenant = record.tenant();
        this.shard = shard;
        this.site = site;
        this.node = site.cluster().node(shard.replica());
        this.feed = new MoveFeed(node, shard, site.peer(record, record.passive()), site.scheduler());
        this.pace = new MovePace(site.nowNanos());
        this.throttle = new CopyThrottle(record.terms().maxBytesPerSecond(), site.nowNanos());
    }

    TenantShard shard() {
        return shard;
    }

    Answer.Figure figure() {
        long left = pace.leftNanos(feed.missingBytes());
        return new Answer.Figure(
                id,
                feed.sentBytes(),
                Math.max(shard.storageBytes(), feed.sentBytes()),
                pace.bytesPerSecond(),
                left < 0 ? null : left,
                pace.predictedPauseNanos(),
                waitsFor);
    }

    /** Does what comes next; completes with how long to wait before the next look. */
    CompletableFuture<Duration> step(MigrationRecord record) {
        if (record.state() != MigrationState.CUTOVER) {
            // Whoever has begun the attempt, it has ended.
            unfreeze();
        }
        if (!record.state().canAbort()) {
            released();
        }
        if (record.state() == MigrationState.PREPARING && seen != MigrationState.PREPARING) {
            // The target may have less by now than it has said.
            feed.forget();
        }
        seen = record.state();
        return switch (record.state()) {
            case PREPARING, DUAL_WRITE, VERIFYING -> approaching(record);
            case CUTOVER -> frozen ? thaw(record, "it was not known how the attempt ended") : interrupted(record);
            case DRAINING -> drain(record);
            case HOLD -> hold(record);
            default -> done(Duration.ofMillis(50));
        };
    }

    private CompletableFuture<Duration> approaching(MigrationRecord record) {
        String outOfService = MoveCoordinator.outOfService(record, site.control(), site.cluster());
        if (record.paused() || outOfService != null) {
            waitsFor = record.paused() ? "paused: resume it" : outOfService;
            queued();
            return done(Duration.ofMillis(100));
        }
        return copying(record).thenComposeAsync(pause -> placed(record, pause), site.scheduler());
    }

    // Whoever gets no further keeps nobody else waiting.
    private CompletableFuture<Duration> placed(MigrationRecord record, Duration pause) {
        Long since = stuckSince;
        boolean stuck = since != null && (record.stalled() || site.nowNanos() - since > PATIENCE.toNanos());
        Duration next = stuck && !pause.isZero() ? STALLED_PAUSE : pause;
        if (stuck == record.stalled()) {
            return done(next);
        }
        String why = waitsFor == null ? record.reason() : waitsFor;
        String reason = why == null ? "the slot does not change hands" : why;
        return site.control()
                .submit(new ClusterCommand.StallMigration(tenant, id, stuck ? reason : null, site.nowMillis()))
                .thenApply(nothing -> next);
    }

    private void stuck() {
        if (stuckSince == null) {
            stuckSince = site.nowNanos();
        }
    }

    private static CompletableFuture<Duration> done(Duration pause) {
        return CompletableFuture.completedFuture(pause);
    }

    /** The time that passes now says nothing about how fast it is: it may not be copied. */
    void interrupted() {
        pace.interrupted(site.nowNanos());
    }

    /** Others are copied first. */
    void queued() {
        stuckSince = null;
        interrupted();
    }

    // Copying

    private CompletableFuture<Duration> copying(MigrationRecord record) {
        long begun = site.nowNanos();
        return record.state() == MigrationState.VERIFYING
                ? verify(record)
                : feed.round(roundBytes(), pacer(record))
                        .thenComposeAsync(sent -> copied(record, sent, begun), site.scheduler())
                        .exceptionallyComposeAsync(failure -> notCopied(record, failure), site.scheduler());
    }

    private long roundBytes() {
        return (long) Math.max(1, Math.min(ROUND_BYTES, throttle.bytesPerSecond() / 10));
    }

    private MoveFeed.Pacer pacer(MigrationRecord record) {
        return new MoveFeed.Pacer() {
            @Override
            public CompletableFuture<Integer> turn() {
                MigrationRecord now = site.control().migration(id);
                if (now == null || now.state() != record.state()) {
                    return CompletableFuture.failedFuture(new TidalException(
                            ErrorCode.NOT_CAUGHT_UP, "migration " + id + " is not in state " + record.state()));
                }
                boolean paused = now.paused() && now.state().canAbort();
                long wait = paused ? LOOK_AT_TURN.toNanos() : throttle.waitNanos(site.nowNanos());
                return wait == 0
                        ? CompletableFuture.completedFuture(throttle.chunk(MoveFeed.CHUNK_BYTES))
                        : site.hosting()
                                .after(Duration.ofNanos(Math.min(wait, LOOK_AT_TURN.toNanos())))
                                .thenComposeAsync(nothing -> turn(), site.scheduler());
            }

            @Override
            public void sending(long bytes) {
                throttle.sending(bytes, site.nowNanos());
            }

            @Override
            public void sent(long bytes, Answer.Moved answer) {
                long now = site.nowNanos();
                throttle.sent(bytes, node.foreground().sample(), answer.foreground(), now);
                pace.part(bytes, shard.logBytes(), now, now + throttle.waitNanos(now));
            }
        };
    }

    private CompletableFuture<Duration> copied(MigrationRecord record, MoveFeed.Round sent, long begun) {
        long now = site.nowNanos();
        pace.round(sent, begun, now, now + throttle.waitNanos(now), MoveFeed.NEAR);
        Duration pause = Duration.ofMillis(sent.left() > 0 ? 0 : 2);
        waitsFor = slowed == null
                ? null
                : "the tenant is held to " + Math.round(slowed) + " signals a second until the slot has changed hands";
        if (!pace.converges()) {
            waitsFor = pace.notConverging();
            if (record.terms().slowDown()) {
                slowDown();
            }
        }
        if (sent.left() > MoveFeed.NEAR || !feed.folds()) {
            stuckSince = null;
            steady = 0;
            return done(pause);
        }
        stuck();
        if (record.state() == MigrationState.PREPARING) {
            steady = 0;
            return propose(record, MigrationState.DUAL_WRITE, null).thenApply(nothing -> Duration.ZERO);
        }
        steady++;
        if (steady < STEADY) {
            return done(pause);
        }
        long predicted = pace.predictedPauseNanos();
        if (predicted > record.terms().maxWritePauseNanos()) {
            waitsFor = "a cutover would hold writes back for " + predicted / 1_000_000 + " ms, more than "
                    + record.terms().maxWritePauseNanos() / 1_000_000 + " ms";
            return measured().thenApply(nothing -> Duration.ofMillis(20));
        }
        return propose(record, MigrationState.VERIFYING, null).thenApply(nothing -> Duration.ZERO);
    }

    // To half of what is sent: the other half is for what is missing already.
    private void slowDown() {
        double rate = Math.max(LEAST_SIGNALS, pace.sentPerSecond() / 2);
        slowed = rate;
        shard.slowDown(rate);
        pace.looks(site.nowNanos());
        LOG.info("migration {}: tenant {} is held to {} signals a second: {}", id, tenant, Math.round(rate), waitsFor);
    }

    /** Takes writes as fast as they come again. */
    void released() {
        if (slowed != null) {
            slowed = null;
            shard.slowDown(null);
        }
    }

    // Nobody would notice otherwise that it has become faster to agree on something.
    private CompletableFuture<Void> measured() {
        long begun = site.nowNanos();
        return site.control()
                .catchUp()
                .thenAcceptAsync(index -> pace.agreed(site.nowNanos() - begun), site.scheduler());
    }

    private CompletableFuture<Duration> notCopied(MigrationRecord record, Throwable failure) {
        TidalException reason = RemoteCalls.reason(failure);
        steady = 0;
        interrupted();
        waitsFor = reason.getMessage();
        if (MoveCoordinator.unreachable(record, site.cluster()) == null) {
            stuck();
        } else {
            stuckSince = null;
        }
        LOG.debug("migration {} can't copy: {}", id, waitsFor);
        return record.state() == MigrationState.PREPARING
                ? done(Duration.ofMillis(100))
                : propose(record, MigrationState.PREPARING, waitsFor).thenApply(nothing -> Duration.ofMillis(100));
    }

    // Comparing

    private CompletableFuture<Duration> verify(MigrationRecord record) {
        boolean full = record.terms().full();
        return node.content(shard, true, full)
                .thenComposeAsync(
                        mine -> feed.upTo(mine)
                                .thenCompose(nothing -> feed.peer().ask(full ? MoveStep.CONTENT : MoveStep.DIGEST))
                                .thenComposeAsync(theirs -> compared(record, mine, theirs), site.scheduler()),
                        site.scheduler())
                .exceptionallyComposeAsync(failure -> notCopied(record, failure), site.scheduler());
    }

    private CompletableFuture<Duration> compared(MigrationRecord record, SlotContent mine, Answer.Moved theirs) {
        Origin lacking = MoveVerdict.lacking(mine, theirs);
        if (lacking != null) {
            feed.forget();
            throw new TidalException(
                    ErrorCode.NOT_CAUGHT_UP,
                    "the target has less of " + lacking + " than it had: it is given what it lacks once more");
        }
        String difference = MoveVerdict.difference(mine, theirs);
        if (difference != null) {
            LOG.error("migration {} is given up: {}", id, difference);
            return propose(record, MigrationState.ABORTING, difference).thenApply(nothing -> Duration.ZERO);
        }
        if (!mine.folded()) {
            waitsFor = "what is here is not folded yet";
            return done(Duration.ofMillis(20));
        }
        if (!theirs.comparable()) {
            // What came last may have told it that it has folded what does not count, and its logs may not reach back.
            feed.giveState();
            throw new TidalException(
                    ErrorCode.NOT_CAUGHT_UP, "the target has not folded what it has: it is given the state once more");
        }
        return feed.peer()
                .ask(MoveStep.NEAR)
                .thenComposeAsync(
                        near -> {
                            if (near.complete() < near.members() / 2 + 1) {
                                waitsFor = "only " + near.complete() + " of " + near.members()
                                        + " replicas of the target have nearly all";
                                stuck();
                                return done(Duration.ofMillis(20));
                            }
                            return propose(record, MigrationState.CUTOVER, null)
                                    .thenComposeAsync(attempt -> cutOver(record, attempt), site.scheduler());
                        },
                        site.scheduler());
    }

    // Changing hands

    private CompletableFuture<Duration> cutOver(MigrationRecord record, long attempt) {
        frozen = true;
        return node.freeze(shard)
                .thenComposeAsync(all -> cutOver(record, attempt, all, site.nowNanos()), site.scheduler())
                .exceptionallyComposeAsync(
                        failure -> {
                            MigrationRecord now = site.control().migration(id);
                            String reason =
                                    String.valueOf(RemoteCalls.reason(failure).getMessage());
                            if (now == null || now.state() != MigrationState.CUTOVER) {
                                unfreeze();
                                return done(Duration.ZERO);
                            }
                            return thaw(now, reason);
                        },
                        site.scheduler());
    }

    private CompletableFuture<Duration> cutOver(MigrationRecord record, long attempt, SlotContent all, long begun) {
        return everything(record, all, begun + record.terms().maxWritePauseNanos())
                .thenComposeAsync(
                        nothing -> site.control()
                                .submit(new ClusterCommand.CutOver(
                                        record.tenant(), id, attempt, site.nowNanos() - begun, site.nowMillis())),
                        site.scheduler())
                .thenComposeAsync(
                        incarnation -> {
                            frozen = false;
                            LOG.info(
                                    "migration {}: that {} leads tenant {} is agreed after {} ms without writes",
                                    id,
                                    record.to(),
                                    record.tenant(),
                                    (site.nowNanos() - begun) / 1_000_000);
                            return done(Duration.ZERO);
                        },
                        site.scheduler());
    }

    /** Completes when the target has everything, and as many of its shard's replicas as the tenant asks for; fails when it takes too long. */
    private CompletableFuture<Void> everything(MigrationRecord record, SlotContent all, long untilNanos) {
        return feed.upTo(all)
                .thenComposeAsync(nothing -> spread(record), site.scheduler())
                .thenCombine(awaited(), (spread, awaited) -> spread && !awaited)
                .thenComposeAsync(
                        ready -> {
                            if (ready) {
                                return CompletableFuture.<Void>completedFuture(null);
                            }
                            return site.nowNanos() - untilNanos > 0
                                    ? CompletableFuture.<Void>failedFuture(new TidalException(
                                            ErrorCode.NOT_CAUGHT_UP,
                                            "the target did not have everything within "
                                                    + record.terms().maxWritePauseNanos() / 1_000_000 + " ms"))
                                    : site.hosting()
                                            .after(LOOK_AGAIN)
                                            .thenComposeAsync(
                                                    nothing -> everything(record, all, untilNanos), site.scheduler());
                        },
                        site.scheduler());
    }

    private CompletableFuture<Boolean> awaited() {
        Replicator replicator = site.cluster().replicator(shard.replica());
        return replicator == null ? CompletableFuture.completedFuture(false) : replicator.isAwaited(shard);
    }

    // The target itself has confirmed all of it: it is asked about its followers only where they count.
    private CompletableFuture<Boolean> spread(MigrationRecord record) {
        TenantRecord tenant = site.control().tenant(record.tenant());
        Durability level = tenant == null ? Durability.LOCAL : tenant.config().durability();
        return level == Durability.ALL || level == Durability.MAJORITY
                ? feed.peer()
                        .ask(MoveStep.SPREAD)
                        .thenApply(spread ->
                                spread.complete() >= ShardReplicas.enoughToAcknowledge(level, spread.members()))
                : CompletableFuture.completedFuture(true);
    }

    /** Gives an attempt up, and takes writes again once that is agreed: then it can't succeed any more. */
    private CompletableFuture<Duration> thaw(MigrationRecord record, String reason) {
        return site.control()
                .submit(new ClusterCommand.StepMigration(
                        record.tenant(),
                        id,
                        MigrationState.CUTOVER,
                        record.attempt(),
                        MigrationState.DUAL_WRITE,
                        reason,
                        site.nowMillis()))
                .thenApplyAsync(
                        nothing -> {
                            unfreeze();
                            steady = 0;
                            return Duration.ofMillis(20);
                        },
                        site.scheduler())
                .exceptionallyAsync(
                        failure -> {
                            LOG.info(
                                    "migration {}: {}",
                                    id,
                                    RemoteCalls.reason(failure).getMessage());
                            ended();
                            return Duration.ofMillis(5);
                        },
                        site.scheduler());
    }

    /** Takes writes again if it is agreed that no attempt is under way, whoever has said so. */
    void ended() {
        released();
        if (!site.control().isCutOver(tenant, shard.replica())) {
            unfreeze();
        }
    }

    private void unfreeze() {
        boolean held = frozen;
        frozen = false;
        shard.freeze(false);
        if (held) {
            site.hosting().turned(tenant);
        }
    }

    // Whoever led the slot before has begun, and does not say any more how it ended.
    private CompletableFuture<Duration> interrupted(MigrationRecord record) {
        return propose(record, MigrationState.PREPARING, "the attempt was interrupted")
                .thenApply(nothing -> Duration.ZERO);
    }

    // Afterwards

    private CompletableFuture<Duration> drain(MigrationRecord record) {
        return site.settledElsewhere(record)
                .thenComposeAsync(nothing -> feed.fetch(), site.scheduler())
                .thenCompose(fetched -> node.gathered(shard))
                .thenComposeAsync(nothing -> heldBack(), site.scheduler())
                .thenComposeAsync(nanos -> propose(record, MigrationState.HOLD, null, nanos), site.scheduler())
                .thenApply(nothing -> Duration.ZERO)
                .exceptionallyAsync(failure -> later(failure), site.scheduler());
    }

    /** Tells for how long writes were held back, to half a round trip: since the source froze them, but for how long they are taken here; or -1. */
    private CompletableFuture<Long> heldBack() {
        long asked = site.nowNanos();
        return feed.peer()
                .ask(MoveStep.HELD)
                .thenApplyAsync(
                        source -> {
                            Long frozen = source.frozenNanos();
                            OptionalLong led = shard.ledNanos();
                            long way = (site.nowNanos() - asked) / 2;
                            return frozen == null || led.isEmpty() ? -1 : Math.max(0, frozen + way - led.getAsLong());
                        },
                        site.scheduler());
    }

    private Duration later(Throwable failure) {
        waitsFor = RemoteCalls.reason(failure).getMessage();
        return Duration.ofMillis(100);
    }

    private CompletableFuture<Duration> hold(MigrationRecord record) {
        long until = record.changedMillis() + record.terms().holdNanos() / 1_000_000;
        if (site.nowMillis() < until && record.terms().holdNanos() > 0) {
            waitsFor = null;
            return feed.round(roundBytes(), pacer(record))
                    .thenApplyAsync(
                            round -> {
                                long now = site.nowNanos();
                                pace.round(round, now, now, now, MoveFeed.NEAR);
                                return Duration.ofMillis(round.left() > 0 ? 0 : 50);
                            },
                            site.scheduler())
                    .exceptionallyAsync(this::later, site.scheduler());
        }
        return nothingAlone(record)
                .thenComposeAsync(alone -> alone ? release(record) : done(Duration.ofMillis(20)), site.scheduler())
                .exceptionallyAsync(this::later, site.scheduler());
    }

    /** Tells whether the slot's leader has everything that any replica of the former shard has; what it lacks is fetched. */
    private CompletableFuture<Boolean> nothingAlone(MigrationRecord record) {
        TenantRecord tenant = site.control().tenant(record.tenant());
        if (tenant == null) {
            return CompletableFuture.completedFuture(false);
        }
        List<CompletableFuture<Long>> fetched = new ArrayList<>();
        site.cluster()
                .replicas()
                .allowed(record.passive().shard(), tenant.config())
                .forEach(member -> fetched.add(
                        new MoveFeed(node, shard, site.peer(record, member.replica()), site.scheduler()).fetch()));
        return CompletableFuture.allOf(fetched.toArray(CompletableFuture[]::new))
                .thenApply(nothing -> fetched.stream().allMatch(each -> each.join() == 0));
    }

    // Of what the former shard had so many replicas have a copy now that the loss of one does no harm.
    private CompletableFuture<Duration> release(MigrationRecord record) {
        Replicator replicator = site.cluster().replicator(shard.replica());
        TenantRecord tenant = site.control().tenant(record.tenant());
        int members = tenant == null
                ? 1
                : site.cluster()
                        .replicas()
                        .allowed(shard.replica().shard(), tenant.config())
                        .size();
        CompletableFuture<Integer> others =
                replicator == null || members < 2 ? CompletableFuture.completedFuture(0) : replicator.near(shard);
        return others.thenComposeAsync(
                complete -> {
                    if (complete + 1 < members / 2 + 1) {
                        waitsFor = "only " + (complete + 1) + " of " + members + " replicas of the target have all";
                        return done(Duration.ofMillis(20));
                    }
                    waitsFor = null;
                    return propose(record, MigrationState.GC, null).thenApply(nothing -> Duration.ZERO);
                },
                site.scheduler());
    }

    // What is agreed

    private CompletableFuture<Long> propose(MigrationRecord record, MigrationState next, @Nullable String reason) {
        return propose(record, next, reason, -1);
    }

    private CompletableFuture<Long> propose(
            MigrationRecord record, MigrationState next, @Nullable String reason, long pauseNanos) {
        long begun = site.nowNanos();
        return site.control()
                .submit(new ClusterCommand.StepMigration(
                        record.tenant(),
                        id,
                        record.state(),
                        record.attempt(),
                        next,
                        reason,
                        pauseNanos,
                        site.nowMillis()))
                .thenApplyAsync(
                        attempt -> {
                            pace.agreed(site.nowNanos() - begun);
                            return attempt;
                        },
                        site.scheduler());
    }
}
