package io.tidaldb.server.importing;

import io.tidaldb.api.TidalException;
import io.tidaldb.core.EventTime;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.regex.Pattern;

/** Reads event times: ISO-8601 with a zone, or nanoseconds since 1970. */
public final class TimeText {

    private static final Pattern DIGITS = Pattern.compile("\\d{1,19}");

    private TimeText() {}

    /**
     * Returns nanoseconds since 1970.
     *
     * @throws TidalException INVALID_ARGUMENT if the text is neither form, or outside 1970 to 2262
     */
    public static long nanos(String text) {
        try {
            if (DIGITS.matcher(text).matches()) {
                return Long.parseLong(text);
            }
            return EventTime.nanos(Instant.parse(text));
        } catch (DateTimeParseException | NumberFormatException e) {
            throw TidalException.invalid("time " + Quoted.of(text)
                    + " is not valid: expected ISO-8601 with a zone (2026-11-21T10:00:00Z) or nanoseconds since 1970");
        }
    }
}
