package io.tidaldb.transport.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What stands before each message on an established link.
 *
 * <pre>
 *  0  4  bytes after this field: 12 and the body
 *  4  1  protocol version
 *  5  1  kind
 *  6  2  zero
 *  8  4  number of the request, also in its answer; else 0
 * 12  4  milliseconds that a request has left; else 0
 * 16     body
 * </pre>
 */
final class Frame {

    static final int VERSION = 1;

    static final int MESSAGE = 1;
    static final int REQUEST = 2;
    static final int ANSWER = 3;
    static final int FAILURE = 4;
    static final int HEARTBEAT = 5;

    static final int LENGTH_BYTES = 4;
    static final int HEADER_BYTES = 16;

    /** Longest deadline that travels, about twelve days; a longer one is as good as that. */
    static final int MAX_MILLIS = 1 << 30;

    private static final int VERSION_OFFSET = 4;
    private static final int KIND_OFFSET = 5;
    private static final int ZERO_OFFSET = 6;
    private static final int NUMBER_OFFSET = 8;
    private static final int MILLIS_OFFSET = 12;

    private Frame() {}

    /**
     * Returns a buffer that begins with a header and has room for a part of the body.
     *
     * @param part bytes of the body that will be in this buffer
     * @param body all of its bytes
     */
    static ByteBuf begin(ByteBufAllocator allocator, int kind, int number, int millis, int part, int body) {
        return allocator
                .directBuffer(HEADER_BYTES + part)
                .writeInt(HEADER_BYTES - LENGTH_BYTES + body)
                .writeByte(VERSION)
                .writeByte(kind)
                .writeShort(0)
                .writeInt(number)
                .writeInt(millis);
    }

    /** Returns what is wrong with a frame's length, or null. */
    static @Nullable String checkLength(int length, int maxMessageBytes) {
        if (length < HEADER_BYTES - LENGTH_BYTES || length > HEADER_BYTES - LENGTH_BYTES + (long) maxMessageBytes) {
            return "a frame of " + Integer.toUnsignedString(length) + " bytes; expected "
                    + (HEADER_BYTES - LENGTH_BYTES) + " to " + (HEADER_BYTES - LENGTH_BYTES + maxMessageBytes);
        }
        return null;
    }

    /** Returns what is wrong with a whole frame's header, or null. */
    static @Nullable String check(ByteBuf frame) {
        int start = frame.readerIndex();
        int version = frame.getUnsignedByte(start + VERSION_OFFSET);
        if (version != VERSION) {
            return "a frame of protocol version " + version + "; this node speaks version " + VERSION;
        }
        int kind = kind(frame);
        if (kind < MESSAGE || kind > HEARTBEAT) {
            return "a frame of kind " + kind + "; expected " + MESSAGE + " to " + HEARTBEAT;
        }
        int zero = frame.getUnsignedShort(start + ZERO_OFFSET);
        return zero == 0 ? null : "a frame with " + zero + " where zero is expected";
    }

    static int kind(ByteBuf frame) {
        return frame.getUnsignedByte(frame.readerIndex() + KIND_OFFSET);
    }

    static int number(ByteBuf frame) {
        return frame.getInt(frame.readerIndex() + NUMBER_OFFSET);
    }

    /** Returns a deadline as it travels. */
    static int millis(Duration deadline) {
        return deadline.compareTo(Duration.ofMillis(MAX_MILLIS)) >= 0
                ? MAX_MILLIS
                : (int) Math.max(1, deadline.plusNanos(999_999).toMillis());
    }

    static int millis(ByteBuf frame) {
        return frame.getInt(frame.readerIndex() + MILLIS_OFFSET);
    }

    static void millis(ByteBuf frame, int millis) {
        frame.setInt(frame.readerIndex() + MILLIS_OFFSET, millis);
    }
}
