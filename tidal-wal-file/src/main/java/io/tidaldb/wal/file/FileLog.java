package io.tidaldb.wal.file;

import io.tidaldb.api.Seqno;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One log: its segments, and after them its tail, the batches that are only in memory and, once synced, in the journal.
 *
 * <p>Only what is durable in the journal goes to a segment. So whatever a crash leaves in segments can be written again, and a segment
 * never holds a batch that replay doesn't know.
 *
 * <p>Invariant: base &lt;= first seqno of the second segment; seqnos of segments and tail have no gap; last is the end of the tail.
 * Confined to the store's thread.
 */
final class FileLog {

    private static final int WRITE_BYTES = 1 << 20;

    /** A batch in memory. */
    record TailBatch(long firstSeqno, int count, byte[] bytes) {}

    private final LogId id;
    private final LogCode code;
    private final SegmentFiles files;
    private final List<Segment> segments = new ArrayList<>();
    private final List<TailBatch> tail = new ArrayList<>();
    private int synced;
    private boolean rolled;
    private long tailBytes;
    private long syncedBytes;
    private long firstSeqno;
    private long baseChain;
    private long lastSeqno;
    private long writtenSeqno;
    private long changes;
    private long moves;
    private @Nullable Damage damage;
    private boolean damageOutlivesFiles;

    FileLog(LogId id, SegmentFiles files) {
        this.id = id;
        this.code = LogCode.of(id);
        this.files = files;
        restart(id.origin().startSeqno() + 1, 0);
    }

    /** Sets the position that an empty log continues from. */
    void restart(long seqno, long chain) {
        changes++;
        segments.clear();
        dropTail();
        firstSeqno = seqno;
        baseChain = chain;
        lastSeqno = seqno - 1;
        writtenSeqno = lastSeqno;
    }

    /** Takes over what a manifest or a scan found. */
    void adopt(long first, long chain, long last, List<Segment> found) {
        restart(first, chain);
        segments.addAll(found);
        lastSeqno = last;
        writtenSeqno = last;
    }

    private void dropTail() {
        tail.clear();
        synced = 0;
        tailBytes = 0;
        syncedBytes = 0;
    }

    LogId id() {
        return id;
    }

    LogCode code() {
        return code;
    }

    SegmentFiles files() {
        return files;
    }

    long firstSeqno() {
        return firstSeqno;
    }

    long lastSeqno() {
        return lastSeqno;
    }

    boolean isEmpty() {
        return lastSeqno + 1 == firstSeqno;
    }

    List<Segment> segments() {
        return segments;
    }

    /** Returns a number that changes whenever a cursor would have to start anew. */
    long changes() {
        return changes;
    }

    /** Returns a number that changes whenever batches have moved from the tail to segments. */
    long moves() {
        return moves;
    }

    @Nullable
    Damage damage() {
        return damage;
    }

    /** Quarantines the log; the first damage found is the one that is told. */
    void quarantine(Damage found, boolean outlivesFiles) {
        if (damage == null) {
            damage = found;
        }
        damageOutlivesFiles |= outlivesFiles;
    }

    void heal() {
        damage = null;
        damageOutlivesFiles = false;
    }

    void append(long seqno, int count, byte[] batch) {
        if (seqno != lastSeqno + 1) {
            throw new IllegalStateException(id + " ends at " + Seqno.print(lastSeqno) + ", not before " + seqno);
        }
        changes++;
        tail.add(new TailBatch(seqno, count, batch));
        tailBytes += batch.length;
        lastSeqno += count;
    }

    /** Returns whether something was appended that is not durable in the journal. */
    boolean hasUnsynced() {
        return synced < tail.size();
    }

    /** Everything appended is durable in the journal now. */
    void markSynced() {
        synced = tail.size();
        syncedBytes = tailBytes;
    }

    /** Takes back what was appended and is not durable in the journal. */
    void dropUnsynced() {
        if (hasUnsynced()) {
            changes++;
            lastSeqno = tail.get(synced).firstSeqno - 1;
            tail.subList(synced, tail.size()).clear();
            tailBytes = syncedBytes;
        }
    }

    /** Returns whether nothing was ever appended, nor a position set. */
    boolean isPristine() {
        return isEmpty() && firstSeqno == id.origin().startSeqno() + 1;
    }

