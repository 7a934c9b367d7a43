package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ReplicaId;
import java.time.Duration;
import java.time.Instant;

/**
 * What the signals of one type say about an entity. All zero for an entity that has none.
 *
 * @param score the decayed sum of weights as of {@code asOf}
 * @param count all events ever
 * @param lastHour events in {@link Window#ONE_HOUR}
 * @param lastDay events in {@link Window#ONE_DAY}
 * @param lastWeek events in {@link Window#SEVEN_DAYS}
 * @param asOf the time that the answer is true for: the one asked for, or the last event's if that is later
 * @param replica who answered
 * @param staleness for how long writes may have been acknowledged elsewhere that are not in the answer: zero where writes are taken,
 *     {@link #UNKNOWN_STALENESS} if the replica has not heard of the one that takes them since it was started
 */
public record Reading(
        EntityId entity,
        double score,
        long count,
        long lastHour,
        long lastDay,
        long lastWeek,
        Instant asOf,
        ReplicaId replica,
        Duration staleness) {

    /** Longer than any. */
    public static final Duration UNKNOWN_STALENESS = Duration.ofSeconds(Long.MAX_VALUE);

    /** Returns the events in a window. */
    public long count(Window window) {
        return switch (window) {
            case ONE_HOUR -> lastHour;
            case ONE_DAY -> lastDay;
            case SEVEN_DAYS -> lastWeek;
        };
    }

    /** Returns events a second over a window. */
    public double velocity(Window window) {
        return (double) count(window) / window.length().toSeconds();
    }
}
