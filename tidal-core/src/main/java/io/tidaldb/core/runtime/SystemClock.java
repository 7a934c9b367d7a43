package io.tidaldb.core.runtime;

import java.time.Instant;

/** The clocks of this machine. */
public final class SystemClock implements Clock {

    @Override
    public long wallNanos() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    @Override
    public long monotonicNanos() {
        return System.nanoTime();
    }
}
