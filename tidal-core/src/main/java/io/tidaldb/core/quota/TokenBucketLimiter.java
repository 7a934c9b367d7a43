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
 * granted, raised to {@code refilled} whenever the bucket was full. The difference, if above 0, is what is missing from a full bucket: at most
 * {@code burstUnits} at the latest time t that anybody passed, more at an earlier one.
 *
 * <p>Both numbers go round the circle of 64 bits. That is harmless as long as their difference is small; one that is not can only come
 * from a long idle time (106 days at the highest rate). So a bucket that nobody asked for half as long is full, whatever the numbers say.
 *
 * <p>Only what is granted is counted by a compare-and-swap. The latest time is just written: if a thread that was held up puts it back, a
 * caller whose own time is as old is granted less, never more.
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

    // Twice the largest burst, and half as much as would look like less than nothing.
    private static final long LAP_UNITS = 1L << 62;

    private final TokenScale scale;
    private final long maxPermits;
    private final long unitsPerNano;
    private final long unitsPerSecondBeyond;
    private final double secondsPerUnit;
    private final long startNanos;

    /** After how long without a caller the bucket is full whatever the numbers say: they may soon have gone round. */
    private final long lapNanos;

    /** About the latest time passed, since creation. */
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
        long seconds = LAP_UNITS / scale.unitsPerSecond();
        lapNanos = seconds < Long.MAX_VALUE / SECOND ? seconds * SECOND : Long.MAX_VALUE;
    }

    @Override
    public long tryAcquire(long permits, long nowNanos) {
        checkPermits(permits);
        if (permits > maxPermits) {
            return NEVER;
        }
        long cost = permits * scale.permitUnits();
        while (true) {
            long before = taken.get();
            // The difference is right even where the clock's origin makes it wrap.
            long elapsed = nowNanos - startNanos;
            long latest = latestNanos.get();
            boolean full = elapsed - latest >= lapNanos;
            if (elapsed > latest) {
                latestNanos.setRelease(elapsed);
            } else {
                elapsed = latest;
            }
            // A glance at what may be written just now: knownReady looks again.
            long ready = permits == 1 && knownTaken == before && !full ? knownReady(before) : 0;
            if (elapsed < ready) {
                return ready - elapsed;
            }
            long refilled = refilled(elapsed);
            long after = (full ? 0 : Math.max(0, before - refilled)) + cost;
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
        long latest = latestNanos.get();
        long elapsed = Math.max(latest, nowNanos - startNanos);
        long missing = elapsed - latest >= lapNanos ? 0 : Math.max(0, before - refilled(elapsed));
        return (double) Math.max(0, scale.burstUnits() - missing) / scale.permitUnits();
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
