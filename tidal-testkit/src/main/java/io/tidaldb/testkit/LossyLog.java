package io.tidaldb.testkit;

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
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A log on a {@link LossyDisk}. Invariant: the first {@code synced} batches are durable, and so is the position that the log begins at;
 * {@code bytes} is what all batches take.
 */
final class LossyLog {

    private final LogId id;

    /** What is on the disk of batches that are not what was written, by first seqno. */
    private final SortedMap<Long, ByteBuffer> damaged = new TreeMap<>();

    private List<WalBatch> batches = new ArrayList<>();
    private int synced;
    private long bytes;
    private long firstSeqno;
    private long baseChain;
    private boolean positioned;
    private @Nullable CorruptLogException quarantine;

    LossyLog(LogId id) {
        this.id = id;
        this.firstSeqno = id.origin().startSeqno() + 1;
    }

    LogId id() {
        return id;
    }

    /** Returns a log that has what is durable of this one, and goes its own way. */
    LossyLog durableCopy() {
        LossyLog copy = new LossyLog(id);
        copy.batches.addAll(batches.subList(0, synced));
        copy.synced = synced;
        copy.bytes = bytes - unsyncedBytes();
        copy.firstSeqno = firstSeqno;
        copy.baseChain = baseChain;
        copy.positioned = positioned;
        copy.damaged.putAll(damaged);
        copy.damaged.keySet().removeIf(first -> Long.compareUnsigned(first, copy.lastSeqno()) > 0);
        return copy;
    }

    long bytes() {
        return bytes;
    }

    boolean isUnknown() {
        return batches.isEmpty() && !positioned;
    }

    LogStatus status() {
        return new LogStatus(id, firstSeqno, lastSeqno(), baseChain, bytes, quarantine);
    }

    private long lastSeqno() {
        return batches.isEmpty()
                ? firstSeqno - 1
                : batches.get(batches.size() - 1).lastSeqno();
    }

    long durableSeqno() {
        return synced == 0 ? firstSeqno - 1 : batches.get(synced - 1).lastSeqno();
    }

    /** @throws CorruptLogException if it is quarantined */
    void checkSound() {
        if (quarantine != null) {
            throw new CorruptLogException(
                    id.toString(), quarantine.file(), quarantine.offset(), quarantine.expected(), quarantine.actual());
        }
    }

    void append(WalBatch batch) {
        checkSound();
        if (!batch.tenant().equals(id.tenant()) || !batch.origin().equals(id.origin())) {
            throw TidalException.invalid(
                    "batch of " + batch.tenant() + "/" + batch.origin() + " does not belong to log " + id);
        }
        if (batch.firstSeqno() != lastSeqno() + 1) {
            throw new TidalException(
                    ErrorCode.WAL_GAP,
                    "batch at seqno " + Seqno.print(batch.firstSeqno()) + " does not continue log " + id + ": expected "
                            + Seqno.print(lastSeqno() + 1));
        }
        ByteBuffer copy = ByteBuffer.allocate(batch.length());
        batch.copyTo(copy);
        batches.add(WalBatch.of(copy.flip(), 0));
        bytes += batch.length();
    }

    /** Makes its oldest batch that is not durable durable, and returns its length. */
    int syncNext() {
        return batches.get(synced++).length();
    }

    /** Returns the length of the oldest batch that is not durable. */
    int nextUnsyncedBytes() {
        return batches.get(synced).length();
    }

    long unsyncedBytes() {
        long sum = 0;
        for (int i = synced; i < batches.size(); i++) {
            sum += batches.get(i).length();
        }
        return sum;
    }

    /** Takes back the last append, which is not durable. */
    void undoLast() {
        WalBatch last = batches.remove(batches.size() - 1);
        damaged.remove(last.firstSeqno());
        bytes -= last.length();
    }

    /**
     * Drops what lies before a seqno.
     *
     * @return how many of the batches dropped were not durable
     */
    int truncateBefore(long seqno, long chain) {
        checkSound();
        int kept = indexOf(seqno);
        boolean inIncarnation = Seqno.counter(seqno) > 0
                && Seqno.incarnation(seqno) == id.origin().incarnation();
        boolean boundary = kept < batches.size()
                ? batches.get(kept).firstSeqno() == seqno
                : batches.isEmpty() ? inIncarnation : seqno == lastSeqno() + 1;
        if (!boundary) {
            throw TidalException.invalid("seqno " + Seqno.print(seqno) + " is no boundary of log " + id);
        }
        for (WalBatch dropped : batches.subList(0, kept)) {
            bytes -= dropped.length();
            damaged.remove(dropped.firstSeqno());
        }
        // Replaced rather than shrunk: a cursor that is open goes on with what it had.
        batches = new ArrayList<>(batches.subList(kept, batches.size()));
        int lost = Math.max(0, kept - synced);
        synced = Math.max(0, synced - kept);
        firstSeqno = seqno;
        baseChain = chain;
        positioned = true;
        return lost;
    }

