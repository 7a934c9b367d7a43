package io.tidaldb.server.config;

import io.tidaldb.api.TidalException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: {@code 10ms}, {@code 60s}, {@code 5m}, {@code 24h}, {@code 7d}. */
public final class TimeSpan {

    private static final Pattern FORM = Pattern.compile("(\\d{1,18})(ns|us|ms|s|m|h|d)");
    private static final Map<String, ChronoUnit> UNITS = Map.of(
            "ns", ChronoUnit.NANOS,
            "us", ChronoUnit.MICROS,
            "ms", ChronoUnit.MILLIS,
            "s", ChronoUnit.SECONDS,
            "m", ChronoUnit.MINUTES,
            "h", ChronoUnit.HOURS,
            "d", ChronoUnit.DAYS);

    private TimeSpan() {}

    /** @throws TidalException INVALID_ARGUMENT if the text has another form or is longer than 292 years */
    public static Duration parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw malformed(text);
        }
        ChronoUnit unit = UNITS.getOrDefault(matcher.group(2), ChronoUnit.FOREVER);
        try {
            Duration duration = Duration.of(Long.parseLong(matcher.group(1)), unit);
            // Whoever takes the duration may count in nanoseconds, so it must fit.
            return Duration.ofNanos(duration.toNanos());
        } catch (ArithmeticException e) {
            throw malformed(text);
        }
    }

    /** Returns the shortest form that reads back. */
    public static String print(Duration duration) {
        long nanos = duration.toNanos();
        for (String unit : new String[] {"d", "h", "m", "s", "ms", "us"}) {
            long length =
                    UNITS.getOrDefault(unit, ChronoUnit.NANOS).getDuration().toNanos();
            if (nanos != 0 && nanos % length == 0) {
                return nanos / length + unit;
            }
        }
        return nanos == 0 ? "0s" : nanos + "ns";
    }

    private static TidalException malformed(String text) {
        return TidalException.invalid(
                "\"" + text
                        + "\" is not a duration: expected a whole number with a unit (ns, us, ms, s, m, h, d), up to 292 years");
    }
}
