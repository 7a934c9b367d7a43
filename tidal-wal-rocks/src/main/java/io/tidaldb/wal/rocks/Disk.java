package io.tidaldb.wal.rocks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/** The calls that a disk can fail, in one place, so that a test can be the failing disk. */
class Disk {

    static final Disk REAL = new Disk();

    /** Writes a batch to the write-ahead log, syncs that, and applies the batch. */
    void write(RocksDB database, WriteOptions options, WriteBatch batch) throws RocksDBException {
        database.write(options, batch);
    }

    /** Called before a database is opened. */
    void opening(Path directory) throws RocksDBException {}

    long usableBytes(Path directory) throws IOException {
        return Files.getFileStore(directory).getUsableSpace();
    }
}
