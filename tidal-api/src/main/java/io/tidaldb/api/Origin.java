package io.tidaldb.api;

import java.util.Comparator;

/**
 * Who wrote a record: {@code region:shard} in one incarnation. Each origin numbers its records without gaps, and everything that is
 * kept about records (log, chain, ledger, lag) is kept per origin.
 *
 * <p>Immutable; ordered by region, shard, incarnation.
 *
 * @param incarnation 0 to {@link Seqno#MAX_INCARNATION}
 */
public record Origin(RegionId region, ShardId shard, int incarnation) implements Comparable<Origin> {

    private static final Comparator<Origin> ORDER =
            Comparator.comparing(Origin::region).thenComparing(Origin::shard).thenComparingInt(Origin::incarnation);

    /** @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the incarnation is out of range */
    public Origin {
        if (incarnation < 0 || incarnation > Seqno.MAX_INCARNATION) {
            throw TidalException.invalid("incarnation " + incarnation + " of " + region + ":" + shard
                    + " is out of range: expected 0 to " + Seqno.MAX_INCARNATION);
        }
    }

    /** Returns the origin that this seqno of {@code region:shard} belongs to. */
    public static Origin of(RegionId region, ShardId shard, long seqno) {
        return new Origin(region, shard, Seqno.incarnation(seqno));
    }

    /** Returns the replica that wrote, without its incarnation. */
    public ReplicaId replica() {
        return new ReplicaId(region, shard);
    }

    /** Returns the position before the first record: this incarnation with counter 0. */
    public long startSeqno() {
        return Seqno.of(incarnation, 0);
    }

    @Override
    public int compareTo(Origin other) {
        // Most look-ups are of the very object that is there.
        return this == other ? 0 : ORDER.compare(this, other);
    }

    /** Returns {@code r1:s3}, or {@code r1:s3@2} in incarnation 2. */
    @Override
    public String toString() {
        return region + ":" + shard + (incarnation == 0 ? "" : "@" + incarnation);
    }
}