    /** Returns the bytes that could be written to segments. */
    long syncedBytes() {
        return syncedBytes;
    }

    /**
     * Moves the synced part of the tail to segments. From now on the log counts it as theirs, and the files must not be read until the
     * writing is done. Returns its bytes.
     */
    long writeOut(TailWriting writing) {
        long moved = syncedBytes;
        if (synced > 0) {
            moves++;
        }
        while (synced > 0) {
            writeSome(writing);
        }
        return moved;
    }

    private void writeSome(TailWriting writing) {
        int needed = tail.get(0).bytes.length;
        Segment segment = segmentFor(needed);
        long room = Math.max(needed, files.segmentBytes() - segment.bytes());
        List<byte[]> batches = new ArrayList<>();
        int length = 0;
        while (batches.size() < synced
                && length + tail.get(batches.size()).bytes.length <= room
                && (batches.isEmpty() || length < WRITE_BYTES)) {
            TailBatch batch = tail.get(batches.size());
            segment.note(batch.firstSeqno, segment.bytes() + length);
            writtenSeqno += batch.count;
            length += batch.bytes.length;
            batches.add(batch.bytes);
        }
        writing.add(segment, length, batches);
        segment.grow(length);
        tail.subList(0, batches.size()).clear();
        synced -= batches.size();
        tailBytes -= length;
        syncedBytes -= length;
    }

    /** Begins another segment with what is written next. */
    void rollOver() {
        rolled = true;
    }

    private Segment segmentFor(int batchBytes) {
        if (!segments.isEmpty() && !rolled) {
            Segment last = segments.get(segments.size() - 1);
            if (last.bytes() == 0 || last.bytes() + batchBytes <= files.segmentBytes()) {
                return last;
            }
        }
        rolled = false;
        Segment next = files.next(id, writtenSeqno + 1);
        segments.add(next);
        return next;
    }

    /** Returns the batch of the tail that holds a seqno, or null. */
    @Nullable
    TailBatch tailBatch(long seqno) {
        int low = 0;
        int high = tail.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            TailBatch batch = tail.get(middle);
            if (Long.compareUnsigned(seqno, batch.firstSeqno) < 0) {
                high = middle - 1;
            } else if (Long.compareUnsigned(seqno, batch.firstSeqno + batch.count) >= 0) {
                low = middle + 1;
            } else {
                return batch;
            }
        }
        return null;
    }

    /** Forgets what lies before a seqno that is a boundary, and returns the segments that no longer hold anything. */
    List<Segment> dropBefore(long seqno, long chain) {
        changes++;
        List<Segment> dropped = new ArrayList<>();
        while (!segments.isEmpty()) {
            long next = segments.size() > 1 ? segments.get(1).firstSeqno() : writtenSeqno + 1;
            if (Long.compareUnsigned(next, seqno) > 0) {
                break;
            }
            dropped.add(segments.remove(0));
        }
        // Not empty only if no segment is left: what lies below the base in the tail need never be written.
        int gone = 0;
        while (gone < tail.size() && Long.compareUnsigned(tail.get(gone).firstSeqno, seqno) < 0) {
            TailBatch batch = tail.get(gone++);
            writtenSeqno += batch.count;
            tailBytes -= batch.bytes.length;
            if (gone <= synced) {
                syncedBytes -= batch.bytes.length;
            }
        }
        tail.subList(0, gone).clear();
        synced = Math.max(0, synced - gone);
        firstSeqno = seqno;
        baseChain = chain;
        return dropped;
    }

    LogStatus status() {
        long bytes = tailBytes;
        for (Segment segment : segments) {
            bytes += segment.bytes();
        }
        return new LogStatus(id, firstSeqno, lastSeqno, baseChain, bytes, damage == null ? null : damage.exception(id));
    }

    /** Returns what a manifest says of the log when all that was written so far is durable. */
    Manifest.Entry entry() {
        List<Manifest.Extent> extents = segments.stream()
                .map(s -> new Manifest.Extent(s.firstSeqno(), s.bytes()))
                .toList();
        return new Manifest.Entry(
                id, firstSeqno, baseChain, writtenSeqno, extents, damageOutlivesFiles ? damage : null);
    }
}
