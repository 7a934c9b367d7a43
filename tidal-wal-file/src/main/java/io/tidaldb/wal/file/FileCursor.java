package io.tidaldb.wal.file;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.BatchCorruptException;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads segments, then the tail, and checks every byte that it returns. Confined to the store's thread. */
final class FileCursor implements WalCursor {

    private static final int READ_BYTES = 256 << 10;

    private final FileLog log;
    private final Runnable checkStore;
    private final long changes;
    private long moves;
    private int segment;
    private long offset;
    private long nextSeqno;
    private boolean closed;
    private ByteBuffer window = ByteBuffer.allocate(0);
    private @Nullable Segment windowSegment;
    private long windowOffset;

    FileCursor(FileLog log, long fromSeqno, Runnable checkStore) {
        this.log = log;
        this.checkStore = checkStore;
        this.changes = log.changes();
        this.moves = log.moves();
        seek(Long.compareUnsigned(fromSeqno, log.firstSeqno()) < 0 ? log.firstSeqno() : fromSeqno);
    }

    /** Goes to the batch that holds a seqno, by the headers before it. */
    private void seek(long seqno) {
        List<Segment> segments = log.segments();
        nextSeqno = seqno;
        for (int i = segments.size() - 1; i >= 0; i--) {
            Segment candidate = segments.get(i);
            if (Long.compareUnsigned(candidate.firstSeqno(), seqno) <= 0 || i == 0) {
                int index = candidate.floor(seqno);
                segment = i;
                offset = candidate.offsetAt(index);
                nextSeqno = candidate.seqnoAt(index);
                break;
            }
        }
        while (segment < segments.size()
                && offset < segments.get(segment).bytes()
                && Long.compareUnsigned(nextSeqno, seqno) < 0) {
            Segment current = segments.get(segment);
            fill(current, offset, WalBatch.HEADER_BYTES);
            int at = (int) (offset - windowOffset);
            int length = checked(current, () -> WalBatch.checkHeader(window, at));
            long after = nextSeqno + window.getInt(at + 16);
            if (Long.compareUnsigned(after, seqno) > 0) {
                return;
            }
            nextSeqno = after;
            offset += length;
        }
        if (Long.compareUnsigned(nextSeqno, seqno) < 0) {
            // It lies in the tail, or in a batch of it, or beyond the end.
            nextSeqno = seqno;
        }
    }

    /** Returns the seqno with which the next batch begins, as far as segments tell. */
    long nextSeqno() {
        return nextSeqno;
    }

    @Override
    public @Nullable WalBatch next() {
        checkStore.run();
        if (closed || changes != log.changes()) {
            throw new TidalException(
                    ErrorCode.CLOSED,
                    "the cursor on log " + log.id() + " has ended: the log was changed or it was closed");
        }
        Damage known = log.damage();
        if (known != null) {
            throw known.exception(log.id());
        }
        if (moves != log.moves()) {
            // What was in the tail lies in segments now.
            moves = log.moves();
            seek(nextSeqno);
        }
        List<Segment> segments = log.segments();
        while (segment < segments.size()) {
            Segment current = segments.get(segment);
            if (offset < current.bytes()) {
                return readFrom(current);
            }
            if (segment + 1 == segments.size()) {
                break;
            }
            segment++;
            offset = 0;
        }
        FileLog.TailBatch batch = log.tailBatch(nextSeqno);
        if (batch == null) {
            return null;
        }
        nextSeqno = batch.firstSeqno() + batch.count();
        return WalBatch.of(ByteBuffer.wrap(batch.bytes()), 0);
    }

    private WalBatch readFrom(Segment current) {
        fill(current, offset, WalBatch.HEADER_BYTES);
        int length = checked(current, () -> WalBatch.checkHeader(window, (int) (offset - windowOffset)));
        fill(current, offset, length);
        WalBatch batch = checked(current, () -> WalBatch.of(window, (int) (offset - windowOffset)));
        if (!batch.tenant().equals(log.id().tenant())
                || !batch.origin().equals(log.id().origin())
                || batch.firstSeqno() != nextSeqno) {
            throw quarantine(new Damage(
                    log.files().name(current),
                    offset,
                    "seqno " + Seqno.print(nextSeqno) + " of " + log.id().tenant() + "/"
                            + log.id().origin(),
                    Seqno.print(batch.firstSeqno()) + " of " + batch.tenant() + "/" + batch.origin()));
        }
        current.note(nextSeqno, offset);
        offset += length;
        nextSeqno += batch.count();
        return batch;
    }

    /** Makes the window hold a range of a segment; batches handed out keep the windows that they lie in. */
    private void fill(Segment current, long from, int length) {
        if (windowSegment == current && from >= windowOffset && from + length <= windowOffset + window.limit()) {
            return;
        }
        try {
            window = log.files()
                    .read(current, from, Math.max(length, READ_BYTES))
                    .order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw quarantine(
                    new Damage(log.files().name(current), from, "a readable file", String.valueOf(e.getMessage())));
        }
        windowSegment = current;
        windowOffset = from;
        if (window.limit() < length) {
            throw quarantine(new Damage(
                    log.files().name(current), from, length + " bytes of a batch", window.limit() + " bytes"));
        }
    }

    private interface Check<T> {
        T run();
    }

    private <T> T checked(Segment current, Check<T> check) {
        try {
            return check.run();
        } catch (BatchCorruptException e) {
            throw quarantine(Damage.of(log.files().name(current), offset, e));
        } catch (TidalException e) {
            // Written by a newer version: nothing is wrong with it, but nothing of it can be served either.
            throw new TidalException(
                    e.code(), log.files().name(current) + " at offset " + offset + ": " + e.getMessage(), e);
        }
    }

    private TidalException quarantine(Damage damage) {
        log.quarantine(damage, false);
        return damage.exception(log.id());
    }

    @Override
    public void close() {
        closed = true;
    }
}
