package io.tidaldb.core;

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
import org.jspecify.annotations.Nullable;

/**
 * Gives a replica of another shard what the leader of a slot has: a snapshot where its logs do not reach back far enough, then the logs,
 * batch by batch. It sends what the other one lacks by its own word, so it can begin anew at any time. Confined to the control scheduler.
 */
final class MoveFeed {

    private static final int CHUNK_BYTES = 512 << 10;

    private final Node node;
    private final TenantShard shard;
    private final Peer peer;
    private final Executor scheduler;

    /** How far the other side is, with chains; null until it has said so. */
    private @Nullable SortedMap<Origin, Answer.MovedLog> theirs;

    private final SortedMap<Origin, Long> theirsMerged = new TreeMap<>();
    private long sentBytes;

    /** The replica that is fed. */
    interface Peer {

        CompletableFuture<Answer.Moved> ask(
                MoveStep step, int @Nullable [] origin, long number, boolean last, ByteBuffer attached);

        default CompletableFuture<Answer.Moved> ask(MoveStep step) {
            return ask(step, null, 0, false, ByteBuffer.allocate(0));
        }
    }

    /**
     * What a round has come to.
     *
     * @param sentBytes in the round
     * @param left how many records the other side lacks of what was there when the round began
     */
    record Round(long sentBytes, long left) {}

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

    /** Believes nothing any more of what it knew of the other side. */
    void forget() {
        theirs = null;
    }

    /** Sends what is missing, so many bytes at most but for a last chunk; fails with what the other side says, and is to be begun anew then. */
    CompletableFuture<Round> round(long maxBytes) {
        return known().thenComposeAsync(
                        nothing -> node.content(shard, false, false)
                                .thenComposeAsync(mine -> round(mine, maxBytes), scheduler),
                        scheduler)
                .whenComplete((round, failure) -> {
                    if (failure != null) {
                        forget();
                    }
                });
    }

    /** Sends what the other side lacks to be as far as this, and no more. */
    CompletableFuture<Void> upTo(SlotContent mine) {
        return known().thenComposeAsync(nothing -> send(mine, Long.MAX_VALUE, 0), scheduler)
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
                : peer.ask(MoveStep.HELD).thenAcceptAsync(this::said, scheduler);
    }

    private void said(Answer.Moved held) {
        SortedMap<Origin, Answer.MovedLog> logs = new TreeMap<>();
        held.logs().forEach(log -> logs.put(log.origin(), log));
        theirs = logs;
        theirsMerged.clear();
        held.merged().forEach(log -> theirsMerged.put(log.origin(), log.lastSeqno()));
        publishNeeded(logs);
    }

    private void publishNeeded(SortedMap<Origin, Answer.MovedLog> logs) {
        SortedMap<Origin, Long> held = new TreeMap<>(theirsMerged);
        logs.forEach((origin, log) -> held.put(origin, log.lastSeqno()));
        shard.neededElsewhere(new LogsNeeded(true, held));
    }

    private CompletableFuture<Round> round(SlotContent mine, long maxBytes) {
        if (needsSnapshot(mine)) {
            return snapshot();
        }
        return send(mine, maxBytes, 0);
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

    private CompletableFuture<Round> send(SlotContent mine, long maxBytes, long sent) {
        SlotLogs.Held next = mine.logs().stream()
                .filter(log -> Long.compareUnsigned(heldTo(log.origin()), log.lastSeqno()) < 0)
                .findFirst()
                .orElse(null);
        if (next == null || sent >= maxBytes) {
            return CompletableFuture.completedFuture(new Round(sent, left(mine)));
        }
        int chunk = (int) Math.max(1, Math.min(CHUNK_BYTES, maxBytes - sent));
        return node.withLogs(shard, chunk, logs -> logs.read(next.origin(), heldTo(next.origin()) + 1, chunk))
                .thenComposeAsync(
                        batches -> {
                            List<WalBatch> wanted = upTo(batches, next);
                            return append(wanted)
                                    .thenComposeAsync(bytes -> send(mine, maxBytes, sent + bytes), scheduler);
                        },
                        scheduler);
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

    private CompletableFuture<Long> append(List<WalBatch> batches) {
        byte[] bytes = MoveTarget.encoded(batches);
        return peer.ask(MoveStep.APPEND, null, 0, false, ByteBuffer.wrap(bytes))
                .thenApplyAsync(
                        answer -> {
                            SortedMap<Origin, Answer.MovedLog> known = theirs;
                            if (known == null) {
                                throw new TidalException(ErrorCode.NOT_CAUGHT_UP, "what was known is out of date");
                            }
                            answer.logs().forEach(log -> known.put(log.origin(), log));
                            publishNeeded(known);
                            sentBytes += bytes.length;
                            return (long) bytes.length;
                        },
                        scheduler);
    }

    private long left(SlotContent mine) {
        return mine.logs().stream()
                .mapToLong(log -> Math.max(0, log.lastSeqno() - heldTo(log.origin())))
                .sum();
    }

    // Snapshots

    private CompletableFuture<Round> snapshot() {
        forget();
        return node.snapshot(shard)
                .thenComposeAsync(
                        source -> parts(source, 0, 0).whenComplete((sent, failure) -> source.close()), scheduler)
                .thenApplyAsync(sent -> new Round(sent, 1), scheduler);
    }

    private CompletableFuture<Long> parts(SnapshotSource source, long number, long sent) {
        return source.next(CHUNK_BYTES)
                .thenComposeAsync(
                        part -> {
                            long bytes = part.content().length;
                            return peer.ask(
                                            MoveStep.SNAPSHOT,
                                            null,
                                            number,
                                            part.last(),
                                            ByteBuffer.wrap(part.content()))
                                    .thenComposeAsync(
                                            answer -> {
                                                sentBytes += bytes;
                                                return part.last()
                                                        ? CompletableFuture.completedFuture(sent + bytes)
                                                        : parts(source, number + 1, sent + bytes);
                                            },
                                            scheduler);
                        },
                        scheduler);
    }

    // What the other side has and this one lacks

    /** Fetches what the other side alone has; returns how many bytes. */
    CompletableFuture<Long> fetch() {
        return peer.ask(MoveStep.HELD)
                .thenComposeAsync(
                        held -> {
                            said(held);
                            return node.content(shard, false, false)
                                    .thenComposeAsync(mine -> fetch(held.logs(), mine, 0), scheduler);
                        },
                        scheduler);
    }

    private CompletableFuture<Long> fetch(List<Answer.MovedLog> logs, SlotContent mine, long fetched) {
        for (Answer.MovedLog log : logs) {
            long here = heldHere(mine, log.origin());
            if (Long.compareUnsigned(here, log.lastSeqno()) < 0) {
                return fetch(log, here + 1, fetched)
                        .thenComposeAsync(bytes -> fetch(rest(logs, log), mine, bytes), scheduler);
            }
        }
        return fetched == 0
                ? CompletableFuture.completedFuture(0L)
                : node.gathered(shard).thenApply(nothing -> fetched);
    }

    private static List<Answer.MovedLog> rest(List<Answer.MovedLog> logs, Answer.MovedLog done) {
        List<Answer.MovedLog> rest = new ArrayList<>(logs);
        rest.remove(done);
        return rest;
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
                            return MoveTarget.received(node, shard, batches)
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
