package io.tidaldb.core;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.OverloadedException;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.codec.EntityName;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.ingest.TenantState;
import io.tidaldb.core.ingest.WriteRequest;
import io.tidaldb.core.routing.ShardRouter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The way of a tenant's write to the commit loops: checks, routes and encodes in the caller's thread, so that a loop only copies. Takes
 * permits, room in the queue and, for a write to several slots, what the caps allow, in that order; a refusal gives back what was taken.
 *
 * <p>Safe for any number of threads.
 */
final class WriteAdmission {

    private static final int MAX_SIGNALS = 100_000;

    /** Leaves room for what else goes into the same batch, which holds at most 32 MiB. */
    private static final long MAX_WRITE_BYTES = 16L << 20;

    private final EmbeddedTidal tidal;
    private final TenantState state;
    private final ShardRouter router;

    WriteAdmission(EmbeddedTidal tidal, TenantState state, ShardRouter router) {
        this.tidal = tidal;
        this.state = state;
        this.router = router;
    }

    /**
     * Admits a write and queues its parts.
     *
     * @param callbacks completes the result, or null if nobody but a waiting thread looks at it
     * @throws TidalException why it is refused; nothing was queued then, and what it had taken is given back
     */
    PendingWrite submit(List<Signal> signals, WriteOptions options, @Nullable Executor callbacks) {
        tidal.checkOpen();
        if (signals.isEmpty() || signals.size() > MAX_SIGNALS) {
            throw TidalException.invalid("a write of " + signals.size() + " signals to tenant "
                    + state.config().id() + " is out of range: expected 1 to " + MAX_SIGNALS);
        }
        Durability level = options.durability().orElse(state.config().durability());
        if (level == Durability.MAJORITY || level == Durability.ALL) {
            requireReplicas(level);
        }
        // Before anything is encoded: a refused flood must cost next to nothing.
        acquire(signals.size());
        try {
            return queue(encode(signals), options, level, callbacks);
        } catch (TidalException e) {
            state.refund(signals.size());
            throw e;
        }
    }

    private PendingWrite queue(List<Part> parts, WriteOptions options, Durability level, @Nullable Executor callbacks) {
        @Nullable IdempotencyKey key = options.idempotencyKey().orElse(null);
        long waitNanos = EmbeddedTidal.nanos(options.deadline());
        // A slot that can't take its part must not leave the others with theirs.
        parts.forEach(part -> part.shard.readable());
        PendingWrite write = new PendingWrite(parts.size(), callbacks);
        List<WriteRequest> requests = new ArrayList<>(parts.size());
        long bytes = 0;
        for (Part part : parts) {
            WriteRequest request = new WriteRequest(
                    part.shard, part.records.flip(), part.namesToRecord(), key, level, waitNanos, write);
            bytes += request.queueBytes();
            requests.add(request);
        }
        long most = Math.min(state.queueBound(), MAX_WRITE_BYTES);
        if (bytes > most) {
            throw TidalException.invalid("a write of " + bytes + " bytes to tenant "
                    + state.config().id() + " is too large: expected at most " + most + " bytes; split the write");
        }
        if (!state.enqueue(bytes)) {
            throw new OverloadedException("tenant " + state.config().id()
                    + " has as much waiting to be committed as it may: at most " + state.queueBound()
                    + " bytes, less while all tenants together fill the queue; try again after a pause");
        }
        try {
            admitWhole(requests);
        } catch (TidalException e) {
            state.dequeue(bytes);
            throw e;
        }
        requests.forEach(request -> request.shard().loop().write(request));
        return write;
    }

    // What goes to one slot is admitted by its loop. What goes to several is admitted here, before any of it is queued.
    private void admitWhole(List<WriteRequest> requests) {
        if (state.slots().size() > 1
                && !isRetry(requests)
                && requests.size() > 1
                && state.caps().apply()) {
            QuotaExceededException refusal = state.caps().reserve(requests);
            if (refusal != null) {
                throw refusal;
            }
        }
    }

