package io.tidaldb.server.config;

import io.tidaldb.api.TidalException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number of bytes as people write it: {@code 16777216}, {@code 64KiB}, {@code 8MiB}, {@code 2GiB}.
 *
 * @param bytes 0 or more
 */
public record ByteSize(long bytes) {

    private static final Pattern FORM = Pattern.compile("(\\d{1,18})\\s?(B|KiB|MiB|GiB|TiB)?");
    private static final Map<String, Integer> SHIFTS = Map.of("B", 0, "KiB", 10, "MiB", 20, "GiB", 30, "TiB", 40);

    /** @throws TidalException INVALID_ARGUMENT if the text has another form or is too large */
    public static ByteSize parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw malformed(text);
        }
        String unit = matcher.group(2) == null ? "B" : matcher.group(2);
        try {
            return new ByteSize(
                    Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << SHIFTS.getOrDefault(unit, 0)));
        } catch (ArithmeticException e) {
            throw malformed(text);
        }
    }

    private static TidalException malformed(String text) {
        return TidalException.invalid("\"" + text
                + "\" is not a size: expected a whole number of bytes, or one with a unit (B, KiB, MiB, GiB, TiB)");
    }
}
