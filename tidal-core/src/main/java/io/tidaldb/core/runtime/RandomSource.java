package io.tidaldb.core.runtime;

/** Random bits, as given to whatever needs them: unpredictable in production, seeded in a simulation. */
@FunctionalInterface
public interface RandomSource {

    /** Returns 64 random bits. */
    long nextLong();
}
