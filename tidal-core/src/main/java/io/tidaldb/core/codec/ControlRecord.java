package io.tidaldb.core.codec;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What governs how a log is folded. {@link ControlCodec} has the bytes. */
public sealed interface ControlRecord {

    /** Most origins that a record names whose list is counted in 16 bits. */
    int MAX_ENDS = 0xFFFF;

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
     * The ledgers of these origins, folded up to exactly these positions, are moved to the base ledger, in this order, wherever all of them
     * are folded so far. Their logs stay what they are.
     *
     * @param ends of origins that are closed, and of the one in whose log the merge before this one is, unless that is the same log
     */
    record Merge(List<End> ends) implements ControlRecord {

        /** Copies the list. */
        public Merge {
            ends = List.copyOf(ends);
        }
    }

    /**
     * The owner of an epoch closes these origins: of their logs nothing counts beyond these positions, unless it is adopted.
     *
     * @param epoch unsigned
     * @param unheard origins that are closed at their start, because nothing of their logs was there
     */
    record Takeover(long epoch, List<End> positions, OriginSet unheard) implements ControlRecord {

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

    /**
     * These signals of an origin do not count, because their write counts elsewhere under its key: whoever wrote them takes them back here,
     * as soon as the one that counts is there.
     *
     * @param origin whose log they are in
     * @param firstSeqno of the first of them
     * @param hlc the stamp of their batch
     * @param stays where the write ends that counts
     * @param records the signals as they stand there
     */
    record Voided(Origin origin, long firstSeqno, long hlc, End stays, ByteBuffer records) implements ControlRecord {

        /** The most signals in one record: what is taken back of a larger write takes several. */
        public static final int MAX_RECORDS = 16_384;

        /** @throws TidalException INVALID_ARGUMENT if the seqnos are not the origin's, or these are no signal records */
        public Voided {
            records = records.slice().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
            int count = records.limit() / SignalRecords.BYTES;
            boolean whole = count > 0 && count <= MAX_RECORDS && count * SignalRecords.BYTES == records.limit();
            boolean own = Long.compareUnsigned(firstSeqno, origin.startSeqno()) > 0
                    && Origin.of(origin.region(), origin.shard(), firstSeqno + count - 1)
                            .equals(origin);
            if (!whole || !own || hlc < 0) {
                throw TidalException.invalid("taking back " + records.limit() + " bytes of signals from seqno "
                        + Long.toUnsignedString(firstSeqno) + " of " + origin + " on: expected 1 to " + MAX_RECORDS
                        + " signals of " + SignalRecords.BYTES + " bytes with seqnos of that origin");
            }
        }

        /** Returns how many signals there are. */
        public int count() {
            return records.limit() / SignalRecords.BYTES;
        }

        /** Returns the seqno of the last of them. */
        public long lastSeqno() {
            return firstSeqno + count() - 1;
        }
    }

    /**
     * Nothing counts any more that names an entity in this log before here, or anywhere in the logs of these origins, which are closed.
     *
     * @param number which erasure it is
     * @param origins all that the writer knew but his own
     * @param sessions in which the entity takes part: they are erased whole
     */
    record Erase(long number, long entity, OriginSet origins, List<Long> sessions) implements ControlRecord {

        /** The most sessions in one record: more are erased by several, under the same number. */
        public static final int MAX_SESSIONS = 65_535;

        /** Copies the list. */
        public Erase {
            sessions = List.copyOf(sessions);
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
