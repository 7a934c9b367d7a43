package io.tidaldb.core.ingest;

import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.SeqnoRanges;
import java.util.Comparator;

/**
 * Which records of an origin's log count: all of an open one; of a closed one those up to a position, without the void ones. Immutable.
 *
 * @param epoch of the takeover that closed the origin; 0 if it is open
 * @param closedAt where that takeover closed it
 * @param adoptedTo up to where records count: {@code closedAt}, or the end of what was adopted beyond it
 * @param voids records that do not count, from {@code closedAt} to {@code adoptedTo}
 */
record FoldLimit(long epoch, long closedAt, long adoptedTo, SeqnoRanges voids) {

    /** Everything counts: greater than any seqno, unsigned. */
    static final FoldLimit OPEN = new FoldLimit(0, -1, -1, SeqnoRanges.NONE);

    /** Nothing counts beyond a seqno, where a takeover of this epoch has closed the origin. */
    static FoldLimit closed(long epoch, long at) {
        return new FoldLimit(epoch, at, at, SeqnoRanges.NONE);
    }

    /** Those that are closed first, by the epochs that closed them. */
    static final Comparator<FoldLimit> BY_CLOSING = Comparator.comparing((FoldLimit limit) -> !limit.isClosed())
            .thenComparing(FoldLimit::epoch, Long::compareUnsigned);

    boolean isClosed() {
        return closedAt != -1;
    }

    /** Returns whether a batch lies where records count. Limits are ends of batches, so no batch lies on both sides. */
    boolean reaches(WalBatch batch) {
        return Long.compareUnsigned(batch.lastSeqno(), adoptedTo) <= 0;
    }

    /** Returns the last seqno up to a position that counts. */
    long end(long position) {
        return Long.compareUnsigned(position, adoptedTo) < 0 ? position : adoptedTo;
    }

    /** Returns whether what was folded up to a position under another limit is what would be under this one. */
    boolean keeps(FoldLimit before, long folded) {
        return Long.compareUnsigned(folded, adoptedTo) <= 0
                && voids.within(0, folded).equals(before.voids.within(0, folded));
    }
}