    /** Returns whether every slot that the write goes to remembers it already. */
    private boolean isRetry(List<WriteRequest> requests) {
        IdempotencyKey key = requests.get(0).key();
        if (key == null) {
            return false;
        }
        long now = tidal.clock().wallNanos() / 1_000_000;
        int remembered = 0;
        for (TenantShard slot : state.slots()) {
            WriteRequest part = null;
            for (WriteRequest request : requests) {
                part = request.shard() == slot ? request : part;
            }
            remembered += slot.remembers(key, part, now) ? 1 : 0;
        }
        return remembered == requests.size();
    }

    private void requireReplicas(Durability level) {
        for (TenantShard slot : state.slots()) {
            if (!slot.isReplicated()) {
                throw new TidalException(
                        ErrorCode.UNSUPPORTED,
                        "durability " + level + " of tenant " + state.config().id() + " needs replicas, and shard "
                                + slot.replica() + " has none: expected " + Durability.ASYNC + " or " + Durability.LOCAL
                                + ", or a topology with the shard in several regions that the tenant may be in");
            }
        }
    }

    private void acquire(int signals) {
        QuotaExceededException refusal =
                state.rates().take(signals, tidal.clock().monotonicNanos());
        if (refusal != null) {
            state.throttled(signals);
            throw refusal;
        }
    }

    /** One shard's share of a write. */
    private record Part(TenantShard shard, ByteBuffer records, SortedMap<Long, String> names) {

        List<EntityName> namesToRecord() {
            return names.entrySet().stream()
                    .map(name -> new EntityName(name.getKey(), name.getValue()))
                    .toList();
        }
    }

    private List<Part> encode(List<Signal> signals) {
        List<TenantShard> slots = state.slots();
        Part[] bySlot = new Part[slots.size()];
        long now = tidal.clock().wallNanos();
        for (Signal signal : signals) {
            int type = tidal.schema().index(signal.type());
            long eventNanos = signal.eventNanos() == Signal.NOW ? now : signal.eventNanos();
            if (eventNanos - now > tidal.maxFutureNanos()) {
                throw new TidalException(
                        ErrorCode.EVENT_TIME_TOO_FAR,
                        "event time " + EventTime.instant(eventNanos) + " of signal " + signal.type() + " for entity "
                                + signal.entity() + " is too far ahead: expected at most "
                                + Duration.ofNanos(tidal.maxFutureNanos()) + " after " + EventTime.instant(now)
                                + "; check the clock that made it");
            }
            int slot = router.slot(signal.entity().value());
            Part part = bySlot[slot];
            if (part == null) {
                part = new Part(
                        slots.get(slot),
                        ByteBuffer.allocate(SignalRecords.BYTES * (slots.size() == 1 ? signals.size() : 16))
                                .order(ByteOrder.LITTLE_ENDIAN),
                        new TreeMap<>());
                bySlot[slot] = part;
            } else if (part.records.remaining() < SignalRecords.BYTES) {
                ByteBuffer larger =
                        ByteBuffer.allocate(part.records.capacity() * 2).order(ByteOrder.LITTLE_ENDIAN);
                part = new Part(part.shard, larger.put(part.records.flip()), part.names);
                bySlot[slot] = part;
            }
            int at = part.records.position();
            SignalRecords.put(part.records, at, signal.entity().value(), type, (float) signal.weight(), eventNanos);
            part.records.position(at + SignalRecords.BYTES);
            if (signal.name() != null) {
                name(part, signal.entity(), signal.name());
            }
        }
        List<Part> parts = new ArrayList<>(1);
        for (Part part : bySlot) {
            if (part != null) {
                parts.add(part);
            }
        }
        return parts;
    }

    private void name(Part part, EntityId entity, String name) {
        String recorded = part.shard.name(entity.value());
        String known = recorded != null ? recorded : part.names.putIfAbsent(entity.value(), name);
        if (known != null && !known.equals(name)) {
            throw TenantShard.nameCollision(state.config().id(), entity.value(), name, known);
        }
    }
}
