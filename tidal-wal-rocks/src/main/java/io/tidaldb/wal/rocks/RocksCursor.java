package io.tidaldb.wal.rocks;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/**
 * Reads the database, then what was pending when it was made, and checks every byte that it returns. Confined to the store's thread.
 */
final class RocksCursor implements WalCursor {

    /** The store that the cursor reads. */
    interface Source {

        /** Fails unless the store is in order. */
        void check();

        RocksIterator iterate();

        /** Quarantines a log for what was found, and returns what to throw. */
        TidalException damaged(RocksLog log, Damage damage);

        /** Returns what to throw for what RocksDB failed with; if that is damage, the log is quarantined. */
        TidalException failed(RocksLog log, RocksDBException failure);

        void closed(RocksCursor cursor);
    }

    private final RocksLog log;
    private final Source source;
    private final long changes;
    private final long durableSeqno;
    private final List<RocksLog.Pending> tail;
    private long nextSeqno;
    private int nextOfTail;
    private boolean closed;
    private @Nullable RocksIterator iterator;

    RocksCursor(RocksLog log, long fromSeqno, Source source) {
        this.log = log;
        this.source = source;
        this.changes = log.changes();
        this.durableSeqno = log.durable().lastSeqno();
        this.tail = List.copyOf(log.pending());
        long first = log.durable().firstSeqno();
        nextSeqno = RocksLog.isBefore(fromSeqno, first) ? first : fromSeqno;
        if (nextSeqno != first && !RocksLog.isBefore(durableSeqno, nextSeqno)) {
            try {
                nextSeqno = seqnoOfBatchWith(nextSeqno);
            } catch (RuntimeException e) {
                release();
                throw e;
            }
        }
        while (nextOfTail < tail.size()
                && RocksLog.isBefore(tail.get(nextOfTail).lastSeqno(), nextSeqno)) {
            nextOfTail++;
        }
    }

    private long seqnoOfBatchWith(long seqno) {
        RocksIterator at = iterator();
        byte[] key = Keys.of(log.id(), seqno);
        at.seekForPrev(key);
        checkFound(at, key);
        byte[] found = at.key();
        LogId owner = Keys.log(found, 0);
        if (!owner.equals(log.id())
                || RocksLog.isBefore(Keys.seqno(found), log.durable().firstSeqno())) {
            throw source.damaged(log, Damage.at(key, "a batch of the log at or before it", Keys.print(found)));
        }
        return Keys.seqno(found);
    }

    /** Returns whether the next batch begins with a seqno. */
    boolean isAt(long seqno) {
        return RocksLog.isBefore(durableSeqno, nextSeqno)
                ? nextOfTail < tail.size() && tail.get(nextOfTail).firstSeqno() == seqno
                : nextSeqno == seqno;
    }

    @Override
    public @Nullable WalBatch next() {
        source.check();
        if (closed || changes != log.changes()) {
            release();
            throw new TidalException(
                    ErrorCode.CLOSED,
                    "the cursor on log " + log.id() + " has ended: the log was changed or it was closed");
        }
        log.checkSound();
        if (!RocksLog.isBefore(durableSeqno, nextSeqno)) {
            return read();
        }
        if (nextOfTail == tail.size()) {
            return null;
        }
        return WalBatch.of(ByteBuffer.wrap(tail.get(nextOfTail++).bytes()), 0);
    }

    /** Goes over the next batch, which is in the database, and returns its length. */
    int skip() {
        return read().length();
    }

    private WalBatch read() {
        byte[] key = Keys.of(log.id(), nextSeqno);
        RocksIterator at = positioned(key);
        checkFound(at, key);
        byte[] found = at.key();
        if (!Arrays.equals(found, key)) {
            throw source.damaged(log, Damage.at(key, "the next batch", Keys.print(found)));
        }
        WalBatch batch;
        try {
            batch = StoredBatch.read(key, at.value());
        } catch (StoredBatch.Damaged e) {
            throw source.damaged(log, e.damage());
        }
        nextSeqno = batch.lastSeqno() + 1;
        if (RocksLog.isBefore(durableSeqno, nextSeqno)) {
            release();
        } else {
            at.next();
        }
        return batch;
    }

    private RocksIterator positioned(byte[] key) {
        boolean fresh = iterator == null;
        RocksIterator at = iterator();
        if (fresh) {
            at.seek(key);
        }
        return at;
    }

    private void checkFound(RocksIterator at, byte[] key) {
        if (!at.isValid()) {
            try {
                at.status();
            } catch (RocksDBException e) {
                throw source.failed(log, e);
            }
            throw source.damaged(log, Damage.at(key, "a batch", "the end of the database"));
        }
    }

    private RocksIterator iterator() {
        RocksIterator open = iterator;
        if (open == null) {
            open = source.iterate();
            iterator = open;
        }
        return open;
    }

    /** Gives back what is native; the cursor can go on. */
    void release() {
        if (iterator != null) {
            iterator.close();
            iterator = null;
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            release();
            source.closed(this);
        }
    }
}
