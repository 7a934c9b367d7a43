package io.tidaldb.wal.file;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs in files: a sync is one commit to the shared journal; the segments of each log follow lazily and are made durable by checkpoints,
 * after which the journal's files are used again.
 *
 * <p>Used by one thread at a time; only the syncs of a {@link Checkpoint} run elsewhere.
 */
final class FileWalStore implements WalStore {

    private static final Logger LOG = LoggerFactory.getLogger(FileWalStore.class);

    private final WalStoreContext context;
    private final Layout layout;
    private final Limits limits;
    private final Disk disk;
    private final SegmentFiles files;
    private final Map<LogId, FileLog> logs;
    private final Journal journal;
    private final FreeSpace space;
    private final Upkeep upkeep;
    private final CommitAssembly pending = new CommitAssembly();
    private final List<FileLog> touched = new ArrayList<>();
    private long pendingBytes;
    private @Nullable Throwable failure;
    private boolean closed;

    private FileWalStore(
            WalStoreContext context,
            Layout layout,
            Limits limits,
            Disk disk,
            SegmentFiles files,
            Map<LogId, FileLog> logs,
            Journal journal) {
        this.context = context;
        this.layout = layout;
        this.limits = limits;
        this.disk = disk;
        this.files = files;
        this.logs = new LinkedHashMap<>(logs);
        this.journal = journal;
        this.space = new FreeSpace(disk, layout.root(), context.segmentBytes());
        this.upkeep =
                new Upkeep(layout, context.region(), limits, files, this.logs.values(), journal, context.background());
    }

    static FileWalStore open(WalStoreContext context, Limits limits, Disk disk) {
        Layout layout = new Layout(context.directory());
        SegmentFiles files = new SegmentFiles(layout, context.region(), disk, limits, context.segmentBytes());
        try {
            return Disk.shielded(() -> open(context, limits, disk, layout, files));
        } catch (RefusedWrite e) {
            closeQuietly(files);
            throw new FreeSpace(disk, layout.root(), context.segmentBytes()).refusal("opening", e);
        } catch (IOException e) {
            closeQuietly(files);
            throw new TidalException(
                    ErrorCode.STORE_FAILED, "the store in " + layout.root() + " can't be opened: " + e, e);
        } catch (RuntimeException e) {
            closeQuietly(files);
            throw e;
        }
    }

    private static FileWalStore open(
            WalStoreContext context, Limits limits, Disk disk, Layout layout, SegmentFiles files) throws IOException {
        Manifest manifest = Manifest.read(layout);
        files.createDirectories(layout.journal());
        Map<LogId, FileLog> logs = new Recovery(layout, context.region(), files, limits).run(manifest);
        long lastFile = manifest == null ? 0 : manifest.replayFile();
        for (long number : layout.journalFiles()) {
            lastFile = Math.max(lastFile, number);
        }
        long opens = manifest == null ? 0 : manifest.firstCommit() / Journal.COMMITS_PER_OPEN;
        long firstCommit = (opens + 1) * Journal.COMMITS_PER_OPEN + 1;
        files.forceAll(logs.values(), context.background());
        Journal journal = new Journal(layout, disk, limits, context.background(), lastFile + 1, firstCommit);
        try {
            Checkpoint.manifest(context.region(), false, journal.file(), firstCommit, logs.values())
                    .write(layout, disk);
            Journal.deleteAllBut(layout, journal.file(), disk);
        } catch (IOException e) {
            journal.close();
            throw e;
        }
        return new FileWalStore(context, layout, limits, disk, files, logs, journal);
    }

    @Override
    public List<LogStatus> logs() {
        check();
        return logs.values().stream()
                .map(FileLog::status)
                .sorted(Comparator.comparing(LogStatus::log))
                .toList();
    }

    @Override
    public LogStatus status(LogId log) {
        check();
        FileLog known = logs.get(log);
        return known == null ? new FileLog(log, files).status() : known.status();
    }

