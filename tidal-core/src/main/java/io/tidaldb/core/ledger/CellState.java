package io.tidaldb.core.ledger;

/**
 * Everything stored for one pair, in its canonical form: equal states are equal here, wherever their windows lie in memory. What digests
 * hash, snapshots write and merges add. Mutable scratch, confined to its owner.
 *
 * <p>A bucket is one long, {@code id << 35 | events}; the id is minutes or hours since 1970. Buckets are in ascending order; those that no
 * read as of the last event or later could count are gone. A bucket holds at most 2^35 − 1 events and stays there: adding with such a
 * bound still does not depend on the order.
 */
final class CellState {

    static final int MINUTES = 60;
    static final int HOURS = 168;
    static final int DAY_HOURS = 24;

    static final long MINUTE_NANOS = 60_000_000_000L;
    static final long HOUR_NANOS = 60 * MINUTE_NANOS;

    private static final int COUNT_BITS = 35;
    static final long MAX_BUCKET_COUNT = (1L << COUNT_BITS) - 1;

    long entity;
    long lastNanos;
    double score;
    long count;

    final long[] minutes = new long[MINUTES];
    int minuteCount;
    final long[] hours = new long[HOURS];
    int hourCount;

    static long bucket(long id, long count) {
        return id << COUNT_BITS | count;
    }

    static long id(long bucket) {
        return bucket >>> COUNT_BITS;
    }

    static long count(long bucket) {
        return bucket & MAX_BUCKET_COUNT;
    }

    /** Becomes a pair with one event. */
    void setSingle(long entity, double weight, long eventNanos) {
        this.entity = entity;
        score = weight;
        count = 1;
        lastNanos = eventNanos;
        setWindows(eventNanos, 1);
    }

    /** Makes all events in the windows lie in one minute. */
    void setWindows(long nanos, long events) {
        minutes[0] = bucket(nanos / MINUTE_NANOS, events);
        minuteCount = 1;
        hours[0] = bucket(nanos / HOUR_NANOS, events);
        hourCount = 1;
    }

    /** Moves the windows on to a later last event and forgets what fell out. */
    void advance(long newLastNanos) {
        lastNanos = newLastNanos;
        minuteCount = dropBefore(minutes, minuteCount, newLastNanos / MINUTE_NANOS - (MINUTES - 1));
        hourCount = dropBefore(hours, hourCount, newLastNanos / HOUR_NANOS - (HOURS - 1));
    }

    /** Counts events of one minute that is not after the last event's; ignores them where a window no longer reaches. */
    void addEvent(long eventNanos) {
        addMinute(bucket(eventNanos / MINUTE_NANOS, 1));
        addHour(bucket(eventNanos / HOUR_NANOS, 1));
    }

    /** Adds the other's events to the windows, and leaves the other unchanged. */
    void addWindows(CellState other) {
        for (int i = 0; i < other.minuteCount; i++) {
            addMinute(other.minutes[i]);
        }
        for (int i = 0; i < other.hourCount; i++) {
            addHour(other.hours[i]);
        }
    }

    private void addMinute(long bucket) {
        if (id(bucket) > lastNanos / MINUTE_NANOS - MINUTES) {
            minuteCount = add(minutes, minuteCount, bucket);
        }
    }

    private void addHour(long bucket) {
        if (id(bucket) > lastNanos / HOUR_NANOS - HOURS) {
            hourCount = add(hours, hourCount, bucket);
        }
    }

    private static int add(long[] buckets, int size, long bucket) {
        int at = size;
        while (at > 0 && id(buckets[at - 1]) > id(bucket)) {
            at--;
        }
        if (at > 0 && id(buckets[at - 1]) == id(bucket)) {
            long sum = Math.min(count(buckets[at - 1]) + count(bucket), MAX_BUCKET_COUNT);
            buckets[at - 1] = bucket(id(bucket), sum);
            return size;
        }
        System.arraycopy(buckets, at, buckets, at + 1, size - at);
        buckets[at] = bucket;
        return size + 1;
    }

    private static int dropBefore(long[] buckets, int size, long oldest) {
        int gone = 0;
        while (gone < size && id(buckets[gone]) < oldest) {
            gone++;
        }
        if (gone > 0) {
            System.arraycopy(buckets, gone, buckets, 0, size - gone);
        }
        return size - gone;
    }
}
