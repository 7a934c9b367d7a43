package io.tidaldb.core.write;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.OverloadedException;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.codec.EntityName;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.ingest.TenantState;
import io.tidaldb.core.ingest.WriteRequest;
import io.tidaldb.core.routing.ShardRouter;
import io.tidaldb.core.runtime.Clock;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The way of a tenant's write to the commit loops: checks, routes and encodes in the caller's thread, so that a loop only copies. Takes
 * permits, room in the queue and, for a write to several slots, what the caps allow, in that order; a refusal gives back what was taken.
 *
 * <p>Safe for any number of threads.
 */
public final class WriteAdmission {

    private static final int MAX_SIGNALS = 100_000;

    /** Leaves room for what else goes into the same batch, which holds at most 32 MiB. */
    private static final long MAX_WRITE_BYTES = 16L << 20;

    private final Instance tidal;
    private final TenantState state;
    private final ShardRouter router;

    /** Creates what admits writes of one tenant. */
    public WriteAdmission(Instance tidal, TenantState state, ShardRouter router) {
        this.tidal = tidal;
        this.state = state;
        this.router = router;
    }

    /** Returns how many slots the tenant has. */
    int slots() {
        return router.slots();
    }

    /** Sends on the parts of a write that slots take which are led by other nodes. */
    @FunctionalInterface
    public interface Elsewhere {

        /** Sends a part; its answer goes to the write. */
        void send(int slot, EncodedSignals part, WriteOptions options, PendingWrite write);
    }

    /**
     * Admits a write and queues its parts.
     *
     * @param callbacks completes the result, or null if nobody but a waiting thread looks at it
     * @param elsewhere takes what is led by other nodes; null if nothing may be
     * @throws TidalException why it is refused; nothing was queued then, and what it had taken is given back
     */
    public PendingWrite submit(
            List<Signal> signals, WriteOptions options, @Nullable Executor callbacks, @Nullable Elsewhere elsewhere) {
        tidal.checkOpen();
        checkSize(signals.size());
        checkLevel(options);
        // Before anything is encoded: a refused flood must cost next to nothing.
        acquire(signals.size());
        return admitted(signals.size(), () -> queue(encode(signals), options, callbacks, elsewhere));
    }

    /**
     * Admits a write that another node has encoded.
     *
     * @param paid whether the tenant's rate was taken where its first slot is led
     */
    public PendingWrite submit(
            EncodedSignals signals, WriteOptions options, boolean paid, @Nullable Elsewhere elsewhere) {
        tidal.checkOpen();
        checkSize(signals.count());
        checkLevel(options);
        if (paid) {
            return queue(split(signals), options, tidal.callbacks(), elsewhere);
        }
        acquire(signals.count());
        return admitted(signals.count(), () -> queue(split(signals), options, tidal.callbacks(), elsewhere));
    }

    /**
     * Admits a record that is no signal, and queues it.
     *
     * @param paid as above
     */
    public PendingWrite submit(UserRecord record, TenantShard shard, WriteOptions options, boolean paid) {
        tidal.checkOpen();
        checkLevel(options);
        if (!paid) {
            acquire(1);
        }
        try {
            return queue(record, shard, options);
        } catch (TidalException e) {
            if (!paid) {
                state.refund(1);
            }
            throw e;
        }
    }

    private PendingWrite queue(UserRecord record, TenantShard shard, WriteOptions options) {
        shard.readable();
        shard.admit(1);
        PendingWrite write = new PendingWrite(1, tidal.callbacks());
        WriteRequest request = new WriteRequest(
                shard,
                record,
                options.idempotencyKey().orElse(null),
                level(options),
                Clock.nanos(options.deadline()),
                write);
        if (!state.enqueue(request.queueBytes())) {
            throw new OverloadedException("tenant " + state.config().id()
                    + " has as much waiting to be committed as it may; try again after a pause");
        }
        shard.loop().write(request);
        return write;
    }

    /** Takes a permit for one record that another node commits. */
    public void acquireOne() {
        acquire(1);
    }

    /** Encodes a write for another node to admit; checks what can be checked here. */
    public EncodedSignals forward(List<Signal> signals, WriteOptions options) {
        tidal.checkOpen();
        checkSize(signals.size());
        checkLevel(options);
        Part whole = new Part(0, null, signals.size());
        long now = tidal.clock().wallNanos();
        signals.forEach(signal -> add(whole, signal, now));
        return whole.encoded();
    }

    private PendingWrite admitted(int signals, Supplier<PendingWrite> queueing) {
        try {
            return queueing.get();
        } catch (TidalException e) {
            state.refund(signals);
            throw e;
        }
    }

    private void checkSize(int signals) {
        if (signals < 1 || signals > MAX_SIGNALS) {
            throw TidalException.invalid("a write of " + signals + " signals to tenant "
                    + state.config().id() + " is out of range: expected 1 to " + MAX_SIGNALS);
        }
    }

    private Durability level(WriteOptions options) {
        return options.durability().orElse(state.config().durability());
    }

