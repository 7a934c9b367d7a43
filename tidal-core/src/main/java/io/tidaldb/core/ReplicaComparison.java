package io.tidaldb.core;

import io.tidaldb.api.ReplicaId;
import java.util.List;

/**
 * What the comparison of a replica with the one that takes writes has come to.
 *
 * @param known whether the replica answered; if not, it is away or behind
 * @param differingBuckets the buckets, by the top 8 bits of an entity's hash, in which they differ
 * @param repaired how many buckets were repaired before
 */
public record ReplicaComparison(ReplicaId replica, boolean known, List<Integer> differingBuckets, int repaired) {

    /** Copies the list. */
    public ReplicaComparison {
        differingBuckets = List.copyOf(differingBuckets);
    }

    /** Returns whether both hold the same state, bit for bit. */
    public boolean isEqual() {
        return known && differingBuckets.isEmpty();
    }
}
