package io.tidaldb.core;

import java.time.Instant;
import java.util.Optional;

/**
 * As of when, and how fresh, a read is.
 *
 * @param at the time to judge by; now if absent. Before a pair's last event, the answer is as of that event
 * @param minPosition what the read must have seen at least
 */
public record ReadOptions(Optional<Instant> at, Optional<Position> minPosition) {

    /** Now, at whatever position. */
    public static final ReadOptions DEFAULT = new ReadOptions(Optional.empty(), Optional.empty());

    /** Returns options that judge by this time. */
    public static ReadOptions at(Instant time) {
        return new ReadOptions(Optional.of(time), Optional.empty());
    }

    /** Returns the same options with this position. */
    public ReadOptions atLeast(Position position) {
        return new ReadOptions(at, Optional.of(position));
    }
}
