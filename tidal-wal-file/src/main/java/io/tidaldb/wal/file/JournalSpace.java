package io.tidaldb.wal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the journal's files ready before they are needed: renames one that is used again, or fills a new one with zeros. A file that
 * is ready already has its name; it holds no number of a commit to come, so that a reader takes its beginning for the journal's end.
 *
 * <p>Confined to the store's thread but for its {@link Work}.
 */
final class JournalSpace {

    private static final Logger LOG = LoggerFactory.getLogger(JournalSpace.class);

    private static final int MAX_SPARES = 3;
    // A slice of zeros is synced by itself: a commit's sync that meets it waits for a slice at most, not for a file.
    private static final int SLICE_BYTES = 256 << 10;
    private static final int GROWTH = 4;
    private static final int ROOM = 4;

    private final Layout layout;
    private final Disk disk;
    private final Limits limits;
    private final Executor background;
    // Covered files of full size under their old names.
    private final Deque<Long> spares = new ArrayDeque<>();
    private @Nullable Work preparing;
    private long preparingFile;

    /** A file and its size. */
    record Extent(long file, long bytes) {}

    JournalSpace(Layout layout, Disk disk, Limits limits, Executor background) {
        this.layout = layout;
        this.disk = disk;
        this.limits = limits;
        this.background = background;
    }

    /** Creates the file that an open begins with and returns its size: a full disk must not keep a store from being read. */
    long createFirst(long file) throws IOException {
        try {
            return create(file, limits.journalStepBytes());
        } catch (RefusedWrite e) {
            LOG.warn("no room to make a journal file ready; the journal grows commit by commit", e);
            return create(file, 0);
        }
    }

    /** Creates a file at once and returns its size. */
    private long create(long file, long bytes) throws IOException {
        Path path = layout.journalFile(file);
        Files.deleteIfExists(path);
        // Room that is short is left to what is really written.
        if (bytes > 0 && disk.usableBytes(layout.journal()) < ROOM * bytes) {
            throw new RefusedWrite(new IOException("less than " + ROOM * bytes + " bytes left on the disk"));
        }
        try {
            prewrite(path, bytes);
        } catch (RefusedWrite e) {
            // What there is of it takes up room that the disk does not have.
            Files.deleteIfExists(path);
            throw e;
        }
        disk.forceDirectory(layout.journal());
        return bytes;
    }

    /** Begins to make a file ready unless that was done: small at first, for most stores stay small. */
    void prepare(long file, long previousBytes) {
        if (preparing != null) {
            return;
        }
        Long spare = spares.poll();
        preparingFile = file;
        long bytes = Math.min(limits.journalFileBytes(), Math.max(limits.journalStepBytes(), GROWTH * previousBytes));
        preparing = Work.begin(background, () -> {
            if (spare == null) {
                create(file, bytes);
            } else {
                Files.move(layout.journalFile(spare), layout.journalFile(file), StandardCopyOption.ATOMIC_MOVE);
                disk.forceDirectory(layout.journal());
            }
        });
    }

    boolean isReady() {
        Work work = preparing;
        return work != null && work.isDone() && work.failure() == null;
    }

    /** Returns the size of a file that is begun now: what was made ready, or else an empty one. */
    long take(long file) throws IOException {
        Work work = preparing;
        preparing = null;
        if (work != null) {
            try {
                work.await();
                return Files.size(layout.journalFile(file));
            } catch (IOException e) {
                // Nothing was promised of it. A disk that is nearly full may still take what is really written.
                LOG.warn("no journal file could be made ready; the journal grows commit by commit", e);
            }
        }
        return create(file, 0);
    }

    private void prewrite(Path path, long bytes) throws IOException {
        Disk.uninterrupted(() -> {
            try (FileChannel channel =
                    Disk.writing(() -> FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.CREATE))) {
                byte[] zeros = new byte[(int) Math.min(bytes, SLICE_BYTES)];
                for (long at = 0; at < bytes; at += zeros.length) {
                    disk.write(channel, ByteBuffer.wrap(zeros, 0, (int) Math.min(zeros.length, bytes - at)), at);
                    disk.force(channel);
                }
            }
            return true;
        });
    }

    /** Deletes those of the covered files that are not used again. */
    final class Release {

        private final List<Long> kept = new ArrayList<>();
        private final List<Long> deleted = new ArrayList<>();

        private Release(List<Extent> covered) {
            for (Extent each : covered) {
                boolean fits = each.bytes == limits.journalFileBytes();
                (fits && spares.size() + kept.size() < MAX_SPARES ? kept : deleted).add(each.file);
            }
        }

        /** For any thread. */
        void run() throws IOException {
            for (long file : deleted) {
                Files.deleteIfExists(layout.journalFile(file));
            }
        }
    }

    Release release(List<Extent> covered) {
        return new Release(covered);
    }

    void released(Release release) {
        spares.addAll(release.kept);
    }

    /** Deletes what would be used again, and what is ready for use: after that no file of the journal holds what was covered. */
    void discard() throws IOException {
        Work work = preparing;
        preparing = null;
        if (work != null) {
            try {
                work.await();
            } catch (IOException e) {
                LOG.debug("a journal file that is deleted was not made ready", e);
            }
            Files.deleteIfExists(layout.journalFile(preparingFile));
        }
        for (Long spare : spares) {
            Files.deleteIfExists(layout.journalFile(spare));
        }
        spares.clear();
        disk.forceDirectory(layout.journal());
    }

    /** Returns once nothing is being made ready. */
    void cancel() {
        Work work = preparing;
        if (work != null) {
            work.cancel();
        }
    }
}
