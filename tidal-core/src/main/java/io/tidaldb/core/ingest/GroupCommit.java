package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.EntityName;
import io.tidaldb.core.codec.SessionRecord;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.control.SchemaEntry;
import io.tidaldb.core.crdt.Hlc;
import io.tidaldb.core.key.KeyRing;
import io.tidaldb.core.runtime.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One commit after another, each over the logs of many tenants: writes are staged, appended together, synced once, folded, acknowledged.
 * The sync of a commit of which all was acknowledged before it is put off, for a moment, to that of a later one.
 *
 * <p>Loop-confined. Invariant: whenever a task looks at a slot, nothing of it is staged, and its ledgers hold exactly what its logs hold;
 * after {@link #settle}, too, all of that is durable and told.
 */
final class GroupCommit {

    private static final Logger LOG = LoggerFactory.getLogger(GroupCommit.class);

    /** For how long what was acknowledged before its sync may wait for one: long next to a sync, short next to what a crash may cost. */
    static final long MAX_PUT_OFF_NANOS = 5_000_000;

    private static final int MAX_PUT_OFF_BYTES = 1 << 20;
    private static final RecordKind[] KINDS = RecordKind.values();

    private final WalStore store;
    private final Runnable expose;
    private final Clock clock;
    private final Schema schema;
    private final Consumer<TenantShard> grown;
    private final Folder folder;
    private final BatchEncoder encoder;
    private final Hlc hlc;
    private final ClockDrift drift;
    private final Chain chain = new Chain();
    private final List<TenantShard> dirty = new ArrayList<>();
    private final Deque<StagedCommit> spare = new ArrayDeque<>();

    /** What the store has and has not synced yet. */
    private final List<Appended> appended = new ArrayList<>();

    /** How much of that is of commits before, whose sync was put off: all of it is folded and acknowledged. */
    private int putOff;

    private final Set<TenantShard> putOffShards = new LinkedHashSet<>();
    private int appendedBytes;
    private long putOffSinceNanos;
    private final List<WriteRequest> awaiting = new ArrayList<>();
    private final List<WriteRequest> toAcknowledge = new ArrayList<>();
    private final CommitCompletions completions = new CommitCompletions();
    private CommitListener listener = CommitListener.NONE;
    private @Nullable WriteRequest staging;

    /** Whose writes were staged last, and the room in its queue that they have left. */
    private @Nullable TenantState leaving;

    private long leavingBytes;
    private @Nullable TidalException failed;

    /** Why a shard's part of the commit at hand did not go in, or all of it. */
    private @Nullable TidalException refused;

    /** A batch that was appended and is not folded yet. */
    private record Appended(
            TenantShard shard, OriginLedger origin, WalBatch batch, long chainBefore, List<WriteRequest> writes) {}

    GroupCommit(WalStore store, Runnable expose, Clock clock, Hlc hlc, Schema schema, Consumer<TenantShard> grown) {
        this.store = store;
        this.expose = expose;
        this.clock = clock;
        this.schema = schema;
        this.grown = grown;
        this.folder = new Folder(schema);
        this.encoder = new BatchEncoder(hlc);
        this.hlc = hlc;
        this.drift = new ClockDrift(hlc);
    }

    /** Tells this one of every commit from now on. */
    void listener(CommitListener told) {
        listener = told;
        folder.listener(told);
    }

    Folder folder() {
        return folder;
    }

    ClockDrift drift() {
        return drift;
    }

    /** Takes a write into the commit that is being put together, or answers it. */
    void add(WriteRequest write) {
        staging = write;
        stage(write);
        staging = null;
    }

    /** An invariant is broken: what this turn did is not known, so nothing is acknowledged any more, and writers are told. */
    void breakOff(TidalException reason) {
        if (staging != null && !staging.answered) {
            staging.answer(reason);
        }
        giveRoomBack();
        fail(reason);
        endCommit();
    }

    private void stage(WriteRequest write) {
        TenantShard shard = write.shard;
        if (!write.isReplicated()) {
            leaves(shard.tenant(), write.queueBytes());
        }
        TidalException refusal = failed != null ? storeFailed(failed) : shard.writeRefusal();
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

    // Room that writers contend for is given back for many writes at once: they come tenant by tenant.
    private void leaves(TenantState tenant, long bytes) {
        if (tenant != leaving) {
            giveRoomBack();
            leaving = tenant;
        }
        leavingBytes += bytes;
    }

    private void giveRoomBack() {
        TenantState tenant = leaving;
        if (tenant != null) {
            tenant.dequeue(leavingBytes);
            leaving = null;
            leavingBytes = 0;
        }
    }

    private boolean isRetry(WriteRequest write, IdempotencyKey key) {
        TenantShard shard = write.shard;
        shard.expireKeys(clock.wallNanos() / 1_000_000);
        WriteRequest staged = shard.staged.keys.get(key);
        KeyMemory.Result known = shard.remembered(key);
        long before;
        if (staged != null) {
            before = staged.payloadHash();
        } else if (known != null) {
            before = known.payloadHash();
        } else {
            return isSessionRetry(write, key);
        }
        shard.tenant().refund(write.count);
        if (write.payloadHash() != before) {
            write.answer(shard.keyReused(key));
        } else if (known != null) {
            acknowledgeRetry(write, WalSegmentId.of(known.origin(), known.lastSeqno()));
        } else {
            shard.staged.followers.add(write);
        }
        return true;
    }

    // A session remembers its writes for as long as it lasts, whatever the horizon of keys.
    private boolean isSessionRetry(WriteRequest write, IdempotencyKey key) {
        SessionTable.Entry first =
                write.record instanceof SessionRecord session ? write.shard.users.sessions.first(session, key) : null;
        if (first != null) {
            write.shard.tenant().refund(write.count);
            acknowledgeRetry(write, first.name());
        }
        return first != null;
    }

    // What is folded is durable here, or was acknowledged before its sync, and the retry may ask for more than that.
    private void acknowledgeRetry(WriteRequest write, WalSegmentId last) {
        if (!write.beforeSync() && putOff > 0) {
            syncPutOff();
        }
        TidalException reason = failed;
        if (reason == null || write.beforeSync()) {
            acknowledgeAt(write, last);
        } else {
            write.answer(storeFailed(reason));
        }
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
        if (write.record != null) {
            TidalException refusal = shard.users.refusal(write.record, shard.staged, clock.wallNanos() / 1_000_000);
            if (refusal != null) {
                return refusal;
            }
        }
        Caps caps = shard.tenant().caps();
        // A write to several slots has reserved already, for all of them; one that came before the cap has not.
        return caps.apply() && !write.reserved ? caps.reserve(List.of(write)) : null;
    }

    private void accept(WriteRequest write) {
        TenantShard shard = write.shard;
        begin(shard);
        if (write.record instanceof SessionRecord session) {
            repeatSchema(shard, session.signalType());
        } else if (write.record == null) {
            for (int at = 0; at < write.records.limit(); at += SignalRecords.BYTES) {
                repeatSchema(shard, SignalRecords.type(write.records, at));
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
        shard.staged.add(write);
    }

    private void repeatSchema(TenantShard shard, int type) {
        SchemaEntry entry = type < 0 ? null : schema.entry(type);
        if (entry != null && !shard.schemaLogged.get(type) && !shard.staged.schema.get(type)) {
            shard.staged.schema.set(type);
            shard.staged.control.add(new ControlRecord.Schema(type, entry.name(), entry.halfLifeNanos()));
        }
    }

    /** Takes batches from another replica into the commit that is being put together, or answers them. */
    void add(ReceivedBatches received) {
        TidalException refusal = failed != null ? storeFailed(failed) : received.shard.refusal();
        if (refusal == null && received.shard.isErased()) {
            refusal = new TidalException(ErrorCode.NOT_OWNER, received.shard.replica() + " holds the slot no more");
        }
        if (refusal != null) {
            received.refuse(refusal);
            return;
        }
        touch(received.shard);
        received.shard.staged.received.add(received);
    }

    /** Begins to write to a shard's log. What others wrote to the slot is closed first. */
    private void begin(TenantShard shard) {
        touch(shard);
        if (!shard.staged.takenOver) {
            shard.staged.takenOver = true;
            ControlRecord takeover = shard.dueTakeover();
            if (takeover != null) {
                shard.staged.control.add(0, takeover);
            }
        }
    }

    /**
     * Closes what others wrote to a slot, if it is written here, with the next commit: whoever takes over many slots does not wait for a sync
     * of each. What can't be logged then goes before the next write. Called by tasks.
     */
    void takeOver(TenantShard shard) {
        if (failed == null && shard.writeRefusal() == null && shard.dueTakeover() != null) {
            begin(shard);
        }
    }

    /** Returns whether something of a slot is staged; of any slot if it is null. */
    boolean isStaged(@Nullable TenantShard shard) {
        return shard == null ? !dirty.isEmpty() : shard.staged != StagedCommit.NOTHING;
    }

    /**
     * Makes count what was written before a takeover and came after it; what can't be logged now stays {@link TenantShard#isAdoptionDue due}.
     * Called by tasks, on a shard whose writes are taken here.
     */
    void adopt(TenantShard shard) {
        shard.adoptionDue(true);
        if (isStaged(shard)) {
            // A takeover says what came after it.
            commit();
        }
        if (failed != null || shard.writeRefusal() != null || shard.isStale()) {
            return;
        }
        ControlRecord.Adopt due = shard.dueAdoption();
        while (due != null) {
            control(shard, due);
            ControlRecord.Adopt next = shard.dueAdoption();
            if (due.equals(next)) {
                throw new TidalException(
                        ErrorCode.INTERNAL, "tenant " + shard.tenantId() + " has adopted " + due + " without effect");
            }
            due = next;
        }
        shard.adoptionDue(false);
    }

    /** Merges what closed origins hold, if every member of the slot holds all of it. Called by tasks. */
    void merge(TenantShard shard, SortedMap<Origin, Long> held) {
        ControlRecord.Merge due =
                failed != null || shard.writeRefusal() != null || shard.isStale() ? null : shard.dueMerge(held);
        if (due != null) {
            control(shard, due);
        }
    }

    /** Takes back what was accepted here and had been accepted elsewhere under the same key. Called by tasks. */
    void takeBack(TenantShard shard) {
        Map.Entry<Origin, Long> due = shard.dueVoid();
        while (due != null && failed == null && shard.writeRefusal() == null && !shard.isStale()) {
            List<ControlRecord.Voided> voids = TakenBack.at(shard, due.getKey(), due.getValue());
            for (ControlRecord.Voided each : voids) {
                control(shard, each);
            }
            Map.Entry<Origin, Long> next = shard.dueVoid();
            if (due.equals(next)) {
                throw new TidalException(
                        ErrorCode.INTERNAL,
                        "tenant " + shard.tenantId() + " has taken back " + due + " without effect");
            }
            due = next;
        }
    }

    /** Folds what came while a slot was held, after one of its buckets was replaced unless there is nothing to replace it by. */
    void resume(TenantShard shard, int bucket, @Nullable BucketImage image) {
        try {
            // One that is not held got another replica's state meanwhile, which is beyond the mark.
            if (image != null && shard.isHeld()) {
                shard.replaceBucket(bucket, image);
            }
        } finally {
            shard.hold(false);
            catchUp(shard);
        }
    }

    /** Folds what was left in the logs until the state comes that it comes to: it does not come any more. Called by tasks. */
    void foldOn(TenantShard shard) {
        if (shard.awaitsState()) {
            shard.awaitState(false);
            catchUp(shard);
        }
    }

    private void catchUp(TenantShard shard) {
        folder.catchUp(shard);
        shard.rebuildIfNeeded();
        shard.folded();
    }

    private void touch(TenantShard shard) {
        if (shard.staged == StagedCommit.NOTHING) {
            shard.staged = spare.isEmpty() ? new StagedCommit() : spare.pop();
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
        if (isStaged(null)) {
            // What becomes of that is none of this one's business.
            commit();
        }
        TidalException refusal = shard.writeRefusal();
        if (refusal != null) {
            throw refusal;
        }
        begin(shard);
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

    /** Commits what is staged. */
    void commit() {
        giveRoomBack();
        try {
            commitStaged();
        } finally {
            completions.handOver();
        }
    }

    private void commitStaged() {
        if (dirty.isEmpty()) {
            // Retries of what is there already. Those that others are to hear of have had what was put off synced and
            // told.
            if (putOff == 0) {
                tell();
            }
            return;
        }
        refused = null;
        dirty.forEach(this::append);
        if (!appended.isEmpty()) {
            Appended last = appended.get(appended.size() - 1);
            drift.look(last.shard.tenantId(), last.origin.origin);
        }
        if (!appended.isEmpty() && failed == null) {
            foldBeforeSync();
            if (mayPutOff()) {
                putOff();
                return;
            }
            sync();
            if (failed == null) {
                foldAll(false);
                acknowledge(true);
                tell();
                acknowledge(false);
                completions.handOver();
                // Whoever copies waits for it, and no write.
                foldAll(true);
                clearAppended();
            }
        }
        if (failed == null) {
            // Also where nothing was appended, since everything was there already.
            tell();
            clearAppended();
            dirty.forEach(shard -> shard.staged.received.forEach(ReceivedBatches::answer));
        }
        putOffShards.addAll(dirty);
        endCommit();
        grow();
    }

    /** Makes durable what was acknowledged before its sync. Called between two commits. */
    void settle() {
        if (putOff > 0) {
            syncPutOff();
            grow();
        }
    }

    /** Returns whether something was acknowledged before its sync, and that is still to come. */
    boolean hasPutOff() {
        return putOff > 0;
    }

    private void syncPutOff() {
        sync();
        if (failed == null) {
            tell();
            clearAppended();
        }
    }

    private void grow() {
        List<TenantShard> done = List.copyOf(putOffShards);
        putOffShards.clear();
        if (failed == null) {
            done.forEach(grown);
        }
    }

    // Control records, what others sent and retries wait for the sync.
    private boolean mayPutOff() {
        boolean small = appendedBytes < MAX_PUT_OFF_BYTES;
        boolean soon = putOff == 0 || clock.monotonicNanos() - putOffSinceNanos < MAX_PUT_OFF_NANOS;
        return small
                && soon
                && refused == null
                && awaiting.isEmpty()
                && dirty.stream().allMatch(GroupCommit::isDone);
    }

    private static boolean isDone(TenantShard shard) {
        StagedCommit staged = shard.staged;
        return staged.control.isEmpty()
                && staged.received.isEmpty()
                && staged.followers.isEmpty()
                && staged.writes.stream().allMatch(write -> write.answered);
    }

    private void putOff() {
        if (putOff == 0) {
            putOffSinceNanos = clock.monotonicNanos();
        }
        putOff = appended.size();
        putOffShards.addAll(dirty);
        endStaging();
    }

    private void acknowledge(boolean replicated) {
        for (Appended each : appended) {
            int count = 0;
            for (WriteRequest write : each.writes) {
                if (write.isReplicated() == replicated) {
                    count += write.count;
                    toAcknowledge.add(write);
                }
            }
            accepted(each, count);
        }
        if (!replicated) {
            toAcknowledge.sort(WriteRequest.OLDEST_FIRST);
        }
        toAcknowledge.forEach(this::acknowledge);
        toAcknowledge.clear();
        for (TenantShard shard : dirty) {
            for (WriteRequest follower : shard.staged.followers) {
                if (follower.isReplicated() == replicated) {
                    acknowledgeFollower(follower);
                }
            }
        }
    }

    // Before those are told who wait for this node alone: whoever was told finds it in the lag.
    private void tell() {
        if (!appended.isEmpty() || !awaiting.isEmpty()) {
            List<CommitListener.Committed> batches = new ArrayList<>(appended.size());
            for (Appended each : appended) {
                batches.add(new CommitListener.Committed(each.shard, each.batch));
            }
            listener.committed(batches, List.copyOf(awaiting));
            awaiting.clear();
        }
    }

    private void clearAppended() {
        appended.clear();
        appendedBytes = 0;
        putOff = 0;
    }

    private void sync() {
        try {
            store.sync();
        } catch (TidalException e) {
            // What was acknowledged before its sync can't be taken back.
            boolean answered = putOff > 0
                    || dirty.stream()
                            .anyMatch(shard -> shard.staged.writes.stream().anyMatch(write -> write.answered));
            boolean undone = e.code() == ErrorCode.STORAGE_FULL || e.code() == ErrorCode.OVERLOADED;
            if (undone && !answered) {
                takeBack(e);
            } else {
                fail(e);
            }
        }
    }

    /** The store had no room for the commit, or no memory, and took all of it back. */
    private void takeBack(TidalException full) {
        refused = full;
        for (int i = appended.size() - 1; i >= 0; i--) {
            Appended each = appended.get(i);
            each.origin.lastSeqno = each.batch.firstSeqno() - 1;
            each.origin.chain = each.chainBefore;
            each.shard.logBytes(each.shard.logBytes() - each.batch.length());
            each.writes.forEach(write -> refuse(write, full));
        }
        clearAppended();
        for (TenantShard shard : dirty) {
            shard.staged.followers.forEach(write -> write.answer(full));
            shard.staged.followers.clear();
            shard.staged.received.forEach(received -> received.problem = full);
        }
    }

    private void endCommit() {
        clearAppended();
        endStaging();
    }

    private void endStaging() {
        for (TenantShard shard : dirty) {
            shard.staged.clear();
            spare.push(shard.staged);
            shard.staged = StagedCommit.NOTHING;
        }
        dirty.clear();
        toAcknowledge.clear();
    }

    private void append(TenantShard shard) {
        StagedCommit staged = shard.staged;
        if (failed != null) {
            return;
        }
        try {
            if (staged.isWrittenHere()) {
                append(shard, shard.open(), staged);
            }
            staged.received.forEach(this::append);
        } catch (TidalException e) {
            if (e.code() == ErrorCode.STORE_FAILED) {
                fail(e);
                return;
            }
            if (e.code() == ErrorCode.CORRUPT_LOG) {
                shard.damagedOnDisk(e);
            }
            refused = e;
            // What went in before stays: control and name records do no harm, and writes of other kinds are answered.
            List<WriteRequest> refusals = staged.removeLeft();
            refusals.forEach(write -> refuse(write, e));
            staged.followers.removeIf(write -> {
                boolean lost = refusals.contains(staged.keys.get(write.key));
                if (lost) {
                    write.answer(e);
                }
                return lost;
            });
            staged.received.forEach(received -> received.problem = e);
        }
    }

    private void append(TenantShard shard, OriginLedger open, StagedCommit staged) {
        if (!staged.control.isEmpty()) {
            List<byte[]> bodies =
                    staged.control.stream().map(ControlRecord::encode).toList();
            append(shard, open, encoder.bodies(shard, open, RecordKind.CONTROL, bodies), List.of());
        }
        if (!staged.names.isEmpty()) {
            List<byte[]> bodies = staged.names.stream().map(EntityName::encode).toList();
            append(shard, open, encoder.bodies(shard, open, RecordKind.ENTITIES, bodies), List.of());
        }
        for (RecordKind kind : KINDS) {
            if (staged.kinds.contains(kind)) {
                List<WriteRequest> writes = staged.writes(kind);
                append(shard, open, encoder.writes(shard, open, kind, writes), writes);
                staged.kinds.remove(kind);
            }
        }
    }

    private void append(TenantShard shard, OriginLedger origin, WalBatch batch, List<WriteRequest> writes) {
        store.append(shard.log(origin.origin), batch);
        shard.logBytes(shard.logBytes() + batch.length());
        appended.add(new Appended(shard, origin, batch, origin.chain, writes));
        appendedBytes += batch.length();
        origin.lastSeqno = batch.lastSeqno();
        origin.chain = batch.chain();
    }

    // Nothing is believed of what another replica sends: each batch must continue the log by seqno and by content.
    private void append(ReceivedBatches received) {
        OriginLedger origin = received.shard.ledger(received.batches.get(0).origin());
        KeyRing keys = received.shard.tenant().keys();
        for (WalBatch stored : received.batches) {
            WalBatch batch = stored;
            if (Long.compareUnsigned(batch.lastSeqno(), origin.lastSeqno) < 0
                    || batch.lastSeqno() == origin.lastSeqno && agrees(batch, origin)) {
                continue;
            }
            if (Long.compareUnsigned(batch.firstSeqno(), origin.lastSeqno) <= 0) {
                received.problem = new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        "the log of " + origin.origin + " of tenant " + received.shard.tenantId()
                                + " has another content up to seqno " + Seqno.print(origin.lastSeqno)
                                + " than on the replica that sent seqnos " + Seqno.print(batch.firstSeqno()) + " to "
                                + Seqno.print(batch.lastSeqno()));
                return;
            }
            if (batch.firstSeqno() != origin.lastSeqno + 1) {
                received.problem = new TidalException(
                        ErrorCode.WAL_GAP,
                        "the batch at seqno " + Seqno.print(batch.firstSeqno()) + " does not continue the log of "
                                + origin.origin + " of tenant " + received.shard.tenantId() + ": expected "
                                + Seqno.print(origin.lastSeqno + 1));
                return;
            }
            long next = chain.next(origin.chain, batch);
            if (batch.version() > 1 && next != batch.chain()) {
                // Damaged before it got its checksums, or another log's: which of them, the sides find out by
                // comparing.
                received.problem = new TidalException(
                        ErrorCode.WAL_GAP,
                        "the batch at seqno " + Seqno.print(batch.firstSeqno()) + " of " + origin.origin
                                + " of tenant " + received.shard.tenantId() + " has chain 0x"
                                + Long.toHexString(batch.chain()) + ": expected 0x" + Long.toHexString(next));
                return;
            }
            if (keys.suspension() == null && !keys.has(batch)) {
                received.problem = new TidalException(
                        ErrorCode.NOT_CAUGHT_UP,
                        "the batch at seqno " + Seqno.print(batch.firstSeqno()) + " of " + origin.origin + " of tenant "
                                + received.shard.tenantId()
                                + " is sealed with a key that this node has not heard of yet: it is taken once it has");
                return;
            }
            batch = keys.open(batch);
            if (!isDeclaredHere(batch)) {
                received.problem = new TidalException(
                        ErrorCode.NOT_CAUGHT_UP,
                        "the batch at seqno " + Seqno.print(batch.firstSeqno()) + " of " + origin.origin + " of tenant "
                                + received.shard.tenantId()
                                + " uses a signal type that this node has not heard of yet: it is taken once it has");
                return;
            }
            if (received.unfolded) {
                received.shard.awaitState(true);
            }
            hlc.observe(batch.hlc());
            append(received.shard, origin, batch, List.of());
            origin.chain = next;
        }
    }

    // Whoever leads may know what was agreed earlier than this node does.
    private boolean isDeclaredHere(WalBatch batch) {
        return batch.kind() != RecordKind.CONTROL
                || BodyRecords.decode(batch).stream()
                        .map(ControlRecord::decode)
                        .noneMatch(record ->
                                record instanceof ControlRecord.Schema entry && schema.entry(entry.index()) == null);
    }

    // A batch of version 1 does not say.
    private static boolean agrees(WalBatch batch, OriginLedger origin) {
        return batch.version() == 1 || batch.chain() == origin.chain;
    }

    // A ledger may run ahead of its durable log only by what was acknowledged as such.
    private void foldBeforeSync() {
        if (dirty.stream().noneMatch(shard -> shard.staged.lazy)) {
            return;
        }
        try {
            expose.run();
        } catch (TidalException e) {
            LOG.warn("writes are acknowledged after the sync only: {}", e.getMessage());
            return;
        }
        for (int i = putOff; i < appended.size(); i++) {
            Appended each = appended.get(i);
            if (each.shard.staged.lazy) {
                fold(each);
            }
        }
        dirty.stream().filter(shard -> shard.staged.lazy).forEach(TenantShard::folded);
        for (int i = putOff; i < appended.size(); i++) {
            Appended each = appended.get(i);
            if (each.shard.staged.lazy) {
                List<WriteRequest> waiting = acknowledgeLazy(each);
                appended.set(i, new Appended(each.shard, each.origin, each.batch, each.chainBefore, waiting));
            }
        }
        completions.handOver();
    }

    /** Acknowledges those that wait for no sync, and returns the others. */
    private List<WriteRequest> acknowledgeLazy(Appended batch) {
        List<WriteRequest> waiting = new ArrayList<>();
        int count = 0;
        for (WriteRequest write : batch.writes) {
            if (write.beforeSync()) {
                count += write.count;
                acknowledge(write);
            } else {
                waiting.add(write);
            }
        }
        accepted(batch, count);
        return waiting;
    }

    private void foldAll(boolean copied) {
        for (Appended each : appended) {
            if (each.shard.staged.isCopied() == copied) {
                fold(each);
            }
        }
        for (TenantShard shard : dirty) {
            if (shard.staged.isCopied() == copied) {
                shard.folded();
            }
        }
    }

    private void fold(Appended each) {
        // Asked for again each time: a takeover among the batches before can have the slot's ledgers rebuilt.
        OriginLedger origin = each.shard.ledger(each.origin.origin);
        if (Long.compareUnsigned(each.batch.firstSeqno(), origin.seenSeqno) <= 0) {
            return;
        }
        try {
            folder.fold(each.shard, origin, each.batch);
        } catch (TidalException e) {
            if (origin.origin.equals(each.shard.origin)) {
                throw e;
            }
            // What another replica wrote can't be read here; nobody else is affected.
            each.shard.damaged(e);
        }
    }

    private void fail(TidalException reason) {
        LOG.error("the log store failed; nothing is acknowledged until the instance is reopened", reason);
        failed = reason;
        TidalException unknown = storeFailed(reason);
        for (TenantShard shard : dirty) {
            shard.staged.writes.stream().filter(write -> !write.answered).forEach(write -> write.answer(unknown));
            shard.staged.followers.stream().filter(write -> !write.answered).forEach(write -> write.answer(unknown));
            shard.staged.received.forEach(received -> received.refuse(unknown));
        }
        awaiting.forEach(write -> write.unreplicated(unknown));
        awaiting.clear();
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

    /** Called by tasks. @throws TidalException STORE_FAILED if a commit failed, so that positions lie beyond what is durable */
    void checkSound() {
        if (failed != null) {
            throw storeFailed(failed);
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

    static void refuse(WriteRequest write, TidalException reason) {
        write.shard.tenant().refund(write.count);
        write.answer(reason);
    }

    private void accepted(Appended batch, int signals) {
        if (signals > 0) {
            batch.shard.tenant().accepted(signals, clock.monotonicNanos());
        }
    }

    private void acknowledge(WriteRequest write) {
        acknowledgeAt(write, WalSegmentId.of(write.shard.origin, write.lastSeqno()));
    }

    private void acknowledgeFollower(WriteRequest write) {
        WriteRequest first = write.shard.staged.keys.get(write.key);
        if (first != null) {
            acknowledgeAt(write, WalSegmentId.of(write.shard.origin, first.lastSeqno()));
        }
    }

    // What is durable here is done with, as far as this loop goes; the rest is up to other nodes.
    private void acknowledgeAt(WriteRequest write, WalSegmentId last) {
        if (write.isReplicated()) {
            write.committed(last);
            awaiting.add(write);
        } else {
            write.answer(last, completions);
        }
    }
}
