package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
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

    /** While several tenants have something waiting: the longest that one has to wait for the others' commit. */
    private static final int SHARED_COMMIT_BYTES = 256 << 10;

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
    private final FairQueue waiting = new FairQueue();
    private final Queue<LoopTask<?>> system = new ArrayDeque<>();
    private final Queue<LoopTask<?>> afterCommit = new ArrayDeque<>();
    private @Nullable WriteRequest staging;
    private @Nullable LoopHandle handle;
    private @Nullable TidalException failed;

    /** Why a shard's part of the commit at hand did not go in, or all of it. */
    private @Nullable TidalException refused;

    /** Whether the last turn left something for the next. */
    private volatile boolean leftOver;

    private volatile boolean closed;

    /** A batch that was appended and is not folded yet. */
    private record Appended(TenantShard shard, WalBatch batch, long chainBefore, List<WriteRequest> writes) {}

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

    /** Queues a task that runs between two commits, before all writes that wait. */
    public <T> CompletableFuture<T> submit(Supplier<T> task) {
        return queue(new LoopTask<>(task));
    }

    /** Queues a task that runs in a tenant's turn, after all writes of the tenant that were queued before it. */
    <T> CompletableFuture<T> submit(Flow flow, int cost, Supplier<T> task) {
        return queue(new LoopTask<>(task, flow, cost));
    }

    private <T> CompletableFuture<T> queue(LoopTask<T> task) {
        add(task);
        return task.result;
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
        return leftOver || !queue.isEmpty();
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
            for (LoopTask<?> task = afterCommit.poll(); task != null; task = afterCommit.poll()) {
                task.result.completeExceptionally(reason);
            }
            return true;
        }
    }

    private boolean turn() {
        boolean worked = admitQueued();
        for (LoopTask<?> task = system.poll(); task != null; task = system.poll()) {
            task.run();
        }
        if (waiting.isEmpty()) {
            return worked;
        }
        int budget = waiting.isShared() ? SHARED_COMMIT_BYTES : MAX_COMMIT_BYTES;
        waiting.begin();
        long nowNanos = clock.monotonicNanos();
        LoopItem item = waiting.nextReserved(nowNanos);
        while (item != null && budget > 0) {
            budget -= take(item);
            item = budget > 0 ? waiting.nextReserved(nowNanos) : null;
        }
        while (budget > 0 && (item = waiting.next()) != null) {
            budget -= take(item);
        }
        leftOver = !waiting.isEmpty();
        commit();
        for (LoopTask<?> task = afterCommit.poll(); task != null; task = afterCommit.poll()) {
            task.run();
        }
        return true;
    }

    private boolean admitQueued() {
        LoopItem item = queue.takeAll();
        boolean any = item != null;
        while (item != null) {
            LoopItem next = item.next;
            Flow flow = item.flow();
            if (flow != null) {
                waiting.add(flow, item);
            } else if (item instanceof LoopTask<?> task) {
                system.add(task);
            }
            item = next;
        }
        return any;
    }

    private int take(LoopItem item) {
        if (item instanceof WriteRequest write) {
            staging = write;
            stage(write);
            staging = null;
        } else if (item instanceof LoopTask<?> task) {
            afterCommit.add(task);
        }
        return item.cost();
    }

    private void stage(WriteRequest write) {
        TenantShard shard = write.shard;
        shard.tenant().dequeue(write.queueBytes());
        TidalException refusal = failed != null ? storeFailed(failed) : shard.refusal();
        if (refusal != null) {
            refuse(write, refusal);
        } else if (write.key == null || !isRetry(write, write.key)) {
            refusal = admission(write);
            if (refusal == null) {
                accept(write);
            } else {
                refuse(write, refusal);
            }
        }
    }

    private boolean isRetry(WriteRequest write, IdempotencyKey key) {
        TenantShard shard = write.shard;
        shard.keys.expire(clock.wallNanos() / 1_000_000);
        WriteRequest staged = shard.staged.keys.get(key);
        KeyMemory.Result known = shard.keys.get(key);
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
            write.answer(shard.keyReused(key));
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
        for (EntityName name : write.names) {
            String known = shard.names.get(name.entity());
            if (known == null) {
                known = shard.staged.newNames.getOrDefault(name.entity(), name.name());
            }
            if (!known.equals(name.name())) {
                return TenantShard.nameCollision(shard.tenantId(), name.entity(), name.name(), known);
            }
        }
        Caps caps = shard.tenant().caps();
        // A write to several slots has reserved already, for all of them; one that came before the cap has not.
        return caps.apply() && !write.reserved ? caps.reserve(List.of(write)) : null;
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
            if (shard.names.get(name.entity()) == null
                    && shard.staged.newNames.putIfAbsent(name.entity(), name.name()) == null) {
                shard.staged.names.add(name);
            }
        }
        if (write.key != null) {
            shard.staged.keys.put(write.key, write);
        }
        shard.staged.writes.add(write);
    }

    private void touch(TenantShard shard) {
        if (shard.staged.isEmpty()) {
            dirty.add(shard);
        }
    }

    /**
     * Adds a control record to a shard's log and commits it. Called by tasks.
     *
     * @throws TidalException if it is not in the log; STORAGE_FULL if there was no room
     */
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
        TidalException notTaken = refused;
        if (notTaken != null) {
            throw notTaken;
        }
    }

    private void commit() {
        if (dirty.isEmpty()) {
            return;
        }
        refused = null;
        dirty.forEach(this::append);
        if (!appended.isEmpty() && failed == null) {
            foldBeforeSync();
            sync();
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

    private void sync() {
        try {
            store.sync();
        } catch (TidalException e) {
            // What was acknowledged before its sync can't be taken back.
            boolean answered = dirty.stream()
                    .anyMatch(shard -> shard.staged.writes.stream().anyMatch(write -> write.answered));
            if (e.code() == ErrorCode.STORAGE_FULL && !answered) {
                takeBack(e);
            } else {
                fail(e);
            }
        }
    }

    /** The store had no room for the commit and took all of it back. */
    private void takeBack(TidalException full) {
        refused = full;
        for (int i = appended.size() - 1; i >= 0; i--) {
            Appended each = appended.get(i);
            OriginLedger open = each.shard.open();
            open.lastSeqno = each.batch.firstSeqno() - 1;
            open.chain = each.chainBefore;
            each.shard.logBytes(each.shard.logBytes() - each.batch.length());
            each.writes.forEach(write -> refuse(write, full));
        }
        appended.clear();
        for (TenantShard shard : dirty) {
            shard.staged.followers.forEach(write -> write.answer(full));
            shard.staged.followers.clear();
        }
    }

    private void endCommit() {
        appended.clear();
        dirty.forEach(shard -> shard.staged.clear());
        dirty.clear();
    }

    private void append(TenantShard shard) {
        StagedCommit staged = shard.staged;
        if (failed != null) {
            return;
        }
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
            if (e.code() == ErrorCode.STORE_FAILED) {
                fail(e);
                return;
            }
            if (e.code() == ErrorCode.CORRUPT_LOG) {
                shard.damaged(e);
            }
            refused = e;
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
        appended.add(new Appended(shard, batch, open.chain, writes));
        open.lastSeqno = batch.lastSeqno();
        open.chain = batch.chain();
    }

    // A ledger may run ahead of its durable log only by what was acknowledged as such.
    private void foldBeforeSync() {
        boolean any = appended.stream().anyMatch(each -> each.writes.stream().anyMatch(write -> write.beforeSync));
        if (!any) {
            return;
        }
        try {
            expose.run();
        } catch (TidalException e) {
            LOG.warn("writes are acknowledged after the sync only: {}", e.getMessage());
            return;
        }
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
                appended.set(i, new Appended(each.shard, each.batch, each.chainBefore, waiting));
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

    /** Does something on the store outside a commit; if that fails for good, nothing is acknowledged from now on. Called by tasks. */
    void onStore(Runnable operation) {
        try {
            operation.run();
        } catch (TidalException e) {
            if (e.code() == ErrorCode.STORE_FAILED && failed == null) {
                fail(e);
            }
            throw e;
        }
    }

    /** Returns whether the store failed, so that what was written before its sync may not be there. Called when nobody runs the loop. */
    boolean hasFailed() {
        return failed != null;
    }

    private static TidalException storeFailed(RuntimeException reason) {
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

    /** Commits what is queued. Called when nobody runs the loop any more; {@link #abandon} follows. */
    void close() {
        while (runOnce()) {
            // Everything that was queued before gets its answer.
        }
    }

    /** Takes no more work and refuses what is queued. Called when nobody runs the loop any more. */
    public void abandon() {
        closed = true;
        admitQueued();
        for (LoopTask<?> task = system.poll(); task != null; task = system.poll()) {
            refuse(task);
        }
        for (LoopItem item = waiting.next(); item != null; item = waiting.next()) {
            refuse(item);
        }
        // What was added since.
        refuseQueued();
    }

    private void refuseQueued() {
        LoopItem item = queue.takeAll();
        while (item != null) {
            LoopItem next = item.next;
            refuse(item);
            item = next;
        }
    }

    private static void refuse(LoopItem item) {
        TidalException reason = new TidalException(ErrorCode.CLOSED, "this instance of Tidal is closed");
        if (item instanceof WriteRequest write) {
            write.shard.tenant().dequeue(write.queueBytes());
            refuse(write, reason);
        } else if (item instanceof LoopTask<?> task) {
            task.result.completeExceptionally(reason);
        }
    }
}
