package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;

/**
 * How far the log that a node is writing in a slot has come.
 *
 * @param epoch the epoch of the slot's group
 * @param chain the log's chain hash after {@code lastSeqno}
 */
public record SlotPosition(TenantId tenant, ShardId shard, long epoch, Origin origin, long lastSeqno, long chain) {

    /** @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the seqno is another origin's */
    public SlotPosition {
        LogPosition.requireOf(origin, lastSeqno);
    }
}
