package io.tidaldb.transport.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.DefaultFileRegion;
import io.tidaldb.api.transport.FileRange;
import java.io.EOFException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A message whose end is in a file. Owned by whoever has it: the outbox's queue, then the event loop. */
final class FileMessage {

    // The native transport takes the descriptor out of channels of this class, and of no other.
    private static final String REAL_CHANNEL = "sun.nio.ch.FileChannelImpl";

    private static final int PART_BYTES = 64 << 10;

    private final ByteBuf head;
    private final FileRange body;
    private final Runnable released;
    private final @Nullable Region region;
    private final int headBytes;
    private int read;

    /**
     * Takes a range over.
     *
     * @param head header and beginning of the message
     * @param copies whether the file has to be read, as for TLS
     * @param released called once when the file is needed no more
     */
    FileMessage(ByteBuf head, FileRange body, boolean copies, Runnable released) {
        this.head = head;
        this.body = body;
        this.released = released;
        this.headBytes = head.readableBytes() - Frame.HEADER_BYTES;
        boolean real = body.channel().getClass().getName().equals(REAL_CHANNEL);
        this.region = copies || !real || body.bytes() == 0 ? null : new Region(body, released);
        if (body.bytes() == 0) {
            released.run();
        }
    }

    /** Goes from the file to the socket within the kernel, where that can. */
    private static final class Region extends DefaultFileRegion {

        private final Runnable released;

        Region(FileRange range, Runnable released) {
            super(range.channel(), range.position(), range.bytes());
            this.released = released;
        }

        // The channel is not ours to close.
        @Override
        protected void deallocate() {
            released.run();
        }
    }

    ByteBuf head() {
        return head;
    }

    int headBytes() {
        return headBytes;
    }

    int bodyBytes() {
        return body.bytes();
    }

    @Nullable
    Region region() {
        return region;
    }

    /** Returns whether there is nothing left to read. */
    boolean isRead() {
        return region != null || read == body.bytes();
    }

    /** Reads the next part of the body. */
    ByteBuf read(ByteBufAllocator allocator) throws IOException {
        int wanted = Math.min(PART_BYTES, body.bytes() - read);
        ByteBuf part = allocator.directBuffer(wanted);
        try {
            while (part.readableBytes() < wanted) {
                int got = part.writeBytes(body.channel(), body.position() + read, wanted - part.readableBytes());
                if (got < 0) {
                    throw new EOFException("it ends at " + body.channel().size() + ", expected " + body.bytes()
                            + " bytes at " + body.position());
                }
                read += got;
            }
        } catch (IOException e) {
            part.release();
            throw e;
        }
        if (isRead()) {
            released.run();
        }
        return part;
    }

    /** Gives the file back without having read all of it. */
    void release() {
        released.run();
    }

    /** Gives everything back; nothing of it was written. */
    void drop() {
        head.release();
        if (region != null) {
            region.release();
        } else if (!isRead()) {
            release();
        }
    }
}
