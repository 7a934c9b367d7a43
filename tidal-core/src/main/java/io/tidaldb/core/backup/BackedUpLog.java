package io.tidaldb.core.backup;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import java.util.Comparator;

/**
 * How far a backup has the log of one origin in one slot. Prints {@code 0/r0:s1:42@00ff…}: slot, position, chain there in hexadecimal.
 *
 * @param slot index of the tenant's slot
 * @param lastSeqno the last seqno that the backup has; the origin's start if it has none
 * @param chain the log's chain after it
 */
public record BackedUpLog(int slot, Origin origin, long lastSeqno, long chain) implements Comparable<BackedUpLog> {

    private static final Comparator<BackedUpLog> ORDER =
            Comparator.comparing(BackedUpLog::slot).thenComparing(BackedUpLog::origin);

    /** @throws TidalException INVALID_ARGUMENT if the slot is out of range or the seqno is another origin's */
    public BackedUpLog {
        if (slot < 0
                || slot > 0xFFFF
                || !Origin.of(origin.region(), origin.shard(), lastSeqno).equals(origin)) {
            throw TidalException.invalid("slot " + slot + " has no seqno " + Long.toUnsignedString(lastSeqno) + " of "
                    + origin + ": expected slot 0 to 65535 and a seqno of that origin");
        }
    }

    /**
     * Reads the printed form.
     *
     * @throws TidalException INVALID_ARGUMENT if the text has another form
     */
    public static BackedUpLog parse(String text) {
        int slash = text.indexOf('/');
        int at = text.indexOf('@');
        try {
            WalSegmentId last = WalSegmentId.parse(text.substring(slash + 1, at));
            return new BackedUpLog(
                    Integer.parseInt(text.substring(0, slash)),
                    last.origin(),
                    last.seqno(),
                    Long.parseUnsignedLong(text.substring(at + 1), 16));
        } catch (IndexOutOfBoundsException | NumberFormatException e) {
            throw new TidalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "position of a backup is not of the form 0/r0:s0:42@00ff00ff00ff00ff",
                    e);
        }
    }

    @Override
    public int compareTo(BackedUpLog other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return slot + "/" + WalSegmentId.of(origin, lastSeqno) + "@" + String.format("%016x", chain);
    }
}
