package io.tidaldb.core.ledger;

/**
 * How fast the scores of each signal type decay.
 *
 * <p>An answer must be positive, finite and the same for ever: the score kept for a pair was decayed with it. Called for every event and
 * every read, from any thread, so it must not block; an array access is what is meant.
 */
@FunctionalInterface
public interface DecayTable {

    /** Returns the half-life of a signal type in nanoseconds. */
    double halfLifeNanos(int signal);
}
