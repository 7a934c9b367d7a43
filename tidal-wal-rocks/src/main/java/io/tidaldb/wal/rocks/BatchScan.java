package io.tidaldb.wal.rocks;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/**
 * Goes over batches where some may be damaged. An iterator of RocksDB that has met damage may go on reporting it elsewhere; so this one
 * seeks with another one then.
 */
final class BatchScan implements AutoCloseable {

    private final Database database;
    private RocksIterator iterator;
    private @Nullable Damage damage;

    BatchScan(Database database) {
        this.database = database;
        this.iterator = database.iterateBatches();
    }

    /** Goes to the first batch at or after a key. */
    void seek(byte[] key) {
        renew();
        iterator.seek(key);
        look();
    }

    /** Goes to the last batch at or before a key. */
    void seekForPrev(byte[] key) {
        renew();
        iterator.seekForPrev(key);
        look();
    }

    void next() {
        iterator.next();
        look();
    }

    private void renew() {
        if (damage != null) {
            iterator.close();
            iterator = database.iterateBatches();
            damage = null;
        }
    }

    private void look() {
        if (!iterator.isValid()) {
            try {
                iterator.status();
            } catch (RocksDBException e) {
                damage = Damage.of(e);
            }
        }
    }

    /** Returns whether it is at a batch; otherwise it is at the end, or there is {@link #damage}. */
    boolean isValid() {
        return iterator.isValid();
    }

    boolean isAt(byte[] key) {
        return isValid() && Arrays.equals(key(), key);
    }

    /** Returns what keeps it from reading where it is, or null. */
    @Nullable
    Damage damage() {
        return damage;
    }

    byte[] key() {
        return iterator.key();
    }

    byte[] value() {
        return iterator.value();
    }

    @Override
    public void close() {
        iterator.close();
    }
}
