package io.tidaldb.core.ingest;

/** A moving average of events a second over about ten seconds, for display. Guarded by its own lock. */
final class RateMeter {

    private static final double TIME_CONSTANT_NANOS = 10e9;

    /** What comes within so short a time counts as if it had come at once: a hundredth of the average, and an exponential costs much. */
    private static final long STEP_NANOS = 100_000_000;

    private double weight;
    private long lastNanos;

    synchronized void mark(long events, long nowNanos) {
        decay(nowNanos);
        weight += events;
    }

    synchronized double perSecond(long nowNanos) {
        decay(nowNanos);
        return weight / (TIME_CONSTANT_NANOS / 1e9);
    }

    private void decay(long nowNanos) {
        long elapsed = nowNanos - lastNanos;
        if (elapsed >= STEP_NANOS) {
            weight *= StrictMath.exp(-elapsed / TIME_CONSTANT_NANOS);
            lastNanos = nowNanos;
        }
    }
}
