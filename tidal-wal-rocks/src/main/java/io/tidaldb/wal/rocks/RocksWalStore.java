package io.tidaldb.wal.rocks;

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
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs in a RocksDB database: what is appended waits in memory; a sync is one write of all of it, with the states of the logs that it
 * changes, and one sync of RocksDB's write-ahead log.
 *
 * <p>Used by one thread at a time; only {@link Reclaiming} works elsewhere.
 */
final class RocksWalStore implements WalStore, RocksCursor.Source {

    private static final Logger LOG = LoggerFactory.getLogger(RocksWalStore.class);

    /** Appended bytes at which the store syncs without being asked, to bound its memory. */
    private static final long COMMIT_BYTES = 32L << 20;

    /** Truncated bytes of one log that are worth a compaction; fewer go with the compactions that come anyway. */
    private static final long RECLAIM_BYTES = 16L << 20;

    private final Path directory;
    private final Writer writer;
    private final Map<LogId, RocksLog> logs;
    private final FreeSpace space;
    private final Set<RocksLog> touched = new LinkedHashSet<>();
    private final Set<RocksCursor> cursors = new LinkedHashSet<>();
    private long pendingBytes;
    private @Nullable Throwable failure;
    private boolean closed;

    /** A step that a disk can fail. */
    private interface Step {
        void run() throws IOException, RocksDBException, RefusedWrite;
    }

    private RocksWalStore(WalStoreContext context, Disk disk, Writer writer, Map<LogId, RocksLog> logs) {
        this.directory = context.directory();
        this.writer = writer;
        this.logs = new LinkedHashMap<>(logs);
        this.space = new FreeSpace(disk, directory);
    }

    static RocksWalStore open(WalStoreContext context, Disk disk) {
        Writer writer = Writer.open(context, disk);
        try {
            Catalog catalog = Catalog.read(writer.database());
            RocksWalStore store = new RocksWalStore(context, disk, writer, catalog.logs());
            store.begin(catalog);
            return store;
        } catch (RocksDBException e) {
            writer.close();
            throw Writer.unopened(context.directory(), e);
        } catch (IOException e) {
            writer.close();
            throw Writer.unopened(context.directory(), e.toString(), e);
        } catch (RefusedWrite e) {
            writer.close();
            throw new FreeSpace(disk, context.directory()).refusal("opening", e);
        } catch (RuntimeException e) {
            writer.close();
            throw e;
        }
    }

    private void begin(Catalog catalog) throws IOException, RocksDBException, RefusedWrite {
        if (!catalog.hasVersion()) {
            writer.commit().version(Catalog.version());
        }
        write();
        boolean sound = logs.values().stream().allMatch(log -> log.damage() == null);
        if (!sound || catalog.hasDamagedTables()) {
            LOG.warn("logs in {} are damaged: tables are left as they are, uncompacted", directory);
            return;
        }
        writer.database().startCompacting();
        catalog.erased().forEach(writer.reclaiming()::deleted);
    }

    @Override
    public List<LogStatus> logs() {
        check();
        return logs.values().stream()
                .map(RocksLog::status)
                .sorted(Comparator.comparing(LogStatus::log))
                .toList();
    }

    @Override
    public LogStatus status(LogId log) {
        check();
        return known(log).status();
    }

    private RocksLog known(LogId id) {
        RocksLog known = logs.get(id);
        return known == null ? RocksLog.unknown(id) : known;
    }

    @Override
    public void append(LogId id, WalBatch batch) {
        check();
        RocksLog log = known(id);
        log.checkSound();
        if (!batch.tenant().equals(id.tenant())
                || !batch.origin().equals(id.origin())
                || Seqno.incarnation(batch.lastSeqno()) != id.origin().incarnation()) {
            throw TidalException.invalid("batch of " + batch.tenant() + "/" + batch.origin() + " from seqno "
                    + Seqno.print(batch.firstSeqno()) + " does not belong to log " + id);
        }
        long expected = log.now().lastSeqno() + 1;
        if (batch.firstSeqno() != expected) {
            throw new TidalException(
                    ErrorCode.WAL_GAP,
                    "batch from seqno " + Seqno.print(batch.firstSeqno()) + " does not continue log " + id
                            + ": expected " + Seqno.print(expected));
        }
        guarded("append", () -> space.admit(writer.database(), batch.length()));
        pendingBytes += log.append(batch);
        logs.putIfAbsent(id, log);
        touched.add(log);
        if (pendingBytes >= COMMIT_BYTES) {
            syncUnasked();
        }
    }

