package io.tidaldb.core.memory;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One log. Invariant: the batches cover {@code firstSeqno .. lastSeqno} without gaps; both lie in one incarnation, so that they compare
 * as unsigned.
 */
final class MemoryLog {

    private final LogId id;
    private NavigableMap<Long, WalBatch> batches = new TreeMap<>(Long::compareUnsigned);
    private long firstSeqno;
    private long lastSeqno;
    private long baseChain;
    private long bytes;

    MemoryLog(LogId id) {
        this.id = id;
        lastSeqno = id.origin().startSeqno();
        firstSeqno = lastSeqno + 1;
    }

    LogStatus status() {
        return new LogStatus(id, firstSeqno, lastSeqno, baseChain, bytes, null);
    }

    void append(WalBatch batch) {
        if (!batch.tenant().equals(id.tenant()) || !batch.origin().equals(id.origin())) {
            throw TidalException.invalid(
                    "batch of " + batch.tenant() + "/" + batch.origin() + " does not belong to log " + id);
        }
        if (batch.firstSeqno() != lastSeqno + 1) {
            throw new TidalException(
                    ErrorCode.WAL_GAP,
                    "batch at seqno " + Seqno.print(batch.firstSeqno()) + " does not continue log " + id + ": expected "
                            + Seqno.print(lastSeqno + 1));
        }
        ByteBuffer copy = ByteBuffer.allocate(batch.length());
        batch.copyTo(copy);
        batches.put(batch.firstSeqno(), WalBatch.of(copy.flip(), 0));
        lastSeqno = batch.lastSeqno();
        bytes += batch.length();
    }

    WalCursor read(long fromSeqno) {
        Long start = batches.floorKey(fromSeqno);
        // A seqno beyond the end has a batch at or below it as well, the last one, which does not hold it.
        boolean beyond = Long.compareUnsigned(fromSeqno, lastSeqno) > 0;
        Iterator<WalBatch> rest = beyond
                ? java.util.Collections.emptyIterator()
                : (start == null ? batches : batches.tailMap(start, true))
                        .values()
                        .iterator();
        return new Cursor(rest);
    }

    void truncateBefore(long seqno, long chain) {
        boolean everything = batches.isEmpty() ? inIncarnation(seqno) : seqno == lastSeqno + 1;
        if (!everything && !batches.containsKey(seqno)) {
            throw TidalException.invalid("seqno " + Seqno.print(seqno) + " is no boundary of log " + id
                    + ": expected the first seqno of a batch between " + Seqno.print(firstSeqno) + " and "
                    + Seqno.print(lastSeqno + 1));
        }
        NavigableMap<Long, WalBatch> dropped = batches.headMap(seqno, false);
        for (Map.Entry<Long, WalBatch> entry : dropped.entrySet()) {
            bytes -= entry.getValue().length();
        }
        NavigableMap<Long, WalBatch> kept = new TreeMap<>(Long::compareUnsigned);
        kept.putAll(batches.tailMap(seqno, true));
        // Replaced rather than shrunk: a cursor that is open goes on with what it had.
        batches = kept;
        firstSeqno = seqno;
        lastSeqno = kept.isEmpty() ? seqno - 1 : lastSeqno;
        baseChain = chain;
    }

    private boolean inIncarnation(long seqno) {
        Origin origin = id.origin();
        return Seqno.counter(seqno) > 0 && Seqno.incarnation(seqno) == origin.incarnation();
    }

    private record Cursor(Iterator<WalBatch> rest) implements WalCursor {

        @Override
        public @Nullable WalBatch next() {
            return rest.hasNext() ? rest.next() : null;
        }

        @Override
        public void close() {}
    }
}
