package io.tidaldb.core.runtime;

import java.time.Duration;

/** The time, as given to whatever needs it: real in production, virtual in a simulation. Safe for any number of threads. */
public interface Clock {

    /** Returns nanoseconds since 1970 by the wall clock, which may jump. */
    long wallNanos();

    /** Returns nanoseconds of a clock that never goes back; its origin means nothing. */
    long monotonicNanos();

    /** Returns nanoseconds, at most 2^63 - 1. */
    static long nanos(Duration duration) {
        try {
            return duration.toNanos();
        } catch (ArithmeticException e) {
            return Long.MAX_VALUE;
        }
    }
}
