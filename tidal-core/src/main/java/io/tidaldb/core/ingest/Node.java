package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.OriginSet;
import io.tidaldb.core.codec.RenamedOrigins;
import io.tidaldb.core.codec.SeqnoRanges;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.control.ClosedLogs;
import io.tidaldb.core.crdt.Hlc;
import io.tidaldb.core.directory.NodeHome;
import io.tidaldb.core.key.KeyRing;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopHandle;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One node: a data directory, its log store, the loop that writes to it, and the tenants' slots that live on its shards.
 *
 * <p>Before {@link #start} it is confined to the opening thread; afterwards everything runs as tasks of the loop, and every method that
 * returns a future is safe for any thread.
 */
public final class Node {

    private static final Logger LOG = LoggerFactory.getLogger(Node.class);
    private static final long AUTOMATIC_CHECKPOINT_BYTES = 64L << 20;
    private static final int EXPORT_CHUNK_BYTES = 128 << 10;

    private final NodeId id;
    private final RegionId region;
    private final NodeHome home;
    private final WalStore store;
    private final LoopFactory.BackgroundExecutor background;
    private final LoopFactory.BackgroundExecutor writing;
    private final NodeSettings settings;
    private final Hlc hlc;
    private final ForegroundLatency foreground;
    private final CommitLoop loop;
    private final SlotRecovery recovery;
    private final Checkpoints checkpoints;
    private final Scrub scrub;
    private final Map<LogId, TenantShard> shards = new TreeMap<>();
    private final Map<TenantId, Flow> flows = new HashMap<>();
    private final AtomicLong resets = new AtomicLong();
    private @Nullable LoopHandle handle;

    /**
     * Creates a node over an open store.
     *
     * @param background what the store was given; ends with the node
     * @param writing what reads and writes checkpoints: not the store's, whose work must not stand behind one; ends with the node
     */
    public Node(
            NodeId id,
            RegionId region,
            NodeHome home,
            WalStore store,
            LoopFactory.BackgroundExecutor background,
            LoopFactory.BackgroundExecutor writing,
            NodeSettings settings,
            Schema schema,
            Clock clock) {
        this.id = id;
        this.region = region;
        this.home = home;
        this.store = store;
        this.background = background;
        this.writing = writing;
        this.settings = settings;
        this.hlc = new Hlc(clock);
        this.foreground = new ForegroundLatency(clock, settings.migrationLatencyFactor());
        this.loop = new CommitLoop(store, home::expose, clock, hlc, schema, foreground, this::grown);
        this.recovery = new SlotRecovery(home, store, settings, schema, loop);
        this.scrub = new Scrub(store, recovery);
        this.checkpoints = new Checkpoints(loop, store, home, recovery, settings, clock, writing);
    }

    /** Returns the node's name. */
    public NodeId id() {
        return id;
    }

    /** Returns the name of the cluster that it belongs to. */
    public String cluster() {
        return settings.cluster();
    }

    /** Returns the region that it is in. */
    public RegionId region() {
        return region;
    }

    /** Returns how much more its disk has room for, in bytes. */
    public long usableBytes() {
        return home.usableBytes();
    }

    /** Returns how long tenants' writes to this node take while slots are copied. */
    public ForegroundLatency foreground() {
        return foreground;
    }

    /** Returns for how long this node may take writes for what it leads; without an end unless it is given one. */
    public Lease lease() {
        return loop.lease();
    }

    /** Returns the tenants that have logs here, in order. */
    public List<TenantId> tenantsWithLogs() {
        return store.logs().stream()
                .filter(status -> !status.isEmpty() || status.damage() != null)
                .map(status -> status.log().tenant())
                .distinct()
                .sorted()
                .toList();
    }

    /** Returns what tells its home from every other one. */
    public String identityUuid() {
        return home.identityUuid();
    }

    /** Returns whether writers on this node need a new incarnation. */
    public boolean needsIncarnation() {
        return home.needsIncarnation();
    }

    /** Says that the new incarnations were granted. */
    public void incarnated() {
        home.incarnated();
    }

    /** Starts to serve. */
    public void start(LoopFactory loops) {
        LoopHandle started = loops.start("commit-" + id, loop);
        handle = started;
        loop.started(started);
    }

    /**
     * Opens a slot: its checkpoint, then what its logs hold beyond it. Damage quarantines the slot and does not fail this.
     *
     * @param incarnation the incarnation in which it is written from now on
     */
    public CompletableFuture<TenantShard> openSlot(TenantState tenant, ReplicaId replica, int incarnation) {
        if (handle == null) {
            return CompletableFuture.completedFuture(open(tenant, replica, incarnation));
        }
        return loop.submit(() -> open(tenant, replica, incarnation));
    }

    private TenantShard open(TenantState tenant, ReplicaId replica, int incarnation) {
        TenantShard shard = recovery.open(flow(tenant), replica, incarnation);
        hlc.observe(shard.lastHlc);
        loop.commits().drift().look(shard.tenantId(), shard.origin);
        shards.put(shard.log(shard.origin), shard);
        return shard;
    }

    /** Opens a slot again if it could not be opened because its tenant was suspended; returns whether it did. */
    public CompletableFuture<Boolean> reopen(TenantShard shard) {
        return loop.submit(() -> {
            boolean reopened = !shard.isErased() && recovery.reopen(shard);
            hlc.observe(shard.lastHlc);
            return reopened;
        });
    }

    private Flow flow(TenantState tenant) {
        return flows.computeIfAbsent(tenant.config().id(), each -> new Flow(tenant));
    }

    /** Writes a checkpoint of every slot whose log has grown since its last. */
    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is handled, or handed on.
    public CompletableFuture<Void> checkpoint() {
        return loop.submit(() -> checkpointAll(1)).thenCompose(written -> written);
    }

    // One slot that can't be written does not keep the others from theirs.
    private CompletableFuture<Void> checkpointAll(long minimumGrowth) {
        if (!home.durable()) {
            return CompletableFuture.completedFuture(null);
        }
        return CompletableFuture.allOf(shards.values().stream()
                .filter(shard -> shard.uncheckpointedBytes() >= minimumGrowth)
                .map(checkpoints::write)
                .toArray(CompletableFuture[]::new));
    }

    // Called after a commit, so that the log is durable up to what is folded.
    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is handled, or handed on.
    private void grown(TenantShard shard) {
        if (shard.leads() && shard.isLed() && shard.hasTail()) {
            adopt(shard);
        }
        if (shard.dueVoid() != null) {
            takeBack(shard);
        }
        if (home.durable() && shard.isCheckpointDue(AUTOMATIC_CHECKPOINT_BYTES)) {
            shard.checkpointAttempted();
            // The log holds everything, so the next attempt is soon enough.
            checkpoints.write(shard).whenComplete((nothing, failure) -> {
                if (failure != null) {
                    LOG.warn("no checkpoint of tenant {} was written: {}", shard.tenantId(), failure.getMessage());
                }
            });
        }
    }

    /** Tells this one of every commit; before {@link #start}. */
    public void listener(CommitListener listener) {
        loop.commits().listener(listener);
    }

    /** Folds what was left in a slot's logs until the state comes that it comes to, which does not come any more. */
    public CompletableFuture<Void> foldOn(TenantShard shard) {
        if (!shard.awaitsState()) {
            return CompletableFuture.completedFuture(null);
        }
        return loop.submit(() -> {
            loop.commits().foldOn(shard);
            return null;
        });
    }

    /** Returns whether what is here stays when the node ends. */
    public boolean isDurable() {
        return home.durable();
    }

    /** Queues batches from another replica of a slot. Whoever sends them bounds how many wait. */
    public void receive(ReceivedBatches received) {
        loop.receive(received);
    }

    /**
     * Looks into a slot's logs in its tenant's turn.
     *
     * @param cost what it costs of the turn, in bytes
     */
    public <T> CompletableFuture<T> withLogs(TenantShard shard, int cost, Function<SlotLogs, T> look) {
        return loop.submit(shard.flow(), cost, () -> {
            requireThere(shard);
            return look.apply(new SlotLogs(shard, store, recovery));
        });
    }

    /**
     * As {@link #withLogs}, also of a slot whose files are damaged: what the others hold is there for replicas that lack it. A log that is
     * damaged refuses to be read.
     */
    public <T> CompletableFuture<T> withReadableLogs(TenantShard shard, int cost, Function<SlotLogs, T> look) {
        return loop.submit(shard.flow(), cost, () -> {
            if (!shard.isDamagedOnDisk() || shard.suspension() != null || shard.isErased() || loop.isClosed()) {
                requireThere(shard);
            }
            return look.apply(new SlotLogs(shard, store, recovery));
        });
    }

    /** Makes count, where writes of a slot are taken here, what was written before a takeover and came after it; or leaves it due. */
    @SuppressWarnings("FutureReturnValueIgnored") // What fails stays due.
    public void adopt(TenantShard shard) {
        // Between two commits, and not within the one that brought the tail.
        loop.submit(() -> {
            if (shard.leads() && shard.isLed() && shard.hasTail()) {
                loop.commits().adopt(shard);
            }
            return null;
        });
    }

    // Between two commits, as well.
    @SuppressWarnings(
            "FutureReturnValueIgnored") // What fails is tried again with the next commit, or at the next open.
    private void takeBack(TenantShard shard) {
        loop.submit(() -> {
            loop.commits().takeBack(shard);
            return null;
        });
    }

    /**
     * Says who takes a slot's writes, and if it is this node, under which origin it writes. One that did not take them before closes what
     * others wrote at once: else a takeover that comes from a leader in between could rule out what is folded here already.
     */
    public CompletableFuture<Void> ledBy(
            TenantShard shard, ReplicaId leader, NodeId host, long epoch, int incarnation, OriginSet former) {
        return loop.submit(shard, () -> {
            if (leader.shard().equals(shard.replica().shard())) {
                // Whoever was to send the state sends it no more.
                loop.commits().foldOn(shard);
            }
            if (shard.writesEverywhere()) {
                shard.ledBy(leader, host, epoch, former);
                loop.commits().takeBack(shard);
                return null;
            }
            if (leader.equals(shard.replica())) {
                shard.writeUnder(new Origin(leader.region(), leader.shard(), incarnation));
            }
            boolean led = shard.leads();
            shard.ledBy(leader, host, epoch, former);
            if (!led) {
                loop.commits().takeOver(shard);
            }
            if (led != shard.leads()) {
                shard.takesWrites(!led);
            }
            if (shard.leads() && shard.hasTail()) {
                loop.commits().adopt(shard);
            }
            return null;
        });
    }

    /**
     * Says that a slot's logs hold everything of which so many members have told that a majority can't be without one of them. From then on,
     * once what counts of it is folded, the replica that leads knows of all that was acknowledged at {@code MAJORITY}.
     */
    public CompletableFuture<Void> gathered(TenantShard shard) {
        return loop.submit(() -> {
            if (shard.leads() && shard.hasTail()) {
                loop.commits().adopt(shard);
            }
            if (!shard.hasTail() && !shard.isStale()) {
                shard.gathered();
            }
            return null;
        });
    }

    /** Adds a digest mark to the log of a slot whose writes are taken here. */
    public CompletableFuture<Void> mark(TenantShard shard, ControlRecord.DigestMark mark) {
        return loop.submit(() -> {
            loop.commits().control(shard, mark);
            return null;
        });
    }

    /**
     * Folds on after a digest mark.
     *
     * @param image what one bucket is to hold instead, as of the mark; null to leave it as it is
     */
    @SuppressWarnings(
            "FutureReturnValueIgnored") // The log holds everything, so a checkpoint that is not written does no harm.
    public CompletableFuture<Void> resume(TenantShard shard, int bucket, @Nullable BucketImage image) {
        return loop.submit(() -> {
            loop.commits().resume(shard, bucket, image);
            if (image != null && home.durable()) {
                // The last one may hold the bucket as it was.
                checkpoints.write(shard);
            }
            return null;
        });
    }

    /** Returns whether logs are ever truncated, so that somebody has to say what is still needed. */
    public boolean truncates() {
        return home.durable() && settings.retentionMillis() >= 0;
    }

    /** Returns for how long a replica that is not heard of keeps what it lacks in the logs. */
    public long retentionMaxMillis() {
        return settings.retentionMaxMillis();
    }

    /**
     * Opens a slot's state as a file for another replica: at least what is durable here when this is called, and not less than what the
     * logs miss. Whoever gets it closes it.
     */
    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is handed on.
    public CompletableFuture<SnapshotSource> snapshot(TenantShard shard) {
        return loop.submit(() -> checkpoints.write(shard))
                .thenCompose(written -> written)
                .thenCompose(nothing -> inBackground(() -> SnapshotSource.open(this::inBackground, home, shard)));
    }

    /** Begins to take another replica's snapshot of a slot, part by part. */
    public SnapshotReceiver receiver(TenantShard shard) {
        return receiver(shard, recovery::read);
    }

    /** As {@link #receiver}, of a replica of the shard from which the slot is moved to this one. */
    public SnapshotReceiver receiverOfMoved(TenantShard shard) {
        return receiver(shard, (file, empty) -> {
            Checkpoint.read(file, shard.tenantId(), null, shard.tenant().keys(), empty, shard.schema);
            return Checkpoint.writeSnapshot(home, empty);
        });
    }

    private SnapshotReceiver receiver(TenantShard shard, SnapshotReceiver.Reading reading) {
        return new SnapshotReceiver(
                home,
                shard,
                recovery,
                this::inBackground,
                reading,
                (slot, fresh, bytes) -> install(slot, fresh, bytes, false));
    }

    /**
     * Opens a slot's state as a file for a backup, as {@link #snapshot} does for another replica, with how far it goes. Whoever gets it closes
     * it.
     */
    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is handed on.
    public CompletableFuture<SlotBase> base(TenantShard shard) {
        return loop.submit(() -> checkpoints.write(shard))
                .thenCompose(written -> written)
                .thenCompose(nothing -> inBackground(() -> SlotBase.open(this::inBackground, home, recovery, shard)));
    }

    /**
     * Begins to take the state of another tenant's slot, part by part, into a slot that has nothing yet and that this node may lead.
     *
     * @param from whose it was
     * @param keys with which it was sealed
     * @param names how its origins are called here
     */
    public BaseReceiver baseReceiver(TenantShard shard, TenantId from, KeyRing keys, RenamedOrigins names) {
        return new BaseReceiver(
                home,
                shard.schema,
                from,
                keys,
                names,
                reading -> new SnapshotReceiver(
                        home,
                        shard,
                        recovery,
                        this::inBackground,
                        reading,
                        (slot, fresh, bytes) -> install(slot, fresh, bytes, true)));
    }

    /**
     * Replaces a slot's state by what is in the file that was received; returns what its logs hold now.
     *
     * @param begins whether the slot may be led here, if it has nothing yet
     */
    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is handed on.
    private CompletableFuture<List<SlotLogs.Held>> install(
            TenantShard shard, TenantShard fresh, long bytes, boolean begins) {
        // A checkpoint on its way would replace the new one.
        return loop.submit(() -> checkpoints.drop(shard))
                .thenCompose(dropped -> dropped)
                .thenCompose(nothing -> loop.submit(() -> {
                    if (checkpoints.isWriting(shard)) {
                        return install(shard, fresh, bytes, begins);
                    }
                    TidalException refusal = shard.refusal();
                    if (refusal != null) {
                        throw refusal;
                    }
                    if (shard.leads() && !(begins && shard.hasNothing())) {
                        throw new TidalException(
                                ErrorCode.NOT_OWNER,
                                "tenant " + shard.tenantId() + " is written through " + shard.replica()
                                        + " by now, which takes no snapshot");
                    }
                    recovery.snapshots().install(shard, fresh, bytes);
                    hlc.observe(shard.lastHlc);
                    return CompletableFuture.completedFuture(new SlotLogs(shard, store, recovery).held());
                }))
                .thenCompose(held -> held);
    }

    /**
     * Throws away what is here of a slot if it was found to be damaged when it was opened and can be fetched from the leader again, so
     * that it begins anew; returns whether it did. Does nothing to what was written here first.
     */
    public CompletableFuture<Boolean> reset(TenantShard shard) {
        if (!shard.isUnopened()) {
            return CompletableFuture.completedFuture(false);
        }
        return loop.submit(() -> {
            boolean reset = recovery.snapshots().reset(shard);
            if (reset) {
                resets.incrementAndGet();
            }
            return reset;
        });
    }

    /** Returns whether {@link #reset} throws something away. */
    public CompletableFuture<Boolean> mayReset(TenantShard shard) {
        return shard.isUnopened()
                ? loop.submit(() -> recovery.snapshots().mayReset(shard))
                : CompletableFuture.completedFuture(false);
    }

    /**
     * Throws away what is here of a damaged slot, so that it begins anew; returns whether it did. Another replica must hold all of what is
     * {@link #known} to have been here, or what is lost must be on record; and this one must not lead.
     */
    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is handed on.
    public CompletableFuture<Boolean> resetHeldElsewhere(TenantShard shard) {
        // A checkpoint on its way would claim what is not here any more.
        return loop.submit(() -> checkpoints.drop(shard))
                .thenCompose(dropped -> dropped)
                .thenCompose(nothing -> loop.submit(() -> {
                    boolean reset = recovery.snapshots().resetHeldElsewhere(shard);
                    if (reset) {
                        resets.incrementAndGet();
                    }
                    return reset;
                }));
    }

    /** Returns what is known of the logs that a damaged slot had. Empty if it is not the files that are damaged. */
    public CompletableFuture<Optional<Map<Origin, KnownLog>>> known(TenantShard shard) {
        return loop.submit(() -> recovery.snapshots().known(shard));
    }

    /**
     * Reads a stretch of what a slot's files hold again, in its tenant's turn, and after the last stretch its checkpoint. What is damaged is
     * quarantined, but for a checkpoint: that is written anew.
     *
     * @param from null for the first stretch
     */
    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is handed on.
    public CompletableFuture<Scrub.Stretch> scrub(TenantShard shard, Scrub.@Nullable Place from, int maxBytes) {
        return loop.submit(shard.flow(), maxBytes, () -> scrub.read(shard, from, maxBytes))
                .thenCompose(read -> read.next() != null || read.damage() != null || !home.durable()
                        ? CompletableFuture.completedFuture(read)
                        : inBackground(() -> checkpointDamage(shard))
                                .thenCompose(damaged -> damaged
                                        ? loop.submit(() -> rewritten(shard)).thenCompose(written -> written)
                                        : CompletableFuture.completedFuture(null))
                                .thenApply(nothing -> read));
    }

    private boolean checkpointDamage(TenantShard shard) {
        try {
            home.find(shard.tenantId(), Checkpoint.name(shard.replica().shard()))
                    .ifPresent(file -> Checkpoint.check(file, shard.tenant().keys()));
            return false;
        } catch (TidalException e) {
            boolean damaged = e.code() == ErrorCode.CORRUPT_DATA;
            if (damaged) {
                LOG.warn("{}: it is written anew", e.getMessage());
            }
            return damaged;
        }
    }

    private CompletableFuture<Void> rewritten(TenantShard shard) {
        if (shard.refusal() != null || shard.isErased()) {
            return CompletableFuture.completedFuture(null);
        }
        shard.checkpointedBytes(-1);
        return checkpoints.write(shard);
    }

    /** Returns how many slots were thrown away since this node was opened because they were damaged. */
    public long resets() {
        return resets.get();
    }

    // What is refused, because too much waits or the node ends, fails.
    private <T> CompletableFuture<T> inBackground(Supplier<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            writing.execute(() -> {
                try {
                    result.complete(work.get());
                } catch (RuntimeException | OutOfMemoryError e) {
                    result.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(new TidalException(
                    ErrorCode.OVERLOADED, "node " + id + " has too many files to read and write", e));
        }
        return result;
    }

    /** Takes a slot out of service because its logs are not what they should be. */
    public CompletableFuture<Void> quarantine(TenantShard shard, TidalException reason) {
        return loop.submit(() -> {
            shard.damaged(reason);
            return null;
        });
    }

    /**
     * Completes when what was queued before is committed, and something could be written now.
     *
     * @return fails with STORE_FAILED if the store has failed; is not completed while a disk or a loop stands still
     */
    public CompletableFuture<Void> sound() {
        return loop.submit(() -> {
            loop.commits().checkSound();
            return null;
        });
    }

    /** Runs something on the loop's thread, between commits. */
    public <T> CompletableFuture<T> submit(Supplier<T> task) {
        return loop.submit(task);
    }

    /** Records the tenant's label in its own log, durably. */
    public CompletableFuture<Void> label(TenantShard shard, String label) {
        return loop.submit(() -> {
            loop.commits().control(shard, new ControlRecord.Label(label));
            return null;
        });
    }

    /** Deletes all that this node holds of a tenant; its slots must be marked as deleted. */
    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is handled, or handed on.
    public CompletableFuture<Void> erase(TenantId tenant) {
        // A checkpoint or snapshot on its way would come into being again after its directory is gone: wait for those
        // that have begun; others see that the tenant is deleted.
        return loop.submit(() -> checkpoints.drop(tenant))
                .thenCompose(dropped -> dropped)
                .thenCompose(nothing -> inBackground(() -> tenant))
                .thenCompose(nothing -> loop.submit(() -> {
                    eraseNow(tenant);
                    return null;
                }));
    }

    /** Goes on to leave nothing of what was deleted in any file; says whether that is done. */
    public CompletableFuture<Boolean> purge() {
        return loop.submit(() -> {
            boolean[] done = new boolean[1];
            loop.commits().onStore(() -> done[0] = store.purge());
            return done[0];
        });
    }

    // Entities that are erased

    /** Returns the slots of a tenant that are here. */
    public CompletableFuture<List<TenantShard>> slots(TenantId tenant) {
        return loop.submit(() -> shards.values().stream()
                .filter(shard -> shard.tenantId().equals(tenant) && !shard.isErased())
                .toList());
    }

    /**
     * Erases an entity from a slot, if writes of it are taken here; returns where the erasure stands in the logs, once this node has folded it.
     *
     * @param number which erasure it is
     * @param agreed whether it is agreed that writes are taken here: a slot that was just opened, to be moved here, has not heard who leads it
     */
    public CompletableFuture<Optional<WalSegmentId>> eraseEntity(
            TenantShard shard, long number, long entity, boolean agreed) {
        return loop.submit(() -> {
            if (shard.erasures.has(number)
                    || !agreed
                    || !shard.leads()
                    || shard.writeRefusal() != null
                    || shard.isStale()) {
                return shard.erasures.position(number);
            }
            ControlRecord.Erase erase = shard.erasure(number, entity);
            loop.commits().control(shard, erase);
            while (erase.sessions().size() == ControlRecord.Erase.MAX_SESSIONS) {
                erase = shard.erasure(number, entity);
                loop.commits().control(shard, erase);
            }
            return shard.erasures.position(number);
        });
    }

    /**
     * Goes on to leave nothing in the slot's files of what an erasure ruled out that is folded here; once that is done, but for {@link #purge},
     * returns how far the logs were of which it rules out everything. Called again until it is.
     */
    @SuppressWarnings("FutureReturnValueIgnored") // The inner one is waited for by what follows.
    public CompletableFuture<Optional<ClosedLogs>> wipe(TenantShard shard, long number) {
        return loop.submit(() -> {
                    EntityErasures.Note erasure = shard.erasures.note(number).orElse(null);
                    if (erasure == null || !home.durable()) {
                        return CompletableFuture.<Void>completedFuture(null);
                    }
                    Wipe wipe = shard.wipe;
                    if (wipe == null || !wipe.isOf(erasure, shard)) {
                        shard.wiping(true);
                        loop.commits().onStore(() -> shard.wipe = new Wipe(shard, recovery.logs(shard), store));
                    } else if (wipe.isCheckpointed()) {
                        return CompletableFuture.<Void>completedFuture(null);
                    }
                    // Whether the last one holds what was erased is not known.
                    shard.checkpointedBytes(-1);
                    return checkpoints.write(shard);
                })
                .thenCompose(written -> written)
                .thenCompose(nothing -> loop.submit(() -> cut(shard, number)));
    }

    private Optional<ClosedLogs> cut(TenantShard shard, long number) {
        EntityErasures.Note erasure = shard.erasures.note(number).orElse(null);
        // What is damaged may be fetched again, from one that has not erased it yet.
        if (erasure == null || shard.isErased() || shard.damage() != null) {
            return Optional.empty();
        }
        Wipe wipe = shard.wipe;
        if (home.durable()) {
            if (wipe == null || !wipe.isOf(erasure, shard)) {
                return Optional.empty();
            }
            loop.commits().onStore(() -> wipe.cut(store, shard.needed()));
            if (!wipe.isCut()) {
                return Optional.empty();
            }
            shard.wiping(false);
        }
        return Optional.of(erasure.closed(shard.positions()));
    }

    /**
     * Merges what closed origins of a slot hold, which is led here, if nothing more of them can count.
     *
     * @param held how far every member of the slot holds the logs of others, and none of them more
     */
    public CompletableFuture<Void> merge(TenantShard shard, SortedMap<Origin, Long> held) {
        return loop.submit(() -> {
            loop.commits().merge(shard, held);
            return null;
        });
    }

    // Slots on their way to another shard

    /**
     * Returns what a slot holds now, in its tenant's turn.
     *
     * @param digests whether to take the digest of its state, too
     * @param full whether to hash every cell
     */
    public CompletableFuture<SlotContent> content(TenantShard shard, boolean digests, boolean full) {
        return withLogs(shard, 0, logs -> {
            if (full && checkpoints.isWriting(shard)) {
                throw new TidalException(
                        ErrorCode.OVERLOADED,
                        "a checkpoint of tenant " + shard.tenantId() + " on " + shard.replica()
                                + " is being written: try again");
            }
            return SlotContent.of(shard, logs.held(), digests, full);
        });
    }

    /**
     * Returns how far a slot's logs are, in its tenant's turn; also if its files are damaged, and then how far they are known to have gone.
     */
    public CompletableFuture<SlotContent> held(TenantShard shard) {
        return withReadableLogs(shard, 0, logs -> {
            TidalException damage = shard.damage();
            return damage == null
                    ? SlotContent.of(shard, logs.held(), false, false)
                    : SlotContent.ofDamaged(
                            shard, damage, recovery.snapshots().known(shard).orElseThrow(() -> damage));
        });
    }

    /**
     * Returns how far the logs of a slot had gone that is damaged, or was thrown away for that, in its tenant's turn.
     *
     * @return fails if that is not known, see {@link TenantShard#isKnownThoughDamaged}
     */
    public CompletableFuture<Map<Origin, Long>> had(TenantShard shard) {
        return withReadableLogs(shard, 0, logs -> {
            if (!shard.isKnownThoughDamaged()) {
                throw new TidalException(
                        ErrorCode.NOT_CAUGHT_UP, "it is not known what " + shard.replica() + " had of the slot");
            }
            return recovery.snapshots().had(shard);
        });
    }

    /**
     * Takes no more writes of a slot, from between two commits on; returns what its logs hold then, and go on to hold until
     * {@link TenantShard#freeze} says otherwise.
     */
    public CompletableFuture<SlotContent> freeze(TenantShard shard) {
        return loop.submit(() -> {
            requireThere(shard);
            shard.freeze(true);
            return SlotContent.of(shard, new SlotLogs(shard, store, recovery).held(), false, false);
        });
    }

    /** Deletes all that this node holds of a slot that is none of its shard's any more; nobody may use it again. */
    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is handed on.
    public CompletableFuture<Void> eraseSlot(TenantShard shard) {
        return loop.submit(() -> {
                    shard.erased();
                    return checkpoints.drop(shard);
                })
                .thenCompose(dropped -> dropped)
                .thenCompose(nothing -> inBackground(() -> shard))
                .thenCompose(nothing -> loop.submit(() -> {
                    shards.values().removeIf(each -> each == shard);
                    eraseNow(shard.tenantId(), shard.replica().shard());
                    return null;
                }));
    }

    /** Deletes what an interrupted erasure of a slot left; before {@link #start}, or as a task of the loop. */
    public void eraseNow(TenantId tenant, ShardId holder) {
        // The checkpoint first: logs without one are what they are, but a checkpoint without its logs claims too much.
        home.delete(tenant, Checkpoint.snapshotName(holder));
        home.delete(tenant, Checkpoint.name(holder));
        home.delete(tenant, Checkpoint.awaitedName(holder));
        store.logs().stream()
                .map(LogStatus::log)
                .filter(log -> log.tenant().equals(tenant) && log.holder().equals(holder))
                .forEach(log -> loop.commits().onStore(() -> store.delete(log)));
        home.delete(tenant, DamageNote.name(holder));
        recovery.forget(tenant, holder);
    }

    /** Returns whether anything of a tenant is here: a log, or a file. */
    public boolean holds(TenantId tenant) {
        return tenantsWithLogs().contains(tenant) || home.holds(tenant);
    }

    /** Returns whether logs are here of an erased tenant whose id another has now, which writes in this incarnation and above. */
    public boolean holdsFormer(TenantId tenant, int minIncarnation) {
        return recovery.found(tenant).stream().anyMatch(log -> log.origin().incarnation() < minIncarnation);
    }

    /** Deletes what an interrupted deletion left; before {@link #start}. */
    public void eraseNow(TenantId tenant) {
        shards.keySet().removeIf(log -> log.tenant().equals(tenant));
        flows.remove(tenant);
        store.logs().stream()
                .map(LogStatus::log)
                .filter(log -> log.tenant().equals(tenant))
                .forEach(log -> loop.commits().onStore(() -> store.delete(log)));
        recovery.forget(tenant);
        home.delete(tenant);
    }

    /**
     * A slot's metering, and where its logs were at that moment.
     *
     * @param entities distinct ones
     * @param truncated whether the logs miss what was written first
     */
    public record Metered(Metering metering, Map<LogId, Long> ends, long entities, boolean truncated) {}

    /** Returns a slot's metering as of now. */
    public CompletableFuture<Metered> metered(TenantShard shard) {
        return loop.submit(shard.flow(), 0, () -> {
            Metering copy = new Metering();
            copy.addAll(shard.metering);
            Map<LogId, Long> ends = new HashMap<>();
            boolean truncated = false;
            for (LogStatus status : recovery.logs(shard)) {
                ends.put(status.log(), status.lastSeqno());
                truncated |= status.firstSeqno() != status.log().origin().startSeqno() + 1;
            }
            truncated |= shard.compacted.keySet().stream().anyMatch(origin -> !ends.containsKey(shard.log(origin)));
            return new Metered(copy, ends, shard.entityCount(), truncated);
        });
    }

    /**
     * A batch that counts, at least in part.
     *
     * @param voids those of its records that do not, because their write counts elsewhere
     */
    public record Counted(WalBatch batch, SeqnoRanges voids) {

        /** Sees a signal: its payload, where in it the record is, and its seqno. */
        public interface SignalVisitor {
            void visit(ByteBuffer payload, int at, long seqno);
        }

        /** Goes through the signals of a batch that count. */
        public void forEachSignal(SignalVisitor visitor) {
            if (batch.kind() != RecordKind.SIGNALS) {
                return;
            }
            ByteBuffer payload = batch.content();
            int at = KeyBlock.bytes(KeyBlock.read(batch).size());
            for (int i = 0; i < batch.count(); i++, at += SignalRecords.BYTES) {
                if (!voids().contains(batch.firstSeqno() + i)) {
                    visitor.visit(payload, at, batch.firstSeqno() + i);
                }
            }
        }

        /** Sees a record about a user, and its seqno. */
        public interface UserRecordVisitor {
            void visit(UserRecord record, long seqno);
        }

        /** Goes through the records of a batch about users that count. */
        public void forEachUserRecord(UserRecordVisitor visitor) {
            if (batch.kind() != RecordKind.SESSIONS && batch.kind() != RecordKind.HARD_NEGATIVES) {
                return;
            }
            long seqno = batch.firstSeqno();
            for (ByteBuffer body : BodyRecords.decode(batch)) {
                if (!voids().contains(seqno)) {
                    visitor.visit(UserRecord.decode(batch.kind(), body), seqno);
                }
                seqno++;
            }
        }
    }

    /** A stretch of a log, read for an export. */
    public record Chunk(List<Counted> batches, @Nullable LogId nextLog, long nextSeqno) {}

    /** Reads the next stretch of a slot's logs: from the first log if {@code from} is null. */
    public CompletableFuture<Chunk> read(TenantShard shard, @Nullable LogId from, long seqno) {
        return loop.submit(shard.flow(), EXPORT_CHUNK_BYTES, () -> chunk(shard, from, seqno));
    }

    private static void requireThere(TenantShard shard) {
        // Not what is readable: one that is being fetched again takes part in replication, to be fetched.
        TidalException suspension = shard.suspension();
        TidalException refusal = suspension != null ? suspension : shard.refusal();
        if (refusal != null) {
            throw refusal;
        }
        if (shard.isErased()) {
            throw new TidalException(
                    ErrorCode.NOT_OWNER,
                    shard.replica() + " holds no slot of tenant " + shard.tenantId() + " any more: it has moved");
        }
    }

    private Chunk chunk(TenantShard shard, @Nullable LogId from, long seqno) {
        requireThere(shard);
        List<Counted> batches = new ArrayList<>();
        int bytes = 0;
        for (LogStatus status : recovery.logs(shard)) {
            if (from != null && status.log().compareTo(from) < 0 || status.isEmpty()) {
                continue;
            }
            long start = status.log().equals(from) ? seqno : status.firstSeqno();
            if (Long.compareUnsigned(start, status.lastSeqno()) > 0) {
                continue;
            }
            try (WalCursor cursor = recovery.read(shard, status.log().origin(), start)) {
                for (WalBatch batch = cursor.next(); batch != null; batch = cursor.next()) {
                    FoldLimit limit = shard.notes.limit(batch.origin());
                    if (limit.reaches(batch)) {
                        SeqnoRanges voids = limit.voids()
                                .within(batch.firstSeqno(), batch.lastSeqno())
                                .plus(shard.duplicates
                                        .voided(batch.origin())
                                        .within(batch.firstSeqno(), batch.lastSeqno()));
                        batches.add(new Counted(batch, voids));
                    }
                    bytes += batch.length();
                    if (bytes >= EXPORT_CHUNK_BYTES) {
                        return new Chunk(batches, status.log(), batch.lastSeqno() + 1);
                    }
                }
            }
        }
        return new Chunk(batches, null, 0);
    }

    /**
     * Commits what is queued, writes checkpoints, closes the store and the directory. A directory whose store failed is not marked as
     * closed: what was acknowledged before its sync may not be there.
     */
    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is handled, or handed on.
    public void close() {
        boolean whole = false;
        try {
            stop();
            loop.close();
            checkpoints.close();
            checkpointAll(settings.closeCheckpointBytes()).whenComplete((nothing, failure) -> {
                if (failure != null) {
                    LOG.warn(
                            "not every checkpoint was written at close, the next open replays the log: {}",
                            failure.getMessage());
                }
            });
            loop.abandon();
            store.close();
            whole = !loop.commits().hasFailed();
        } finally {
            background.close();
            // Nothing is left to do if it was closed.
            store.abandon();
            if (whole) {
                closeHome();
            } else {
                home.abandon();
            }
        }
    }

    private void closeHome() {
        try {
            home.close();
        } catch (TidalException e) {
            // Everything is durable; the next open only finds it as after a crash.
            LOG.warn("{} is not marked as closed: {}", home.path(), e.getMessage());
        }
    }

    /** Drops everything as a crash would: nothing is flushed, no file is completed. */
    public void abandon() {
        stop();
        loop.abandon();
        checkpoints.abandon();
        // Before the directory is given up: whoever opens it next must be the only one that writes there.
        background.close();
        store.abandon();
        home.abandon();
    }

    private void stop() {
        LoopHandle running = handle;
        if (running != null) {
            running.close();
        }
    }
}
