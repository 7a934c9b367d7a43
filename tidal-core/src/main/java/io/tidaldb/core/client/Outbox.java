package io.tidaldb.core.client;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.Position;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.remote.Refusals;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Writes of a tenant on their way to the node that takes them. While as many requests as may be have no answer, what comes waits, and goes
 * together when there is room. Only what goes the same {@link Way} does: so no write waits for what holds another one up. Each has an
 * answer of its own.
 *
 * <p>What goes the same way leaves in the order in which it has come. Safe for any number of threads.
 */
final class Outbox {

    /** For how long one node is waited for, which may be gone without a word. */
    private static final Duration ATTEMPT = Duration.ofSeconds(2);

    /** Most requests of a way that have no answer. */
    private static final int UNDER_WAY = 5;

    /** Most bytes of records and names in a request of several writes. */
    private static final int REQUEST_BYTES = 256 << 10;

    private final Cluster cluster;
    private final TenantId tenant;

    /** Ways with anything on them. Guarded by this object's lock. */
    private final Map<Way, Lane> lanes = new HashMap<>();

    Outbox(Cluster cluster, TenantId tenant) {
        this.cluster = cluster;
        this.tenant = tenant;
    }

    /**
     * Where writes go.
     *
     * @param home the node that takes them
     * @param index how many decisions whoever said so knew of
     * @param life tells the tenant from one that had its id before
     * @param slots the ones that take parts of them; not changed any more
     */
    record Way(NodeId home, long index, long life, BitSet slots, Optional<Durability> durability) {}

    /**
     * A write.
     *
     * @param records encoded, from position 0 to the limit
     * @param names of entities among them that are named
     */
    record Item(
            ByteBuffer records,
            SortedMap<Long, String> names,
            IdempotencyKey key,
            long endNanos,
            CompletableFuture<Position> result) {

        Item(ByteBuffer records, SortedMap<Long, String> names, IdempotencyKey key, long endNanos) {
            this(records, names, key, endNanos, new CompletableFuture<>());
        }

        /** Returns about how many bytes it has. */
        int size() {
            return records.limit()
                    + names.values().stream().mapToInt(String::length).sum();
        }

        Call.Part part() {
            return new Call.Part(
                    new long[] {key.high(), key.low()},
                    records.limit() / SignalRecords.BYTES,
                    names.keySet().stream().mapToLong(Long::longValue).toArray(),
                    new ArrayList<>(names.values()));
        }
    }

    /** What goes one way. Guarded by the outbox's lock. */
    private static final class Lane {

        final Deque<Item> waiting = new ArrayDeque<>();
        int underWay;

        /** Whether a thread sends: one at a time, so that requests leave in order. */
        boolean sending;

        /** Takes what goes next, if there is anything and room for it. */
        List<Item> next() {
            List<Item> next = new ArrayList<>();
            int bytes = 0;
            while (underWay < UNDER_WAY && !waiting.isEmpty() && next.size() < Call.Writes.MOST) {
                bytes += waiting.element().size();
                if (bytes > REQUEST_BYTES && !next.isEmpty()) {
                    break;
                }
                next.add(waiting.remove());
            }
            return next;
        }

        /** Takes these out of what waits. */
        List<Item> take(Predicate<Item> which) {
            List<Item> taken = new ArrayList<>();
            waiting.removeIf(item -> which.test(item) && taken.add(item));
            return taken;
        }
    }

    /** Sends a write, at once or when there is room. */
    CompletableFuture<Position> send(Way way, Item item) {
        if (isDue(item)) {
            sendAlone(way, item);
        } else {
            synchronized (this) {
                lanes.computeIfAbsent(way, each -> new Lane()).waiting.add(item);
            }
            sendWaiting(way);
        }
        return item.result();
    }