    /** Returns the index of the first batch that ends at the seqno or later. */
    private int indexOf(long seqno) {
        int low = 0;
        int high = batches.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Long.compareUnsigned(batches.get(middle).lastSeqno(), seqno) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    WalCursor read(long fromSeqno) {
        checkSound();
        return new Cursor(fromSeqno);
    }

    /** Turns one bit of the batch that holds a seqno; turned twice, it is as it was. */
    void flip(long seqno, long bit) {
        int at = indexOf(seqno);
        if (at == batches.size() || Long.compareUnsigned(batches.get(at).firstSeqno(), seqno) > 0) {
            throw TidalException.invalid("log " + id + " holds no seqno " + Seqno.print(seqno));
        }
        WalBatch batch = batches.get(at);
        ByteBuffer raw = damaged.get(batch.firstSeqno());
        if (raw == null) {
            raw = ByteBuffer.allocate(batch.length());
            batch.copyTo(raw);
            raw.flip();
        }
        int index = (int) (bit / Byte.SIZE % batch.length());
        raw.put(index, (byte) (raw.get(index) ^ 1 << bit % Byte.SIZE));
        if (raw.equals(batch.encoded())) {
            damaged.remove(batch.firstSeqno());
        } else {
            damaged.put(batch.firstSeqno(), raw);
        }
    }

    /** Returns whether any batch of it is durable. */
    boolean isDurable() {
        return synced > 0;
    }

    /** Returns whether all bits are as they were written. */
    boolean isWhole() {
        return damaged.isEmpty();
    }

    /** Turns one bit of a batch that is durable. */
    void rot(RandomGenerator random) {
        WalBatch batch = batches.get(random.nextInt(synced));
        flip(batch.firstSeqno(), random.nextInt(batch.length() * Byte.SIZE));
    }

    /** Reads all of it, as a store does when it is opened. */
    void scan() {
        quarantine = null;
        if (!damaged.isEmpty()) {
            long offset = 0;
            for (WalBatch batch : batches) {
                BatchCorruptException damage = damage(batch);
                if (damage != null) {
                    quarantine(damage, offset);
                    return;
                }
                offset += batch.length();
            }
        }
    }

    private CorruptLogException quarantine(BatchCorruptException damage, long offset) {
        CorruptLogException reason =
                new CorruptLogException(id.toString(), id.toString(), offset, damage.expected(), damage.actual());
        quarantine = reason;
        return reason;
    }

    private @Nullable BatchCorruptException damage(WalBatch batch) {
        ByteBuffer raw = damaged.isEmpty() ? null : damaged.get(batch.firstSeqno());
        if (raw != null) {
            try {
                WalBatch.of(raw, 0);
            } catch (BatchCorruptException e) {
                return e;
            }
        }
        return null;
    }

    void inspect(WalInspection inspection) {
        inspection.file(id.toString(), bytes);
        long offset = 0;
        for (WalBatch batch : batches) {
            BatchCorruptException damage = damage(batch);
            if (damage == null) {
                inspection.batch(id, id.toString(), offset, batch);
            } else {
                inspection.damage(id.toString(), offset, damage.expected(), damage.actual());
            }
            offset += batch.length();
        }
    }

    private final class Cursor implements WalCursor {

        private final List<WalBatch> from = batches;
        private final int end = batches.size();
        private int next;

        Cursor(long fromSeqno) {
            next = indexOf(fromSeqno);
        }

        @Override
        public @Nullable WalBatch next() {
            if (next >= Math.min(end, from.size())) {
                return null;
            }
            WalBatch batch = from.get(next++);
            BatchCorruptException damage = damage(batch);
            if (damage != null) {
                long offset = from.subList(0, next - 1).stream()
                        .mapToLong(WalBatch::length)
                        .sum();
                throw quarantine(damage, offset);
            }
            return batch;
        }

        @Override
        public void close() {}
    }
}
