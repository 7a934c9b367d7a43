package io.tidaldb.core.replication;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;

/**
 * How far a follower is behind the leader of a slot.
 *
 * @param records records that the leader has and the follower has not acknowledged
 * @param millis how long ago the oldest of them was written, 0 if there is none; -1 while the follower was not heard of, or
 *     has its logs and waits for a snapshot to fold them into
 * @param diverged whether the follower's log is another one, so that nothing is shipped to it
 */
public record ReplicationLag(
        TenantId tenant, ShardId shard, NodeId follower, long records, long millis, boolean diverged) {}
