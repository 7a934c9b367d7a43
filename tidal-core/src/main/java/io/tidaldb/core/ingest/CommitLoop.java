package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.EntityName;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.control.SchemaEntry;
import io.tidaldb.core.crdt.Hlc;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopBody;
import io.tidaldb.core.runtime.LoopHandle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one writer of a node's disk: takes whatever has queued while the last sync ran, appends it to the logs of many tenants, syncs once,
 * folds it into the ledgers, acknowledges.
 *
 * <p>Everything but {@link #write}, {@link #submit}, {@link #hasWork} and {@link #isClosed} is called by the loop.
 */
public final class CommitLoop implements LoopBody {

    private static final Logger LOG = LoggerFactory.getLogger(CommitLoop.class);
    private static final int MAX_COMMIT_BYTES = 1 << 20;

    private final LoopQueue queue = new LoopQueue();
    private final WalStore store;
    private final Runnable expose;
    private final Clock clock;
    private final Schema schema;
    private final Consumer<TenantShard> grown;
    private final Folder folder;
    private final BatchEncoder encoder;
    private final List<TenantShard> dirty = new ArrayList<>();
    private final List<Appended> appended = new ArrayList<>();
    private @Nullable LoopItem backlog;
    private @Nullable WriteRequest staging;
    private @Nullable LoopHandle handle;
    private @Nullable TidalException failed;
    private volatile boolean closed;

    /** A batch that was appended and is not folded yet. */
    private record Appended(TenantShard shard, WalBatch batch, List<WriteRequest> writes) {}

    /**
     * Creates the loop of one store.
     *
     * @param expose called before an acknowledgement that comes before its sync
     * @param grown called after a commit for each slot whose log has grown and is durable
     */
    public CommitLoop(
            WalStore store, Runnable expose, Clock clock, Hlc hlc, Schema schema, Consumer<TenantShard> grown) {
        this.store = store;
        this.expose = expose;
        this.clock = clock;
        this.schema = schema;
        this.grown = grown;
        this.folder = new Folder(schema);
        this.encoder = new BatchEncoder(hlc);
    }

    /** Says who runs it; called once, before the first write. */
    public void started(LoopHandle by) {
        handle = by;
    }

    /** Queues one shard's part of a write, whose room in the tenant's queue the caller has taken. */
    public void write(WriteRequest request) {
        add(request);
    }

    /** Queues a task that runs between commits, after everything queued before it was committed. */
    public <T> CompletableFuture<T> submit(Supplier<T> task) {
        LoopTask<T> item = new LoopTask<>(task);
        add(item);
        return item.result;
    }

    private void add(LoopItem item) {
        queue.add(item);
        LoopHandle by = handle;
        if (by != null) {
            by.wake();
        }
        // A loop that ended just now may not see the item any more; whoever adds last clears up.
        if (closed) {
            refuseQueued();
        }
    }

    /** Returns whether the loop takes no more work. Safe for any thread. */
    public boolean isClosed() {
        return closed;
    }

    WalStore store() {
        return store;
    }

    Folder folder() {
        return folder;
    }

    Schema schema() {
        return schema;
    }

    @Override
    public boolean hasWork() {
        return !queue.isEmpty();
    }

    @Override
    public boolean runOnce() {
        try {
            return turn();
        } catch (RuntimeException e) {
            // An invariant is broken: what this turn did is not known, so nothing is acknowledged any more, and writers
            // are told.
            TidalException reason = new TidalException(ErrorCode.INTERNAL, "the commit loop broke off: " + e, e);
            if (staging != null && !staging.answered) {
                staging.answer(reason);
            }
            fail(reason);
            endCommit();
            return true;
        }
    }

    private boolean turn() {
        if (backlog == null) {
            backlog = queue.takeAll();
        }
        if (backlog == null) {
            return false;
        }
        int bytes = 0;
        while (backlog != null && bytes < MAX_COMMIT_BYTES) {
            LoopItem item = backlog;
            backlog = item.next;
            if (item instanceof WriteRequest write) {
                staging = write;
                stage(write);
                staging = null;
                bytes += write.queueBytes();
            } else if (item instanceof LoopTask<?> task) {
                commit();
                task.run();
            }
        }
        commit();
        return true;
    }

    private void stage(WriteRequest write) {
        TenantShard shard = write.shard;
        shard.tenant().dequeue(write.queueBytes());
        TidalException refusal = failed != null ? storeFailed(failed) : shard.refusal();
        if (refusal != null) {
            refuse(write, refusal);
        } else if (write.key == null || !isRetry(write)) {
            refusal = admission(write);
            if (refusal == null) {
                accept(write);
            } else {
                refuse(write, refusal);
            }
        }
    }

    private boolean isRetry(WriteRequest write) {
        TenantShard shard = write.shard;
        shard.keys.expire(clock.wallNanos() / 1_000_000);
        WriteRequest staged = shard.staged.keys.get(write.key);
        KeyMemory.Result known = write.key == null ? null : shard.keys.get(write.key);
        long before;
        if (staged != null) {
            before = folder.payloadHash(staged.records, 0, staged.count);
        } else if (known != null) {
            before = known.payloadHash();
        } else {
            return false;
        }
        shard.tenant().refund(write.count);
        if (folder.payloadHash(write.records, 0, write.count) != before) {
            write.answer(new TidalException(
                    ErrorCode.IDEMPOTENCY_KEY_REUSED,
                    "idempotency key " + write.key + " of tenant " + shard.tenantId()
                            + " was used for another write: expected the same signals, or a new key"));
        } else if (known != null) {
            // Folded means durable here, or acknowledged before its sync; the sync that follows in this turn covers the
            // latter.
            write.answer(WalSegmentId.of(known.origin(), known.lastSeqno()));
        } else {
            shard.staged.followers.add(write);
        }
        return true;
    }

    private @Nullable TidalException admission(WriteRequest write) {
        TenantShard shard = write.shard;
        TidalException collision = collision(write);
        if (collision != null) {
            return collision;
        }
        TenantConfig config = shard.tenant().config();
        if (config.maxStorageBytes().isPresent()) {
            long limit = config.maxStorageBytes().getAsLong();
            long used = shard.tenant().storageBytes() + stagedBytes(shard);
            long requested = (long) write.records.limit() + WalBatch.HEADER_BYTES;
            if (used + requested > limit) {
                return new QuotaExceededException(
                        config.id(),
                        QuotaExceededException.Quota.STORAGE_BYTES,
                        requested > limit ? QuotaExceededException.Cause.NEVER : QuotaExceededException.Cause.STORAGE,
                        limit,
                        limit,
                        requested,
                        used,
                        null);
            }
        }
        return config.maxEntities().isPresent()
                ? entityCap(write, config.maxEntities().getAsLong())
                : null;
    }

    /** Names may collide with those recorded, with those about to be, and with others of the same write. */
    private static @Nullable TidalException collision(WriteRequest write) {
        TenantShard shard = write.shard;
        Map<Long, String> own = new HashMap<>();
        for (EntityName name : write.names) {
            String known = shard.names.get(name.entity());
            if (known == null) {
                known = shard.staged.newNames.get(name.entity());
            }
            if (known == null) {
                known = own.putIfAbsent(name.entity(), name.name());
            }
            if (known != null && !known.equals(name.name())) {
                return new TidalException(
                        ErrorCode.NAME_COLLISION,
                        "entity name \"" + name.name() + "\" of tenant " + shard.tenantId() + " has the same id "
                                + Long.toUnsignedString(name.entity()) + " as \"" + known + "\": rename one of them");
            }
        }
        return null;
    }

    private static long stagedBytes(TenantShard shard) {
        return shard.staged.isEmpty() ? 0 : shard.staged.recordBytes + 3L * WalBatch.HEADER_BYTES;
    }

    private static @Nullable TidalException entityCap(WriteRequest write, long limit) {
        TenantShard shard = write.shard;
        List<Long> added = new ArrayList<>();
        for (int at = 0; at < write.records.limit(); at += SignalRecords.BYTES) {
            long entity = SignalRecords.entity(write.records, at);
            if (!shard.knows(entity) && shard.staged.newEntities.add(entity)) {
                added.add(entity);
            }
        }
        long used = shard.tenant().entities();
        if (used + shard.staged.newEntities.size() <= limit) {
            return null;
        }
        added.forEach(shard.staged.newEntities::remove);
        return new QuotaExceededException(
                shard.tenantId(),
                QuotaExceededException.Quota.ENTITIES,
                added.size() > limit ? QuotaExceededException.Cause.NEVER : QuotaExceededException.Cause.ENTITIES,
                limit,
                limit,
                added.size(),
                (double) used + shard.staged.newEntities.size(),
                null);
    }

    private void accept(WriteRequest write) {
        TenantShard shard = write.shard;
        touch(shard);
        for (int at = 0; at < write.records.limit(); at += SignalRecords.BYTES) {
            int type = SignalRecords.type(write.records, at);
            SchemaEntry entry = schema.entry(type);
            if (entry != null && !shard.schemaLogged.get(type) && !shard.staged.schema.get(type)) {
                shard.staged.schema.set(type);
                shard.staged.control.add(new ControlRecord.Schema(type, entry.name(), entry.halfLifeNanos()));
            }
        }
        for (EntityName name : write.names) {
            if (!shard.names.containsKey(name.entity())
                    && shard.staged.newNames.put(name.entity(), name.name()) == null) {
                shard.staged.names.add(name);
                shard.staged.recordBytes += 3 * name.name().length() + Long.BYTES + Integer.BYTES;
            }
        }
        if (write.key != null) {
            shard.staged.keys.put(write.key, write);
        }
        shard.staged.writes.add(write);
        shard.staged.recordBytes += write.records.limit();
    }

    private void touch(TenantShard shard) {
        if (shard.staged.isEmpty()) {
            dirty.add(shard);
        }
    }

    /** Adds a control record to a shard's log and commits it. Called by tasks. */
    void control(TenantShard shard, ControlRecord record) {
        if (failed != null) {
            throw storeFailed(failed);
        }
        TidalException refusal = shard.refusal();
        if (refusal != null) {
            throw refusal;
        }
        touch(shard);
        shard.staged.control.add(record);
        commit();
        if (failed != null) {
            throw storeFailed(failed);
        }
    }

    private void commit() {
        if (dirty.isEmpty()) {
            return;
        }
        dirty.forEach(this::append);
        if (!appended.isEmpty()) {
            foldBeforeSync();
            try {
                store.sync();
            } catch (TidalException e) {
                fail(e);
            }
            if (failed == null) {
                appended.forEach(this::fold);
                dirty.forEach(TenantShard::folded);
                appended.forEach(each -> each.writes.forEach(this::acknowledge));
                dirty.forEach(shard -> shard.staged.followers.forEach(CommitLoop::acknowledgeFollower));
            }
        }
        List<TenantShard> done = List.copyOf(dirty);
        endCommit();
        if (failed == null) {
            done.forEach(grown);
        }
    }

    private void endCommit() {
        appended.clear();
        dirty.forEach(shard -> shard.staged.clear());
        dirty.clear();
    }

    private void append(TenantShard shard) {
        StagedCommit staged = shard.staged;
        try {
            if (!staged.control.isEmpty()) {
                List<byte[]> bodies =
                        staged.control.stream().map(ControlRecord::encode).toList();
                append(shard, encoder.bodies(shard, RecordKind.CONTROL, bodies), List.of());
            }
            if (!staged.names.isEmpty()) {
                List<byte[]> bodies =
                        staged.names.stream().map(EntityName::encode).toList();
                append(shard, encoder.bodies(shard, RecordKind.ENTITIES, bodies), List.of());
            }
            if (!staged.writes.isEmpty()) {
                append(shard, encoder.signals(shard, staged.writes), List.copyOf(staged.writes));
            }
        } catch (TidalException e) {
            if (e.code() == ErrorCode.CORRUPT_LOG) {
                shard.damaged(e);
            }
            // What control and name records went in before stays and does no harm; the signals did not go in.
            staged.writes.forEach(write -> refuse(write, e));
            staged.followers.forEach(write -> write.answer(e));
            staged.writes.clear();
            staged.followers.clear();
        }
    }

    private void append(TenantShard shard, WalBatch batch, List<WriteRequest> writes) {
        OriginLedger open = shard.open();
        store.append(shard.log(shard.origin), batch);
        shard.logBytes(shard.logBytes() + batch.length());
        appended.add(new Appended(shard, batch, writes));
        open.lastSeqno = batch.lastSeqno();
        open.chain = batch.chain();
    }

    // A ledger may run ahead of its durable log only by what was acknowledged as such.
    private void foldBeforeSync() {
        boolean any = appended.stream().anyMatch(each -> each.writes.stream().anyMatch(write -> write.beforeSync));
        if (!any) {
            return;
        }
        expose.run();
        for (int i = 0; i < appended.size(); i++) {
            Appended each = appended.get(i);
            if (each.writes.stream().anyMatch(write -> write.beforeSync)) {
                foldShard(each.shard);
                each.shard.folded();
                List<WriteRequest> waiting = new ArrayList<>();
                for (WriteRequest write : each.writes) {
                    if (write.beforeSync) {
                        acknowledge(write);
                    } else {
                        waiting.add(write);
                    }
                }
                appended.set(i, new Appended(each.shard, each.batch, waiting));
            }
        }
    }

    private void foldShard(TenantShard shard) {
        for (Appended each : appended) {
            if (each.shard == shard) {
                fold(each);
            }
        }
    }

    private void fold(Appended each) {
        OriginLedger open = each.shard.open();
        if (Long.compareUnsigned(each.batch.firstSeqno(), open.foldedSeqno) > 0) {
            folder.fold(each.shard, open, each.batch);
        }
    }

    private void fail(TidalException reason) {
        LOG.error("the log store failed; nothing is acknowledged until the instance is reopened", reason);
        failed = reason;
        TidalException unknown = storeFailed(reason);
        for (TenantShard shard : dirty) {
            shard.staged.writes.stream().filter(write -> !write.answered).forEach(write -> write.answer(unknown));
            shard.staged.followers.stream().filter(write -> !write.answered).forEach(write -> write.answer(unknown));
        }
    }

    private static TidalException storeFailed(TidalException reason) {
        return new TidalException(
                ErrorCode.STORE_FAILED,
                "the log store failed and acknowledges nothing until this instance is reopened: " + reason.getMessage(),
                reason);
    }

    private static void refuse(WriteRequest write, TidalException reason) {
        write.shard.tenant().refund(write.count);
        write.answer(reason);
    }

    private void acknowledge(WriteRequest write) {
        write.shard.tenant().accepted(write.count, clock.monotonicNanos());
        write.answer(WalSegmentId.of(write.shard.origin, write.lastSeqno()));
    }

    private static void acknowledgeFollower(WriteRequest write) {
        WriteRequest first = write.shard.staged.keys.get(write.key);
        if (first != null) {
            write.answer(WalSegmentId.of(write.shard.origin, first.lastSeqno()));
        }
    }

    /** Commits what is queued, then takes no more work. Called when nobody runs the loop any more. */
    public void close() {
        while (runOnce()) {
            // Everything that was queued before gets its answer.
        }
        abandon();
    }

    /** Takes no more work and refuses what is queued. Called when nobody runs the loop any more. */
    public void abandon() {
        closed = true;
        refuseQueued();
    }

    private synchronized void refuseQueued() {
        TidalException reason = new TidalException(ErrorCode.CLOSED, "this instance of Tidal is closed");
        for (LoopItem item = queue.takeAll(); item != null; item = item.next) {
            if (item instanceof WriteRequest write) {
                refuse(write, reason);
            } else if (item instanceof LoopTask<?> task) {
                task.result.completeExceptionally(reason);
            }
        }
    }
}
