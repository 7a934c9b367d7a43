package io.tidaldb.core;

import io.tidaldb.api.TidalException;
import java.time.Instant;

/** Converts between instants and event times: nanoseconds since 1970. */
public final class EventTime {

    private EventTime() {}

    /** @throws TidalException INVALID_ARGUMENT outside 1970 to 2262 */
    public static long nanos(Instant time) {
        try {
            long nanos = Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000_000L), time.getNano());
            if (nanos >= 0) {
                return nanos;
            }
        } catch (ArithmeticException e) {
            throw outOfRange(time);
        }
        throw outOfRange(time);
    }

    /** Returns the instant of an event time. */
    public static Instant instant(long nanos) {
        return Instant.ofEpochSecond(nanos / 1_000_000_000L, nanos % 1_000_000_000L);
    }

    private static TidalException outOfRange(Instant time) {
        return TidalException.invalid("time " + time + " is out of range: expected 1970 to 2262");
    }
}
