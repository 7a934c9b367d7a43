package io.tidaldb.control.ratis;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Room on the disk that is the control log's own: a file {@code reserved} of bytes that mean nothing. While tenants or other programs leave
 * nothing it is given back piece by piece, so that what is agreed can be written; once there is room again it is taken again. It is looked
 * at before entries are written and, for what Ratis writes of its own accord, many times a second. Whoever takes each piece as soon as it is
 * given back can still leave nothing; then the log fails and says so.
 *
 * <p>Safe for any number of threads.
 */
final class ReservedRoom {

    private static final Logger LOG = LoggerFactory.getLogger(ReservedRoom.class);

    /** A member writes some hundred bytes several times a second: enough for more than half an hour. */
    static final int BYTES = 4 << 20;

    static final int PIECE_BYTES = 512 << 10;

    /** With less than this left a piece is given back. */
    static final long LOW_BYTES = 256 << 10;

    /** With more than this left all is taken again: much more than given back, so that the two don't follow each other. */
    static final long AMPLE_BYTES = 64 << 20;

    private final Path file;
    private final LongSupplier usableBytes;

    /** The size of the file; -1 if it is not known. */
    private long held = -1;

    /** Whether the disk did not take it. */
    private boolean refused;

    /**
     * Creates the room; nothing is taken yet.
     *
     * @param file in a directory that is there by the first {@link #look}
     * @param usableBytes how much the disk has left for others
     */
    ReservedRoom(Path file, LongSupplier usableBytes) {
        this.file = file;
        this.usableBytes = usableBytes;
    }

    /** Gives back a piece if next to nothing is left, or takes all if there is plenty. */
    synchronized void look() {
        long left = usableBytes.getAsLong();
        boolean gives = left < LOW_BYTES && held != 0;
        boolean takes = left > AMPLE_BYTES && held != BYTES && !refused;
        if (!gives && !takes) {
            return;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            held = channel.size();
            if (gives && held > 0) {
                channel.truncate(Math.max(0, held - PIECE_BYTES));
                LOG.warn(
                        "the disk of the control log is full: {} KiB of its own room are left; free some space",
                        channel.size() >> 10);
            } else if (takes) {
                fill(channel);
            }
            held = channel.size();
        } catch (IOException e) {
            LOG.warn("the control log has no room of its own in {}: {}", file, e.getMessage());
            refused = true;
            held = gives ? 0 : -1;
        }
    }

    // Not of zeros, which some file systems don't store.
    private void fill(FileChannel channel) throws IOException {
        SplittableRandom random = new SplittableRandom(held);
        byte[] piece = new byte[PIECE_BYTES];
        for (long at = held; at < BYTES; at += piece.length) {
            random.nextBytes(piece);
            ByteBuffer bytes = ByteBuffer.wrap(piece, 0, (int) Math.min(piece.length, BYTES - at));
            while (bytes.hasRemaining()) {
                channel.write(bytes, at + bytes.position());
            }
        }
    }
}
