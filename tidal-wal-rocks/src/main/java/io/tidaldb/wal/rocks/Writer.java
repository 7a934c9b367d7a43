package io.tidaldb.wal.rocks;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalStoreContext;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The database of a store that is open, the commit that is being made, and what becomes of a commit that failed.
 *
 * <p>A database that refused a write can't be asked what it did with it. So it is closed and opened again, which replays its write-ahead
 * log and moves what is in there to tables: then the write is there, durably, or it is not, for good. A failed sync is not looked into:
 * the kernel may show bytes that are not on the disk.
 *
 * <p>Confined to the store's thread.
 */
final class Writer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Writer.class);

    private final Path node;
    private final WalStoreContext context;
    private final Disk disk;
    private final Commit commit;
    private Database database;
    private Reclaiming reclaiming;

    private Writer(WalStoreContext context, Disk disk, Database database) {
        this.node = context.directory();
        this.context = context;
        this.disk = disk;
        this.database = database;
        this.commit = new Commit(database);
        this.reclaiming = new Reclaiming(database, context.background());
    }

    static Writer open(WalStoreContext context, Disk disk) {
        Path node = context.directory();
        NativeLibrary.load();
        try {
            Layout.create(node);
            Layout.refuseHeadless(Layout.database(node));
            return new Writer(context, disk, open(node, disk));
        } catch (IOException e) {
            throw unopened(node, e.toString(), e);
        } catch (RocksDBException e) {
            throw unopened(node, e);
        }
    }

    private static Database open(Path node, Disk disk) throws IOException, RocksDBException {
        Path directory = Layout.database(node);
        Damage damage = Layout.damagedLog(directory);
        if (damage != null) {
            throw unopened(node, describe(damage), null);
        }
        Layout.cutTornLog(directory);
        disk.opening(node);
        return Database.open(directory);
    }

    static TidalException unopened(Path node, RocksDBException cause) {
        if (isFull(cause)) {
            return new TidalException(
                    ErrorCode.STORAGE_FULL,
                    "the store in " + node + " can't be opened: " + cause.getMessage() + "; " + FreeSpace.WAY_OUT,
                    cause);
        }
        return unopened(
                node, isCorruption(cause) ? describe(Damage.of(cause)) : String.valueOf(cause.getMessage()), cause);
    }

    static TidalException unopened(Path node, String why, @Nullable Throwable cause) {
        return new TidalException(
                ErrorCode.STORE_FAILED,
                "the store in " + node + " can't be opened: " + why + "; " + Layout.WAY_OUT,
                cause);
    }

    private static String describe(Damage damage) {
        return damage.file() + " is damaged at offset " + damage.offset() + ": expected " + damage.expected()
                + ", found " + damage.actual();
    }

    Database database() {
        return database;
    }

    Commit commit() {
        return commit;
    }

    Reclaiming reclaiming() {
        return reclaiming;
    }

    /**
     * Makes what is in the commit durable, and begins another one.
     *
     * @param beforeReopening closes whatever reads the database
     * @param ifRefused takes back what was to be written
     * @throws RefusedWrite if the disk did not take it, surely
     * @throws RocksDBException if nobody knows what the disk holds
     */
    void write(Runnable beforeReopening, Runnable ifRefused) throws IOException, RocksDBException, RefusedWrite {
        reclaiming.takeErased(commit);
        if (commit.isEmpty()) {
            return;
        }
        long before = database.sequence();
        try {
            commit.write(database, disk);
        } catch (RocksDBException e) {
            boolean damaged = isCorruption(e);
            if (!damaged && !isRefusal(e)) {
                throw e;
            }
            LOG.warn(
                    "a write failed in {}; the database is opened again to see what became of it: {}",
                    node,
                    e.getMessage());
            beforeReopening.run();
            reopen(!damaged);
            if (database.sequence() == before) {
                if (!damaged) {
                    ifRefused.run();
                    throw new RefusedWrite(e);
                }
                // A compaction had met damage, after which RocksDB takes nothing: not a word about this write's disk.
                commit.write(database, disk);
            }
        } finally {
            commit.clear();
        }
    }

    private void reopen(boolean compacting) throws IOException, RocksDBException {
        boolean wasCompacting = database.isCompacting();
        reclaiming.stop();
        database.close();
        database = open(node, disk);
        commit.reopened(database);
        reclaiming = new Reclaiming(database, context.background());
        if (compacting && wasCompacting) {
            database.startCompacting();
        }
    }

    /** The disk did not take the bytes; whether it keeps what it took is another matter. */
    private static boolean isRefusal(RocksDBException e) {
        return isFull(e) || String.valueOf(e.getMessage()).startsWith("While appending to file");
    }

    private static boolean isFull(RocksDBException e) {
        Status status = e.getStatus();
        return status != null && status.getSubCode() == Status.SubCode.NoSpace;
    }

    static boolean isOutOfMemory(RocksDBException e) {
        Status status = e.getStatus();
        return status != null && status.getSubCode() == Status.SubCode.MemoryLimit;
    }

    private static boolean isCorruption(RocksDBException e) {
        Status status = e.getStatus();
        return status != null && status.getCode() == Status.Code.Corruption;
    }

    @Override
    public void close() {
        reclaiming.stop();
        commit.close();
        database.close();
    }
}
