package io.tidaldb.wal.rocks;

import io.tidaldb.api.wal.LogId;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * What one write changes, for all logs together: all of it or nothing. Used again for the next. In the column family of states a key is a
 * byte that says what the value is, and, but for the version, the key that names a log.
 */
final class Commit implements AutoCloseable {

    /** Version of keys and values, 2 bytes; the one key without a log. */
    static final byte VERSION = 0;

    /** A {@link LogState}. */
    static final byte STATE = 1;

    /** A {@link Damage}: the log is quarantined. */
    static final byte DAMAGE = 2;

    /** Nothing: the log was deleted, and its bytes may still be in some file. */
    static final byte ERASED = 3;

    private static final int KEEP_BYTES = 4 << 20;

    private ColumnFamilyHandle states;
    private ColumnFamilyHandle batches;
    // RocksDB copies what it is given.
    private final byte[] key = new byte[Keys.BYTES];
    private final byte[] stateKey = new byte[1 + Keys.BYTES];
    private final byte[] state = new byte[LogState.BYTES];
    private WriteBatch changes = new WriteBatch();

    Commit(Database database) {
        this.states = database.states();
        this.batches = database.batches();
    }

    /** The database was opened again; what is in the commit is as good for that. */
    void reopened(Database database) {
        states = database.states();
        batches = database.batches();
    }

    void version(byte[] version) throws RocksDBException {
        changes.put(states, new byte[] {VERSION}, version);
    }

    void batch(LogId log, long seqno, byte[] bytes) throws RocksDBException {
        Keys.write(key, 0, log, seqno);
        changes.put(batches, key, bytes);
    }

    void state(LogId log, LogState now) throws RocksDBException {
        now.write(state, log);
        changes.put(states, stateKey(STATE, log), state);
    }

    void damage(LogId log, Damage damage) throws RocksDBException {
        changes.put(states, stateKey(DAMAGE, log), damage.encode());
    }

    /** Deletes the batches from one key, which is included, to another one, which is not. */
    void drop(byte[] from, byte[] to) throws RocksDBException {
        changes.deleteRange(batches, from, to);
    }

    /** Deletes a log and notes that its bytes are to be erased. */
    void erase(LogId log) throws RocksDBException {
        drop(Keys.start(log), Keys.end(log));
        changes.delete(states, stateKey(STATE, log));
        changes.delete(states, stateKey(DAMAGE, log));
        changes.put(states, stateKey(ERASED, log), new byte[0]);
    }

    void erased(LogId log) throws RocksDBException {
        changes.delete(states, stateKey(ERASED, log));
    }

    private byte[] stateKey(byte kind, LogId log) {
        stateKey[0] = kind;
        Keys.write(stateKey, 1, log, log.origin().startSeqno());
        return stateKey;
    }

    boolean isEmpty() {
        return changes.count() == 0;
    }

    void write(Database database, Disk disk) throws RocksDBException {
        database.write(disk, changes);
    }

    void clear() {
        if (changes.getDataSize() > KEEP_BYTES) {
            changes.close();
            changes = new WriteBatch();
        } else {
            changes.clear();
        }
    }

    @Override
    public void close() {
        changes.close();
    }
}
