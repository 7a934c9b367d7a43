package io.tidaldb.core.ingest;

import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.EntityName;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.codec.UserRecord;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One shard's part of a write: encoded by the caller, so that the loop only copies. */
public final class WriteRequest extends LoopItem {

    /** Cost in the queue beside the records: objects and links. */
    private static final int OVERHEAD_BYTES = 128;

    /**
     * By when they were made. A commit is tenant by tenant, but a writer of several tenants is to be woken once, by the first of those that
     * it made in a row.
     */
    static final Comparator<WriteRequest> OLDEST_FIRST = (one, other) -> Long.signum(one.beganNanos - other.beganNanos);

    private static final long[] NO_ENTITIES = {};

    final TenantShard shard;
    final ByteBuffer records;
    final int count;

    /** What is written if it is no signals; {@link #records} is this with its length then. */
    final @Nullable UserRecord record;

    final List<EntityName> names;
    final @Nullable IdempotencyKey key;
    final Durability level;
    private final long beganNanos;
    private final long waitNanos;
    private final WriteListener listener;

    /** Bytes of the name records that it may cause, with their batch's header; 0 if it names nothing. */
    private final int nameBytes;

    // Loop-confined while the request is being committed.
    long firstSeqno;
    boolean answered;

    /** Written by the loop before the listener is told. */
    private @Nullable WalSegmentId position;

    // Written by the tenant's caps alone: before the request is queued, or by the loop.
    boolean reserved;
    long[] reservedEntities = NO_ENTITIES;

    /**
     * Creates a part of a write.
     *
     * @param records little-endian signal records from position 0 to the limit
     * @param names names of entities among the records that may have to be recorded first
     * @param level when to acknowledge
     * @param waitNanos for how long other nodes are waited for, if the level asks for them
     */
    public WriteRequest(
            TenantShard shard,
            ByteBuffer records,
            List<EntityName> names,
            @Nullable IdempotencyKey key,
            Durability level,
            long waitNanos,
            WriteListener listener) {
        this(shard, records, null, names, key, level, waitNanos, listener);
    }

    /** Creates a write of one record that is no signal. */
    public WriteRequest(
            TenantShard shard,
            UserRecord record,
            @Nullable IdempotencyKey key,
            Durability level,
            long waitNanos,
            WriteListener listener) {
        this(shard, BodyRecords.encode(List.of(record.encode())), record, List.of(), key, level, waitNanos, listener);
    }

    private WriteRequest(
            TenantShard shard,
            ByteBuffer records,
            @Nullable UserRecord record,
            List<EntityName> names,
            @Nullable IdempotencyKey key,
            Durability level,
            long waitNanos,
            WriteListener listener) {
        this.shard = shard;
        this.records = records;
        this.record = record;
        this.count = record == null ? records.limit() / SignalRecords.BYTES : 1;
        this.names = names;
        this.key = key;
        this.level = level;
        this.beganNanos = shard.loop().clock().monotonicNanos();
        this.waitNanos = waitNanos;
        this.listener = listener;
        int bytes = 0;
        for (EntityName name : names) {
            bytes += name.bytes() + Integer.BYTES;
        }
        this.nameBytes = bytes == 0 ? 0 : bytes + WalBatch.HEADER_BYTES;
    }

    /** Returns the shard that it is for. */
    public TenantShard shard() {
        return shard;
    }

    /** Returns the key of the write, or null. */
    public @Nullable IdempotencyKey key() {
        return key;
    }

    /** Returns the kind of batch that it goes into. */
    RecordKind kind() {
        return record == null ? RecordKind.SIGNALS : record.kind();
    }

    /** Returns a hash of what is written, equal for a write and its retry. */
    long payloadHash() {
        return record == null
                ? Folder.payloadHash(Hashing.xxh3_64().hashStream(), records, 0, count)
                : record.identity();
    }

    /** Returns the room that it takes in the tenant's queue. */
    public int queueBytes() {
        return records.limit() + nameBytes + OVERHEAD_BYTES;
    }

    /** Returns the most that it can add to the log, but for schema entries: batches are shared, and names may be there already. */
    int logBytes() {
        return WalBatch.HEADER_BYTES + KeyBlock.bytes(key == null ? 0 : 1) + records.limit() + nameBytes;
    }

    @Override
    Flow flow() {
        return shard.flow();
    }

    @Override
    int cost() {
        return queueBytes();
    }

    /** Returns when to acknowledge. */
    public Durability level() {
        return level;
    }

    /** Returns whether other nodes were waited for long enough, by the clock of the shard's node. */
    public boolean isLate(long nowNanos) {
        return nowNanos - beganNanos >= waitNanos;
    }

    boolean beforeSync() {
        return level == Durability.ASYNC;
    }

    /** Returns whether it is answered only when it is on other nodes too; then it keeps its room in the queue until it is answered. */
    boolean isReplicated() {
        return level == Durability.MAJORITY || level == Durability.ALL;
    }

    void answer(WalSegmentId last, Completions completions) {
        answering();
        acknowledge(last, completions);
    }

    // Whoever leads by now may have been asked what is here before this was; where all write, nobody leads.
    private void acknowledge(WalSegmentId last, Completions completions) {
        if (shard.writesEverywhere() || shard.loop().lease().holds()) {
            shard.loop().foreground().acknowledged(beganNanos);
            listener.acknowledged(last, completions);
        } else {
            listener.refused(new TidalException(
                    ErrorCode.PEER_UNAVAILABLE,
                    "a write of tenant " + shard.tenant().config().id() + " is durable on the node of "
                            + shard.replica() + ", which has lost touch with the majority of the nodes meanwhile: it"
                            + " may count later; retry it with the same idempotency key"));
        }
    }

    /** Takes notice that it is durable here under this position; {@link #replicated} or {@link #unreplicated} follows. */
    void committed(WalSegmentId last) {
        answering();
        position = last;
    }

    /** Returns the position of its last record, once it is durable here. */
    public WalSegmentId position() {
        return Objects.requireNonNull(position);
    }

    /** Answers that it is where its level asks for. Safe for any thread, once, after it was handed to a {@link CommitListener}. */
    public void replicated(WalSegmentId last) {
        shard.tenant().dequeue(queueBytes());
        acknowledge(last, Completions.AT_ONCE);
    }

    /** Answers that it is durable here, and not known to be elsewhere. Safe for any thread, instead of {@link #replicated}. */
    public void unreplicated(TidalException reason) {
        shard.tenant().dequeue(queueBytes());
        listener.refused(reason);
    }

    void answer(TidalException reason) {
        answering();
        if (isReplicated()) {
            shard.tenant().dequeue(queueBytes());
        }
        listener.refused(reason);
    }

    private void answering() {
        answered = true;
        if (reserved) {
            shard.tenant().caps().release(this);
        }
    }

    long lastSeqno() {
        return firstSeqno + count - 1;
    }
}
