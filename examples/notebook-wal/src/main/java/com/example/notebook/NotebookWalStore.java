package com.example.notebook;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** All logs of a node. After any failure of the disk it refuses everything: what the disk has is known only to the next who opens it. */
final class NotebookWalStore implements WalStore {

    private final Path directory;
    private final SortedMap<LogId, NotebookLog> logs = new TreeMap<>();
    private final Set<Page> changed = new HashSet<>();
    private boolean failed;
    private boolean closed;

    NotebookWalStore(Path directory) throws IOException {
        this.directory = directory;
        for (Page page : Page.in(directory)) {
            logs.put(page.log(), NotebookLog.open(page));
        }
    }

    @Override
    public List<LogStatus> logs() {
        check();
        return logs.values().stream().map(NotebookLog::status).toList();
    }

    @Override
    public LogStatus status(LogId log) {
        return known(log).status();
    }

    @Override
    public void append(LogId id, WalBatch batch) {
        NotebookLog log = known(id).checkWhole();
        change(() -> log.append(batch));
        // Only now: a refused first append leaves the log unknown.
        logs.put(id, log);
        changed.add(log.page());
    }

    @Override
    public void sync() {
        change(() -> {
            for (Page page : changed) {
                Page.force(page.file());
            }
            Page.force(directory);
            changed.clear();
        });
    }

    @Override
    public WalCursor read(LogId log, long fromSeqno) {
        return known(log).checkWhole().read(fromSeqno);
    }

    @Override
    public void flush(LogId log) {
        sync();
    }

    @Override
    public void truncateBefore(LogId id, long seqno, long chain) {
        NotebookLog log = known(id).checkWhole();
        change(() -> log.truncateBefore(seqno, chain));
        logs.put(id, log);
    }

    @Override
    public void delete(LogId id) {
        NotebookLog log = known(id);
        change(() -> {
            Files.deleteIfExists(log.page().file());
            Page.force(directory);
        });
        logs.remove(id);
        changed.remove(log.page());
    }

    @Override
    public void close() {
        if (!closed) {
            try {
                if (!failed) {
                    sync();
                }
            } finally {
                closed = true;
            }
        }
    }

    /** Holds nothing open, so there is nothing to release. */
    @Override
    public void abandon() {
        closed = true;
    }

    private NotebookLog known(LogId id) {
        check();
        NotebookLog known = logs.get(id);
        return known == null ? new NotebookLog(Page.of(directory, id)) : known;
    }

    private void check() {
        if (closed) {
            throw new TidalException(ErrorCode.CLOSED, "notebook " + directory + " is closed: open it again");
        }
        if (failed) {
            throw new TidalException(ErrorCode.STORE_FAILED, "notebook " + directory + " failed: open it again");
        }
    }

    private interface Change {
        void run() throws IOException;
    }

    private void change(Change how) {
        check();
        try {
            how.run();
        } catch (IOException e) {
            failed = true;
            throw new TidalException(ErrorCode.STORE_FAILED, "notebook " + directory + " failed: " + e, e);
        }
    }
}
