package io.tidaldb.core.migration;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.ingest.LogsNeeded;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.SlotContent;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ingest.SnapshotSource;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call.MoveStep;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Gives a replica of another shard what the leader of a slot has: a snapshot where its logs do not reach back far enough, then the logs,
 * batch by batch. Of many records that are of few entities, the state is sent after the logs reach it, so that nobody folds them twice. It
 * sends what the other one lacks by its own word, so it can begin anew at any time. Confined to the control scheduler.
 */
final class MoveFeed {

    static final int CHUNK_BYTES = 512 << 10;

    /** How many records the other side may lack when writes are sent to it as they come. */
    static final long NEAR = 2_000;

    /** With so many records of each entity that the slot has, its state is sent rather than folded anew. */
    private static final long RECORDS_OF_EACH = 4;

    /** What the state has of an entity, about, as long as no checkpoint was written that tells. */
    private static final long STATE_BYTES_OF_EACH = 64;

    /** After so many failures to give it the state, the other side has to fold: this one's disk may be full. */
    private static final int STATE_FAILURES = 2;

    /** How much is on its way at a time: as much of a far link's round trip is used, however small the chunks are. */
    private static final int MOST_UNDER_WAY = 4 * CHUNK_BYTES;

    private final Node node;
    private final TenantShard shard;
    private final Peer peer;
    private final Executor scheduler;

    /** How far the other side is, with chains; null until it has said so. */
    private @Nullable SortedMap<Origin, Answer.MovedLog> theirs;

    private final SortedMap<Origin, Long> theirsMerged = new TreeMap<>();

    /** Whether the other side had nearly all that there was when the last round began. */
    private boolean near;

    /** Whether the other side folds what comes; else it waits for the state. */
    private boolean folds = true;

    private int stateFailures;
    private long sentBytes;
    private long sentOfLogs;
    private long sentRecords;
    private long snapshotLeft;

    /** What was to be sent when a round began; null if that is not known, as after a snapshot. */
    private @Nullable SlotContent content;

    private long contentBytes;

    /** The replica that is fed. */
    interface Peer {

        CompletableFuture<Answer.Moved> ask(
                MoveStep step, int @Nullable [] origin, long number, boolean last, ByteBuffer attached);

        default CompletableFuture<Answer.Moved> ask(MoveStep step) {
            return ask(step, null, 0, false, ByteBuffer.allocate(0));
        }
    }

    /** When how much is sent. */
    interface Pacer {

        /** Completes when something may be sent, with how many bytes that may be. */
        CompletableFuture<Integer> turn();

        /** Something is being sent; {@link #sent} follows. */
        void sending(long bytes);

        /** Something was sent, and this was the answer. */
        void sent(long bytes, Answer.Moved answer);
    }

    /** Sends as fast as it can be taken. */
    private static final Pacer AT_ONCE = new Pacer() {
        @Override
        public CompletableFuture<Integer> turn() {
            return CompletableFuture.completedFuture(CHUNK_BYTES);
        }

        @Override
        public void sending(long bytes) {}

        @Override
        public void sent(long bytes, Answer.Moved answer) {}
    };

    /**
     * What a round has come to.
     *
     * @param sentBytes in the round, but for those of a snapshot
     * @param sentRecords in the round, but for those of a snapshot
     * @param left how many records the other side lacks of what was there when the round began; {@link #UNKNOWN} after a snapshot
     */
    record Round(long sentBytes, long sentRecords, long left) {

        static final long UNKNOWN = Long.MAX_VALUE;

        private static final Round OF_SNAPSHOT = new Round(0, 0, UNKNOWN);
    }

    MoveFeed(Node node, TenantShard shard, Peer peer, Executor scheduler) {
        this.node = node;
        this.shard = shard;
        this.peer = peer;
        this.scheduler = scheduler;
    }

    Peer peer() {
        return peer;
    }

    /** Returns how many bytes were sent since this was made. */
    long sentBytes() {
        return sentBytes;
    }

