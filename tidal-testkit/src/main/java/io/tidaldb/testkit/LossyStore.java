package io.tidaldb.testkit;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import java.util.List;

/** A store on a {@link LossyDisk}, until it is closed, fails, or the disk is opened by another: that is what a crash looks like. */
final class LossyStore implements WalStore {

    private final LossyDisk disk;
    private boolean closed;
    private boolean failed;

    LossyStore(LossyDisk disk) {
        this.disk = disk;
        disk.open(this);
    }

    @Override
    public List<LogStatus> logs() {
        checkUsable();
        return disk.logs().stream().map(LossyLog::status).toList();
    }

    @Override
    public LogStatus status(LogId log) {
        return known(log).status();
    }

    @Override
    public void append(LogId log, WalBatch batch) {
        change(() -> disk.append(log, batch));
    }

    @Override
    public void sync() {
        change(disk::sync);
    }

    @Override
    public WalCursor read(LogId log, long fromSeqno) {
        return known(log).read(fromSeqno);
    }

    @Override
    public void flush(LogId log) {
        checkUsable();
    }

    @Override
    public void truncateBefore(LogId log, long seqno, long chain) {
        change(() -> disk.truncateBefore(log, seqno, chain));
    }

    @Override
    public void delete(LogId log) {
        change(() -> disk.delete(log));
    }

    @Override
    public void close() {
        if (!closed) {
            try {
                // What a failed store has lost must not become durable because it is closed.
                if (!failed && disk.isOpenedBy(this)) {
                    sync();
                }
            } finally {
                closed = true;
            }
        }
    }

    @Override
    public void abandon() {
        closed = true;
    }

    /** Changes the disk; whatever goes wrong but a refusal ends the store. */
    private void change(Runnable how) {
        checkUsable();
        failed = true;
        try {
            how.run();
            failed = false;
        } catch (TidalException e) {
            failed = e.code() == ErrorCode.STORE_FAILED || e.code() == ErrorCode.INTERNAL;
            throw e;
        }
    }

    private LossyLog known(LogId log) {
        checkUsable();
        LossyLog found = disk.log(log);
        return found == null ? new LossyLog(log) : found;
    }

    private void checkUsable() {
        if (closed) {
            throw new TidalException(ErrorCode.CLOSED, "log store \"lossy\" is closed: open it again");
        }
        if (failed || !disk.isOpenedBy(this)) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED, "log store \"lossy\" failed or lost its disk: open it again");
        }
    }
}
