package io.tidaldb.bench;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/** A peer: one database for all tenants, its defaults, one write batch with a synced write-ahead log for each group. Keys: tenant, seqno. */
final class RocksSink implements GroupSink {

    static final String NAME = "rocksdb";
    static final String SETTINGS = "one database, default options; each group one WriteBatch with WriteOptions.sync";

    private final Options options = new Options().setCreateIfMissing(true);
    private final WriteOptions writeOptions;
    private final WriteBatch batch = new WriteBatch();
    private final RocksDB database;
    private final long[] lastSeqnos;
    private final ByteBuffer key = ByteBuffer.allocate(2 * Long.BYTES);
    private final byte[] record;

    RocksSink(Path directory, int tenants, int recordBytes, boolean synced) throws RocksDBException {
        writeOptions = new WriteOptions().setSync(synced);
        database = RocksDB.open(options, directory.toString());
        lastSeqnos = new long[tenants];
        record = new byte[recordBytes];
    }

    @Override
    public void commit(int[] tenants, int count) throws RocksDBException {
        batch.clear();
        for (int i = 0; i < count; i++) {
            key.putLong(0, tenants[i]).putLong(Long.BYTES, ++lastSeqnos[tenants[i]]);
            batch.put(key.array(), record);
        }
        database.write(writeOptions, batch);
    }

    @Override
    public void close() {
        database.close();
        batch.close();
        writeOptions.close();
        options.close();
    }
}
