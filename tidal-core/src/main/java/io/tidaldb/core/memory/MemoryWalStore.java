package io.tidaldb.core.memory;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Logs on the heap. Confined to the thread that uses it, like every store. */
final class MemoryWalStore implements WalStore {

    private final SortedMap<LogId, MemoryLog> logs = new TreeMap<>();
    private boolean closed;

    @Override
    public List<LogStatus> logs() {
        checkOpen();
        return logs.values().stream().map(MemoryLog::status).toList();
    }

    @Override
    public LogStatus status(LogId log) {
        return known(log).status();
    }

    @Override
    public void append(LogId log, WalBatch batch) {
        MemoryLog target = known(log);
        target.append(batch);
        // Only now, so that a refused first append leaves the log unknown.
        logs.putIfAbsent(log, target);
    }

    /** Does nothing: nothing here is durable, and nothing is lost before the store is closed. */
    @Override
    public void sync() {
        checkOpen();
    }

    @Override
    public WalCursor read(LogId log, long fromSeqno) {
        return known(log).read(fromSeqno);
    }

    @Override
    public void flush(LogId log) {
        checkOpen();
    }

    @Override
    public void truncateBefore(LogId log, long seqno, long chain) {
        MemoryLog target = known(log);
        target.truncateBefore(seqno, chain);
        logs.putIfAbsent(log, target);
    }

    @Override
    public void delete(LogId log) {
        checkOpen();
        logs.remove(log);
    }

    @Override
    public void close() {
        closed = true;
        logs.clear();
    }

    private MemoryLog known(LogId log) {
        checkOpen();
        MemoryLog found = logs.get(log);
        return found == null ? new MemoryLog(log) : found;
    }

    private void checkOpen() {
        if (closed) {
            throw new TidalException(ErrorCode.CLOSED, "log store \"memory\" is closed: open it again");
        }
    }
}
