package io.tidaldb.wal.file;

import io.tidaldb.api.RegionId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a store does besides committing: brings the tails of its logs to segments, and frees the journal by checkpoints. What touches the
 * disk is {@link Work} of the background; the store waits for it only if it reads what is being written, destroys something, or would
 * else need more memory or more journal than it may.
 *
 * <p>One writing at a time, so that no two write to one segment, and one checkpoint at a time. Confined to the store's thread.
 */
final class Upkeep {

    private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);

    // A checkpoint hands over all tails in one go between two commits: they must not be many.
    private static final int PARTS = 4;

    private final Layout layout;
    private final RegionId region;
    private final Limits limits;
    private final Disk disk;
    private final SegmentFiles files;
    private final Collection<FileLog> logs;
    private final Journal journal;
    private final Executor background;
    // Logs with a synced tail, those first that have had one for the longest time.
    private final Set<FileLog> waiting = new LinkedHashSet<>();
    // Those of them with so much of it that they don't wait for the others.
    private final Set<FileLog> full = new LinkedHashSet<>();
    private long tailBytes;
    private @Nullable TailWriting writing;
    private @Nullable Work written;
    private @Nullable Checkpoint checkpoint;

    // How often something was destroyed; how much of that is in no file any more; what the checkpoint that runs covers
    // of it, or -1.
    private long destroyed;
    private long purged;
    private long purging = -1;

    Upkeep(
            Layout layout,
            RegionId region,
            Limits limits,
            SegmentFiles files,
            Collection<FileLog> logs,
            Journal journal,
            Executor background) {
        this.layout = layout;
        this.region = region;
        this.limits = limits;
        this.disk = files.disk();
        this.files = files;
        this.logs = logs;
        this.journal = journal;
        this.background = background;
    }

    /** Returns the bytes that are durable in the journal and not yet in segments. */
    long unwrittenBytes() {
        TailWriting running = writing;
        return tailBytes + (running == null ? 0 : running.bytes());
    }

    /** All that was appended to some logs is durable in the journal now. */
    void markSynced(Collection<FileLog> touched) {
        for (FileLog log : touched) {
            long before = log.syncedBytes();
            log.markSynced();
            remember(log, before);
        }
    }

    private void remember(FileLog log, long before) {
        tailBytes += log.syncedBytes() - before;
        if (before == 0 && log.syncedBytes() > 0) {
            waiting.add(log);
        }
        if (log.syncedBytes() >= limits.tailBytes()) {
            full.add(log);
        }
    }

    private void forget(FileLog log) {
        tailBytes -= log.syncedBytes();
        waiting.remove(log);
        full.remove(log);
    }

    /** Changes a log's tail, when nothing is under way. */
    void change(FileLog log, Work.Step step) throws IOException {
        forget(log);
        step.run();
        remember(log, 0);
    }

    /** Begins what is due. Only between a commit and the next append: all that was appended is durable in the journal. */
    void advance() throws IOException {
        collect();
        if (written != null && tailBytes >= 2 * limits.allTailsBytes()) {
            settleWriting();
        }
        if (written == null && (!full.isEmpty() || tailBytes >= limits.allTailsBytes())) {
            beginWriting();
        }
        boolean late = journal.liveBytes() >= 2 * limits.checkpointBytes();
        if (late) {
            settle();
        }
        if (checkpoint == null
                && journal.liveBytes() >= limits.checkpointBytes()
                && (late || written == null && journal.canRotate())) {
            beginCheckpoint();
        }
        collect();
    }

    /** Begins a checkpoint before it is due, so that the journal gives room back. Where {@link #advance} may be called. */
    void relieve() throws IOException {
        collect();
        if (checkpoint == null && written == null && journal.liveBytes() >= limits.journalStepBytes()) {
            beginCheckpoint();
            collect();
        }
    }

    private void beginWriting() {
        TailWriting begun = files.writing();
        for (FileLog log : full) {
            tailBytes -= log.writeOut(begun);
            waiting.remove(log);
        }
        full.clear();
        Iterator<FileLog> oldest = waiting.iterator();
        long target = tailBytes - limits.allTailsBytes() / PARTS;
        while (tailBytes >= limits.allTailsBytes() / PARTS * (PARTS - 1) && tailBytes > target && oldest.hasNext()) {
            tailBytes -= oldest.next().writeOut(begun);
            oldest.remove();
        }
        begin(begun);
    }

    private Work begin(TailWriting begun) {
        Work work = Work.begin(background, begun::run);
        writing = begun;
        written = work;
        return work;
    }

    private void beginCheckpoint() throws IOException {
        Journal.Covered covered = journal.cover();
        TailWriting rest = files.writing();
        List<Path> dirty = new ArrayList<>();
        for (FileLog log : waiting) {
            tailBytes -= log.writeOut(rest);
        }
        waiting.clear();
        full.clear();
        for (FileLog log : logs) {
            for (Segment segment : log.segments()) {
                if (segment.isDirty()) {
                    dirty.add(segment.path());
                    segment.markClean();
                }
            }
        }
        checkpoint = new Checkpoint(
                layout,
                disk,
                Checkpoint.manifest(region, false, journal.file(), journal.nextCommit(), logs),
                dirty,
                files.takeChangedDirectories(),
                rest,
                begin(rest),
                covered,
                journal.release(covered),
                background);
    }

    /** Takes note of what has ended. */
    private void collect() throws IOException {
        if (written != null && written.isDone()) {
            settleWriting();
        }
        if (checkpoint != null && checkpoint.work().isDone()) {
            settleCheckpoint();
        }
    }

    /** Waits until the files of segments hold all that they are said to. */
    void settleWriting() throws IOException {
        TailWriting running = writing;
        Work work = written;
        if (running == null || work == null) {
            return;
        }
        work.await();
        if (checkpoint == null || checkpoint.writing() != running) {
            files.done(running);
        }
        writing = null;
        written = null;
    }

    private void settleCheckpoint() throws IOException {
        Checkpoint running = checkpoint;
        if (running == null) {
            return;
        }
        if (writing == running.writing()) {
            settleWriting();
        }
        running.work().await();
        journal.released(running.covered(), running.release());
        checkpoint = null;
        if (purging >= 0) {
            journal.discard();
            purged = purging;
            purging = -1;
        }
    }

    /** Takes notice that the journal holds something that was deleted or truncated. */
    void destroyed() {
        destroyed++;
    }

    /** Goes on to leave nothing of what was destroyed in any file; returns whether that is done. Where {@link #advance} may be called. */
    boolean purge() throws IOException {
        collect();
        if (purged != destroyed && purging < 0 && checkpoint == null && written == null) {
            journal.discard();
            purging = destroyed;
            beginCheckpoint();
            collect();
        }
        return purged == destroyed;
    }

    /** Waits until nothing is under way. */
    void settle() throws IOException {
        settleWriting();
        settleCheckpoint();
    }

    /** Waits until nothing is under way; what the disk did not take stays to be done again. */
    void pause() throws IOException {
        try {
            settleWriting();
        } catch (RefusedWrite e) {
            LOG.debug("segments are not written yet", e);
        }
        try {
            settleCheckpoint();
        } catch (RefusedWrite e) {
            LOG.debug("a checkpoint is not written yet", e);
        }
    }

    /**
     * Does once more what the disk did not take, if there is something, so that the memory that is kept for it is bounded.
     *
     * @throws RefusedWrite if it still doesn't
     */
    void retry() throws IOException {
        TailWriting refused = writing;
        if (refused != null && written != null && written.isRefused()) {
            written = Work.begin(background, refused::run);
            settleWriting();
        }
        if (checkpoint != null && checkpoint.work().isRefused()) {
            checkpoint.again();
            settleCheckpoint();
        }
    }

    /** Writes nothing to files that are deleted now; only after {@link #pause}. */
    void forget(Collection<Path> deleted) {
        if (writing != null) {
            writing.forget(deleted);
        }
        if (checkpoint != null) {
            checkpoint.forget(deleted);
        }
    }

    /** Writes a log's tail and syncs its segments; nothing may be under way. What the disk does not take stays to be done again. */
    void flush(FileLog log) throws IOException {
        TailWriting rest = files.writing();
        tailBytes -= log.writeOut(rest);
        waiting.remove(log);
        full.remove(log);
        begin(rest);
        settleWriting();
        files.force(log);
        files.forceChangedDirectories();
    }

    /** Returns why something under way has failed for good, as far as it is known; null if nothing has. */
    @Nullable
    Throwable failure() {
        Throwable failed = failure(written);
        return failed == null && checkpoint != null ? failure(checkpoint.work()) : failed;
    }

    private static @Nullable Throwable failure(@Nullable Work work) {
        return work == null || work.isRefused() ? null : work.failure();
    }

    /** Returns once nothing runs or will run, whatever became of it. */
    void cancel() {
        if (checkpoint != null) {
            checkpoint.work().cancel();
        }
        if (written != null) {
            written.cancel();
        }
    }
}
