package io.tidaldb.server.auth;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Counts requests with wrong tokens by address: ten in a minute, then the address is told to wait. Requests with a valid token are never
 * held back. Remembers a bounded number of addresses. Guarded by its own lock.
 */
public final class FailedAttempts {

    private static final int MOST = 10;
    private static final long WINDOW_NANOS = Duration.ofMinutes(1).toNanos();
    private static final int MAX_ADDRESSES = 4096;

    private static final class Count {
        long sinceNanos;
        int failures;
    }

    private final Map<String, Count> counts = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Count> eldest) {
            return size() > MAX_ADDRESSES;
        }
    };

    /** Counts a failure; returns for how many seconds the address is to wait, or nothing if it may try again. */
    public synchronized OptionalInt failed(String address, long nowNanos) {
        Count count = counts.computeIfAbsent(address, key -> new Count());
        if (count.failures == 0 || nowNanos - count.sinceNanos >= WINDOW_NANOS) {
            count.sinceNanos = nowNanos;
            count.failures = 0;
        }
        count.failures++;
        if (count.failures <= MOST) {
            return OptionalInt.empty();
        }
        return OptionalInt.of((int) ((count.sinceNanos + WINDOW_NANOS - nowNanos) / 1_000_000_000L) + 1);
    }
}
