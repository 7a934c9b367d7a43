package io.tidaldb.core.ingest;

import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.codec.EntityName;
import io.tidaldb.core.codec.SignalRecords;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One shard's part of a write: encoded by the caller, so that the loop only copies. */
public final class WriteRequest extends LoopItem {

    /** Cost in the queue beside the records: objects and links. */
    private static final int OVERHEAD_BYTES = 128;

    final TenantShard shard;
    final ByteBuffer records;
    final int count;
    final List<EntityName> names;
    final @Nullable IdempotencyKey key;
    final boolean beforeSync;
    private final WriteListener listener;

    // Loop-confined while the request is being committed.
    long firstSeqno;
    boolean answered;

    /**
     * Creates a part of a write.
     *
     * @param records little-endian signal records from position 0 to the limit
     * @param names names of entities among the records that may have to be recorded first
     * @param beforeSync acknowledge after the append, before the sync
     */
    public WriteRequest(
            TenantShard shard,
            ByteBuffer records,
            List<EntityName> names,
            @Nullable IdempotencyKey key,
            boolean beforeSync,
            WriteListener listener) {
        this.shard = shard;
        this.records = records;
        this.count = records.limit() / SignalRecords.BYTES;
        this.names = names;
        this.key = key;
        this.beforeSync = beforeSync;
        this.listener = listener;
    }

    /** Returns the shard that it is for. */
    public TenantShard shard() {
        return shard;
    }

    /** Returns the room that it takes in the tenant's queue. */
    public int queueBytes() {
        return records.limit() + OVERHEAD_BYTES;
    }

    void answer(WalSegmentId last) {
        answered = true;
        listener.acknowledged(last);
    }

    void answer(TidalException reason) {
        answered = true;
        listener.refused(reason);
    }

    long lastSeqno() {
        return firstSeqno + count - 1;
    }
}
