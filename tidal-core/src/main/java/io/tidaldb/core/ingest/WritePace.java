package io.tidaldb.core.ingest;

/** Lets writes pass at a rate: one of any size, and the next when what passed has been worth its time. Safe for any number of threads. */
final class WritePace {

    private final double signalsPerSecond;
    private long nextNanos;

    WritePace(double signalsPerSecond, long nowNanos) {
        this.signalsPerSecond = signalsPerSecond;
        this.nextNanos = nowNanos;
    }

    double signalsPerSecond() {
        return signalsPerSecond;
    }

    /** Returns whether a write may pass now; it counts then. */
    synchronized boolean admits(int signals, long nowNanos) {
        if (nowNanos - nextNanos < 0) {
            return false;
        }
        nextNanos = nowNanos + (long) (signals * 1e9 / signalsPerSecond);
        return true;
    }
}
