package io.tidaldb.wal.file;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.wal.LogId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;

/** All segment files of a store: writes them without syncing, and remembers which directories have changed. Confined to its thread. */
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

    Segment create(LogId log, long firstSeqno) throws IOException {
        Path directory = directory(log);
        createDirectories(directory);
        Path path = directory.resolve(Layout.segmentName(log.origin().shard(), firstSeqno));
        // What a crash left under this name was never promised.
        handles.forget(path);
        Files.deleteIfExists(path);
        Disk.uninterrupted(() -> handles.channel(path, true));
        changedDirectories.add(directory);
        return new Segment(path, firstSeqno, 0);
    }

    void createDirectories(Path directory) throws IOException {
        Path missing = directory;
        while (!missing.equals(layout.root()) && !Files.exists(missing)) {
            missing = Objects.requireNonNull(missing.getParent());
            changedDirectories.add(missing);
        }
        Files.createDirectories(directory);
    }

    void write(Segment segment, ByteBuffer source) throws IOException {
        int length = source.remaining();
        Disk.uninterrupted(() -> {
            disk.write(handles.channel(segment.path(), false), source.duplicate(), segment.bytes());
            return true;
        });
        segment.grow(length);
    }

    /** Reads up to the segment's written end. */
    ByteBuffer read(Segment segment, long offset, int length) throws IOException {
        int available = (int) Math.min(length, segment.bytes() - offset);
        return Disk.uninterrupted(() -> {
            ByteBuffer target = ByteBuffer.allocate(available).order(ByteOrder.LITTLE_ENDIAN);
            Disk.read(handles.channel(segment.path(), false), target, offset);
            return target.flip();
        });
    }

    void cut(Path file, long bytes) throws IOException {
        Disk.uninterrupted(() -> handles.channel(file, false).truncate(bytes));
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
        for (Path directory : takeChangedDirectories()) {
            if (Files.isDirectory(directory)) {
                disk.forceDirectory(directory);
            }
        }
    }

    @Override
    public void close() throws IOException {
        handles.close();
    }
}
