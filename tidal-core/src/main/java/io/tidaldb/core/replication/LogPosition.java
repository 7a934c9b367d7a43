package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.codec.Chain;

/**
 * How far a replica holds one origin's log: it has everything up to the last seqno, and can read it from the first one on.
 *
 * <p>Immutable. Invariant: {@code origin.startSeqno() < firstSeqno <= lastSeqno + 1}, equal to the latter where nothing is readable.
 *
 * @param firstSeqno the first readable one; what lies before was truncated
 * @param lastSeqno the origin's {@link Origin#startSeqno} where there is nothing
 * @param chain the log's chain hash after {@code lastSeqno}
 */
public record LogPosition(Origin origin, long firstSeqno, long lastSeqno, long chain) {

    /** @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the seqnos contradict each other or are another origin's */
    public LogPosition {
        requireOf(origin, lastSeqno);
        // Counted from the origin's start, because the seqno after an incarnation's last one belongs to the next
        // incarnation.
        long first = firstSeqno - origin.startSeqno();
        if (first < 1 || first > lastSeqno - origin.startSeqno() + 1) {
            throw TidalException.invalid("first seqno " + Seqno.print(firstSeqno) + " of " + origin
                    + " is out of range: expected " + Seqno.print(origin.startSeqno() + 1) + " to one after the last, "
                    + Seqno.print(lastSeqno));
        }
    }

    /** Returns the position of somebody who has nothing of an origin's log. */
    static LogPosition start(Origin origin) {
        return new LogPosition(origin, origin.startSeqno() + 1, origin.startSeqno(), Chain.START);
    }

    /** Returns whether this seqno can be read here. */
    public boolean canRead(long seqno) {
        return Long.compareUnsigned(firstSeqno, seqno) <= 0 && Long.compareUnsigned(seqno, lastSeqno) <= 0;
    }

    /** Fails unless this is a seqno of the origin, or its start. */
    static void requireOf(Origin origin, long seqno) {
        if (Seqno.incarnation(seqno) != origin.incarnation()) {
            throw TidalException.invalid("seqno " + Seqno.print(seqno) + " is not one of " + origin
                    + ": expected incarnation " + origin.incarnation());
        }
    }

    /** Returns {@code r1:s3 1..42 #00ab…}. */
    @Override
    public String toString() {
        return origin + " " + Seqno.print(firstSeqno) + ".." + Seqno.print(lastSeqno) + " #" + Long.toHexString(chain);
    }
}
