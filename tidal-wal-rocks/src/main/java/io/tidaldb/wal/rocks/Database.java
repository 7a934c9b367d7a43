package io.tidaldb.wal.rocks;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.rocksdb.Cache;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.CompactRangeOptions;
import org.rocksdb.CompactRangeOptions.BottommostLevelCompaction;
import org.rocksdb.DBOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.MutableColumnFamilyOptions;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * An open database with everything native that belongs to it. Two column families: "default" has a state for each log, "batches" the
 * batches; so a damaged table of batches does not hide which logs there are.
 *
 * <p>Reading, writing and reclaiming may go on at the same time; whoever closes it sees to it that nothing else does.
 */
final class Database implements AutoCloseable {

    private static final byte[] BATCHES = "batches".getBytes(StandardCharsets.US_ASCII);

    private enum Mode {
        WRITING,
        READING,
        SALVAGING
    }

    private final Handles handles;
    private final RocksDB database;
    private final ColumnFamilyHandle states;
    private final ColumnFamilyHandle batches;
    private final WriteOptions synced;
    private final ReadOptions reading;
    private final FlushOptions flushing;
    private boolean compacting;

    private Database(Handles handles, RocksDB database, List<ColumnFamilyHandle> families) {
        this.handles = handles;
        this.database = handles.own(database);
        this.states = handles.own(families.get(0));
        this.batches = handles.own(families.get(1));
        this.synced = handles.own(new WriteOptions()).setSync(true);
        // A log is read once, forward: caching its blocks would only push out the indexes.
        this.reading = handles.own(new ReadOptions()).setVerifyChecksums(true).setFillCache(false);
        this.flushing = handles.own(new FlushOptions()).setWaitForFlush(true);
    }

    /** Opens it, making it if it isn't there, with compactions switched off. */
    static Database open(Path directory) throws RocksDBException {
        return open(directory, Mode.WRITING);
    }

    /**
     * Opens it without locking it or writing anything to its directory.
     *
     * @param salvaging whether to leave out what is damaged of the write-ahead log, rather than refuse it
     */
    static Database openReadOnly(Path directory, boolean salvaging) throws RocksDBException {
        return open(directory, salvaging ? Mode.SALVAGING : Mode.READING);
    }

    private static Database open(Path directory, Mode mode) throws RocksDBException {
        Handles handles = new Handles();
        try {
            Cache cache = Tuning.cache(handles);
            // Without a logger RocksDB would write files of its own to the directory.
            DBOptions options = Tuning.database(handles, cache).setLogger(handles.own(new NativeLog()));
            List<ColumnFamilyDescriptor> families = List.of(
                    new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, Tuning.states(handles, cache)),
                    new ColumnFamilyDescriptor(BATCHES, Tuning.batches(handles, cache)));
            List<ColumnFamilyHandle> opened = new ArrayList<>();
            RocksDB database;
            if (mode == Mode.SALVAGING) {
                options.setWalRecoveryMode(WALRecoveryMode.SkipAnyCorruptedRecords);
            }
            if (mode != Mode.WRITING) {
                database = RocksDB.openReadOnly(options, directory.toString(), families, opened);
            } else {
                options.setCreateIfMissing(true).setCreateMissingColumnFamilies(true);
                database = RocksDB.open(options, directory.toString(), families, opened);
            }
            return new Database(handles, database, opened);
        } catch (RocksDBException | RuntimeException | Error e) {
            handles.close();
            throw e;
        }
    }

    ColumnFamilyHandle states() {
        return states;
    }

    ColumnFamilyHandle batches() {
        return batches;
    }

    /** Returns an iterator over batches, which its user closes; before the database is. */
    RocksIterator iterateBatches() {
        return database.newIterator(batches, reading);
    }

    /** Returns an iterator over states, which its user closes; before the database is. */
    RocksIterator iterateStates() {
        return database.newIterator(states, reading);
    }

    void write(Disk disk, WriteBatch batch) throws RocksDBException {
        disk.write(database, synced, batch);
    }

    /** Returns a number that grows with each write that was applied, and with nothing else. */
    long sequence() {
        return database.getLatestSequenceNumber();
    }

    /** Returns the bytes that are in memory and in the write-ahead log, and still have to go to tables. */
    long unwrittenBytes() throws RocksDBException {
        return database.getLongProperty(batches, "rocksdb.cur-size-all-mem-tables");
    }

    /** Moves everything from the write-ahead log to tables; the old log files are dropped then. */
    void flush() throws RocksDBException {
        database.flush(flushing, List.of(states, batches));
    }

    void startCompacting() throws RocksDBException {
        database.setOptions(
                batches,
                MutableColumnFamilyOptions.builder()
                        .setDisableAutoCompactions(false)
                        .build());
        compacting = true;
    }

    void stopCompacting() throws RocksDBException {
        compacting = false;
        database.setOptions(
                batches,
                MutableColumnFamilyOptions.builder()
                        .setDisableAutoCompactions(true)
                        .build());
    }

    boolean isCompacting() {
        return compacting;
    }

    /** Drops the tables that hold nothing but batches of a range, which were deleted before and are not written again meanwhile. */
    void dropTables(byte[] from, byte[] to) throws RocksDBException {
        database.deleteFilesInRanges(batches, List.of(from, to), false);
    }

    /** Rewrites the tables that overlap a range down to the last level, so that nothing of what was deleted is left in them. */
    void compact(byte[] from, byte[] to, CompactRangeOptions options) throws RocksDBException {
        database.compactRange(
                batches,
                from,
                to,
                options.setExclusiveManualCompaction(false)
                        .setBottommostLevelCompaction(BottommostLevelCompaction.kForce));
    }

    /** Deletes the files that are not in use any more, now and not some time later. */
    void dropObsoleteFiles() throws RocksDBException {
        database.disableFileDeletions();
        database.enableFileDeletions();
    }

    @Override
    public void close() {
        handles.close();
    }
}
