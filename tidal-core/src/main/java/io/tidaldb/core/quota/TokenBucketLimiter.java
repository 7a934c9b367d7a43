package io.tidaldb.core.quota;

import io.tidaldb.api.TidalException;
import io.tidaldb.api.limit.RateLimiter;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A token bucket as a generic cell rate algorithm: instead of a fill level and the time of it, one number says how far the callers have
 * come, and the bucket's fill follows from it and the time.
 *
 * <p>{@code refilled(t)} is what the rate has brought since creation, in the units of {@link TokenScale}. {@code taken} is what was
 * granted, raised to {@code refilled} whenever the bucket was full. Invariant, for the latest time t that anybody passed:
 * {@code taken - refilled(t) <= burstUnits}, and the difference, if above 0, is what is missing from a full bucket.
 *
 * <p>Both numbers go round the circle of 64 bits. That is harmless as long as their difference is small; one that is not can only come
 * from a long idle time (106 days at the highest rate), after which the bucket is full.
 *
 * <p>Any number of threads, lock-free, without allocation.
 */
final class TokenBucketLimiter implements RateLimiter {

    static final long SECOND = 1_000_000_000L;

    // Beyond this many seconds (126 years) a wait is not worth computing to the nanosecond.
    private static final long FAR_SECONDS = 4_000_000_000L;

    // Up to here the arithmetic of a wait stays inside 63 bits, and its estimate inside the 53 of a double.
    private static final long MAX_SHORT_UNITS = Long.MAX_VALUE / SECOND;
    private static final long MAX_SHORT_WAIT = 1L << 50;

    private final TokenScale scale;
    private final long maxPermits;
    private final long unitsPerNano;
    private final long unitsPerSecondBeyond;
    private final double secondsPerUnit;
    private final long startNanos;

    /** Latest time passed, since creation. Only grows. */
    private final AtomicLong latestNanos = new AtomicLong();

    private final AtomicLong taken = new AtomicLong();

    // The last answer to a caller who wanted one permit, so that a flood of them costs no arithmetic: a sequence lock,
    // odd
    // while it is written.
    private final AtomicInteger knownVersion = new AtomicInteger();
    private long knownTaken;
    private long knownReady;

    TokenBucketLimiter(TokenScale scale, long startNanos) {
        this.scale = scale;
        this.startNanos = startNanos;
        maxPermits = scale.burstUnits() / scale.permitUnits();
        unitsPerNano = scale.unitsPerSecond() / SECOND;
        unitsPerSecondBeyond = scale.unitsPerSecond() % SECOND;
        secondsPerUnit = 1.0 / scale.unitsPerSecond();
    }

    @Override
    public long tryAcquire(long permits, long nowNanos) {
        checkPermits(permits);
        if (permits > maxPermits) {
            return NEVER;
        }
        long cost = permits * scale.permitUnits();
        advanceTo(nowNanos);
        while (true) {
            long before = taken.get();
            // Read after "taken": it is at least the time at which "taken" was written, so that the invariant holds
            // between the two.
            long elapsed = latestNanos.get();
            long ready = permits == 1 ? knownReady(before) : 0;
            if (elapsed < ready) {
                return ready - elapsed;
            }
            long refilled = refilled(elapsed);
            long after = missing(before, refilled) + cost;
            if (after > scale.burstUnits()) {
                long wait = waitFor(after - scale.burstUnits(), elapsed);
                if (permits == 1) {
                    know(before, elapsed + wait);
                }
                return wait;
            }
            if (taken.compareAndSet(before, refilled + after)) {
                return GRANTED;
            }
        }
    }

    @Override
    public void refund(long permits) {
        checkPermits(permits);
        // A bucket that is full already shows as one that is over-full, and counts as full.
        taken.addAndGet(-Math.min(permits, maxPermits) * scale.permitUnits());
    }

    @Override
    public double available(long nowNanos) {
        long before = taken.get();
        long elapsed = Math.max(latestNanos.get(), nowNanos - startNanos);
        return (double) (scale.burstUnits() - missing(before, refilled(elapsed))) / scale.permitUnits();
    }

    /** Returns from when on one permit fits as long as nobody takes or gives back any, or 0 if that is not known. */
    private long knownReady(long taken) {
        int version = knownVersion.get();
        long of = knownTaken;
        long ready = knownReady;
        VarHandle.loadLoadFence();
        return (version & 1) == 0 && of == taken && knownVersion.get() == version ? ready : 0;
    }

    private void know(long taken, long ready) {
        int version = knownVersion.get();
        // Whoever comes while another writes leaves it: the next refusal computes once more.
        if ((version & 1) == 0 && knownVersion.compareAndSet(version, version + 1)) {
            knownTaken = taken;
            knownReady = ready;
            knownVersion.set(version + 2);
        }
    }

    private void advanceTo(long nowNanos) {
        // The difference is right even where the clock's origin makes it wrap.
        long elapsed = nowNanos - startNanos;
        long seen = latestNanos.get();
        while (elapsed > seen && !latestNanos.compareAndSet(seen, elapsed)) {
            seen = latestNanos.get();
        }
    }

    private long missing(long taken, long refilled) {
        long missing = taken - refilled;
        return missing < 0 || missing > scale.burstUnits() ? 0 : missing;
    }

    /** The whole units that the rate has brought: floor(elapsed * unitsPerSecond / SECOND), modulo 2^64, in parts that don't overflow. */
    private long refilled(long elapsed) {
        long seconds = elapsed / SECOND;
        long nanos = elapsed % SECOND;
        return elapsed * unitsPerNano + seconds * unitsPerSecondBeyond + nanos * unitsPerSecondBeyond / SECOND;
    }

    // The first nanosecond that brings enough: what is missing, less the part of a unit that has come already, rounded
    // up.
    private long waitFor(long units, long elapsed) {
        if (units > MAX_SHORT_UNITS) {
            return longWaitFor(units, elapsed);
        }
        long missing = units * SECOND - elapsed % SECOND * unitsPerSecondBeyond % SECOND;
        // A refusal has to be cheaper than a division; the estimate is off by one at most.
        long wait = (long) (missing * secondsPerUnit);
        if (wait > MAX_SHORT_WAIT) {
            return longWaitFor(units, elapsed);
        }
        long rest = missing - wait * scale.unitsPerSecond();
        if (rest > 0) {
            return rest > scale.unitsPerSecond() ? wait + 2 : wait + 1;
        }
        return rest <= -scale.unitsPerSecond() ? wait - 1 : wait;
    }

    private long longWaitFor(long units, long elapsed) {
        long seconds = units / scale.unitsPerSecond();
        if (seconds >= FAR_SECONDS) {
            return seconds >= NEVER / SECOND - 1 ? NEVER - 1 : (seconds + 1) * SECOND;
        }
        double rest = (double) SECOND * (units % scale.unitsPerSecond()) / scale.unitsPerSecond();
        // One or two too few, so that the steps below end at the first nanosecond that is enough.
        long wait = Math.max(1, seconds * SECOND + (long) rest - 1);
        long refilled = refilled(elapsed);
        while (refilled(elapsed + wait) - refilled < units) {
            wait++;
        }
        return wait;
    }

    private static void checkPermits(long permits) {
        if (permits < 1) {
            throw TidalException.invalid("number of permits " + permits + " is out of range: expected 1 or more");
        }
    }
}