    @Override
    public void append(LogId id, WalBatch batch) {
        check();
        FileLog known = logs.get(id);
        FileLog log = known == null ? new FileLog(id, files) : known;
        refuseQuarantined(log);
        if (!log.code().isOf(batch)
                || Seqno.incarnation(batch.lastSeqno()) != log.code().incarnation()) {
            throw TidalException.invalid("batch of " + batch.tenant() + "/" + batch.origin() + " from seqno "
                    + Seqno.print(batch.firstSeqno()) + " does not belong to log " + id);
        }
        if (batch.firstSeqno() != log.lastSeqno() + 1) {
            throw new TidalException(
                    ErrorCode.WAL_GAP,
                    "batch from seqno " + Seqno.print(batch.firstSeqno()) + " does not continue log " + id
                            + ": expected " + Seqno.print(log.lastSeqno() + 1));
        }
        guarded("append", () -> {
            try {
                space.admit(batch.length(), pendingBytes + upkeep.unwrittenBytes());
            } catch (TidalException full) {
                if (pending.isEmpty()) {
                    relieve();
                }
                throw full;
            }
            upkeep.retry();
        });
        if (known == null) {
            logs.put(id, log);
        }
        if (!log.hasUnsynced()) {
            touched.add(log);
        }
        byte[] copy = new byte[batch.length()];
        batch.copyTo(ByteBuffer.wrap(copy));
        log.append(batch.firstSeqno(), batch.count(), copy);
        pending.add(log.code(), batch.firstSeqno(), batch.lastSeqno(), copy);
        pendingBytes += copy.length;
        if (pendingBytes >= limits.commitBytes()) {
            syncUnasked();
        }
    }

    /** Bounds the memory of what is pending. The appends before were told that they had succeeded: this must not take them back. */
    private void syncUnasked() {
        guarded("sync", () -> {
            try {
                commit();
            } catch (RefusedWrite e) {
                throw new IOException(e);
            }
            advance();
        });
    }

    @Override
    public void sync() {
        check();
        guarded("sync", () -> {
            commit();
            advance();
        });
    }

    /** Begins what is due. That the disk doesn't take it is no concern of what was committed, but of the next append. */
    private void advance() throws IOException {
        try {
            upkeep.advance();
        } catch (RefusedWrite e) {
            LOG.warn("segments in {} can't be written now; appends are refused until they can: {}", layout.root(), e);
        }
    }

    private void relieve() throws IOException {
        try {
            upkeep.relieve();
        } catch (RefusedWrite e) {
            LOG.debug("no room for a checkpoint in {}", layout.root(), e);
        }
    }

    /**
     * Makes what is pending durable in the journal; touches no segment.
     *
     * @throws RefusedWrite if the disk did not take it; all of it is taken back then
     */
    private void commit() throws IOException {
        if (pending.isEmpty()) {
            return;
        }
        try {
            journal.commit(pending);
        } catch (RefusedWrite e) {
            takeBack();
            throw e;
        }
        pending.clear();
        pendingBytes = 0;
        upkeep.markSynced(touched);
        touched.clear();
    }

    private void takeBack() {
        for (FileLog log : touched) {
            log.dropUnsynced();
            if (log.isPristine()) {
                logs.remove(log.id());
            }
        }
        pending.clear();
        pendingBytes = 0;
        touched.clear();
    }

    @Override
    public WalCursor read(LogId id, long fromSeqno) {
        check();
        FileLog known = logs.get(id);
        FileLog log = known == null ? new FileLog(id, files) : known;
        refuseQuarantined(log);
        settleReads();
        return new FileCursor(log, fromSeqno, this::settleReads);
    }

    @Override
    public void flush(LogId id) {
        check();
        FileLog log = logs.get(id);
        if (log == null) {
            return;
        }
        refuseQuarantined(log);
        guarded("flush", () -> {
            commit();
            upkeep.retry();
            // A checkpoint under way has the log's segments for clean before they are.
            upkeep.settle();
            upkeep.flush(log);
            advance();
        });
    }

    @Override
    public void rollOver(LogId id) {
        flush(id);
        FileLog log = logs.get(id);
        if (log != null) {
            log.rollOver();
        }
    }

    @Override
    public void truncateBefore(LogId id, long seqno, long chain) {
        check();
        FileLog known = logs.get(id);
        FileLog log = known == null ? new FileLog(id, files) : known;
        refuseQuarantined(log);
        boolean empty = log.isEmpty();
        if (empty ? !startsIn(id.origin(), seqno) : !isBoundary(log, seqno)) {
            throw TidalException.invalid("seqno " + Seqno.print(seqno) + " is not the beginning of a batch of log " + id
                    + ", which holds " + Seqno.print(log.firstSeqno()) + " to " + Seqno.print(log.lastSeqno()));
        }
        logs.putIfAbsent(id, log);
        guarded("truncation", () -> {
            if (empty && seqno != log.lastSeqno() + 1) {
                // A position may also go back: nothing that the journal said of the log before counts any more.
                pending.add(Frame.erased(log.id()));
            }
            pending.add(Frame.base(log.id(), seqno, chain));
            commit();
            // At a full disk, too: this is how room comes about.
            upkeep.pause();
            upkeep.change(log, () -> {
                if (empty) {
                    log.restart(seqno, chain);
                } else {
                    List<Path> dropped = log.dropBefore(seqno, chain).stream()
                            .map(Segment::path)
                            .toList();
                    upkeep.forget(dropped);
                    for (Path file : dropped) {
                        files.delete(file);
                    }
                }
            });
            files.forceChangedDirectories();
            upkeep.destroyed();
            advance();
        });
    }