    /** Returns how many bytes of a snapshot are yet to be sent; 0 while none is. */
    long snapshotLeft() {
        return snapshotLeft;
    }

    /** Returns how many bytes the other side lacks now, about; -1 if that is not known. */
    long missingBytes() {
        SlotContent known = content;
        if (known == null || theirs == null) {
            return snapshotLeft > 0 ? snapshotLeft : -1;
        }
        long records = left(known);
        if (records > 0 && sentRecords == 0) {
            return -1;
        }
        long ofLogs = records == 0 ? 0 : (long) ((double) records * sentOfLogs / sentRecords);
        long since = Math.max(0, shard.logBytes() - contentBytes);
        return ofLogs + since + (folds || snapshotLeft > 0 ? snapshotLeft : stateBytes());
    }

    private long stateBytes() {
        long known = shard.checkpointBytes();
        return known > 0 ? known : STATE_BYTES_OF_EACH * shard.entityCount();
    }

    /** Returns whether the other side has folded what it has, or does; else it waits for the state. */
    boolean folds() {
        return folds;
    }

    /** Believes nothing any more of what it knew of the other side. */
    void forget() {
        near = false;
        theirs = null;
        content = null;
    }

    /** Lets the other side be given the state, if by its own word it does not fold, however often that has failed. */
    void giveState() {
        forget();
        stateFailures = 0;
    }

    /** Sends what is missing, so many bytes at most but for a last chunk; fails with what the other side says, and is to be begun anew then. */
    CompletableFuture<Round> round(long maxBytes, Pacer pacer) {
        return known().thenComposeAsync(
                        nothing -> node.content(shard, false, false)
                                .thenComposeAsync(mine -> round(mine, maxBytes, pacer), scheduler),
                        scheduler)
                .whenComplete((round, failure) -> {
                    if (failure != null) {
                        forget();
                    } else if (round.left() != Round.UNKNOWN) {
                        near = round.left() <= NEAR;
                    }
                });
    }

    /** Sends what the other side lacks to be as far as this, and no more. */
    CompletableFuture<Void> upTo(SlotContent mine) {
        return known().thenComposeAsync(nothing -> send(mine, Long.MAX_VALUE, AT_ONCE, MoveStep.APPEND), scheduler)
                .whenComplete((round, failure) -> {
                    if (failure != null) {
                        forget();
                    }
                })
                .thenApply(round -> null);
    }

    private CompletableFuture<Void> known() {
        return theirs != null
                ? CompletableFuture.completedFuture(null)
                : peer.ask(MoveStep.HELD).thenAcceptAsync(this::begin, scheduler);
    }

    private void begin(Answer.Moved held) {
        if (held.damage() != null) {
            throw new TidalException(
                    ErrorCode.NOT_CAUGHT_UP,
                    "waits until what is damaged there has been fetched anew: " + held.damage());
        }
        said(held);
    }

    private void said(Answer.Moved held) {
        SortedMap<Origin, Answer.MovedLog> logs = new TreeMap<>();
        held.logs().forEach(log -> logs.put(log.origin(), log));
        theirs = logs;
        theirsMerged.clear();
        held.merged().forEach(log -> theirsMerged.put(log.origin(), log.lastSeqno()));
        folds = held.comparable();
        publishNeeded(logs);
    }

    private void publishNeeded(SortedMap<Origin, Answer.MovedLog> logs) {
        SortedMap<Origin, Long> held = new TreeMap<>(theirsMerged);
        logs.forEach((origin, log) -> held.put(origin, log.lastSeqno()));
        shard.neededElsewhere(new LogsNeeded(true, held));
    }

