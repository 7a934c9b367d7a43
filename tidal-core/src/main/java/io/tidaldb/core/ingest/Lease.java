package io.tidaldb.core.ingest;

import io.tidaldb.core.runtime.Clock;
import java.time.Duration;

/**
 * For how long a node may take writes for what it leads: until then nobody else was made the leader of any of it.
 *
 * <p>Counted by both clocks of the machine: one that was suspended has only one of them that says so. Safe for any number of threads.
 */
public final class Lease {

    private final Clock clock;

    /** It never ends where nobody takes anything over. */
    private volatile End end = new End(0, 0, true);

    private record End(long monotonicNanos, long wallNanos, boolean never) {}

    Lease(Clock clock) {
        this.clock = clock;
    }

    /** Makes it end, at once, unless it is extended. */
    public void limit() {
        end = new End(clock.monotonicNanos(), clock.wallNanos(), false);
    }

    /** A moment, by both clocks. */
    public record Moment(long monotonicNanos, long wallNanos) {}

    /** Returns what the clocks say now. */
    public Moment now() {
        return new Moment(clock.monotonicNanos(), clock.wallNanos());
    }

    /** Lets it last for so long from a moment on; never shortens it. Called by one thread at a time. */
    public void extend(Moment from, Duration length) {
        End before = end;
        long until = from.monotonicNanos + length.toNanos();
        if (!before.never && until - before.monotonicNanos > 0) {
            end = new End(until, from.wallNanos + length.toNanos(), false);
        }
    }

    /** Returns whether it lasts. */
    public boolean holds() {
        End until = end;
        return until.never
                || until.monotonicNanos - clock.monotonicNanos() > 0 && until.wallNanos - clock.wallNanos() > 0;
    }

    /** Returns for how long it has not lasted; 0 while it does. */
    long overdueNanos() {
        return holds() ? 0 : Math.max(1, clock.monotonicNanos() - end.monotonicNanos);
    }
}