    @Override
    public boolean purge() {
        check();
        boolean[] done = new boolean[1];
        guarded("purge", () -> {
            commit();
            upkeep.retry();
            done[0] = upkeep.purge();
        });
        return done[0];
    }

    /** Nothing reads a segment that is being written. */
    private void settleReads() {
        check();
        guarded("read", () -> {
            upkeep.retry();
            upkeep.settleWriting();
        });
    }

    private static boolean startsIn(Origin origin, long seqno) {
        return Seqno.incarnation(seqno) == origin.incarnation() && Seqno.counter(seqno) > 0;
    }

    private boolean isBoundary(FileLog log, long seqno) {
        if (seqno == log.lastSeqno() + 1) {
            return true;
        }
        if (Long.compareUnsigned(seqno, log.firstSeqno()) < 0 || Long.compareUnsigned(seqno, log.lastSeqno()) > 0) {
            return false;
        }
        FileLog.TailBatch batch = log.tailBatch(seqno);
        if (batch != null) {
            return batch.firstSeqno() == seqno;
        }
        settleReads();
        try (FileCursor cursor = new FileCursor(log, seqno, this::settleReads)) {
            return cursor.nextSeqno() == seqno;
        }
    }

    @Override
    public void delete(LogId id) {
        check();
        FileLog log = logs.get(id);
        if (log == null) {
            return;
        }
        guarded("deletion", () -> {
            pending.add(Frame.erased(log.id()));
            commit();
            // One that began before still names the log, but replays the frame; one that begins later must not know it.
            // At a full disk, too: this is how room comes about.
            upkeep.pause();
            logs.remove(id);
            upkeep.forget(log.segments().stream().map(Segment::path).toList());
            deleteFiles(log);
            upkeep.change(log, () -> log.restart(log.id().origin().startSeqno() + 1, 0));
            upkeep.destroyed();
            advance();
        });
    }

    private void deleteFiles(FileLog log) throws IOException {
        for (Layout.SegmentFile file : layout.segments(log.id().tenant())) {
            if (file.log(context.region()).equals(log.id())) {
                files.delete(file.path());
            }
        }
        Parking.delete(files, log.id());
        files.forceChangedDirectories();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        try {
            if (failure == null && upkeep.failure() == null) {
                guarded("close", this::closeAsFarAsThereIsRoom);
            }
        } finally {
            abandon();
        }
    }

    @Override
    public void abandon() {
        if (!closed) {
            closed = true;
            upkeep.cancel();
            closeQuietly(journal);
            closeQuietly(files);
        }
    }

    private void closeAsFarAsThereIsRoom() throws IOException {
        commit();
        try {
            closeCleanly();
        } catch (RefusedWrite e) {
            LOG.warn(
                    "no room to close {} cleanly; the journal has everything, and the next open reads it",
                    layout.root(),
                    e);
        }
    }

    private void closeCleanly() throws IOException {
        upkeep.retry();
        upkeep.settle();
        files.forceAll(logs.values(), context.background());
        long mark = journal.nextCommit();
        journal.endMark();
        Checkpoint.manifest(context.region(), true, journal.file(), mark, logs.values())
                .write(layout, disk);
        Journal.deleteAllBut(layout, journal.file(), disk);
    }

    private void check() {
        if (closed) {
            throw new TidalException(ErrorCode.CLOSED, "the store in " + layout.root() + " is closed");
        }
        if (failure == null) {
            failure = upkeep.failure();
        }
        if (failure != null) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED,
                    "the store in " + layout.root() + " has failed and must be opened again: " + failure,
                    failure);
        }
    }

    private static void refuseQuarantined(FileLog log) {
        Damage damage = log.damage();
        if (damage != null) {
            throw damage.exception(log.id());
        }
    }

    /**
     * Runs a step after whose failure nobody knows what the disk holds: the store then refuses everything. A write that the disk did not
     * take is not such a failure.
     */
    private void guarded(String what, Work.Step step) {
        try {
            step.run();
        } catch (TidalException e) {
            throw e;
        } catch (RefusedWrite e) {
            throw space.refusal(what, e);
        } catch (IOException | RuntimeException | Error e) {
            failure = e;
            LOG.error("{} failed in {}; the store refuses everything until it is opened again", what, layout.root(), e);
            throw new TidalException(ErrorCode.STORE_FAILED, what + " failed in " + layout.root() + ": " + e, e);
        }
    }

    private static void closeQuietly(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            LOG.warn("a file could not be closed; what it holds was synced before, or the store has failed", e);
        }
    }
}
