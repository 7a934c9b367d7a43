package io.tidaldb.wal.rocks;

import java.util.Properties;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.LRUCache;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBufferManager;

/**
 * How RocksDB is set up for logs: values that are written once, in the order of their keys within a log, read forward and dropped from the
 * front, by one thread that syncs each write.
 */
final class Tuning {

    /** All native memory for blocks, indexes and memtables of a store, a flush and an open iterator's block aside. */
    static final long MEMORY_BYTES = 96L << 20;

    /** How much of it is for memtables. */
    static final long MEMTABLES_BYTES = 64L << 20;

    private static final long MEMTABLE_BYTES = 24L << 20;
    private static final long STATES_MEMTABLE_BYTES = 16L << 20;
    private static final long TABLE_BYTES = 32L << 20;
    private static final long WAL_BYTES = 64L << 20;

    private Tuning() {}

    static DBOptions database(Handles handles, Cache cache) {
        Properties onlyByName = new Properties();
        // The manifest knows which write-ahead logs there must be: one that is lost is noticed.
        onlyByName.setProperty("track_and_verify_wals_in_manifest", "true");
        return handles.own(DBOptions.getDBOptionsFromProps(onlyByName))
                .setParanoidChecks(true)
                // A killed process leaves a record half written, which was never acknowledged: cut off. Anything else
                // that is
                // not what was written fails the open. "Point in time", the default, would drop what follows it in
                // silence.
                .setWalRecoveryMode(WALRecoveryMode.TolerateCorruptedTailRecords)
                // Recycled files hold old records behind the new ones, which makes a torn record and a damaged one look
                // alike.
                .setRecycleLogFileNum(0)
                // After an error nobody knows what the disk holds: the store decides what then, see RocksWalStore.
                .setMaxBgErrorResumeCount(0)
                // Bounds the replay when it is opened and how long erased bytes stay in old logs by themselves.
                .setMaxTotalWalSize(WAL_BYTES)
                .setWriteBufferManager(handles.own(new WriteBufferManager(MEMTABLES_BYTES, cache)))
                // There is one writer, which never meets another one.
                .setAllowConcurrentMemtableWrite(false)
                .setEnableWriteThreadAdaptiveYield(false)
                // Tables go to the disk as they are written, so that their sync at the end doesn't hold up commits.
                .setBytesPerSync(1L << 20)
                .setMaxOpenFiles(512)
                .setMaxManifestFileSize(8L << 20)
                .setManifestPreallocationSize(64L << 10)
                // No thread that writes statistics nobody reads.
                .setStatsDumpPeriodSec(0)
                .setStatsPersistPeriodSec(0);
    }

    /** Strict: rather a read that fails than memory without a bound; iterators bring their own block. */
    static Cache cache(Handles handles) {
        return handles.own(new LRUCache(MEMORY_BYTES, 2, true));
    }

    static ColumnFamilyOptions batches(Handles handles, Cache cache) {
        return handles.own(new ColumnFamilyOptions())
                // Large tables at once: small ones would be written over and over by compactions.
                .setWriteBufferSize(MEMTABLE_BYTES)
                .setMaxWriteBufferNumber(3)
                .setTargetFileSizeBase(TABLE_BYTES)
                .setMaxBytesForLevelBase(8 * TABLE_BYTES)
                // Sealed payloads don't compress, the others are small; and what counts against a quota is what is on
                // disk.
                .setCompressionType(CompressionType.NO_COMPRESSION)
                .setBottommostCompressionType(CompressionType.NO_COMPRESSION)
                // Each truncation leaves a tombstone; many of them in one memtable make reads slow.
                .setMemtableMaxRangeDeletions(1_000)
                // Until what is there was looked at: a compaction that meets damage would end the store.
                .setDisableAutoCompactions(true)
                .setTableFormatConfig(tables(cache).setBlockSize(16L << 10));
    }

    static ColumnFamilyOptions states(Handles handles, Cache cache) {
        return handles.own(new ColumnFamilyOptions())
                .setWriteBufferSize(STATES_MEMTABLE_BYTES)
                .setCompressionType(CompressionType.NO_COMPRESSION)
                .setTableFormatConfig(tables(cache));
    }

    private static BlockBasedTableConfig tables(Cache cache) {
        // No filters: nobody asks for a key that isn't there. Indexes are in the cache, so that they are within its
        // bound.
        return new BlockBasedTableConfig()
                .setBlockCache(cache)
                .setCacheIndexAndFilterBlocks(true)
                .setCacheIndexAndFilterBlocksWithHighPriority(true);
    }
}
