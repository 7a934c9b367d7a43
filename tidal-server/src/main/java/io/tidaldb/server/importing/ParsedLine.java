package io.tidaldb.server.importing;

import io.tidaldb.api.EntityId;
import org.jspecify.annotations.Nullable;

/** A line of an event file: an event, or why it is none. */
public sealed interface ParsedLine {

    /** Returns the line's number; the first is 1. */
    long line();

    /**
     * An event.
     *
     * @param tenant a tenant's number or label, not looked up yet
     * @param entityName the entity's name, or null if it goes by number
     */
    record Event(
            long line,
            String tenant,
            String signal,
            EntityId entity,
            @Nullable String entityName,
            double weight,
            long eventNanos)
            implements ParsedLine {}

    /** A line that is not an event. */
    record Malformed(long line, String reason) implements ParsedLine {}
}
