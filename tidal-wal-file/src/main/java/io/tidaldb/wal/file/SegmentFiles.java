package io.tidaldb.wal.file;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.wal.LogId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;

/** All segment files of a store: reads and deletes them, and remembers which directories have changed. Confined to its thread. */
final class SegmentFiles implements AutoCloseable {

    private final Layout layout;
    private final RegionId region;
    private final Disk disk;
    private final Handles handles;
    private final long segmentBytes;
    private final Set<Path> changedDirectories = new LinkedHashSet<>();

    SegmentFiles(Layout layout, RegionId region, Disk disk, Limits limits, long segmentBytes) {
        this.layout = layout;
        this.region = region;
        this.disk = disk;
        this.handles = new Handles(limits.openFiles());
        this.segmentBytes = segmentBytes;
    }

    Layout layout() {
        return layout;
    }

    Disk disk() {
        return disk;
    }

    long segmentBytes() {
        return segmentBytes;
    }

    int openFiles() {
        return handles.size();
    }

    Path directory(LogId log) {
        return layout.directory(log, region);
    }

    String name(Segment segment) {
        return layout.name(segment.path());
    }

    /** Returns a segment of which there is no file yet. */
    Segment next(LogId log, long firstSeqno) {
        Path path = directory(log).resolve(Layout.segmentName(log.origin().shard(), firstSeqno));
        return new Segment(path, firstSeqno, 0);
    }

    void createDirectories(Path directory) throws IOException {
        createDirectories(layout.root(), directory, changedDirectories);
    }

    /** Creates what is missing of a directory, and notes which directories have changed by that. For any thread. */
    static void createDirectories(Path root, Path directory, Set<Path> changed) throws IOException {
        Path missing = directory;
        while (!missing.equals(root) && !Files.exists(missing)) {
            missing = Objects.requireNonNull(missing.getParent());
            changed.add(missing);
        }
        Files.createDirectories(directory);
    }

    TailWriting writing() {
        return new TailWriting(layout.root(), disk);
    }

    /** Takes note of what a writing has done elsewhere. */
    void done(TailWriting writing) {
        changedDirectories.addAll(writing.changedDirectories());
    }

    /** Writes the synced part of a log's tail at once. Returns its bytes. */
    long writeOut(FileLog log) throws IOException {
        TailWriting writing = writing();
        long moved = log.writeOut(writing);
        writing.run();
        done(writing);
        return moved;
    }

    /** Reads up to the segment's written end. */
    ByteBuffer read(Segment segment, long offset, int length) throws IOException {
        int available = (int) Math.min(length, segment.bytes() - offset);
        return Disk.uninterrupted(() -> {
            ByteBuffer target = ByteBuffer.allocate(available).order(ByteOrder.LITTLE_ENDIAN);
            Disk.read(handles.channel(segment.path()), target, offset);
            return target.flip();
        });
    }

    /** Syncs the segments of a log that have changed. */
    void force(FileLog log) throws IOException {
        for (Segment segment : log.segments()) {
            if (segment.isDirty()) {
                disk.forceFile(segment.path());
                segment.markClean();
            }
        }
    }

    /** Writes and syncs everything, all writes first: what a sync waits for then is one change of the file system and not thousands. */
    void forceAll(Collection<FileLog> logs, Executor background) throws IOException {
        List<Segment> dirty = new ArrayList<>();
        for (FileLog log : logs) {
            writeOut(log);
            log.segments().stream().filter(Segment::isDirty).forEach(dirty::add);
        }
        Syncs.run(background, dirty.stream().map(Segment::path).toList(), disk::forceFile);
        dirty.forEach(Segment::markClean);
        Syncs.run(background, existing(takeChangedDirectories()), disk::forceDirectory);
    }

    private static List<Path> existing(Collection<Path> directories) {
        return directories.stream().filter(Files::isDirectory).toList();
    }

    void cut(Path file, long bytes) throws IOException {
        Disk.uninterrupted(() -> handles.channel(file).truncate(bytes));
        disk.forceFile(file);
    }

    void delete(Path file) throws IOException {
        handles.forget(file);
        if (Files.deleteIfExists(file)) {
            changedDirectories.add(Objects.requireNonNull(file.getParent()));
        }
    }

    /** Returns the directories that have changed since the last call, to be synced. */
    Set<Path> takeChangedDirectories() {
        Set<Path> changed = new LinkedHashSet<>(changedDirectories);
        changedDirectories.clear();
        return changed;
    }

    void forceChangedDirectories() throws IOException {
        for (Path directory : existing(takeChangedDirectories())) {
            disk.forceDirectory(directory);
        }
    }

    @Override
    public void close() throws IOException {
        handles.close();
    }
}
