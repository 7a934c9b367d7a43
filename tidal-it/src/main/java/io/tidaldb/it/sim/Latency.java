package io.tidaldb.it.sim;

import java.time.Duration;

/**
 * How long something takes: evenly spread between the least and the typical, now and then between the typical and the worst.
 *
 * @param tailPerMillion how often it takes longer than is typical, in a million
 */
public record Latency(long leastNanos, long typicalNanos, long worstNanos, int tailPerMillion) {

    /** Takes no time. */
    public static final Latency NONE = new Latency(0, 0, 0, 0);

    /** @throws IllegalArgumentException unless {@code 0 <= least <= typical <= worst} */
    public Latency {
        if (leastNanos < 0 || typicalNanos < leastNanos || worstNanos < typicalNanos) {
            throw new IllegalArgumentException("latency of " + leastNanos + ", " + typicalNanos + ", " + worstNanos
                    + " ns is not in order: expected 0 <= least <= typical <= worst");
        }
    }

    /** Takes this long always. */
    public static Latency of(Duration always) {
        return new Latency(always.toNanos(), always.toNanos(), always.toNanos(), 0);
    }

    /** Takes between the least and the typical, and one time in a hundred up to the worst. */
    public static Latency of(Duration least, Duration typical, Duration worst) {
        return new Latency(least.toNanos(), typical.toNanos(), worst.toNanos(), SimulatedRandom.MILLION / 100);
    }

    long drawNanos(SimulatedRandom random) {
        if (worstNanos == leastNanos) {
            return leastNanos;
        }
        return random.chance(tailPerMillion)
                ? random.between(typicalNanos, worstNanos)
                : random.between(leastNanos, typicalNanos);
    }
}
