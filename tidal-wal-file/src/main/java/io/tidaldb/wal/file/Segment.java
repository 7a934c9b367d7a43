package io.tidaldb.wal.file;

import java.nio.file.Path;
import java.util.Arrays;

/**
 * One segment: batches back to back, neither header nor padding of its own, no byte that is not a batch's.
 *
 * <p>Keeps the place of about every 64th KiB, so that a read in the middle needn't walk all headers before it. Confined to the store's
 * thread.
 */
final class Segment {

    private static final int INDEX_STEP_BYTES = 64 << 10;

    private final long firstSeqno;
    private final Path path;
    private long bytes;
    private boolean dirty;
    private long[] seqnos = new long[4];
    private long[] offsets = new long[4];
    private int indexed;

    Segment(Path path, long firstSeqno, long bytes) {
        this.path = path;
        this.firstSeqno = firstSeqno;
        this.bytes = bytes;
        note(firstSeqno, 0);
    }

    long firstSeqno() {
        return firstSeqno;
    }

    Path path() {
        return path;
    }

    /** Returns the bytes written, durable or not. */
    long bytes() {
        return bytes;
    }

    void grow(long by) {
        bytes += by;
        dirty = true;
    }

    boolean isDirty() {
        return dirty;
    }

    void markClean() {
        dirty = false;
    }

    /** Remembers where a batch begins, if it lies far enough behind the last that is remembered. */
    void note(long seqno, long offset) {
        if (indexed > 0 && offset < offsets[indexed - 1] + INDEX_STEP_BYTES) {
            return;
        }
        if (indexed == seqnos.length) {
            seqnos = Arrays.copyOf(seqnos, 2 * indexed);
            offsets = Arrays.copyOf(offsets, 2 * indexed);
        }
        seqnos[indexed] = seqno;
        offsets[indexed++] = offset;
    }

    /** Returns the index of the last remembered batch at or before a seqno. */
    int floor(long seqno) {
        int low = 0;
        int high = indexed - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (Long.compareUnsigned(seqnos[middle], seqno) <= 0) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    long seqnoAt(int index) {
        return seqnos[index];
    }

    long offsetAt(int index) {
        return offsets[index];
    }
}
