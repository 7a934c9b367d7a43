package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.crdt.Hlc;
import java.util.ArrayDeque;
import java.util.OptionalLong;

/**
 * How far one follower is with one log that this node ships to it.
 *
 * <p>Batches are sent in order, without waiting for their acknowledgement while the bytes under way fit a window. Of each one under way
 * the chain after it is kept, because a follower acknowledges with its own: two logs that differ are found at the next acknowledgement.
 *
 * <p>Loop-confined. Bounded: at most the window, or one larger batch, is under way.
 *
 * <p>Invariant: {@code ackedSeqno < nextSeqno <= lastSeqno + 1}, unsigned.
 */
public final class FollowerProgress {

    private static final long UNKNOWN = -1;

    private final long windowBytes;
    private final ArrayDeque<Sent> underWay = new ArrayDeque<>();
    private long ackedSeqno;
    private long nextSeqno;
    private long lastSeqno;
    private long inFlightBytes;
    // Of the oldest batch that is not acknowledged, or of one before it.
    private long oldestHlc = UNKNOWN;

    /** What an acknowledgement says. */
    public enum Outcome {
        /** The follower has more than before. */
        ADVANCED,
        /** It was known before. */
        STALE,
        /** The follower has what was not sent since the last {@link #rewind}: compare with the log itself, then rewind to after it. */
        AHEAD,
        /** The follower's log is not this one: another chain, or a batch that ends elsewhere. Nothing more may be shipped to it. */
        DIVERGED
    }

    /** A batch under way. */
    private record Sent(long lastSeqno, long chain, int bytes, long hlc) {}

    /**
     * Begins with a follower that has nothing.
     *
     * @param startSeqno the position before the log's first record
     * @param lastSeqno the log's last seqno
     * @param windowBytes how much may be under way
     */
    public FollowerProgress(long startSeqno, long lastSeqno, long windowBytes) {
        this.windowBytes = windowBytes;
        this.ackedSeqno = startSeqno;
        this.nextSeqno = startSeqno + 1;
        this.lastSeqno = lastSeqno;
    }

    /** The log has a batch more. Told of each one, whether the follower can be reached or not. */
    public void committed(WalBatch batch) {
        if (ackedSeqno == lastSeqno) {
            oldestHlc = batch.hlc();
        }
        lastSeqno = batch.lastSeqno();
    }

    /** Returns whether a batch of this length fits the window. One of any length does if nothing is under way. */
    public boolean hasCredit(int bytes) {
        return underWay.isEmpty() || bytes <= windowBytes - inFlightBytes;
    }

    /**
     * A batch was sent: the next one.
     *
     * @throws TidalException {@link ErrorCode#INTERNAL} if it is another one
     */
    public void sent(WalBatch batch) {
        sent(batch, batch.chain());
    }

    /** A batch was sent whose chain is not in its header: one of format version 1. */
    public void sent(WalBatch batch, long chain) {
        if (batch.firstSeqno() != nextSeqno || Long.compareUnsigned(batch.lastSeqno(), lastSeqno) > 0) {
            throw new TidalException(
                    ErrorCode.INTERNAL,
                    "batch " + Seqno.print(batch.firstSeqno()) + ".." + Seqno.print(batch.lastSeqno())
                            + " was sent: expected one from " + Seqno.print(nextSeqno) + " up to "
                            + Seqno.print(lastSeqno));
        }
        if (underWay.isEmpty()) {
            oldestHlc = batch.hlc();
        }
        underWay.add(new Sent(batch.lastSeqno(), chain, batch.length(), batch.hlc()));
        inFlightBytes += batch.length();
        nextSeqno = batch.lastSeqno() + 1;
    }

    /** The follower says that it has everything up to a seqno, with this chain. Changes nothing unless {@link Outcome#ADVANCED}. */
    public Outcome acked(long seqno, long chain) {
        if (Long.compareUnsigned(seqno, ackedSeqno) <= 0) {
            return Outcome.STALE;
        }
        if (Long.compareUnsigned(seqno, nextSeqno) >= 0) {
            return Outcome.AHEAD;
        }
        for (Sent sent : underWay) {
            int order = Long.compareUnsigned(sent.lastSeqno, seqno);
            if (order == 0 && sent.chain == chain) {
                advance(seqno);
                return Outcome.ADVANCED;
            }
            if (order >= 0) {
                break;
            }
        }
        return Outcome.DIVERGED;
    }

    private void advance(long seqno) {
        Sent sent;
        do {
            sent = underWay.remove();
            inFlightBytes -= sent.bytes;
        } while (sent.lastSeqno != seqno);
        ackedSeqno = seqno;
        // Where the next one is not under way yet, its stamp is not below that of the one before.
        oldestHlc = underWay.isEmpty() ? sent.hlc : underWay.element().hlc;
    }

    /**
     * The follower has everything before this seqno and nothing from there on, and its chain was found to be right: the next batch to be
     * sent is the one at this seqno. What is under way is forgotten. It may lie after what was sent, if the follower has it from
     * elsewhere.
     *
     * @throws TidalException {@link ErrorCode#INTERNAL} if that lies beyond the log
     */
    public void rewind(long seqno) {
        long heldSeqno = seqno - 1;
        if (Long.compareUnsigned(heldSeqno, lastSeqno) > 0) {
            throw new TidalException(
                    ErrorCode.INTERNAL,
                    "follower has seqno " + Seqno.print(heldSeqno) + " of a log that ends at "
                            + Seqno.print(lastSeqno));
        }
        if (Long.compareUnsigned(heldSeqno, ackedSeqno) < 0) {
            oldestHlc = UNKNOWN;
        }
        underWay.clear();
        inFlightBytes = 0;
        ackedSeqno = heldSeqno;
        nextSeqno = seqno;
    }

    /** Returns the first seqno of the next batch to send. */
    public long nextSeqno() {
        return nextSeqno;
    }

    /** Returns up to where the follower has the log. */
    public long ackedSeqno() {
        return ackedSeqno;
    }

    /** Returns the bytes of the batches that are under way. */
    public long inFlightBytes() {
        return inFlightBytes;
    }

    /** Returns whether there is something to send. */
    public boolean isBehind() {
        return Long.compareUnsigned(nextSeqno, lastSeqno) <= 0;
    }

    /** Returns how many records the follower lacks. */
    public long lagRecords() {
        return lastSeqno - ackedSeqno;
    }

    /**
     * Returns how long ago the oldest batch was written that the follower lacks, 0 if it lacks none: at times a little more, because
     * the batch before it is counted until it is sent. Empty if none was sent yet since the follower came with a gap.
     *
     * @param nowMillis Unix time
     */
    public OptionalLong lagMillis(long nowMillis) {
        if (ackedSeqno == lastSeqno) {
            return OptionalLong.of(0);
        }
        return oldestHlc == UNKNOWN
                ? OptionalLong.empty()
                : OptionalLong.of(Math.max(0, nowMillis - Hlc.millis(oldestHlc)));
    }
}
