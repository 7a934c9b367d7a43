package io.tidaldb.wal.file;

import io.tidaldb.api.RegionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;

/**
 * Makes the segments durable up to a moment, publishes that in a manifest, and frees the journal before it. Independent of the commits
 * that go on meanwhile.
 */
final class Checkpoint {

    private final Layout layout;
    private final Disk disk;
    private final Executor background;
    private final Manifest manifest;
    private final List<Path> files;
    private final Set<Path> directories;
    private final Journal.Covered covered;
    private final JournalSpace.Release release;
    private final TailWriting writing;
    private Work work;

    /**
     * Begins a checkpoint.
     *
     * @param writing writes the last of what the manifest promises
     * @param written whether it has, or the way to get that done
     */
    Checkpoint(
            Layout layout,
            Disk disk,
            Manifest manifest,
            List<Path> files,
            Collection<Path> directories,
            TailWriting writing,
            Work written,
            Journal.Covered covered,
            JournalSpace.Release release,
            Executor background) {
        this.layout = layout;
        this.disk = disk;
        this.background = background;
        this.manifest = manifest;
        this.files = new ArrayList<>(files);
        this.directories = new LinkedHashSet<>(directories);
        this.covered = covered;
        this.release = release;
        this.writing = writing;
        this.work = Work.begin(background, () -> {
            written.await();
            run();
        });
    }

    static Manifest manifest(
            RegionId region, boolean clean, long replayFile, long firstCommit, Collection<FileLog> logs) {
        return new Manifest(
                region,
                clean,
                replayFile,
                firstCommit,
                logs.stream().map(FileLog::entry).toList());
    }

    private void run() throws IOException {
        Syncs.run(background, files, this::force);
        directories.addAll(writing.changedDirectories());
        Syncs.run(background, directories.stream().filter(Files::isDirectory).toList(), disk::forceDirectory);
        manifest.write(layout, disk);
        release.run();
    }

    private void force(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        disk.forceFile(file);
    }

    /** Begins once more, after the disk did not take the manifest or what goes to segments, which it has by now. */
    void again() {
        work = Work.begin(background, this::run);
    }

    /** Doesn't look for files that are deleted now; only while it isn't under way. */
    void forget(Collection<Path> deleted) {
        files.removeAll(deleted);
        writing.forget(deleted);
    }

    TailWriting writing() {
        return writing;
    }

    Work work() {
        return work;
    }

    Journal.Covered covered() {
        return covered;
    }

    JournalSpace.Release release() {
        return release;
    }
}
