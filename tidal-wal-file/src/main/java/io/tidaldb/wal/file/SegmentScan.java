package io.tidaldb.wal.file;

import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.BatchCorruptException;
import io.tidaldb.api.wal.WalBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Reads a segment from end to end and checks every byte, without writing. */
final class SegmentScan implements AutoCloseable {

    private static final int WINDOW_BYTES = 1 << 20;
    private static final byte[] MAGIC = {'T', 'I', 'D', 'L'};

    /** Receives what is found; returns whether to go on. */
    interface Visitor {

        boolean batch(long offset, WalBatch batch) throws IOException;

        boolean damage(long offset, String expected, String actual) throws IOException;
    }

    private final FileChannel channel;
    private final long fileBytes;
    private final long limit;
    private ByteBuffer window = ByteBuffer.allocate(0).order(ByteOrder.LITTLE_ENDIAN);
    private long windowOffset;

    /** Reads up to a limit, or to the end of the file if that comes first. */
    SegmentScan(Path file, long limit) throws IOException {
        channel = FileChannel.open(file, StandardOpenOption.READ);
        fileBytes = channel.size();
        this.limit = Math.min(limit, fileBytes);
    }

    /** Returns the size that the file had when it was opened. */
    long fileBytes() {
        return fileBytes;
    }

    /** Returns where the last whole batch ends if what follows is an incomplete one, else the limit. */
    long run(Visitor visitor) throws IOException {
        long offset = 0;
        while (offset < limit) {
            if (limit - offset < WalBatch.HEADER_BYTES) {
                return offset;
            }
            int at = fill(offset, WalBatch.HEADER_BYTES);
            int length;
            try {
                length = WalBatch.checkHeader(window, at);
            } catch (TidalException e) {
                if (!report(visitor, offset, e)) {
                    return limit;
                }
                offset = resync(offset + 1);
                continue;
            }
            if (length > limit - offset) {
                return offset;
            }
            if (!visit(visitor, offset, length)) {
                return limit;
            }
            offset += length;
        }
        return limit;
    }

    private boolean visit(Visitor visitor, long offset, int length) throws IOException {
        int at = fill(offset, length);
        try {
            return visitor.batch(offset, WalBatch.of(window, at));
        } catch (BatchCorruptException e) {
            return report(visitor, offset, e);
        }
    }

    private static boolean report(Visitor visitor, long offset, TidalException e) throws IOException {
        return e instanceof BatchCorruptException corrupt
                ? visitor.damage(offset, corrupt.expected(), corrupt.actual())
                : visitor.damage(offset, "a batch that this version reads", String.valueOf(e.getMessage()));
    }

    /** Finds the next place that surely is a batch: the magic and a header whose checksum holds. */
    private long resync(long from) throws IOException {
        for (long offset = from; offset <= limit - WalBatch.HEADER_BYTES; offset++) {
            int at = fill(offset, WalBatch.HEADER_BYTES);
            if (startsWithMagic(at) && isHeader(at)) {
                return offset;
            }
        }
        return limit;
    }

    private boolean startsWithMagic(int at) {
        for (int i = 0; i < MAGIC.length; i++) {
            if (window.get(at + i) != MAGIC[i]) {
                return false;
            }
        }
        return true;
    }

    private boolean isHeader(int at) {
        try {
            WalBatch.checkHeader(window, at);
            return true;
        } catch (TidalException e) {
            return !(e instanceof BatchCorruptException);
        }
    }

    /** Makes the window hold a range and returns where in the window it begins. */
    private int fill(long offset, int length) throws IOException {
        if (offset < windowOffset || offset + length > windowOffset + window.limit()) {
            int bytes = (int) Math.min(Math.max(length, WINDOW_BYTES), limit - offset);
            window = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
            // What is cut off meanwhile reads as zeros.
            Disk.read(channel, window, offset);
            window.clear();
            windowOffset = offset;
        }
        return (int) (offset - windowOffset);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
