package io.tidaldb.core.ingest;

import io.tidaldb.core.ingest.ForegroundLatency.Sample;
import org.jspecify.annotations.Nullable;

/**
 * How fast a slot is copied to another node, or filled from a backup: additive increase, multiplicative decrease (Chiu and Jain, 1989), by whether
 * more than one in a hundred of the writes to either node are slow, now and in the long run. Doubles until that happens for the first time. Never falls to so little that the copy would not end, nor
 * rises over what was asked for. Used by one thread at a time.
 */
public final class CopyThrottle {

    private static final double START = 8 << 20;
    private static final double LEAST = 4 << 20;

    /** What of the fastest that was seen is always left to it. */
    private static final double LEAST_SHARE = 0.05;

    private static final double DECREASE = 0.7;
    private static final double MOST_DEBT = 3;
    private static final double STEPS_BACK = 16;

    /** Steps become longer with the rate, so that what was disturbed at a low one does not stay there. */
    private static final double LONG_STEPS = 32;

    private static final long PERIOD_NANOS = 100_000_000L;
    private static final long LONGEST_PERIOD_NANOS = 1_000_000_000L;
    private static final long ENOUGH_WRITES = 100;

    /** In each second, the same on all of a process's moves, so much passes without a copy: what is usual is learnt there. */
    private static final long SECOND_NANOS = 1_000_000_000L;

    private static final long QUIET_NANOS = 70_000_000L;

    /** So much of what may be copied in a second goes at once. */
    private static final double CHUNK_SHARE = 0.05;

    /** What a disk writes and syncs in the time that a write takes anyway: other writes wait for one such chunk. */
    private static final int CHUNK_BESIDE_WRITES = 64 << 10;

    /** So much later than it might a copy may go on without the time being lost. */
    private static final long CREDIT_NANOS = 20_000_000L;

    /** With chunks and credit, no second has more than was asked for. */
    private static final double CAP_SHARE = 0.9;

    private final double most;
    private final Side source = new Side();
    private final Side target = new Side();
    private double rate;
    private double step;
    private double fastest;
    private long readyNanos;
    private long periodNanos;
    private long periodBytes;

    /** Whether somebody was seen to write to either node, and whether nobody was; neither until that is known. */
    private boolean foreground;

    private boolean idle;

    /** What a node says, and what it had said when the period began. */
    private static final class Side {

        private @Nullable Sample before;
        private long writes;
        private long slow;

        /** How many more were slow than one in a hundred, since that was last made up for. */
        private double debt;

        private double tolerated;
        private boolean worse;

        void add(@Nullable Sample now) {
            Sample last = before;
            // One that was started anew counts from 0.
            if (now != null && last != null && now.writes() >= last.writes() && now.slow() >= last.slow()) {
                writes += now.writes() - last.writes();
                slow += now.slow() - last.slow();
            }
            before = now == null ? last : now;
        }

        void judge() {
            double expected = writes / 100.0;
            // Two standard deviations more than one in a hundred are no accident.
            tolerated = 2 * Math.max(1, Math.sqrt(expected));
            worse = slow > expected;
            // A few that are slow in each period count in the end; the debt is bounded, so that it is soon made up for.
            debt = Math.min(Math.max(0, debt + slow - expected), MOST_DEBT * tolerated);
            writes = 0;
            slow = 0;
        }

        boolean isIndebted() {
            return debt > tolerated;
        }

        boolean isDisturbed() {
            return isIndebted() && worse;
        }
    }

    /** @param maxBytesPerSecond what was asked for; 0 for no bound */
    public CopyThrottle(long maxBytesPerSecond, long nowNanos) {
        most = maxBytesPerSecond == 0 ? Double.MAX_VALUE : maxBytesPerSecond * CAP_SHARE;
        rate = Math.min(most, START);
        readyNanos = nowNanos;
        periodNanos = nowNanos;
    }

    /** Returns how fast it may be copied now. */
    public double bytesPerSecond() {
        return rate;
    }

    /** Returns how much may go at once. */
    public int chunk(int atMost) {
        int most = idle ? atMost : Math.min(atMost, CHUNK_BESIDE_WRITES);
        return (int) Math.max(1, Math.min(most, rate * CHUNK_SHARE));
    }

    /** Returns how long to wait before more may go; 0 if it may. */
    public long waitNanos(long nowNanos) {
        long wait = Math.max(0, readyNanos - nowNanos);
        long intoSecond = Math.floorMod(nowNanos + wait, SECOND_NANOS);
        return foreground && intoSecond >= SECOND_NANOS - QUIET_NANOS ? wait + SECOND_NANOS - intoSecond : wait;
    }

    /** Something is being copied; {@link #sent} follows. */
    public void sending(long bytes, long nowNanos) {
        readyNanos = Math.max(readyNanos, nowNanos - CREDIT_NANOS)
                + (long) Math.min(bytes * 1e9 / rate, Long.MAX_VALUE / 4.0);
    }

    /**
     * Something was copied.
     *
     * @param here what the source says of its writes
     * @param there what the target says; null if it does not
     */
    public void sent(long bytes, Sample here, @Nullable Sample there, long nowNanos) {
        periodBytes += bytes;
        source.add(here);
        target.add(there);
        long writes = source.writes + target.writes;
        long took = nowNanos - periodNanos;
        if (took >= (writes == 0 || writes >= ENOUGH_WRITES ? PERIOD_NANOS : LONGEST_PERIOD_NANOS)) {
            foreground = writes > 0;
            idle = !foreground;
            source.judge();
            target.judge();
            decide(periodBytes * 1e9 / took);
            periodNanos = nowNanos;
            periodBytes = 0;
        }
    }

    private void decide(double copied) {
        fastest = Math.max(fastest, copied);
        if (source.isDisturbed() || target.isDisturbed()) {
            step = rate / STEPS_BACK;
            rate *= DECREASE;
        } else if (!source.isIndebted() && !target.isIndebted()) {
            // Of what is not used up nobody knows whether it would do harm.
            rate = Math.min(
                    Math.max(START, 2 * copied), step == 0 ? 2 * rate : rate + Math.max(step, rate / LONG_STEPS));
        }
        rate = Math.min(most, Math.max(rate, Math.max(LEAST, LEAST_SHARE * fastest)));
    }
}
