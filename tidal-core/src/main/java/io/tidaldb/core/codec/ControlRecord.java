package io.tidaldb.core.codec;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What governs how a log is folded. {@link ControlCodec} has the bytes. */
public sealed interface ControlRecord {

    /** A signal type, repeated from the control log before its first use in this log. */
    record Schema(int index, String name, long halfLifeNanos) implements ControlRecord {}

    /** The tenant's label, from here on. */
    record Label(String label) implements ControlRecord {}

    /** The ledgers of these closed origins, complete up to these positions, are merged into the base ledger here, in this order. */
    record Compaction(List<End> ends) implements ControlRecord {

        /** Copies the list. */
        public Compaction {
            ends = List.copyOf(ends);
        }
    }

    /**
     * The owner of an epoch closes these origins: of their logs nothing counts beyond these positions, unless it is adopted.
     *
     * @param epoch unsigned
     */
    record Takeover(long epoch, List<End> positions) implements ControlRecord {

        /** Copies the list. */
        public Takeover {
            positions = List.copyOf(positions);
        }
    }

    /**
     * The records of a closed origin from a first to a last one count from here on, but for the void ones, whose effect is in another log.
     *
     * @param voids seqnos from the first to the last
     */
    record Adopt(Origin origin, long fromSeqno, long toSeqno, SeqnoRanges voids) implements ControlRecord {

        /** @throws TidalException INVALID_ARGUMENT if the seqnos are no range of the origin's, or the voids are not in it */
        public Adopt {
            boolean range = Long.compareUnsigned(fromSeqno, origin.startSeqno()) > 0
                    && Long.compareUnsigned(fromSeqno, toSeqno) <= 0
                    && Origin.of(origin.region(), origin.shard(), toSeqno).equals(origin);
            boolean inside = voids.isEmpty()
                    || Long.compareUnsigned(voids.first(0), fromSeqno) >= 0
                            && Long.compareUnsigned(voids.last(voids.size() - 1), toSeqno) <= 0;
            if (!range || !inside) {
                throw TidalException.invalid("adoption of seqnos " + Long.toUnsignedString(fromSeqno) + " to "
                        + Long.toUnsignedString(toSeqno) + " of " + origin + " without " + voids
                        + " is not a range of that origin with voids inside");
            }
        }
    }

    /**
     * Every replica takes the digest of its slot exactly here.
     *
     * @param mark what the digests are told apart by
     * @param repairBucket the bucket that is repaired at this mark, 0 to 255, or {@link #NO_BUCKET}
     * @param repaired the node whose bucket is repaired, or null
     */
    record DigestMark(long mark, int repairBucket, @Nullable NodeId repaired) implements ControlRecord {

        /** No bucket is repaired. */
        public static final int NO_BUCKET = -1;

        /** @throws TidalException INVALID_ARGUMENT if there is no such bucket */
        public DigestMark {
            if (repairBucket < NO_BUCKET || repairBucket > 255) {
                throw TidalException.invalid("bucket " + repairBucket + " is out of range: expected 0 to 255, or -1");
            }
        }
    }

    /** A position in an origin's log: where it ends, or up to where it counts. */
    record End(Origin origin, long lastSeqno) {}

    /** Returns the body. */
    default byte[] encode() {
        return ControlCodec.encode(this);
    }

    /**
     * Reads a body.
     *
     * @throws TidalException FORMAT_TOO_NEW if the type is unknown, CORRUPT_DATA if the body does not fit its type
     */
    static ControlRecord decode(ByteBuffer body) {
        return ControlCodec.decode(body);
    }
}
