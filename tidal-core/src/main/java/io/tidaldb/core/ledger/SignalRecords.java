package io.tidaldb.core.ledger;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * Signal records as they lie in a batch, 21 bytes each, little-endian whatever the buffer's order says:
 *
 * <pre>
 *    0  u64  entity
 *    8  u8   signal type
 *    9  f32  weight, finite
 *   13  u64  event time, ns since 1970, below 2^63
 * </pre>
 */
final class SignalRecords {

    static final int BYTES = 21;

    static final int SIGNAL = 8;
    static final int WEIGHT = 9;
    static final int TIME = 13;

    private static final int EXPONENT = 0x7f80_0000;
    private static final int EXPONENT_UNIT = 0x0080_0000;

    private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private SignalRecords() {}

    static long entity(ByteBuffer records, int at) {
        return (long) LONGS.get(records, at);
    }

    static int signal(ByteBuffer records, int at) {
        return records.get(at + SIGNAL) & 0xff;
    }

    static float weight(ByteBuffer records, int at) {
        return Float.intBitsToFloat((int) INTS.get(records, at + WEIGHT));
    }

    static long eventNanos(ByteBuffer records, int at) {
        return (long) LONGS.get(records, at + TIME);
    }

    /** Refuses records that admission would never have let through, before any of them is folded. */
    static void check(ByteBuffer records, int from, int count) {
        Objects.checkFromIndexSize(from, Math.multiplyExact(count, BYTES), records.limit());
        // One sign for all of them: of a time, or what the exponent of a weight that is not finite becomes with 1 more.
        long refused = 0;
        for (int i = 0, at = from; i < count; i++, at += BYTES) {
            int exponent = (int) INTS.get(records, at + WEIGHT) & EXPONENT;
            refused |= exponent + EXPONENT_UNIT | eventNanos(records, at);
        }
        for (int i = 0, at = from; refused < 0 && i < count; i++, at += BYTES) {
            check(weight(records, at), eventNanos(records, at));
        }
    }

    static void check(float weight, long eventNanos) {
        if (!Float.isFinite(weight) || eventNanos < 0) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "Signal record has weight " + weight + " and event time " + eventNanos
                            + " ns; a finite weight and a time from 0 to 2^63 - 1 were admitted. Verify the log.");
        }
    }
}
