package io.tidaldb.core.replication;

import static java.util.Objects.requireNonNull;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The batches committed last, kept in memory so that live followers are served without reading a store. Over all logs of a node the
 * oldest go first when the bound is reached.
 *
 * <p>Loop-confined. An add takes constant time, but for the evictions that it causes. What is counted is each batch's length and
 * {@link #ENTRY_BYTES}.
 */
public final class RecentBatches {

    /** What keeping a batch takes beside its bytes, roughly. */
    public static final int ENTRY_BYTES = 160;

    private final long maxBytes;
    private final Map<LogId, Tail> tails = new HashMap<>();
    // Ends of the list of all entries in the order in which they were added.
    private @Nullable Entry oldest;
    private @Nullable Entry newest;
    private long bytes;

    /** Keeps at most so many bytes. */
    public RecentBatches(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /**
     * Adds a committed batch. One that does not continue what is kept of its log replaces that: a log that was replaced by a snapshot
     * goes on elsewhere.
     */
    public void add(LogId log, WalBatch batch) {
        Tail tail = tails.get(log);
        if (tail != null && tail.nextSeqno() != batch.firstSeqno()) {
            forget(log);
            tail = null;
        }
        if (tail == null) {
            tail = new Tail(log);
            tails.put(log, tail);
        }
        Entry entry = new Entry(tail, batch.closed());
        tail.add(entry);
        link(entry);
        while (bytes > maxBytes && oldest != null) {
            evict(oldest);
        }
    }

    /**
     * Returns the batches of a log from exactly this seqno on, oldest first: none if it is the next one to be added. Null if the store
     * must be asked: it is not kept any more, is unknown, or lies inside a batch.
     */
    public @Nullable List<WalBatch> from(LogId log, long seqno) {
        return from(log, seqno, Long.MAX_VALUE);
    }

    /** Returns the same, but ends before the batch that would exceed so many bytes, unless it is the first. */
    public @Nullable List<WalBatch> from(LogId log, long seqno, long maxResultBytes) {
        Tail tail = tails.get(log);
        int index = tail == null ? -1 : tail.indexOf(seqno);
        if (tail == null || index < 0) {
            return null;
        }
        List<WalBatch> batches = new ArrayList<>();
        long left = maxResultBytes;
        for (int i = index; i < tail.size; i++) {
            WalBatch batch = tail.get(i).batch;
            left -= batch.length();
            if (left < 0 && !batches.isEmpty()) {
                break;
            }
            batches.add(batch);
        }
        return batches;
    }

    /** Drops what is kept of a log. */
    public void forget(LogId log) {
        Tail tail = tails.remove(log);
        if (tail != null) {
            for (int i = 0; i < tail.size; i++) {
                unlink(tail.get(i));
            }
        }
    }

    /** Returns what is kept, in bytes; never more than the bound. */
    public long bytes() {
        return bytes;
    }

    private void evict(Entry entry) {
        unlink(entry);
        entry.tail.removeFirst();
        if (entry.tail.size == 0) {
            tails.remove(entry.tail.log);
        }
    }

    private void link(Entry entry) {
        bytes += entry.bytes();
        entry.older = newest;
        if (newest == null) {
            oldest = entry;
        } else {
            newest.newer = entry;
        }
        newest = entry;
    }

    private void unlink(Entry entry) {
        bytes -= entry.bytes();
        if (entry.older == null) {
            oldest = entry.newer;
        } else {
            entry.older.newer = entry.newer;
        }
        if (entry.newer == null) {
            newest = entry.older;
        } else {
            entry.newer.older = entry.older;
        }
    }

    /** A batch in its log's tail and in the order over all logs. */
    private static final class Entry {

        final Tail tail;
        final WalBatch batch;

        @Nullable
        Entry older;

        @Nullable
        Entry newer;

        Entry(Tail tail, WalBatch batch) {
            this.tail = tail;
            this.batch = batch;
        }

        long bytes() {
            return (long) batch.length() + ENTRY_BYTES;
        }
    }

    /** The entries of one log, without gaps, in a ring; never empty between calls. */
    private static final class Tail {

        final LogId log;
        // Its length is a power of two.
        private @Nullable Entry[] ring = new @Nullable Entry[4];
        private int head;
        int size;

        Tail(LogId log) {
            this.log = log;
        }

        Entry get(int index) {
            return requireNonNull(ring[(head + index) & (ring.length - 1)]);
        }

        void add(Entry entry) {
            if (size == ring.length) {
                @Nullable Entry[] larger = new @Nullable Entry[2 * size];
                for (int i = 0; i < size; i++) {
                    larger[i] = get(i);
                }
                ring = larger;
                head = 0;
            }
            ring[(head + size++) & (ring.length - 1)] = entry;
        }

        void removeFirst() {
            ring[head] = null;
            head = (head + 1) & (ring.length - 1);
            size--;
        }

        long nextSeqno() {
            return get(size - 1).batch.lastSeqno() + 1;
        }

        /** Returns the index of the batch that begins at a seqno, the size if that is the next one, or -1. */
        int indexOf(long seqno) {
            int low = 0;
            int high = size;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (Long.compareUnsigned(get(middle).batch.firstSeqno(), seqno) < 0) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            long found = low < size ? get(low).batch.firstSeqno() : nextSeqno();
            return found == seqno ? low : -1;
        }
    }
}
