package io.tidaldb.server.cli.doctor;

import org.jspecify.annotations.Nullable;

/**
 * What a check came to.
 *
 * @param advice what to do, or null if nothing is
 */
record Finding(
        String check, State state, String found, @Nullable String advice) {

    /** How good it is. */
    enum State {
        /** Nothing is to be done. */
        GOOD,
        /** Works, and could be better. */
        COULD_BE_BETTER,
        /** A node can't serve like this. */
        BAD
    }

    static Finding good(String check, String found) {
        return new Finding(check, State.GOOD, found, null);
    }

    static Finding better(String check, String found, String advice) {
        return new Finding(check, State.COULD_BE_BETTER, found, advice);
    }

    static Finding bad(String check, String found, String advice) {
        return new Finding(check, State.BAD, found, advice);
    }
}
