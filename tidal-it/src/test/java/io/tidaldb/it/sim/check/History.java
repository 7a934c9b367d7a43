package io.tidaldb.it.sim.check;

import io.tidaldb.api.Durability;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What was asked for, and what was answered. Each signal has an event time of its own, by which it is known wherever it turns up. */
public final class History {

    private final List<Write> writes = new ArrayList<>();
    private final Map<Long, Write> byEvent = new HashMap<>();

    /** A write, tried once or several times under the same key. */
    public static final class Write {

        private final TenantId tenant;
        private final List<Signal> signals;
        private final Durability level;
        private final @Nullable IdempotencyKey key;
        private @Nullable Position position;
        private long heldNanos;
        private int open;
        private boolean uncertain;

        private Write(TenantId tenant, List<Signal> signals, Durability level, @Nullable IdempotencyKey key) {
            this.tenant = tenant;
            this.signals = List.copyOf(signals);
            this.level = level;
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

        /** Returns when it is to be acknowledged. */
        public Durability level() {
            return level;
        }

        /** Returns the key under which it is retried, or null if it is not. */
        public @Nullable IdempotencyKey key() {
            return key;
        }

        /** It is tried once more. */
        public void tried() {
            open++;
        }

        /** An attempt was acknowledged, at a time by the world's clock. */
        public void acknowledged(Position at, long nanos) {
            open--;
            heldNanos = position == null ? nanos : heldNanos;
            position = at;
        }

        /** Returns when it was acknowledged first, by the world's clock. */
        public long heldNanos() {
            return heldNanos;
        }

        /** An attempt failed. */
        public void failed(TidalException reason) {
            open--;
            uncertain |= reason.code().outcome() != Outcome.NOT_APPLIED;
        }

        /** Returns where it is, once it is acknowledged. */
        public @Nullable Position position() {
            return position;
        }

        /** Returns whether it must be there. What is acknowledged before its sync may be lost. */
        public boolean mustBeThere() {
            return position != null && level != Durability.ASYNC;
        }

        /** Returns whether it must not be there: every attempt was refused. */
        public boolean mustNotBeThere() {
            return position == null && open == 0 && !uncertain;
        }

        @Override
        public String toString() {
            return "write of " + tenant + " of " + signals.size() + " signals from event "
                    + signals.get(0).eventNanos()
                    + " at level " + level + (key == null ? "" : " with key " + key)
                    + (position == null ? "" : ", acknowledged at " + position);
        }
    }

    /** Adds a write that is going to be tried. */
    public Write begin(TenantId tenant, List<Signal> signals, Durability level, @Nullable IdempotencyKey key) {
        Write write = new Write(tenant, signals, level, key);
        writes.add(write);
        signals.forEach(signal -> byEvent.put(signal.eventNanos(), write));
        return write;
    }

    /** A tenant was deleted: what it wrote is as if it had never been written. */
    public void erased(TenantId tenant) {
        writes.removeIf(write -> write.tenant().equals(tenant));
        byEvent.values().removeIf(write -> write.tenant().equals(tenant));
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
