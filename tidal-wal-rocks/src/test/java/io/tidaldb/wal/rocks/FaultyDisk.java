package io.tidaldb.wal.rocks;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/** A disk whose next write fails, with or without a trace, or that is full. RocksDB itself can't be handed one. */
final class FaultyDisk extends Disk {

    /** What RocksDB says when a sync fails. */
    static final Status SYNC_FAILED =
            new Status(Status.Code.IOError, Status.SubCode.None, "While fdatasync: 000004.log: Input/output error");

    /** What RocksDB says when there is no room. */
    static final Status NO_SPACE =
            new Status(Status.Code.IOError, Status.SubCode.NoSpace, "While appending to file: 000004.log");

    /** What RocksDB says to every write after a compaction has met damage. */
    static final Status DAMAGED_TABLE =
            new Status(Status.Code.Corruption, Status.SubCode.None, "block checksum mismatch: 000009.sst offset 0");

    @Nullable
    Status failNextWrite;

    /** The write that fails next is there nevertheless. */
    boolean failAfterwards;

    boolean failNextOpening;
    int writes;
    long usableBytes = Long.MAX_VALUE / 4;

    @Override
    void write(RocksDB database, WriteOptions options, WriteBatch batch) throws RocksDBException {
        writes++;
        Status status = failNextWrite;
        failNextWrite = null;
        if (status == null || failAfterwards) {
            super.write(database, options, batch);
        }
        if (status != null) {
            failAfterwards = false;
            throw new RocksDBException(status.getState(), status);
        }
    }

    @Override
    void opening(Path directory) throws RocksDBException {
        if (failNextOpening) {
            failNextOpening = false;
            throw new RocksDBException("No space left on device", NO_SPACE);
        }
    }

    @Override
    long usableBytes(Path directory) {
        return usableBytes;
    }
}
