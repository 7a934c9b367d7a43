package io.tidaldb.core.crdt;

import io.tidaldb.core.runtime.Clock;

/**
 * A hybrid logical clock: 48 bits of Unix milliseconds above a 16-bit counter, never going back, close to the wall clock.
 *
 * <p>After Kulkarni et al., "Logical Physical Clocks and Consistent Snapshots in Globally Distributed Databases", 2014. Loop-confined.
 */
public final class Hlc {

    private static final int COUNTER_BITS = 16;

    private final Clock clock;
    private long last;

    /** Starts at the wall clock's time. */
    public Hlc(Clock clock) {
        this.clock = clock;
    }

    /** Returns a stamp above all that were returned or observed. A counter that runs over moves on to the next millisecond. */
    public long next() {
        long wall = (clock.wallNanos() / 1_000_000) << COUNTER_BITS;
        last = Math.max(wall, last + 1);
        return last;
    }

    /** Makes all later stamps lie above this one: a stamp found in a log or received. */
    public void observe(long stamp) {
        last = Math.max(last, stamp);
    }

    /** Returns by how much the last stamp lies ahead of the wall clock; 0 if it does not. */
    public long aheadMillis() {
        return Math.max(0, millis(last) - clock.wallNanos() / 1_000_000);
    }

    /** Returns the milliseconds of a stamp. */
    public static long millis(long stamp) {
        return stamp >>> COUNTER_BITS;
    }
}
