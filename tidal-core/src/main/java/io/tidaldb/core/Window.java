package io.tidaldb.core;

import java.time.Duration;

/** A span of time that ends with a read's minute or hour and over which events are counted. */
public enum Window {
    /** The 60 minute buckets that end with the read's minute. */
    ONE_HOUR("1h", Duration.ofHours(1)),
    /** The 24 hour buckets that end with the read's hour. */
    ONE_DAY("24h", Duration.ofDays(1)),
    /** The 168 hour buckets that end with the read's hour. */
    SEVEN_DAYS("7d", Duration.ofDays(7));

    private final String printed;
    private final Duration length;

    Window(String printed, Duration length) {
        this.printed = printed;
        this.length = length;
    }

    /** Returns the length; velocity is the count divided by it. */
    public Duration length() {
        return length;
    }

    /** Returns {@code 1h}, {@code 24h} or {@code 7d}. */
    @Override
    public String toString() {
        return printed;
    }
}
