package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.codec.Chain;

/**
 * How far the log that a node is writing in a slot has come.
 *
 * @param epoch the epoch of the slot's group; {@link #PARTED} if the node has no part in the slot any more that its peer may count on
 * @param chain the log's chain hash after {@code lastSeqno}
 */
public record SlotPosition(TenantId tenant, ShardId shard, long epoch, Origin origin, long lastSeqno, long chain) {

    /** Later than every epoch. */
    static final long PARTED = -1;

    /** @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the seqno is another origin's */
    public SlotPosition {
        LogPosition.requireOf(origin, lastSeqno);
    }

    /** Returns what is told a peer that may still take this node's word for a slot's leader's, though it must not. */
    static SlotPosition parted(SlotKey key, Origin writer) {
        return new SlotPosition(key.tenant(), key.shard(), PARTED, writer, writer.startSeqno(), Chain.START);
    }

    /** Returns whether the sender's word about the slot counts no more. */
    boolean isParted() {
        return epoch == PARTED;
    }
}
