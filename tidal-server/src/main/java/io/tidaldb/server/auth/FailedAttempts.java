package io.tidaldb.server.auth;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Counts requests with wrong tokens by where they come from, an address or a network of IPv6: ten in a minute, then it is told to wait, a
 * minute at first, and twice as long each time that it goes on, up to an hour. Requests with a valid token are never held back. Remembers a
 * bounded number of sources. Guarded by its own lock.
 */
public final class FailedAttempts {

    private static final int MOST = 10;
    private static final long MINUTE_NANOS = Duration.ofMinutes(1).toNanos();
    private static final int MAX_DOUBLINGS = 6;
    private static final int MAX_SOURCES = 4096;
    private static final int NETWORK_GROUPS = 4;

    private static final class Count {
        long sinceNanos;
        int failures;
        int doublings;

        long lengthNanos() {
            return Math.min(MINUTE_NANOS << doublings, 60 * MINUTE_NANOS);
        }
    }

    private final Map<String, Count> counts = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Count> eldest) {
            return size() > MAX_SOURCES;
        }
    };

    /** Counts a failure; returns for how many seconds the address is to wait, or nothing if it may try again. */
    public synchronized OptionalInt failed(String address, long nowNanos) {
        Count count = counts.computeIfAbsent(source(address), key -> new Count());
        if (count.failures == 0 || nowNanos - count.sinceNanos >= count.lengthNanos()) {
            boolean again = count.failures > MOST && nowNanos - count.sinceNanos < 2 * count.lengthNanos();
            count.doublings = again ? Math.min(MAX_DOUBLINGS, count.doublings + 1) : 0;
            count.sinceNanos = nowNanos;
            count.failures = 0;
        }
        count.failures++;
        if (count.failures <= MOST) {
            return OptionalInt.empty();
        }
        return OptionalInt.of((int) ((count.sinceNanos + count.lengthNanos() - nowNanos) / 1_000_000_000L) + 1);
    }

    /** Whoever has an address of IPv6 has 2^64 of them: they count as one. */
    static String source(String address) {
        String plain = address.startsWith("[") ? address.substring(1) : address;
        if (!plain.contains(":") || plain.contains(".")) {
            return plain;
        }
        String[] groups = expanded(plain.replaceFirst("[\\]%].*", "")).split(":", -1);
        return String.join(":", List.of(groups).subList(0, Math.min(NETWORK_GROUPS, groups.length)));
    }

    private static String expanded(String address) {
        int gap = address.indexOf("::");
        if (gap < 0) {
            return address;
        }
        String head = address.substring(0, gap);
        String tail = address.substring(gap + 2);
        int there = (head.isEmpty() ? 0 : head.split(":").length) + (tail.isEmpty() ? 0 : tail.split(":").length);
        String zeros = String.join(":", Collections.nCopies(Math.max(0, 8 - there), "0"));
        return Stream.of(head, zeros, tail).filter(part -> !part.isEmpty()).collect(Collectors.joining(":"));
    }
}
