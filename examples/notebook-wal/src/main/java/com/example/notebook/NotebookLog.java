package com.example.notebook;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.BatchCorruptException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalInspection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** One log: its page, and in memory where each batch is. */
final class NotebookLog {

    private final Page page;
    private List<Entry> entries = new ArrayList<>();
    private Page.Head head;
    private long lastSeqno;
    private long end = Page.HEAD_BYTES;
    private CorruptLogException damage;

    private record Entry(long firstSeqno, long lastSeqno, long offset, int length) {}

    /** An empty log, which has no file yet. */
    NotebookLog(Page page) {
        this.page = page;
        lastSeqno = page.log().origin().startSeqno();
        head = new Page.Head(lastSeqno + 1, 0);
    }

    /** Reads a log from its file. */
    static NotebookLog open(Page page) throws IOException {
        NotebookLog log = new NotebookLog(page);
        Recovery recovery = log.new Recovery();
        Page.Head head = page.scan(recovery);
        if (head != null) {
            log.head = head;
            log.lastSeqno = log.entries.isEmpty() ? head.firstSeqno() - 1 : log.lastSeqno;
        }
        if (recovery.torn && log.damage == null) {
            page.cutAfter(log.end);
        }
        return log;
    }

    private final class Recovery implements WalInspection {

        private boolean torn;

        @Override
        public void file(String file, long bytes) {}

        @Override
        public void batch(LogId log, String file, long offset, WalBatch batch) {
            add(batch, offset);
        }

        @Override
        public void tornTail(String file, long offset, long bytes) {
            torn = true;
        }

        @Override
        public void damage(String file, long offset, String expected, String actual) {
            quarantine(offset, expected, actual);
        }
    }

    private void add(WalBatch batch, long offset) {
        entries.add(new Entry(batch.firstSeqno(), batch.lastSeqno(), offset, batch.length()));
        lastSeqno = batch.lastSeqno();
        end = offset + batch.length();
    }

    private CorruptLogException quarantine(long offset, String expected, String actual) {
        damage = new CorruptLogException(page.log().toString(), page.shown(), offset, expected, actual);
        return damage;
    }

    Page page() {
        return page;
    }

    LogStatus status() {
        boolean empty = entries.isEmpty() && end == Page.HEAD_BYTES;
        return new LogStatus(page.log(), head.firstSeqno(), lastSeqno, head.baseChain(), empty ? 0 : end, damage);
    }

    /** Refuses whatever a damaged log can't do. */
    NotebookLog checkWhole() {
        if (damage != null) {
            throw damage;
        }
        return this;
    }

    void append(WalBatch batch) throws IOException {
        if (!batch.tenant().equals(page.log().tenant())
                || !batch.origin().equals(page.log().origin())) {
            throw TidalException.invalid(
                    "batch of " + batch.tenant() + "/" + batch.origin() + " does not belong to log " + page.log());
        }
        if (batch.firstSeqno() != lastSeqno + 1) {
            throw new TidalException(
                    ErrorCode.WAL_GAP,
                    "batch at seqno " + Seqno.print(batch.firstSeqno()) + " does not continue log " + page.log()
                            + ": expected " + Seqno.print(lastSeqno + 1));
        }
        page.append(end, head, batch.encoded());
        add(batch, end);
    }

    WalCursor read(long fromSeqno) {
        // A copy: the cursor goes on while the log grows.
        Iterator<Entry> rest = entries.stream()
                .filter(entry -> Long.compareUnsigned(entry.lastSeqno, fromSeqno) >= 0)
                .toList()
                .iterator();
        return new WalCursor() {

            @Override
            public WalBatch next() {
                return rest.hasNext() ? batch(rest.next()) : null;
            }

            @Override
            public void close() {}
        };
    }

    private WalBatch batch(Entry entry) {
        try {
            return page.batch(entry.offset, entry.length);
        } catch (BatchCorruptException e) {
            throw quarantine(entry.offset, e.expected(), e.actual());
        } catch (IOException e) {
            throw new TidalException(ErrorCode.STORE_FAILED, page.shown() + " can't be read: " + e, e);
        }
    }

    /** Drops what lies before a seqno; durable when it returns. */
    void truncateBefore(long seqno, long chain) throws IOException {
        long offset = end;
        List<Entry> kept = new ArrayList<>();
        boolean boundary = seqno == lastSeqno + 1 || entries.isEmpty() && isPossible(seqno);
        for (Entry entry : entries) {
            boundary |= entry.firstSeqno == seqno;
            if (Long.compareUnsigned(entry.firstSeqno, seqno) >= 0) {
                offset = Math.min(offset, entry.offset);
                kept.add(entry);
            }
        }
        if (!boundary) {
            throw TidalException.invalid("seqno " + Seqno.print(seqno) + " is no boundary of log " + page.log()
                    + ": expected the first seqno of a batch, or " + Seqno.print(lastSeqno + 1));
        }
        head = new Page.Head(seqno, chain);
        page.cutBefore(head, offset);
        long moved = offset - Page.HEAD_BYTES;
        entries = new ArrayList<>(kept.stream()
                .map(entry -> new Entry(entry.firstSeqno, entry.lastSeqno, entry.offset - moved, entry.length))
                .toList());
        end -= moved;
        lastSeqno = kept.isEmpty() ? seqno - 1 : lastSeqno;
    }

    private boolean isPossible(long seqno) {
        return Seqno.counter(seqno) > 0
                && Seqno.incarnation(seqno) == page.log().origin().incarnation();
    }
}
