package io.tidaldb.api;

import java.util.Comparator;

/**
 * The global name of a record inside its tenant, and of the segment that begins with it: {@code r0:s0:42}, or {@code r0:s0:2.42} in
 * incarnation 2. The printed form parses back.
 *
 * <p>Immutable; ordered by region, shard, seqno.
 *
 * @param seqno unsigned; see {@link Seqno}
 */
public record WalSegmentId(RegionId region, ShardId shard, long seqno) implements Comparable<WalSegmentId> {

    private static final Comparator<WalSegmentId> ORDER = Comparator.comparing(WalSegmentId::region)
            .thenComparing(WalSegmentId::shard)
            .thenComparing(WalSegmentId::seqno, Long::compareUnsigned);

    /** Returns the name of this record of this origin. */
    public static WalSegmentId of(Origin origin, long seqno) {
        return new WalSegmentId(origin.region(), origin.shard(), seqno);
    }

    /**
     * Reads {@code r0:s0:42} or {@code r0:s0:2.42}.
     *
     * @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the text has another form
     */
    public static WalSegmentId parse(String text) {
        int last = text.lastIndexOf(':');
        if (last < 0 || text.indexOf(':') == last) {
            throw TidalException.invalid("position " + IdentityText.echo(text) + " is not of the form r0:s0:42");
        }
        ReplicaId replica = ReplicaId.parse(text.substring(0, last));
        return new WalSegmentId(replica.region(), replica.shard(), Seqno.parse(text.substring(last + 1)));
    }

    /** Returns the origin that wrote the record. */
    public Origin origin() {
        return Origin.of(region, shard, seqno);
    }

    @Override
    public int compareTo(WalSegmentId other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return region + ":" + shard + ":" + Seqno.print(seqno);
    }
}