    private void checkLevel(WriteOptions options) {
        Durability level = level(options);
        if (state.config().writes() == WriteMode.EVERYWHERE && level != Durability.LOCAL) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "tenant " + state.config().id() + " is written in every region, each by itself, so durability "
                            + level + " can't be had: expected LOCAL");
        }
        if (level == Durability.MAJORITY || level == Durability.ALL) {
            requireReplicas(level);
        }
    }

    private PendingWrite queue(
            List<Part> parts, WriteOptions options, @Nullable Executor callbacks, @Nullable Elsewhere elsewhere) {
        Durability level = level(options);
        @Nullable IdempotencyKey key = options.idempotencyKey().orElse(null);
        long waitNanos = Clock.nanos(options.deadline());
        PendingWrite write = new PendingWrite(parts.size(), callbacks);
        List<WriteRequest> requests = new ArrayList<>(parts.size());
        long bytes = 0;
        for (Part part : parts) {
            @Nullable TenantShard shard = part.shard;
            if (shard != null) {
                // A slot that can't take its part must not leave the others with theirs.
                shard.readable();
                shard.admit(part.records.position() / SignalRecords.BYTES);
                WriteRequest request = new WriteRequest(
                        shard, part.records.flip(), part.namesToRecord(), key, level, waitNanos, write);
                bytes += request.queueBytes();
                requests.add(request);
            } else if (elsewhere == null) {
                throw notLedHere(part.slot);
            }
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
        if (elsewhere != null) {
            parts.stream()
                    .filter(part -> part.shard == null)
                    .forEach(part -> elsewhere.send(part.slot, part.encoded(), options, write));
        }
        return write;
    }

    private TidalException notLedHere(int slot) {
        return new TidalException(
                ErrorCode.NOT_OWNER,
                "slot " + slot + " of tenant " + state.config().id() + " is led by another node than the one asked");
    }

    // What goes to one slot is admitted by its loop. What goes to several is admitted here, before any of it is queued.
    private void admitWhole(List<WriteRequest> requests) {
        if (requests.size() > 1 && !isRetry(requests) && state.caps().apply()) {
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

    /** One slot's share of a write. */
    private static final class Part {

        final int slot;
        /** Null if the slot is led elsewhere. */
        final @Nullable TenantShard shard;

        ByteBuffer records;
        private SortedMap<Long, String> names = Collections.emptySortedMap();

        Part(int slot, @Nullable TenantShard shard, int signals) {
            this.slot = slot;
            this.shard = shard;
            this.records = ByteBuffer.allocate(SignalRecords.BYTES * signals).order(ByteOrder.LITTLE_ENDIAN);
        }

        /** Returns where the next record goes. */
        int next() {
            if (records.remaining() < SignalRecords.BYTES) {
                records = ByteBuffer.allocate(records.capacity() * 2)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(records.flip());
            }
            int at = records.position();
            records.position(at + SignalRecords.BYTES);
            return at;
        }

        /** Returns what an entity is called already; null, and it is called so from now on, if it has no name. */
        @Nullable
        String name(long entity, String name) {
            if (names.isEmpty()) {
                names = new TreeMap<>();
            }
            return names.putIfAbsent(entity, name);
        }

        List<EntityName> namesToRecord() {
            return names.isEmpty()
                    ? List.of()
                    : names.entrySet().stream()
                            .map(name -> new EntityName(name.getKey(), name.getValue()))
                            .toList();
        }

        EncodedSignals encoded() {
            return new EncodedSignals(records.flip(), names);
        }
    }

    private List<Part> encode(List<Signal> signals) {
        Part[] bySlot = new Part[router.slots()];
        long now = tidal.clock().wallNanos();
        for (Signal signal : signals) {
            add(part(bySlot, signal.entity().value(), signals.size()), signal, now);
        }
        return present(bySlot);
    }

    private List<Part> split(EncodedSignals signals) {
        Part[] bySlot = new Part[router.slots()];
        for (int at = 0; at < signals.records().limit(); at += SignalRecords.BYTES) {
            long entity = SignalRecords.entity(signals.records(), at);
            int type = SignalRecords.type(signals.records(), at);
            if (tidal.schema().entry(type) == null) {
                throw new TidalException(
                        ErrorCode.UNKNOWN_SIGNAL, "signal type " + type + " of a forwarded write is not declared");
            }
            Part part = part(bySlot, entity, signals.count());
            int next = part.next();
            part.records.put(next, signals.records(), at, SignalRecords.BYTES);
            String name = signals.names().get(entity);
            if (name != null) {
                name(part, EntityId.of(entity), name);
            }
        }
        return present(bySlot);
    }

    private Part part(Part[] bySlot, long entity, int signals) {
        int slot = router.slot(entity);
        Part part = bySlot[slot];
        if (part == null) {
            part = new Part(slot, state.leading(slot), bySlot.length == 1 ? signals : 16);
            bySlot[slot] = part;
        }
        return part;
    }

    private static List<Part> present(Part[] bySlot) {
        List<Part> parts = new ArrayList<>(1);
        for (Part part : bySlot) {
            if (part != null) {
                parts.add(part);
            }
        }
        return parts;
    }

    private void add(Part part, Signal signal, long now) {
        int type = tidal.schema().index(signal.type());
        long eventNanos = signal.eventNanos() == Signal.NOW ? now : signal.eventNanos();
        if (tidal.isTooFarAhead(eventNanos, now)) {
            throw new TidalException(
                    ErrorCode.EVENT_TIME_TOO_FAR,
                    "event time " + EventTime.instant(eventNanos) + " of signal " + signal.type() + " for entity "
                            + signal.entity() + " is too far ahead: expected at most "
                            + Duration.ofNanos(tidal.maxFutureNanos()) + " after " + EventTime.instant(now)
                            + "; check the clock that made it");
        }
        int at = part.next();
        SignalRecords.put(part.records, at, signal.entity().value(), type, (float) signal.weight(), eventNanos);
        if (signal.name() != null) {
            name(part, signal.entity(), signal.name());
        }
    }

    private void name(Part part, EntityId entity, String name) {
        String recorded = part.shard == null ? null : part.shard.name(entity.value());
        String known = recorded != null ? recorded : part.name(entity.value(), name);
        if (known != null && !known.equals(name)) {
            throw TenantShard.nameCollision(state.config().id(), entity.value(), name, known);
        }
    }
}
