package io.tidaldb.server.importing;

import io.tidaldb.api.TidalException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which column, or JSON field, holds what: {@code tenant=carrier,signal=type,entity=item,weight=quantity,ts=time}. What is not mapped has
 * its own name.
 */
public final class FieldMap {

    /** Nothing is mapped. */
    public static final FieldMap NONE = new FieldMap(Map.of());

    private static final List<String> KNOWN = List.of("tenant", "signal", "entity", "weight", "ts");

    private final Map<String, String> columns;

    private FieldMap(Map<String, String> columns) {
        this.columns = columns;
    }

    /**
     * Reads the printed form.
     *
     * @throws TidalException INVALID_ARGUMENT if a name is unknown, given twice or has no column
     */
    public static FieldMap parse(String text) {
        Map<String, String> columns = new LinkedHashMap<>();
        for (String pair : text.split(",", -1)) {
            int equals = pair.indexOf('=');
            String field = equals < 0 ? pair.strip() : pair.substring(0, equals).strip();
            String column = equals < 0 ? "" : pair.substring(equals + 1).strip();
            if (column.isEmpty() || !KNOWN.contains(field)) {
                throw TidalException.invalid("mapping " + Quoted.of(pair)
                        + " is not valid: expected FIELD=COLUMN with a field of " + String.join(", ", KNOWN));
            }
            if (columns.putIfAbsent(field, column) != null) {
                throw TidalException.invalid("mapping names " + field + " twice: " + Quoted.of(text));
            }
        }
        return new FieldMap(columns);
    }

    /** Returns the column of a field. */
    String column(String field) {
        return columns.getOrDefault(field, field);
    }

    /** Returns whether the field was named by the user, so that its column must be there. */
    boolean maps(String field) {
        return columns.containsKey(field);
    }

    /** Returns whether nothing is mapped. */
    public boolean isEmpty() {
        return columns.isEmpty();
    }
}
