package io.tidaldb.core.codec;

import java.nio.ByteBuffer;

/**
 * Signal records, 21 bytes each, little-endian:
 *
 * <pre>
 * offset size
 *      0    8  entity
 *      8    1  signal type, the index in the schema
 *      9    4  weight, IEEE 754 single
 *     13    8  event time, nanoseconds since 1970
 * </pre>
 */
public final class SignalRecords {

    /** Size of a record. */
    public static final int BYTES = 21;

    private static final int TYPE_AT = 8;
    private static final int WEIGHT_AT = 9;
    private static final int TIME_AT = 13;

    private SignalRecords() {}

    /** Writes a record. */
    public static void put(ByteBuffer target, int at, long entity, int type, float weight, long eventNanos) {
        target.putLong(at, entity)
                .put(at + TYPE_AT, (byte) type)
                .putFloat(at + WEIGHT_AT, weight)
                .putLong(at + TIME_AT, eventNanos);
    }

    /** Returns the entity. */
    public static long entity(ByteBuffer source, int at) {
        return source.getLong(at);
    }

    /** Returns the index of the signal type, 0 to 255. */
    public static int type(ByteBuffer source, int at) {
        return Byte.toUnsignedInt(source.get(at + TYPE_AT));
    }

    /** Returns the weight. */
    public static float weight(ByteBuffer source, int at) {
        return source.getFloat(at + WEIGHT_AT);
    }

    /** Returns the event time in nanoseconds since 1970. */
    public static long eventNanos(ByteBuffer source, int at) {
        return source.getLong(at + TIME_AT);
    }
}
