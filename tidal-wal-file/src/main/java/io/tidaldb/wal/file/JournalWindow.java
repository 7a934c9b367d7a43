package io.tidaldb.wal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;

/**
 * Reads a journal about a MiB at a time: commits are small, and there are many. What somebody writes meanwhile is seen at some time, or
 * after {@link #forget} at once. Confined to one thread.
 */
final class JournalWindow implements AutoCloseable {

    private static final int WINDOW_BYTES = 1 << 20;

    private final Layout layout;
    private final ByteBuffer window = ByteBuffer.allocate(WINDOW_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private FileChannel channel;
    private long file;
    private long size;
    private long windowOffset;

    /** Begins at a file, which must exist. */
    JournalWindow(Layout layout, long file) throws IOException {
        this.layout = layout;
        this.file = file;
        this.channel = FileChannel.open(layout.journalFile(file), StandardOpenOption.READ);
        this.size = channel.size();
        window.limit(0);
    }

    /** Goes to a file; false if there is none, and then nothing changes. */
    boolean open(long number) throws IOException {
        if (number == file) {
            return true;
        }
        FileChannel next;
        try {
            next = FileChannel.open(layout.journalFile(number), StandardOpenOption.READ);
        } catch (NoSuchFileException e) {
            return false;
        }
        channel.close();
        channel = next;
        file = number;
        size = next.size();
        window.limit(0);
        return true;
    }

    /** Reads the file that is open anew from now on. */
    void forget() throws IOException {
        size = channel.size();
        window.limit(0);
    }

    /** Returns the size of the file that is open. */
    long size() {
        return size;
    }

    /** Returns a copy of what lies in the file from an offset on; what is missing is zero. */
    ByteBuffer read(long offset, int length) throws IOException {
        ByteBuffer target = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        int available = (int) Math.min(length, Math.max(0, size - offset));
        if (available > WINDOW_BYTES) {
            Disk.read(channel, target, offset);
        } else if (available > 0) {
            int at = fill(offset, available);
            target.put(0, window, at, available);
        }
        return target.clear();
    }

    /** Returns the number at an offset, without a copy where the file goes on. */
    long number(long offset) throws IOException {
        return offset + Long.BYTES > size
                ? read(offset, Long.BYTES).getLong(0)
                : window.getLong(fill(offset, Long.BYTES));
    }

    /** Makes the window hold a range of the file and returns where in the window it begins. */
    private int fill(long offset, int length) throws IOException {
        if (offset < windowOffset || offset + length > windowOffset + window.limit()) {
            window.clear();
            Disk.read(channel, window, offset);
            // What is cut off meanwhile reads as zeros.
            while (window.position() < length) {
                window.put((byte) 0);
            }
            window.flip();
            windowOffset = offset;
        }
        return (int) (offset - windowOffset);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
