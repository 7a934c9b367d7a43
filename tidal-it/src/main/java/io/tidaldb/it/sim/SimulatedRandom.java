package io.tidaldb.it.sim;

import io.tidaldb.core.runtime.RandomSource;
import java.util.random.RandomGenerator;

/**
 * Random numbers from a seed, by SplitMix64. Streams are forked by purpose, so that one more draw for one thing does not change what is
 * drawn for another. Not thread-safe.
 */
public final class SimulatedRandom implements RandomSource, RandomGenerator {

    /** What chances are counted in. */
    public static final int MILLION = 1_000_000;

    private final long seed;
    private long state;

    /** Starts a stream. */
    public SimulatedRandom(long seed) {
        this.seed = mix(seed);
        this.state = this.seed;
    }

    /** Returns a stream of its own for a purpose: the same whatever was drawn from this one. */
    public SimulatedRandom fork(String purpose) {
        long forked = seed;
        for (int i = 0; i < purpose.length(); i++) {
            forked = mix(forked ^ purpose.charAt(i));
        }
        return new SimulatedRandom(forked);
    }

    @Override
    public long nextLong() {
        state += 0x9E3779B97F4A7C15L;
        return mix(state);
    }

    /** Returns a number from 0 to a bound, which is not among them; the bound is at least 1 and less than 2^62. */
    public long below(long bound) {
        // The high word of a product of two numbers below 2^63: uneven by bound / 2^63, which nobody sees.
        return Math.multiplyHigh(nextLong() >>> 1, bound << 1);
    }

    /** Returns a number between two, both included. */
    public long between(long least, long most) {
        return least + below(most - least + 1);
    }

    /** Returns true this many times in a million. */
    public boolean chance(int perMillion) {
        return perMillion > 0 && below(MILLION) < perMillion;
    }

    private static long mix(long value) {
        long z = value;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
