package io.tidaldb.bench;

import org.HdrHistogram.Histogram;

/** What one contender did in one round. */
record Phase(double recordsPerSecond, double ackP50Micros, double ackP99Micros) {

    /** Longer waits count as this long. */
    static final long MAX_NANOS = 60_000_000_000L;

    static final int DIGITS = 3;

    /** Returns a histogram of waits in nanoseconds. */
    static Histogram acks() {
        return new Histogram(MAX_NANOS, DIGITS);
    }

    /** Records how long an acknowledgement took. */
    static void record(Histogram acks, long nanos) {
        acks.recordValue(Math.min(nanos, MAX_NANOS));
    }

    /**
     * Returns the figures.
     *
     * @param acks one entry for each acknowledged write
     * @param recordsPerWrite how many records each had
     */
    static Phase of(Histogram acks, int recordsPerWrite, long nanos) {
        return new Phase(
                acks.getTotalCount() * recordsPerWrite * 1e9 / nanos,
                acks.getValueAtPercentile(50) / 1e3,
                acks.getValueAtPercentile(99) / 1e3);
    }
}
