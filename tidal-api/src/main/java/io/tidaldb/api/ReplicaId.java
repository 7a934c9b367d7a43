package io.tidaldb.api;

import java.util.Comparator;

/** A shard in a region, {@code r1:s3}. Immutable; ordered by region, then shard. */
public record ReplicaId(RegionId region, ShardId shard) implements Comparable<ReplicaId> {

    private static final Comparator<ReplicaId> ORDER =
            Comparator.comparing(ReplicaId::region).thenComparing(ReplicaId::shard);

    /** Returns the replica of this shard in this region. */
    public static ReplicaId of(RegionId region, ShardId shard) {
        return new ReplicaId(region, shard);
    }

    /**
     * Reads {@code r1:s3}.
     *
     * @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the text has another form
     */
    public static ReplicaId parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 0 || !text.startsWith("r") || !text.startsWith("s", colon + 1)) {
            throw TidalException.invalid("replica " + IdentityText.echo(text) + " is not of the form r1:s3");
        }
        return new ReplicaId(RegionId.parse(text.substring(0, colon)), ShardId.parse(text.substring(colon + 1)));
    }

    @Override
    public int compareTo(ReplicaId other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return region + ":" + shard;
    }
}
