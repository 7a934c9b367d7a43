package io.tidaldb.api.placement;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import java.util.Comparator;

/** A replica of a shard, and the node that hosts it. Ordered by region, shard, node. */
public record ShardAssignment(ShardId shard, RegionId region, NodeId node) implements Comparable<ShardAssignment> {

    private static final Comparator<ShardAssignment> ORDER = Comparator.comparing(ShardAssignment::region)
            .thenComparing(ShardAssignment::shard)
            .thenComparing(ShardAssignment::node);

    /** Returns shard and region. */
    public ReplicaId replica() {
        return new ReplicaId(region, shard);
    }

    @Override
    public int compareTo(ShardAssignment other) {
        return ORDER.compare(this, other);
    }
}
