package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TidalException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to an entity.
 *
 * @param type a declared signal type
 * @param entity the entity; if it is named, the id that follows from its name
 * @param name the entity's name, or null if it goes by number
 * @param weight finite; kept as a 32-bit float, to which it is rounded when it is recorded
 * @param eventNanos when it happened, in nanoseconds since 1970, or {@link #NOW}
 */
public record Signal(String type, EntityId entity, @Nullable String name, double weight, long eventNanos) {

    /** In place of an event time: the moment at which the signal is admitted. */
    public static final long NOW = Long.MIN_VALUE;

    /** @throws TidalException INVALID_ARGUMENT if the weight is not finite as a 32-bit float, or the time lies before 1970 */
    public Signal {
        if (!Float.isFinite((float) weight)) {
            throw TidalException.invalid("weight " + weight + " of signal " + type + " for entity " + entity
                    + " is not a finite 32-bit float: expected a number within ±3.4e38");
        }
        if (eventNanos < 0 && eventNanos != NOW) {
            throw TidalException.invalid("event time " + eventNanos + " of signal " + type + " for entity " + entity
                    + " is out of range: expected nanoseconds since 1970, up to the year 2262");
        }
    }

    /** Returns a signal that happens now. */
    public static Signal of(String type, long entity, double weight) {
        return new Signal(type, EntityId.of(entity), null, weight, NOW);
    }

    /** Returns a signal for a named entity that happens now. */
    public static Signal of(String type, String entity, double weight) {
        return new Signal(type, EntityNames.idOf(entity), entity, weight, NOW);
    }

    /** Returns the same signal at this time. */
    public Signal at(Instant time) {
        return at(EventTime.nanos(time));
    }

    /** Returns the same signal at this time in nanoseconds since 1970. */
    public Signal at(long nanos) {
        return new Signal(type, entity, name, weight, nanos);
    }
}
