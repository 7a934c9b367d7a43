package io.tidaldb.it.sim;

import io.tidaldb.core.runtime.Clock;
import io.tidaldb.testkit.VirtualTime;
import java.time.Duration;

/**
 * The clocks of a machine. Both gain as its profile says; the wall clock is off by its skew and by its jumps. Invariant: the monotonic
 * clock never goes back, and its rate never changes, so that of two timers the one that is due first by it fires first.
 */
final class SimulatedClock implements Clock {

    /** When the world begins, by a perfect wall clock: 2026-01-01. */
    private static final long BEGINNING_NANOS = 1_767_225_600L * 1_000_000_000;

    private final VirtualTime time;
    private final long driftPerMillion;
    private final long originNanos;
    private long wallOffsetNanos;

    SimulatedClock(VirtualTime time, MachineProfile profile, SimulatedRandom random) {
        this.time = time;
        this.driftPerMillion = profile.driftPerMillion();
        // Each machine's own: a comparison of two machines' monotonic times must not work by accident.
        this.originNanos = random.below(1L << 50);
        this.wallOffsetNanos = BEGINNING_NANOS + profile.skew().toNanos();
    }

    @Override
    public long wallNanos() {
        return wallOffsetNanos + local(time.nanoTime());
    }

    @Override
    public long monotonicNanos() {
        return originNanos + local(time.nanoTime());
    }

    void jump(Duration ahead) {
        wallOffsetNanos += ahead.toNanos();
    }

    /** Returns the first moment of the world at which this much has passed here. */
    long worldNanosAfter(long delayNanos) {
        long now = time.nanoTime();
        if (driftPerMillion == 0) {
            return now + delayNanos;
        }
        long due = local(now) + delayNanos;
        long world = due - scaled(due, driftPerMillion, SimulatedRandom.MILLION + driftPerMillion);
        while (local(world) < due) {
            world++;
        }
        while (local(world - 1) >= due) {
            world--;
        }
        return Math.max(world, now);
    }

    private long local(long worldNanos) {
        return driftPerMillion == 0
                ? worldNanos
                : worldNanos + scaled(worldNanos, driftPerMillion, SimulatedRandom.MILLION);
    }

    /** Returns about {@code value * by / of}, rounded down, without overflow for the times of a long run. */
    private static long scaled(long value, long by, long of) {
        return value / of * by + Math.floorDiv(value % of * by, of);
    }
}
