package io.tidaldb.it.sim.check;

import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.Signal;
import io.tidaldb.core.codec.SeqnoRanges;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.it.sim.SimulatedMachine;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What users asked members for, and what they were answered, where tenants come and go with outcomes that may stay unknown. Each signal has
 * an event time of its own.
 */
public final class MemberHistory {

    /** For how long a deletion may still be agreed that nobody has answered: longer than any election. */
    private static final long STILL_AGREED_NANOS = 30_000_000_000L;

    private final List<Write> writes = new ArrayList<>();
    private final Map<Long, Write> byEvent = new HashMap<>();
    private final Map<TenantId, Long> uncertainUntil = new TreeMap<>();
    private final List<Erasure> erasures = new ArrayList<>();

    /** An entity of a tenant that somebody has asked to be erased. Until that is complete nobody knows what of it is there. */
    public final class Erasure {

        private final TenantId tenant;
        private final long entity;
        private final List<Write> before;

        private Erasure(TenantId tenant, long entity, List<Write> before) {
            this.tenant = tenant;
            this.entity = entity;
            this.before = before;
        }

        /**
         * It is complete: what was acknowledged before it was asked for is gone, from the logs on all disks as well, and what is begun from now on
         * is not.
         *
         * @param machines those with the disks
         */
        public void complete(Collection<SimulatedMachine> machines) {
            before.forEach(write -> write.erased.add(entity));
            erasures.remove(this);
            machines.forEach(this::mustBeGone);
        }

        private void mustBeGone(SimulatedMachine machine) {
            Logs logs = Logs.readableOn(machine);
            for (LogId log : logs.logs()) {
                if (log.tenant().equals(tenant)) {
                    // What is sealed nobody reads here.
                    logs.of(log).stream()
                            .filter(batch -> !batch.isSealed())
                            .forEach(batch -> mustBeGone(machine, log, batch));
                }
            }
        }

        private void mustBeGone(SimulatedMachine machine, LogId log, WalBatch batch) {
            new Node.Counted(batch, SeqnoRanges.NONE).forEachSignal((payload, at, seqno) -> {
                Write write = byEvent.get(SignalRecords.eventNanos(payload, at));
                if (SignalRecords.entity(payload, at) == entity && before.contains(write)) {
                    throw new AssertionError("entity " + Long.toUnsignedString(entity) + " of " + tenant
                            + " is erased everywhere, and on " + machine.id() + " log " + log + " has it at "
                            + Seqno.print(seqno) + ", of " + write);
                }
            });
        }
    }

    /** A write, tried once or several times under the same key. */
    public static final class Write {

        private final TenantId tenant;
        private final List<Signal> signals;
        private final @Nullable IdempotencyKey key;
        private boolean acknowledged;
        private int open;
        private boolean uncertain;
        private boolean mayBeGone;
        private boolean gone;

        /** Entities that were erased after it. */
        private final Set<Long> erased = new HashSet<>();

        /** Entities that were erased, but maybe before it. */
        private final Set<Long> mayBeErased = new HashSet<>();

        private Write(TenantId tenant, List<Signal> signals, @Nullable IdempotencyKey key) {
            this.tenant = tenant;
            this.signals = List.copyOf(signals);
            this.key = key;
        }

        /** Returns whose it is. */
        public TenantId tenant() {
            return tenant;
        }

        /** Returns what it writes. */
        public List<Signal> signals() {
            return signals;
        }

        /** Returns the key under which it is retried, or null if it is not. */
        public @Nullable IdempotencyKey key() {
            return key;
        }

        /** It is tried once more. */
        public void tried() {
            open++;
        }

        /** An attempt was acknowledged. */
        public void acknowledge() {
            open--;
            acknowledged = true;
        }

        /** An attempt failed. */
        public void failed(TidalException reason) {
            open--;
            uncertain |= reason.code().outcome() != Outcome.NOT_APPLIED;
        }

        /** Whoever made an attempt has ended with its process. */
        public void orphaned() {
            open--;
            uncertain = true;
        }

        /** Returns whether nobody needs to try it again. */
        public boolean isOver() {
            return acknowledged || gone || mayBeGone;
        }

        /** Returns whether an attempt has neither been answered nor lost its user. */
        public boolean isOpen() {
            return open > 0;
        }

        /** Returns whether its signals of an entity must be there. */
        public boolean mustBeThere(long entity) {
            return acknowledged && !gone && !mayBeGone && !mayBeErased.contains(entity);
        }

        /** Returns whether none of its signals of an entity may be there. */
        public boolean mustNotBeThere(long entity) {
            return gone || !acknowledged && open == 0 && !uncertain || erased.contains(entity);
        }

        @Override
        public String toString() {
            return "write of " + tenant + " of " + signals.size() + " signals from event "
                    + signals.get(0).eventNanos()
                    + (acknowledged ? ", acknowledged" : uncertain ? ", of unknown outcome" : ", refused")
                    + (gone ? ", of a tenant that was deleted" : mayBeGone ? ", which may be deleted" : "");
        }
    }

    /** Adds a write that is going to be tried. */
    public Write begin(TenantId tenant, List<Signal> signals, @Nullable IdempotencyKey key, long nowNanos) {
        Write write = new Write(tenant, signals, key);
        write.mayBeGone = isUncertain(tenant, nowNanos);
        erasures.stream()
                .filter(erasure -> erasure.tenant.equals(tenant))
                .forEach(erasure -> write.mayBeErased.add(erasure.entity));
        writes.add(write);
        signals.forEach(signal -> byEvent.put(signal.eventNanos(), write));
        return write;
    }

    private boolean isUncertain(TenantId tenant, long nowNanos) {
        return nowNanos < uncertainUntil.getOrDefault(tenant, Long.MIN_VALUE);
    }

    /**
     * A tenant was deleted: nothing that was begun before may be seen again.
     *
     * @param everywhere whether no member has it any more; one that has not heard of it yet may still take what it then erases
     */
    public void deleted(TenantId tenant, boolean everywhere, long nowNanos) {
        boolean uncertain = isUncertain(tenant, nowNanos);
        if (!everywhere) {
            uncertainUntil.put(tenant, nowNanos + STILL_AGREED_NANOS);
        }
        of(tenant).forEach(write -> {
            if (uncertain) {
                write.mayBeGone = true;
            } else {
                write.gone = true;
            }
        });
    }

    /** Somebody asks for the erasure of an entity. */
    public Erasure erasing(TenantId tenant, long entity) {
        List<Write> all = of(tenant);
        Erasure erasure = new Erasure(
                tenant,
                entity,
                all.stream()
                        .filter(write -> write.acknowledged && !write.isOpen())
                        .toList());
        all.forEach(write -> write.mayBeErased.add(entity));
        erasures.add(erasure);
        return erasure;
    }

    /** A tenant may be deleted, now or later. */
    public void mayBeDeleted(TenantId tenant, long nowNanos) {
        uncertainUntil.put(tenant, nowNanos + STILL_AGREED_NANOS);
        of(tenant).forEach(write -> write.mayBeGone = true);
    }

    private List<Write> of(TenantId tenant) {
        return writes.stream().filter(write -> write.tenant.equals(tenant)).toList();
    }

    /** Returns all writes, in order. */
    public List<Write> writes() {
        return Collections.unmodifiableList(writes);
    }

    /** Returns the write that a signal belongs to, or null if nobody ever wrote it. */
    public @Nullable Write of(long eventNanos) {
        return byEvent.get(eventNanos);
    }
}
