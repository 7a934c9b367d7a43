package io.tidaldb.wal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Batches on their way to segments, not yet promised to be durable there: put together by the store's thread, written by any one thread. Files that it writes must
 * not be read before it is done.
 */
final class TailWriting {

    /** A stretch of a segment; one at offset 0 begins the file, whatever a crash left under its name. */
    private record Piece(Path file, long offset, int length, List<byte[]> batches) {}

    // Left to a checkpoint, many of these would go to the disk in one go, and the syncs of commits would wait behind
    // them.
    private static final int SYNCED_BYTES = 128 << 10;

    private final Path root;
    private final Disk disk;
    private final List<Piece> pieces = new ArrayList<>();
    private final Set<Path> changedDirectories = new LinkedHashSet<>();
    private long bytes;

    TailWriting(Path root, Disk disk) {
        this.root = root;
        this.disk = disk;
    }

    void add(Segment segment, int length, List<byte[]> batches) {
        pieces.add(new Piece(segment.path(), segment.bytes(), length, batches));
        bytes += length;
    }

    long bytes() {
        return bytes;
    }

    void run() throws IOException {
        for (Piece piece : pieces) {
            if (piece.offset == 0) {
                Path directory = Objects.requireNonNull(piece.file.getParent());
                Disk.writing(() -> {
                    SegmentFiles.createDirectories(root, directory, changedDirectories);
                    return true;
                });
                changedDirectories.add(directory);
            }
            write(piece);
        }
    }

    private void write(Piece piece) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(piece.length);
        piece.batches.forEach(all::put);
        all.flip();
        Disk.uninterrupted(() -> {
            try (FileChannel channel = Disk.writing(() -> open(piece))) {
                disk.write(channel, all.duplicate(), piece.offset);
                if (piece.length >= SYNCED_BYTES) {
                    disk.force(channel);
                }
            }
            return true;
        });
    }

    private static FileChannel open(Piece piece) throws IOException {
        return piece.offset == 0
                ? FileChannel.open(
                        piece.file,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING)
                : FileChannel.open(piece.file, StandardOpenOption.WRITE);
    }

    /** Leaves out what was to go to files that are deleted now; only while nobody runs it. */
    void forget(Collection<Path> files) {
        pieces.removeIf(piece -> files.contains(piece.file));
        bytes = pieces.stream().mapToLong(Piece::length).sum();
    }

    /** Returns the directories in which it made files or directories; once it is done. */
    Set<Path> changedDirectories() {
        return changedDirectories;
    }
}