    private CompletableFuture<Round> round(SlotContent mine, long maxBytes, Pacer pacer) {
        content = mine;
        contentBytes = shard.logBytes();
        if (needsSnapshot(mine)) {
            return snapshot(pacer, false);
        }
        folds = stateFailures >= STATE_FAILURES || folds && !isManyOfFew(mine);
        if (folds) {
            return send(mine, maxBytes, pacer, MoveStep.APPEND);
        }
        return isFarBehind(mine)
                ? send(mine, maxBytes, pacer, MoveStep.KEEP)
                : snapshot(pacer, true)
                        .whenCompleteAsync((round, failure) -> stateFailures += failure == null ? 0 : 1, scheduler);
    }

    private boolean isManyOfFew(SlotContent mine) {
        long left = left(mine);
        boolean isNew = mine.logs().stream()
                .allMatch(log -> heldTo(log.origin()) == log.origin().startSeqno());
        return node.isDurable() && (isNew || isFarBehind(mine)) && left > RECORDS_OF_EACH * shard.entityCount();
    }

    // What has come during a round that has sent all there was, or since the state was given, is no reason to give it
    // again: a tenant that writes much would never get further.
    private boolean isFarBehind(SlotContent mine) {
        return !near && left(mine) > NEAR;
    }

    private boolean needsSnapshot(SlotContent mine) {
        boolean merged = mine.merged().entrySet().stream()
                .anyMatch(each -> Long.compareUnsigned(heldTo(each.getKey()), each.getValue()) < 0);
        return merged
                || mine.logs().stream()
                        .anyMatch(log -> Long.compareUnsigned(heldTo(log.origin()), log.lastSeqno()) < 0
                                && Long.compareUnsigned(heldTo(log.origin()) + 1, log.firstSeqno()) < 0);
    }

    private long heldTo(Origin origin) {
        Answer.MovedLog log = theirs == null ? null : theirs.get(origin);
        return log != null ? log.lastSeqno() : theirsMerged.getOrDefault(origin, origin.startSeqno());
    }

    private CompletableFuture<Round> send(SlotContent mine, long maxBytes, Pacer pacer, MoveStep step) {
        Sending sending = new Sending(mine, maxBytes, pacer, step);
        sending.next();
        return sending.done;
    }

    /** Chunks on their way, several at a time: the other side syncs those together that came while it synced. Confined to the scheduler. */
    private final class Sending {

        final CompletableFuture<Round> done = new CompletableFuture<>();
        private final SlotContent mine;
        private final long maxBytes;
        private final Pacer pacer;
        private final MoveStep step;
        private final SortedMap<Origin, Long> sentTo = new TreeMap<>();
        private long bytes;
        private long records;
        private long bytesUnderWay;
        private boolean reading;

        Sending(SlotContent mine, long maxBytes, Pacer pacer, MoveStep step) {
            this.mine = mine;
            this.maxBytes = maxBytes;
            this.pacer = pacer;
            this.step = step;
        }

        private long sentTo(Origin origin) {
            return sentTo.getOrDefault(origin, heldTo(origin));
        }

        @SuppressWarnings("FutureReturnValueIgnored") // What comes of it is handled.
        void next() {
            if (done.isDone() || reading || bytesUnderWay >= MOST_UNDER_WAY) {
                return;
            }
            SlotLogs.Held log = bytes >= maxBytes
                    ? null
                    : mine.logs().stream()
                            .filter(each -> Long.compareUnsigned(sentTo(each.origin()), each.lastSeqno()) < 0)
                            .findFirst()
                            .orElse(null);
            if (log == null) {
                if (bytesUnderWay == 0) {
                    done.complete(new Round(bytes, records, left(mine)));
                }
                return;
            }
            reading = true;
            pacer.turn()
                    .thenComposeAsync(most -> felt(() -> read(log, most)), scheduler)
                    .thenAcceptAsync(batches -> send(upTo(batches, log)), scheduler)
                    .whenCompleteAsync((sent, failure) -> after(failure), scheduler);
        }

        private CompletableFuture<List<WalBatch>> read(SlotLogs.Held log, int most) {
            int chunk = (int) Math.max(1, Math.min(most, maxBytes - bytes));
            return node.withLogs(shard, chunk, logs -> logs.read(log.origin(), sentTo(log.origin()) + 1, chunk));
        }

