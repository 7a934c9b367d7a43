package io.tidaldb.server.importing;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.EntityNames;
import io.tidaldb.core.Signal;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Makes an event of a line's fields, given as text; null or empty is absent. */
final class EventFields {

    // Double takes these too, but whoever writes 1d or 0x1p3 into a file means something else.
    private static final Pattern JAVA_ONLY = Pattern.compile("[dDfF]$|[xX]");

    private final FieldMap map;
    private final EntityMode mode;
    private final LongSupplier wallNanos;

    EventFields(FieldMap map, EntityMode mode, LongSupplier wallNanos) {
        this.map = map;
        this.mode = mode;
        this.wallNanos = wallNanos;
    }

    /** Where a line's fields come from. */
    interface Source {

        /** Returns the text of a column, or null if the line has none. */
        @Nullable
        String text(String column);
    }

    ParsedLine parse(long line, Source source) {
        try {
            return event(line, source);
        } catch (TidalException e) {
            return new ParsedLine.Malformed(line, String.valueOf(e.getMessage()));
        }
    }

    private ParsedLine event(long line, Source source) {
        String tenant = required("tenant", source);
        String signal = required("signal", source);
        @Nullable String name = name(source);
        EntityId entity = name == null ? EntityId.parse(required("entity", source)) : EntityNames.idOf(name);
        double weight = weight(optional("weight", source));
        String ts = optional("ts", source);
        long eventNanos = ts == null ? wallNanos.getAsLong() : TimeText.nanos(ts);
        // Checks weight and time, so that whatever is handed on can be recorded.
        Signal checked = new Signal(signal, entity, name, weight, eventNanos);
        return new ParsedLine.Event(
                line, tenant, signal, checked.entity(), name, checked.weight(), checked.eventNanos());
    }

    private @Nullable String name(Source source) {
        if (mode == EntityMode.ID) {
            return null;
        }
        String named = map.maps("entity") ? null : present(source.text("entity_name"));
        if (mode == EntityMode.NAME) {
            return named != null ? named : required("entity", source);
        }
        String id = optional("entity", source);
        if (named != null && id != null && !EntityNames.idOf(named).equals(EntityId.parse(id))) {
            throw TidalException.invalid("entity " + Quoted.of(id) + " is not the id of entity_name " + Quoted.of(named)
                    + ": expected " + EntityNames.idOf(named) + ", or one of the two");
        }
        return named;
    }

    private static double weight(@Nullable String text) {
        if (text == null) {
            return 1.0;
        }
        try {
            if (!JAVA_ONLY.matcher(text).find()) {
                return Double.parseDouble(text);
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw TidalException.invalid("weight " + Quoted.of(text) + " is not a number");
    }

    private String required(String field, Source source) {
        String text = optional(field, source);
        if (text == null) {
            String column = map.column(field);
            throw TidalException.invalid(column + " is missing" + (column.equals(field) ? "" : " (the " + field + ")"));
        }
        return text;
    }

    private @Nullable String optional(String field, Source source) {
        return present(source.text(map.column(field)));
    }

    private static @Nullable String present(@Nullable String text) {
        return text == null || text.isEmpty() ? null : text;
    }
}