    // There is room after an attempt at the latest. What would have no time for its own then can't wait.
    private boolean isDue(Item item) {
        return item.endNanos() - cluster.nowNanos() < ATTEMPT.toNanos();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // Each write is told.
    private void sendAlone(Way way, Item item) {
        Duration left = Duration.ofNanos(Math.max(1, item.endNanos() - cluster.nowNanos()));
        List<Item> alone = List.of(item);
        asked(way, alone, left).whenComplete((answer, failure) -> tell(way, alone, answer, failure));
    }

    @SuppressWarnings("FutureReturnValueIgnored") // Each write is told.
    private void sendWaiting(Way way) {
        Lane lane;
        synchronized (this) {
            lane = lanes.get(way);
            if (lane == null || lane.sending) {
                return;
            }
            lane.sending = true;
        }
        for (List<Item> next = next(way, lane); !next.isEmpty(); next = next(way, lane)) {
            List<Item> together = next;
            asked(way, together, ATTEMPT)
                    .whenComplete((answer, failure) -> answered(way, lane, together, answer, failure));
        }
    }

    private synchronized List<Item> next(Way way, Lane lane) {
        List<Item> next = lane.next();
        if (!next.isEmpty()) {
            lane.underWay++;
            return next;
        }
        lane.sending = false;
        if (lane.underWay == 0) {
            lanes.remove(way);
        }
        return next;
    }

    private void answered(
            Way way, Lane lane, List<Item> together, Answer.@Nullable EachWritten answer, @Nullable Throwable failure) {
        TidalException lost = failure != null && Routing.passes(Cluster.reason(failure))
                ? unsent(way, Cluster.reason(failure))
                : null;
        List<Item> unsent;
        List<Item> due;
        synchronized (this) {
            lane.underWay--;
            unsent = lane.take(item -> lost != null);
            due = lane.take(this::isDue);
        }
        due.forEach(item -> sendAlone(way, item));
        sendWaiting(way);
        tell(way, together, answer, failure);
        if (lost != null) {
            unsent.forEach(item -> item.result().completeExceptionally(lost));
        }
    }

    // Where another node takes writes by now, those that wait are to go there.
    private TidalException unsent(Way way, TidalException reason) {
        return reason.outcome() == Outcome.NOT_APPLIED
                ? reason
                : new TidalException(
                        ErrorCode.NOT_OWNER,
                        "node " + way.home() + " has not answered what was written to tenant " + tenant
                                + " before: another one takes over if it stays away; try again",
                        reason);
    }

    private CompletableFuture<Answer.EachWritten> asked(Way way, List<Item> items, Duration wait) {
        ByteBuffer records = ByteBuffer.allocate(
                items.stream().mapToInt(item -> item.records().limit()).sum());
        items.forEach(item -> records.put(item.records().duplicate()));
        // Each has an answer of its own before the time for the request is over.
        Duration within = wait.multipliedBy(9).dividedBy(10);
        Call call = new Call.Writes(
                way.index(),
                tenant.value(),
                way.life(),
                way.durability().map(Durability::name).orElse(null),
                within.toNanos(),
                items.stream().map(Item::part).toList());
        try {
            return cluster.ask(way.home(), tenant, call, records.flip(), Answer.EachWritten.class, wait)
                    .thenApply(answer -> {
                        if (answer.records().size() != items.size()) {
                            throw new TidalException(
                                    ErrorCode.INTERNAL,
                                    "node " + way.home() + " answered "
                                            + answer.records().size() + " of " + items.size() + " writes");
                        }
                        return answer;
                    });
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void tell(Way way, List<Item> items, Answer.@Nullable EachWritten answer, @Nullable Throwable failure) {
        if (answer == null) {
            TidalException reason = Cluster.reason(Objects.requireNonNull(failure));
            items.forEach(item -> item.result().completeExceptionally(reason));
            return;
        }
        for (int i = 0; i < items.size(); i++) {
            CompletableFuture<Position> result = items.get(i).result();
            try {
                result.complete(position(way, answer, i));
            } catch (TidalException e) {
                result.completeExceptionally(e);
            }
        }
    }

    private Position position(Way way, Answer.EachWritten answer, int place) {
        Answer.Refused refused = answer.refused().get(place);
        if (refused != null) {
            throw cluster.noted(way.home(), Refusals.reason(tenant, refused));
        }
        return new Position(
                answer.records().get(place).stream().map(WalSegmentId::parse).toList());
    }
}
