package io.tidaldb.core.ingest;

import io.tidaldb.core.runtime.Clock;
import java.util.Arrays;

/**
 * How many of the tenants' writes to a node take longer than they may because a slot is copied to it or from it. What is usual is learnt
 * from writes that began while nothing was copied; a write is slow if it takes longer than a factor times the p99 of those.
 *
 * <p>Safe for any number of threads; allocates nothing for a write.
 */
public final class ForegroundLatency {

    /** Buckets lie 6 % apart. */
    private static final int SUB_BITS = 4;

    private static final int BUCKETS = (Long.SIZE - SUB_BITS) << SUB_BITS;

    /** For how long a copy that has ended may still be felt: the disk works it off. */
    private static final long SETTLE_NANOS = 20_000_000L;

    /** Whoever wrote so long ago is taken to write again soon. */
    private static final long ACTIVE_NANOS = 100_000_000L;

    /** From so many on there is a p99. */
    private static final int ENOUGH = 200;

    /** What is usual is what was in two such stretches: of so many writes at least, and so long. What was an hour ago is not. */
    private static final int STRETCH = 500;

    private static final long STRETCH_NANOS = 5_000_000_000L;

    private final Clock clock;
    private final double factor;
    private int[] recent = new int[BUCKETS];
    private int[] before = new int[BUCKETS];
    private int recentlyKnown;
    private int knownBefore;
    private int unseen;
    private long stretchNanos;
    private long bound = Long.MAX_VALUE;
    private int copies;
    private boolean copied;
    private long lastCopyNanos;
    private boolean acknowledged;
    private long lastAcknowledgedNanos;
    private long writes;
    private long slow;

    /**
     * What was acknowledged since the node was started.
     *
     * @param writes how many
     * @param slow how many of them took longer than they may
     */
    public record Sample(long writes, long slow) {}

    /** @param factor by how much the p99 may grow; 0 if that does not matter, and nothing is measured then */
    ForegroundLatency(Clock clock, double factor) {
        this.clock = clock;
        this.factor = factor;
    }

    /** A write is acknowledged that began at this time. */
    void acknowledged(long beganNanos) {
        if (factor > 0) {
            acknowledged(beganNanos, clock.monotonicNanos());
        }
    }

    private synchronized void acknowledged(long beganNanos, long nowNanos) {
        long took = Math.max(0, nowNanos - beganNanos);
        writes++;
        acknowledged = true;
        lastAcknowledgedNanos = nowNanos;
        if (took > bound) {
            slow++;
        }
        boolean quiet = copies == 0 && (!copied || beganNanos - lastCopyNanos > SETTLE_NANOS);
        if (quiet) {
            learn(took, nowNanos);
        }
    }

    private void learn(long took, long nowNanos) {
        recent[bucket(took)]++;
        recentlyKnown++;
        unseen++;
        int known = recentlyKnown + knownBefore;
        // The more are known, the less changes it: to look costs as much as to fold some hundred records.
        if (known >= ENOUGH && unseen > known >> 3) {
            unseen = 0;
            bound = (long) (factor * p99(known));
            if (recentlyKnown >= STRETCH && nowNanos - stretchNanos >= STRETCH_NANOS) {
                forget(nowNanos);
            }
        }
    }

    // A standard deviation above the estimate: of some hundred writes it is off by as much.
    private long p99(int known) {
        int above = known / 100 - (int) Math.sqrt(known / 100.0);
        for (int bucket = BUCKETS - 1; bucket > 0; bucket--) {
            above -= recent[bucket] + before[bucket];
            if (above < 0) {
                return upperBound(bucket);
            }
        }
        return upperBound(0);
    }

    private void forget(long nowNanos) {
        int[] older = before;
        before = recent;
        knownBefore = recentlyKnown;
        Arrays.fill(older, 0);
        recent = older;
        recentlyKnown = 0;
        stretchNanos = nowNanos;
    }

    private static int bucket(long nanos) {
        int octave = Math.max(0, Long.SIZE - SUB_BITS - 1 - Long.numberOfLeadingZeros(nanos));
        return (octave << SUB_BITS) + (int) (nanos >>> octave);
    }

    private static long upperBound(int bucket) {
        int octave = Math.max(0, (bucket >>> SUB_BITS) - 1);
        long next = bucket - (octave << SUB_BITS) + 1L;
        return (next << octave) - 1;
    }

    /** A part of a slot is being copied to the node or from it; {@link #copyEnded} follows. */
    public synchronized void copyBegins() {
        copies++;
        copied = true;
    }

    /** What began is over. */
    public synchronized void copyEnded() {
        copies--;
        lastCopyNanos = clock.monotonicNanos();
    }

    /** Returns whether a write is likely to come in the next moments. */
    synchronized boolean comes(long nowNanos) {
        return acknowledged && nowNanos - lastAcknowledgedNanos < ACTIVE_NANOS;
    }

    /** Returns what was acknowledged so far. */
    public synchronized Sample sample() {
        return new Sample(writes, slow);
    }
}