    /** Bounds the memory of what is pending. The appends before were told that they had succeeded: this must not take them back. */
    private void syncUnasked() {
        guarded("sync", () -> {
            try {
                write();
            } catch (RefusedWrite e) {
                throw new IOException(e);
            }
        });
    }

    @Override
    public void sync() {
        check();
        guarded("sync", this::write);
    }

    /**
     * Makes what is pending durable, together with whatever else was put into the commit.
     *
     * @throws RefusedWrite if the disk did not take it; all of it is taken back then
     */
    private void write() throws IOException, RocksDBException, RefusedWrite {
        Commit commit = writer.commit();
        for (RocksLog log : touched) {
            Damage damage = log.takeUnnotedDamage();
            if (damage != null) {
                commit.damage(log.id(), damage);
            }
            for (RocksLog.Pending batch : log.pending()) {
                commit.batch(log.id(), batch.firstSeqno(), batch.bytes());
            }
            if (!log.pending().isEmpty()) {
                commit.state(log.id(), log.now());
            }
        }
        writer.write(this::releaseCursors, this::takeBack);
        touched.forEach(RocksLog::committed);
        touched.clear();
        pendingBytes = 0;
    }

    private void takeBack() {
        for (RocksLog log : touched) {
            log.takeBack();
            if (log.isPristine()) {
                logs.remove(log.id());
            }
        }
        touched.clear();
        pendingBytes = 0;
    }

    @Override
    public WalCursor read(LogId id, long fromSeqno) {
        check();
        RocksLog log = known(id);
        log.checkSound();
        RocksCursor cursor = new RocksCursor(log, fromSeqno, this);
        cursors.add(cursor);
        return cursor;
    }

    @Override
    public void flush(LogId id) {
        check();
        // No file belongs to one log.
        known(id).checkSound();
    }

    @Override
    public void truncateBefore(LogId id, long seqno, long chain) {
        check();
        RocksLog log = known(id);
        log.checkSound();
        LogState now = log.now();
        if (now.isEmpty() ? !startsIn(id.origin(), seqno) : !isBoundary(log, seqno)) {
            throw TidalException.invalid("seqno " + Seqno.print(seqno) + " is not the beginning of a batch of log " + id
                    + ", which holds " + Seqno.print(now.firstSeqno()) + " to " + Seqno.print(now.lastSeqno()));
        }
        boolean all = now.isEmpty() || seqno == now.lastSeqno() + 1;
        guarded("truncation", () -> {
            // What was appended is written first, though part of it is dropped at once: the order of a commit is that
            // of its changes.
            write();
            LogState state = all
                    ? new LogState(seqno, chain, seqno - 1, chain, 0)
                    : new LogState(
                            seqno, chain, now.lastSeqno(), now.lastChain(), now.bytes() - bytesBefore(log, seqno));
            byte[] from = Keys.start(id);
            byte[] to = Keys.of(id, seqno);
            if (!now.isEmpty()) {
                writer.commit().drop(from, to);
            }
            writer.commit().state(id, state);
            write();
            logs.putIfAbsent(id, log);
            log.truncated(state);
            if (!now.isEmpty()) {
                writer.database().dropTables(from, to);
                if (writer.database().isCompacting() && log.takeTruncatedBytes(RECLAIM_BYTES)) {
                    writer.reclaiming().truncated(id, seqno);
                }
            }
            // Also where it was truncated before: the process may have ended before the bytes were gone.
            if (writer.database().isCompacting() && log.isRolledOver()) {
                writer.reclaiming().wiped(id, seqno);
            }
        });
    }

    private static boolean startsIn(Origin origin, long seqno) {
        return Seqno.incarnation(seqno) == origin.incarnation() && Seqno.counter(seqno) > 0;
    }

