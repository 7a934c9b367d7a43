package io.tidaldb.bench;

import java.util.EnumMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** What one contender did in one round. */
record Phase(Map<Figure, Double> figures) {

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
        return of(Figure.RATE, acks.getTotalCount() * recordsPerWrite * 1e9 / nanos)
                .with(Figure.P50_MICROS, acks.getValueAtPercentile(50) / 1e3)
                .with(Figure.P99_MICROS, acks.getValueAtPercentile(99) / 1e3);
    }

    static Phase of(Figure figure, double value) {
        return new Phase(Map.of(figure, value));
    }

    Phase with(Figure figure, double value) {
        Map<Figure, Double> more = new EnumMap<>(Figure.class);
        more.putAll(figures);
        more.put(figure, value);
        return new Phase(more);
    }

    /** Returns a figure, or NaN where it was not measured. */
    double get(Figure figure) {
        return figures.getOrDefault(figure, Double.NaN);
    }
}
