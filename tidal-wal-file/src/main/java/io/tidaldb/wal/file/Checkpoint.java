package io.tidaldb.wal.file;

import io.tidaldb.api.RegionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Makes the segments durable up to a moment, so that the journal before it can be used again. The syncs are independent of the commits
 * that go on meanwhile and are run by whoever comes first: the background, or a committer that has to wait.
 */
final class Checkpoint implements Runnable {

    private final Disk disk;
    private final Manifest manifest;
    private final List<Path> files;
    private final Collection<Path> directories;
    private final long coveredBytes;
    private final AtomicBoolean claimed = new AtomicBoolean();
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile @Nullable IOException failure;

    Checkpoint(Disk disk, Manifest manifest, List<Path> files, Collection<Path> directories, long coveredBytes) {
        this.disk = disk;
        this.manifest = manifest;
        this.files = files;
        this.directories = directories;
        this.coveredBytes = coveredBytes;
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

    Manifest manifest() {
        return manifest;
    }

    long coveredBytes() {
        return coveredBytes;
    }

    boolean isDone() {
        return done.getCount() == 0;
    }

    @Override
    public void run() {
        if (!claimed.compareAndSet(false, true)) {
            return;
        }
        try {
            for (Path file : files) {
                forceFile(file);
            }
            for (Path directory : directories) {
                if (Files.isDirectory(directory)) {
                    disk.forceDirectory(directory);
                }
            }
        } catch (IOException e) {
            failure = e;
        } finally {
            done.countDown();
        }
    }

    private void forceFile(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        disk.forceFile(file);
    }

    /** Waits for the end; an interrupt is kept for the caller. */
    void await() throws IOException {
        run();
        boolean interrupted = false;
        while (true) {
            try {
                done.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        IOException failed = failure;
        if (failed != null) {
            throw failed;
        }
    }
}