        @SuppressWarnings("FutureReturnValueIgnored") // What comes of it is handled.
        private void send(List<WalBatch> batches) {
            WalBatch last = batches.get(batches.size() - 1);
            byte[] encoded = MoveTarget.encoded(batches);
            reading = false;
            sentTo.put(last.origin(), last.lastSeqno());
            bytes += encoded.length;
            long count = batches.stream().mapToLong(WalBatch::count).sum();
            records += count;
            bytesUnderWay += encoded.length;
            pacer.sending(encoded.length);
            felt(() -> peer.ask(step, null, 0, false, ByteBuffer.wrap(encoded)))
                    .thenAcceptAsync(answer -> taken(answer, encoded.length, count), scheduler)
                    .whenCompleteAsync(
                            (taken, failure) -> {
                                bytesUnderWay -= encoded.length;
                                after(failure);
                            },
                            scheduler);
        }

        private void taken(Answer.Moved answer, int length, long count) {
            SortedMap<Origin, Answer.MovedLog> known = theirs;
            if (known == null) {
                throw new TidalException(ErrorCode.NOT_CAUGHT_UP, "what was known is out of date");
            }
            answer.logs().forEach(log -> known.merge(log.origin(), log, MoveFeed::further));
            publishNeeded(known);
            sentBytes += length;
            sentOfLogs += length;
            sentRecords += count;
            pacer.sent(length, answer);
        }

        private void after(@Nullable Throwable failure) {
            if (failure == null) {
                next();
            } else {
                done.completeExceptionally(failure);
            }
        }
    }

    private static Answer.MovedLog further(Answer.MovedLog one, Answer.MovedLog other) {
        return Long.compareUnsigned(one.lastSeqno(), other.lastSeqno()) < 0 ? other : one;
    }

    // Writes to the node may feel it.
    private <T> CompletableFuture<T> felt(Supplier<CompletableFuture<T>> copy) {
        node.foreground().copyBegins();
        CompletableFuture<T> done;
        try {
            done = copy.get();
        } catch (TidalException e) {
            done = CompletableFuture.failedFuture(e);
        }
        return done.whenComplete((copied, failure) -> node.foreground().copyEnded());
    }

    // No further than what the other side is to hold: then both can be compared.
    private static List<WalBatch> upTo(List<WalBatch> batches, SlotLogs.Held end) {
        List<WalBatch> wanted = batches.stream()
                .filter(batch -> Long.compareUnsigned(batch.lastSeqno(), end.lastSeqno()) <= 0)
                .toList();
        if (wanted.isEmpty()) {
            throw new TidalException(
                    ErrorCode.NOT_CAUGHT_UP, "the log of " + end.origin() + " was truncated meanwhile: begun anew");
        }
        return wanted;
    }

    private long left(SlotContent mine) {
        return mine.logs().stream()
                .mapToLong(log -> Math.max(0, log.lastSeqno() - heldTo(log.origin())))
                .sum();
    }

    // Snapshots

    /**
     * Sends the state.
     *
     * @param reached whether the logs are to reach it first, so that they stay as they are there
     */
    private CompletableFuture<Round> snapshot(Pacer pacer, boolean reached) {
        return felt(() -> node.snapshot(shard))
                .thenComposeAsync(
                        source -> (reached ? keep(pacer) : CompletableFuture.completedFuture(Round.OF_SNAPSHOT))
                                .thenComposeAsync(
                                        kept -> parts(source, 0, pacer).thenApply(nothing -> kept), scheduler)
                                .whenCompleteAsync(
                                        (kept, failure) -> {
                                            source.close();
                                            snapshotLeft = 0;
                                        },
                                        scheduler),
                        scheduler)
                .thenApplyAsync(
                        kept -> {
                            forget();
                            folds = true;
                            return kept;
                        },
                        scheduler);
    }

