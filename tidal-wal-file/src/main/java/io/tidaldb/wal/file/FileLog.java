package io.tidaldb.wal.file;

import io.tidaldb.api.Seqno;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
    private final SegmentFiles files;
    private final List<Segment> segments = new ArrayList<>();
    private final List<TailBatch> tail = new ArrayList<>();
    private int synced;
    private long tailBytes;
    private long syncedBytes;
    private long firstSeqno;
    private long baseChain;
    private long lastSeqno;
    private long writtenSeqno;
    private long changes;
    private @Nullable Damage damage;
    private boolean damageOutlivesFiles;

    FileLog(LogId id, SegmentFiles files) {
        this.id = id;
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

    /** Everything appended is durable in the journal now. */
    void markSynced() {
        synced = tail.size();
        syncedBytes = tailBytes;
    }

    /** Returns the bytes that could be written to segments. */
    long syncedBytes() {
        return syncedBytes;
    }

    /** Moves the synced part of the tail to segments, unsynced. Returns its bytes. */
    long writeOut() throws IOException {
        long moved = syncedBytes;
        while (synced > 0) {
            writeSome();
        }
        return moved;
    }

    private void writeSome() throws IOException {
        int needed = tail.get(0).bytes.length;
        Segment segment = segmentFor(needed);
        long room = Math.max(needed, files.segmentBytes() - segment.bytes());
        int count = 0;
        int length = 0;
        while (count < synced
                && length + tail.get(count).bytes.length <= room
                && (count == 0 || length < WRITE_BYTES)) {
            length += tail.get(count++).bytes.length;
        }
        ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        long end = segment.bytes();
        files.write(segment, gather(count, out));
        for (TailBatch batch : tail.subList(0, count)) {
            segment.note(batch.firstSeqno, end);
            end += batch.bytes.length;
            writtenSeqno += batch.count;
        }
        tail.subList(0, count).clear();
        synced -= count;
        tailBytes -= length;
        syncedBytes -= length;
    }

    private ByteBuffer gather(int count, ByteBuffer out) {
        for (TailBatch batch : tail.subList(0, count)) {
            out.put(batch.bytes);
        }
        return out.flip();
    }

    private Segment segmentFor(int batchBytes) throws IOException {
        if (!segments.isEmpty()) {
            Segment last = segments.get(segments.size() - 1);
            if (last.bytes() == 0 || last.bytes() + batchBytes <= files.segmentBytes()) {
                return last;
            }
        }
        Segment next = files.create(id, writtenSeqno + 1);
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
