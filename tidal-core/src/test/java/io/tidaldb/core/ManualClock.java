package io.tidaldb.core;

import io.tidaldb.core.runtime.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that stands still until a test moves it. */
public final class ManualClock implements Clock {

    static final Instant START = Instant.parse("2026-11-21T10:00:00Z");

    private final AtomicLong wallNanos = new AtomicLong(EventTime.nanos(START));
    private final AtomicLong monotonicNanos = new AtomicLong(1_000_000_000L);

    @Override
    public long wallNanos() {
        return wallNanos.get();
    }

    @Override
    public long monotonicNanos() {
        return monotonicNanos.get();
    }

    Instant now() {
        return EventTime.instant(wallNanos());
    }

    void advance(Duration time) {
        advanceNanos(time.toNanos());
    }

    public void advanceNanos(long nanos) {
        wallNanos.addAndGet(nanos);
        monotonicNanos.addAndGet(nanos);
    }

    /** Sets the wall clock, as an operator or NTP does; the monotonic one goes on. */
    void jumpTo(Instant time) {
        wallNanos.set(EventTime.nanos(time));
    }
}
