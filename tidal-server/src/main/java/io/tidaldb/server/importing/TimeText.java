package io.tidaldb.server.importing;

import io.tidaldb.api.TidalException;
import io.tidaldb.core.EventTime;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
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
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            long common = common(bytes, 0, bytes.length);
            if (common >= 0) {
                return common;
            }
            return DIGITS.matcher(text).matches() ? Long.parseLong(text) : EventTime.nanos(Instant.parse(text));
        } catch (DateTimeParseException | NumberFormatException e) {
            throw TidalException.invalid("time " + Quoted.of(text)
                    + " is not valid: expected ISO-8601 with a zone (2026-11-21T10:00:00Z) or nanoseconds since 1970");
        }
    }

    /**
     * Returns the time of the form that nearly all have, {@code 2026-11-21T10:00:00Z} with up to nine more digits, in nanoseconds since 1970,
     * or -1 if the text has another form or is no time: the general parser takes half of an import's processor time.
     *
     * @param text where the text is, in ASCII, from one index up to another
     */
    public static long common(byte[] text, int from, int to) {
        int length = to - from;
        if (length < 20 || length > 30 || text[to - 1] != 'Z' || !isPunctuated(text, from, length)) {
            return -1;
        }
        int year = number(text, from, from + 4);
        int month = number(text, from + 5, from + 7);
        int day = number(text, from + 8, from + 10);
        int hour = number(text, from + 11, from + 13);
        int minute = number(text, from + 14, from + 16);
        int second = number(text, from + 17, from + 19);
        int nanos = length == 20 ? 0 : fraction(text, from + 20, to - 1);
        boolean date = year >= 1970 && year < 2262 && month >= 1 && month <= 12 && day >= 1;
        boolean time = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60 && nanos >= 0;
        if (!date || !time || day > YearMonth.of(year, month).lengthOfMonth()) {
            return -1;
        }
        long seconds = LocalDate.of(year, month, day).toEpochDay() * 86_400 + hour * 3_600L + minute * 60L + second;
        return seconds * 1_000_000_000 + nanos;
    }

    private static boolean isPunctuated(byte[] text, int from, int length) {
        return text[from + 4] == '-'
                && text[from + 7] == '-'
                && text[from + 10] == 'T'
                && text[from + 13] == ':'
                && text[from + 16] == ':'
                && (length == 20 || text[from + 19] == '.' && length > 21);
    }

    private static int fraction(byte[] text, int from, int to) {
        int value = number(text, from, to);
        for (int digits = to - from; digits < 9 && value > 0; digits++) {
            value *= 10;
        }
        return value;
    }

    /** Returns the value of digits, or -1 if one of them is none. */
    private static int number(byte[] text, int from, int to) {
        int value = 0;
        for (int i = from; i < to; i++) {
            int digit = text[i] - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value;
    }
}
