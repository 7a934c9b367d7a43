package io.tidaldb.wal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes commits, one write and one sync each, to files that were filled with zeros or older commits before: a sync then has no
 * metadata to write. Blocks are never rewritten while they count; {@link CommitHeader} owns the format.
 *
 * <p>Confined to the store's thread.
 */
final class Journal implements AutoCloseable {

    /** Each open goes on this far above the last, so that no number of a commit that a crash cut off is used again. */
    static final long COMMITS_PER_OPEN = 1L << 32;

    private static final int MAX_SPARES = 3;

    private final Layout layout;
    private final Disk disk;
    private final Limits limits;
    // Retired files under their old names; they get a new one when they are needed.
    private final Deque<Long> spares = new ArrayDeque<>();
    private long firstFile;
    private long file;
    private long offset;
    private long fileBytes;
    private long nextCommit;
    private long bytesInOlderFiles;
    private @Nullable CommitSummary previous;
    private @Nullable FileChannel channel;

    /** Begins a journal at the start of a new file. */
    Journal(Layout layout, Disk disk, Limits limits, long file, long nextCommit) throws IOException {
        this.layout = layout;
        this.disk = disk;
        this.limits = limits;
        this.firstFile = file;
        this.file = file;
        this.nextCommit = nextCommit;
        create(limits.journalStepBytes());
    }

    long file() {
        return file;
    }

    long nextCommit() {
        return nextCommit;
    }

    /** Returns the bytes that a replay from the last checkpoint would read. */
    long liveBytes() {
        return bytesInOlderFiles + offset;
    }

    /** Writes a commit; it is durable on return. */
    void commit(List<Frame> frames) throws IOException {
        write(CommitHeader.encode(nextCommit, false, file, offset, frames, previous));
        previous = CommitSummary.of(nextCommit, frames);
        nextCommit++;
    }

    private void write(ByteBuffer commit) throws IOException {
        makeRoom(commit.limit());
        Disk.uninterrupted(() -> {
            FileChannel open = open();
            disk.write(open, commit.duplicate(), offset);
            disk.force(open);
            return true;
        });
        offset += commit.limit();
    }

    private void makeRoom(int bytes) throws IOException {
        long end = offset + bytes;
        if (end <= fileBytes) {
            return;
        }
        if (offset > 0 && end > limits.journalFileBytes()) {
            rotate();
            end = bytes;
        }
        if (end > fileBytes) {
            grow(end, Math.max(end, Math.min(limits.journalFileBytes(), Math.max(2 * fileBytes, end))));
        }
    }

    /** Goes on in a new file; commits before it can be retired once a checkpoint covers them. */
    void rotate() throws IOException {
        closeChannel();
        bytesInOlderFiles += offset;
        Path old = null;
        if (!spares.isEmpty()) {
            old = layout.journalFile(spares.remove());
        }
        file++;
        offset = 0;
        if (old == null) {
            create(Math.min(limits.journalFileBytes(), Math.max(limits.journalStepBytes(), fileBytes)));
        } else {
            Path target = layout.journalFile(file);
            Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
            disk.forceDirectory(layout.journal());
            fileBytes = Files.size(target);
        }
    }

    private void create(long bytes) throws IOException {
        Files.deleteIfExists(layout.journalFile(file));
        fileBytes = 0;
        grow(CommitHeader.BLOCK_BYTES, bytes);
        disk.forceDirectory(layout.journal());
    }

    /** On a disk that is nearly full, what is needed may fit where what is wished does not. */
    private void grow(long needed, long wished) throws IOException {
        try {
            prewrite(fileBytes, wished);
        } catch (IOException e) {
            Disk.uninterrupted(() -> open().truncate(fileBytes));
            prewrite(fileBytes, needed);
        }
    }

    private void prewrite(long from, long to) throws IOException {
        Disk.uninterrupted(() -> {
            FileChannel open = open();
            byte[] zeros = new byte[(int) Math.min(to - from, 1 << 20)];
            for (long at = from; at < to; at += zeros.length) {
                disk.write(open, ByteBuffer.wrap(zeros, 0, (int) Math.min(zeros.length, to - at)), at);
            }
            disk.force(open);
            return true;
        });
        fileBytes = to;
    }

    private FileChannel open() throws IOException {
        FileChannel open = channel;
        if (open == null || !open.isOpen()) {
            open = FileChannel.open(
                    layout.journalFile(file),
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.CREATE);
            channel = open;
        }
        return open;
    }

    /** Retires the files before one that a durable manifest names as the start of replay. */
    void retireBefore(long replayFile, long olderBytes) throws IOException {
        while (firstFile < replayFile) {
            Path retired = layout.journalFile(firstFile);
            if (spares.size() < MAX_SPARES && Files.size(retired) <= limits.journalFileBytes()) {
                spares.add(firstFile);
            } else {
                Files.deleteIfExists(retired);
            }
            firstFile++;
        }
        bytesInOlderFiles -= olderBytes;
    }

    /** Returns the bytes in files before the current one. */
    long olderBytes() {
        return bytesInOlderFiles;
    }

    /** Writes the end mark of a clean close: one block in a file of its own, whose every byte is checked. */
    void endMark() throws IOException {
        closeChannel();
        long previousFile = file;
        file++;
        ByteBuffer mark = CommitHeader.encode(nextCommit, true, previousFile, offset, List.of(), null);
        offset = 0;
        fileBytes = mark.limit();
        Files.deleteIfExists(layout.journalFile(file));
        write(mark);
        disk.forceDirectory(layout.journal());
    }

    /** Deletes all files but the one that is named. */
    static void deleteAllBut(Layout layout, long kept, Disk disk) throws IOException {
        for (long number : layout.journalFiles()) {
            if (number != kept) {
                Files.deleteIfExists(layout.journalFile(number));
            }
        }
        disk.forceDirectory(layout.journal());
    }

    private void closeChannel() throws IOException {
        FileChannel open = channel;
        if (open != null) {
            open.close();
            channel = null;
        }
    }

    @Override
    public void close() throws IOException {
        closeChannel();
    }
}
