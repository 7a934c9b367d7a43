package io.tidaldb.wal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Writes commits, one write and one sync each, to files that were filled with zeros or older commits before: a sync then has no
 * metadata to write. Blocks are never rewritten while they count; {@link CommitHeader} owns the format.
 *
 * <p>The next file is prepared in the background ({@link JournalSpace}). If it is not ready in time, the current one grows commit by
 * commit: each sync is dearer then, but none waits.
 *
 * <p>Confined to the store's thread.
 */
final class Journal implements AutoCloseable {

    /** Each open goes on this far above the last, so that no number of a commit that a crash cut off is used again. */
    static final long COMMITS_PER_OPEN = 1L << 32;

    private final Layout layout;
    private final Disk disk;
    private final JournalSpace space;
    // Files that a checkpoint has yet to cover, oldest first, without the current one.
    private final List<JournalSpace.Extent> older = new ArrayList<>();
    private long olderBytes;
    private long file;
    private long offset;
    private long fileBytes;
    private long nextCommit;
    // Summary of the last commit.
    private @Nullable Frame previous;
    private @Nullable FileChannel channel;

    /** Begins a journal at the start of a new file. */
    Journal(Layout layout, Disk disk, Limits limits, Executor background, long file, long nextCommit)
            throws IOException {
        this.layout = layout;
        this.disk = disk;
        this.space = new JournalSpace(layout, disk, limits, background);
        this.file = file;
        this.nextCommit = nextCommit;
        this.fileBytes = space.createFirst(file);
    }

    long file() {
        return file;
    }

    long nextCommit() {
        return nextCommit;
    }

    /** Returns the bytes that a replay from the last checkpoint would read. */
    long liveBytes() {
        return olderBytes + offset;
    }

    /**
     * Writes a commit; it is durable on return.
     *
     * @throws RefusedWrite if the disk did not take it; nothing of it is there then, and the next commit takes its place
     */
    void commit(CommitAssembly commit) throws IOException {
        write(commit.seal(nextCommit, false, file, offset, previous));
        previous = commit.summary(nextCommit);
        nextCommit++;
        if (offset >= fileBytes / 4) {
            space.prepare(file + 1, fileBytes);
        }
    }

    private void write(ByteBuffer commit) throws IOException {
        long end = offset + commit.limit();
        if (end > fileBytes && offset > 0 && space.isReady()) {
            rotate();
        }
        Disk.uninterrupted(() -> {
            FileChannel open = open();
            try {
                disk.write(open, commit.duplicate(), offset);
            } catch (RefusedWrite e) {
                takeBack(open);
                throw e;
            }
            disk.force(open);
            return true;
        });
        offset += commit.limit();
    }

    // A commit whose frames have all arrived would be obeyed after a crash, however little of it is missing. Cut off,
    // and not
    // overwritten: blocks of two commits with the same number, mixed by a power cut, would pass as damage.
    private void takeBack(FileChannel open) throws IOException {
        open.truncate(offset);
        disk.force(open);
        fileBytes = offset;
    }

    /** Returns whether {@link #rotate} has nothing to wait for. */
    boolean canRotate() {
        return space.isReady();
    }

    /** Goes on in the next file. */
    private void rotate() throws IOException {
        // First, for it may fail, and then the current file goes on.
        long nextBytes = space.take(file + 1);
        closeChannel();
        older.add(new JournalSpace.Extent(file, Math.max(fileBytes, offset)));
        olderBytes += offset;
        file++;
        offset = 0;
        fileBytes = nextBytes;
    }

    /** Goes on in the next file, and returns those before it: they can be used again once a checkpoint has been published. */
    Covered cover() throws IOException {
        rotate();
        // At once, for what begins now may keep the background busy until this file is full.
        space.prepare(file + 1, fileBytes);
        Covered covered = new Covered(List.copyOf(older), olderBytes);
        older.clear();
        return covered;
    }

    /** Files of the journal that end before a checkpoint. */
    record Covered(List<JournalSpace.Extent> files, long bytes) {}

    /** Returns what frees covered files, for any thread, after a manifest has been published that begins behind them. */
    JournalSpace.Release release(Covered covered) {
        return space.release(covered.files);
    }

    void released(Covered covered, JournalSpace.Release release) {
        olderBytes -= covered.bytes;
        space.released(release);
    }

    /** Deletes covered files that are kept for use. */
    void discard() throws IOException {
        space.discard();
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

    /** Writes the end mark of a clean close: one block in a file of its own, whose every byte is checked. */
    void endMark() throws IOException {
        closeChannel();
        space.cancel();
        long previousFile = file;
        file++;
        ByteBuffer mark = new CommitAssembly().seal(nextCommit, true, previousFile, offset, null);
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
        space.cancel();
        closeChannel();
    }
}
