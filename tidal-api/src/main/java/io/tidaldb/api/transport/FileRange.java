package io.tidaldb.api.transport;

import io.tidaldb.api.TidalException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * A range of a file to send: {@code bytes} bytes from {@code position} on, which are there and do not change while it is sent.
 *
 * <p>Whoever takes a range over calls {@code release} once, when it needs the channel no more; the channel is not closed by anybody else and
 * must not be closed before. Its own position is neither used nor changed, so that many ranges can share it.
 *
 * @param position 0 or more
 * @param bytes 0 to 64 MiB
 * @param release must not block; an example is to count down the users of a channel
 */
public record FileRange(FileChannel channel, long position, int bytes, Runnable release) {

    private static final int MAX_BYTES = 64 << 20;

    /** @throws TidalException {@link io.tidaldb.api.ErrorCode#INVALID_ARGUMENT} if a number is out of its range */
    public FileRange {
        if (position < 0 || bytes < 0 || bytes > MAX_BYTES) {
            throw TidalException.invalid("a file range of " + bytes + " bytes at " + position
                    + " is not valid: expected a position of 0 or more and 0 to " + MAX_BYTES + " bytes");
        }
    }

    /**
     * Reads the whole range into a buffer, which has room for it.
     *
     * @throws IOException if it can't be read, or the file ends before it
     */
    public void readInto(ByteBuffer buffer) throws IOException {
        int end = buffer.position() + bytes;
        ByteBuffer room = buffer.duplicate().limit(end);
        while (room.hasRemaining()) {
            int read = channel.read(room, position + bytes - room.remaining());
            if (read < 0) {
                throw new EOFException(
                        "the file ends at " + channel.size() + ", expected " + bytes + " bytes at " + position);
            }
        }
        buffer.position(end);
    }
}
