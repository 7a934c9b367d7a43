package io.tidaldb.wal.file;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The calls that a disk can fail, in one place, so that a test can be the failing disk.
 *
 * <p>An interrupt closes the channel of whoever is inside an operation. {@link #uninterrupted} therefore takes the interrupt away,
 * lets the operation run again from its beginning on a channel opened anew, and gives the interrupt back afterwards. Everything run
 * under it writes the same bytes to the same place again: a sync is never repeated for data that was not written again.
 */
class Disk {

    static final Disk REAL = new Disk();

    private static final int WRITE_BYTES = 1 << 20;

    /** An operation that can be run again from its beginning. */
    interface Operation<T> {
        T run() throws IOException;
    }

    static <T> T uninterrupted(Operation<T> operation) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            while (true) {
                try {
                    return operation.run();
                } catch (ClosedByInterruptException e) {
                    interrupted = true;
                    Thread.interrupted();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Runs an operation that can't be run again, such as a reading that reports; an interrupt that came before it comes after it. */
    static <T> T shielded(Operation<T> operation) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            return operation.run();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Runs an operation that makes files, directories or their contents, and syncs nothing. */
    static <T> T writing(Operation<T> operation) throws IOException {
        try {
            return operation.run();
        } catch (ClosedChannelException e) {
            // Somebody's interrupt, not the disk's answer.
            throw e;
        } catch (IOException | OutOfMemoryError e) {
            // The JDK has a direct buffer before it asks the system for anything.
            throw new RefusedWrite(e);
        }
    }

    /** @throws RefusedWrite if the disk did not take everything; it may hold a part */
    void write(FileChannel channel, ByteBuffer source, long offset) throws IOException {
        writing(() -> {
            writeAll(channel, source, offset);
            return true;
        });
    }

    private static void writeAll(FileChannel channel, ByteBuffer source, long offset) throws IOException {
        long at = offset;
        int end = source.limit();
        // In slices: the JDK keeps a direct buffer as large as the largest write for each thread, for ever.
        while (source.position() < end) {
            source.limit(Math.min(end, source.position() + WRITE_BYTES));
            while (source.hasRemaining()) {
                at += channel.write(source, at);
            }
            source.limit(end);
        }
    }

    void force(FileChannel channel) throws IOException {
        channel.force(false);
    }

    /** Syncs a file by its name, for any thread: this call can't be interrupted. */
    void forceFile(Path file) throws IOException {
        if (!file.getFileSystem().equals(FileSystems.getDefault())) {
            forceFileElsewhere(file);
            return;
        }
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.getFD().sync();
        }
    }

    // Only the system's own files can be opened in a way that no interrupt closes.
    private void forceFileElsewhere(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            force(channel);
        }
    }

    void forceDirectory(Path directory) throws IOException {
        uninterrupted(() -> {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
            return true;
        });
    }

    long usableBytes(Path directory) throws IOException {
        return Files.getFileStore(directory).getUsableSpace();
    }

    /**
     * Fills a buffer from an offset; fewer bytes only at the end of the file.
     *
     * @throws TidalException {@link ErrorCode#OVERLOADED} if there is no memory for it outside the heap
     */
    static void read(FileChannel channel, ByteBuffer target, long offset) throws IOException {
        long at = offset;
        try {
            while (target.hasRemaining()) {
                int read = channel.read(target, at);
                if (read < 0) {
                    return;
                }
                at += read;
            }
        } catch (OutOfMemoryError e) {
            throw noMemory("a read of " + target.remaining() + " bytes", e);
        }
    }

    /** Returns what to say where the JVM has no direct buffer for a read or a write. */
    static TidalException noMemory(String what, Throwable cause) {
        return new TidalException(
                ErrorCode.OVERLOADED,
                what + " found no memory outside the heap (" + cause.getMessage()
                        + "): expected a direct buffer as large as that; it can be tried again as soon as whoever has that memory gives it"
                        + " back, or raise -XX:MaxDirectMemorySize",
                cause);
    }
}