    // As far as the logs are here now.
    private CompletableFuture<Round> keep(Pacer pacer) {
        return node.content(shard, false, false)
                .thenComposeAsync(mine -> send(mine, Long.MAX_VALUE, pacer, MoveStep.KEEP), scheduler);
    }

    private CompletableFuture<Void> parts(SnapshotSource source, long number, Pacer pacer) {
        return pacer.turn()
                .thenComposeAsync(most -> felt(() -> part(source, most, number, pacer)), scheduler)
                .thenComposeAsync(
                        last -> last ? CompletableFuture.<Void>completedFuture(null) : parts(source, number + 1, pacer),
                        scheduler);
    }

    /** Returns whether it was the last. */
    private CompletableFuture<Boolean> part(SnapshotSource source, int most, long number, Pacer pacer) {
        return source.next(most)
                .thenComposeAsync(
                        part -> {
                            long bytes = part.content().length;
                            snapshotLeft = bytes + part.left();
                            pacer.sending(bytes);
                            return peer.ask(
                                            MoveStep.SNAPSHOT,
                                            null,
                                            number,
                                            part.last(),
                                            ByteBuffer.wrap(part.content()))
                                    .thenApplyAsync(
                                            answer -> {
                                                sentBytes += bytes;
                                                pacer.sent(bytes, answer);
                                                snapshotLeft = part.left();
                                                return part.last();
                                            },
                                            scheduler);
                        },
                        scheduler);
    }

    // What the other side has and this one lacks

    /** Fetches what the other side alone has; returns how many bytes. What can't be read there keeps nothing else from being fetched. */
    CompletableFuture<Long> fetch() {
        return peer.ask(MoveStep.HELD)
                .thenComposeAsync(
                        held -> {
                            said(held);
                            return node.content(shard, false, false)
                                    .thenComposeAsync(mine -> fetch(held.logs(), mine), scheduler);
                        },
                        scheduler);
    }

    private CompletableFuture<Long> fetch(List<Answer.MovedLog> logs, SlotContent mine) {
        List<CompletableFuture<Long>> fetched = new ArrayList<>();
        CompletableFuture<Long> before = CompletableFuture.completedFuture(0L);
        for (Answer.MovedLog log : logs) {
            long here = heldHere(mine, log.origin());
            if (Long.compareUnsigned(here, log.lastSeqno()) < 0) {
                before = before.handle((bytes, failure) -> 0L)
                        .thenComposeAsync(nothing -> fetch(log, here + 1, 0), scheduler);
                fetched.add(before);
            }
        }
        return CompletableFuture.allOf(fetched.toArray(CompletableFuture[]::new))
                .thenApply(nothing ->
                        fetched.stream().mapToLong(CompletableFuture::join).sum())
                .thenCompose(bytes -> bytes == 0
                        ? CompletableFuture.completedFuture(0L)
                        : node.gathered(shard).thenApply(nothing -> bytes));
    }

    private CompletableFuture<Long> fetch(Answer.MovedLog log, long from, long fetched) {
        if (Long.compareUnsigned(from, log.lastSeqno()) > 0) {
            return CompletableFuture.completedFuture(fetched);
        }
        int[] origin = {log.region(), log.shard(), log.incarnation()};
        return peer.ask(MoveStep.TAIL, origin, from, false, ByteBuffer.allocate(0))
                .thenComposeAsync(
                        answer -> {
                            List<WalBatch> batches = MoveTarget.batches(ByteBuffer.wrap(answer.batches()));
                            return MoveTarget.received(node, shard, batches, false)
                                    .thenComposeAsync(
                                            held -> fetch(log, held.lastSeqno() + 1, fetched + answer.batches().length),
                                            scheduler);
                        },
                        scheduler);
    }

    static long heldHere(SlotContent mine, Origin origin) {
        return mine.logs().stream()
                .filter(log -> log.origin().equals(origin))
                .mapToLong(SlotLogs.Held::lastSeqno)
                .findFirst()
                .orElse(mine.merged().getOrDefault(origin, origin.startSeqno()));
    }
}
