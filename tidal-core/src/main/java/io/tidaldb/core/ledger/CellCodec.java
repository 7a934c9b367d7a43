package io.tidaldb.core.ledger;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * One pair's state as bytes, little-endian: what snapshots hold and digests hash. Equal states have equal bytes.
 *
 * <pre>
 *    0  u8   signal type
 *    1  u8   minute buckets, 1 to 60
 *    2  u8   hour buckets, 1 to 168
 *    3  u8   zero
 *    4  u64  entity
 *   12  u64  last event time, ns, below 2^63
 *   20  f64  score as of the last event
 *   28  u64  events ever, 1 to 2^56
 *   36  u64  × (minutes + hours): the buckets of {@link CellState}, each kind ascending and ending with the last event's
 * </pre>
 */
final class CellCodec {

    static final int FIXED_BYTES = 36;
    static final int MAX_BYTES = FIXED_BYTES + Long.BYTES * (CellState.MINUTES + CellState.HOURS);

    private static final long MAX_COUNT = 1L << 56;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private CellCodec() {}

    /** Writes a state at the start of an array of {@link #MAX_BYTES} and returns how long it is. */
    static int encode(int signal, CellState state, byte[] into) {
        into[0] = (byte) signal;
        into[1] = (byte) state.minuteCount;
        into[2] = (byte) state.hourCount;
        into[3] = 0;
        LONGS.set(into, 4, state.entity);
        LONGS.set(into, 12, state.lastNanos);
        LONGS.set(into, 20, Double.doubleToRawLongBits(state.score));
        LONGS.set(into, 28, state.count);
        int at = FIXED_BYTES;
        for (int i = 0; i < state.minuteCount; i++, at += Long.BYTES) {
            LONGS.set(into, at, state.minutes[i]);
        }
        for (int i = 0; i < state.hourCount; i++, at += Long.BYTES) {
            LONGS.set(into, at, state.hours[i]);
        }
        return at;
    }

    static int signal(byte[] from) {
        return from[0] & 0xff;
    }

    /** Returns how many bytes follow the fixed part, which alone has been read; refuses lengths that cannot be. */
    static int bucketBytes(byte[] from) {
        int minutes = from[1] & 0xff;
        int hours = from[2] & 0xff;
        require(minutes >= 1 && minutes <= CellState.MINUTES, "minute buckets", minutes);
        require(hours >= 1 && hours <= CellState.HOURS, "hour buckets", hours);
        require(from[3] == 0, "reserved byte", from[3]);
        return Long.BYTES * (minutes + hours);
    }

    /** Reads a state whose {@link #bucketBytes} have been read, and refuses one that no events can have led to. */
    static void decode(byte[] from, CellState into) {
        into.entity = (long) LONGS.get(from, 4);
        into.lastNanos = (long) LONGS.get(from, 12);
        into.score = Double.longBitsToDouble((long) LONGS.get(from, 20));
        into.count = (long) LONGS.get(from, 28);
        require(into.lastNanos >= 0, "last event time", into.lastNanos);
        require(Double.isFinite(into.score), "score bits", Double.doubleToRawLongBits(into.score));
        require(into.count >= 1 && into.count <= MAX_COUNT, "count", into.count);
        into.minuteCount = from[1] & 0xff;
        into.hourCount = from[2] & 0xff;
        long minute = into.lastNanos / CellState.MINUTE_NANOS;
        long hour = into.lastNanos / CellState.HOUR_NANOS;
        int hoursAt = FIXED_BYTES + Long.BYTES * into.minuteCount;
        decodeBuckets(from, FIXED_BYTES, into.minutes, into.minuteCount, minute, CellState.MINUTES, into.count);
        decodeBuckets(from, hoursAt, into.hours, into.hourCount, hour, CellState.HOURS, into.count);
    }

    private static void decodeBuckets(byte[] from, int at, long[] into, int size, long newest, int reach, long events) {
        long previous = newest - reach;
        long left = events;
        for (int i = 0; i < size; i++) {
            long bucket = (long) LONGS.get(from, at + Long.BYTES * i);
            long count = CellState.count(bucket);
            require(CellState.id(bucket) > previous && CellState.id(bucket) <= newest, "bucket", bucket);
            require(count >= 1 && count <= left, "events of a bucket", count);
            previous = CellState.id(bucket);
            left -= count;
            into[i] = bucket;
        }
        require(previous == newest, "newest bucket", previous);
    }

    private static void require(boolean holds, String what, long value) {
        if (!holds) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "Ledger cell has " + what + " " + value
                            + ", which no events lead to; fetch the snapshot again or replay the log.");
        }
    }
}