    private boolean isBoundary(RocksLog log, long seqno) {
        LogState now = log.now();
        if (seqno == now.lastSeqno() + 1) {
            return true;
        }
        if (RocksLog.isBefore(seqno, now.firstSeqno()) || RocksLog.isBefore(now.lastSeqno(), seqno)) {
            return false;
        }
        try (RocksCursor cursor = new RocksCursor(log, seqno, this)) {
            return cursor.isAt(seqno);
        }
    }

    /** Returns the length of the batches that a truncation drops. */
    private long bytesBefore(RocksLog log, long seqno) {
        long bytes = 0;
        try (RocksCursor cursor = new RocksCursor(log, log.now().firstSeqno(), this)) {
            while (!cursor.isAt(seqno)) {
                bytes += cursor.skip();
            }
        }
        return bytes;
    }

    @Override
    public void rollOver(LogId id) {
        check();
        RocksLog log = logs.get(id);
        if (log != null) {
            log.checkSound();
            log.rollOver();
        }
    }

    @Override
    public void delete(LogId id) {
        check();
        RocksLog log = logs.get(id);
        if (log == null) {
            return;
        }
        guarded("deletion", () -> {
            write();
            writer.commit().erase(id);
            write();
            logs.remove(id);
            log.changed();
            // At once: it takes whole tables, also those that a log with this name would write from now on.
            writer.database().dropTables(Keys.start(id), Keys.end(id));
            if (writer.database().isCompacting()) {
                writer.reclaiming().deleted(id);
            }
        });
    }

    @Override
    public boolean purge() {
        check();
        // Where damage was met, tables are not compacted any more, and keep what was deleted.
        return writer.database().isCompacting() && writer.reclaiming().isDone();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        try {
            if (failure == null) {
                guarded("close", () -> {
                    write();
                    releaseCursors();
                    writer.reclaiming().stop();
                    flush();
                });
            }
        } finally {
            closed = true;
            releaseCursors();
            writer.close();
        }
    }

    /** So that what damages the files of a closed store damages tables, and by that some logs and not the whole store. */
    private void flush() {
        try {
            writer.database().flush();
        } catch (RocksDBException e) {
            LOG.warn(
                    "no table could be written while {} was closed; the next open reads the write-ahead log",
                    directory,
                    e);
        }
    }

    private void releaseCursors() {
        cursors.forEach(RocksCursor::release);
    }

    @Override
    public RocksIterator iterate() {
        return writer.database().iterateBatches();
    }

    @Override
    public void closed(RocksCursor cursor) {
        cursors.remove(cursor);
    }

    @Override
    public TidalException damaged(RocksLog log, Damage damage) {
        LOG.error("{} in {} is quarantined: {}", log.id(), directory, damage);
        log.quarantine(damage, false);
        touched.add(log);
        return damage.exception(log.id());
    }

    @Override
    public TidalException failed(RocksLog log, RocksDBException cause) {
        if (Writer.isOutOfMemory(cause)) {
            return new TidalException(
                    ErrorCode.OVERLOADED,
                    "log " + log.id() + " can't be read within " + Tuning.MEMORY_BYTES + " bytes of native memory: "
                            + cause.getMessage(),
                    cause);
        }
        try {
            writer.database().stopCompacting();
        } catch (RocksDBException e) {
            LOG.warn("tables of {} can't be kept from being compacted", directory, e);
        }
        return damaged(log, Damage.of(cause));
    }

    @Override
    public void check() {
        if (closed) {
            throw new TidalException(ErrorCode.CLOSED, "the store in " + directory + " is closed");
        }
        if (failure != null) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED,
                    "the store in " + directory + " has failed and must be opened again: " + failure,
                    failure);
        }
    }

    /**
     * Runs a step after whose failure nobody knows what the disk holds: the store then refuses everything. A write that the disk did not
     * take is not such a failure.
     */
    private void guarded(String what, Step step) {
        try {
            step.run();
        } catch (TidalException e) {
            throw e;
        } catch (RefusedWrite e) {
            throw space.refusal(what, e);
        } catch (IOException | RocksDBException | RuntimeException | Error e) {
            failure = e;
            LOG.error("{} failed in {}; the store refuses everything until it is opened again", what, directory, e);
            throw new TidalException(ErrorCode.STORE_FAILED, what + " failed in " + directory + ": " + e, e);
        }
    }
}
