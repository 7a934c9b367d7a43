package io.tidaldb.core.replication;

import java.util.List;

/**
 * What a comparison of a follower's state with the leader's has come to, at one position of their logs.
 *
 * @param known whether the follower answered in time and had folded as far as the leader; if not, compare again
 * @param differingBuckets the buckets of the digest, 0 to 255, in which their states differ; empty if they are the same bit for bit
 */
public record ReplicaCheck(boolean known, List<Integer> differingBuckets) {

    /** Nothing is known. */
    public static final ReplicaCheck UNKNOWN = new ReplicaCheck(false, List.of());

    /** Copies the list. */
    public ReplicaCheck {
        differingBuckets = List.copyOf(differingBuckets);
    }

    /** Returns whether both hold the same state. */
    public boolean isEqual() {
        return known && differingBuckets.isEmpty();
    }
}
