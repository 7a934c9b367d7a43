package io.tidaldb.core.ingest;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.crdt.Hlc;
import io.tidaldb.core.directory.DurableFiles;
import io.tidaldb.core.directory.NodeDirectory;
import io.tidaldb.core.ledger.SignalLedger;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopHandle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
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
    private static final int EXPORT_CHUNK_BYTES = 1 << 20;

    private final NodeId id;
    private final @Nullable NodeDirectory directory;
    private final WalStoreContext context;
    private final WalStore store;
    private final NodeSettings settings;
    private final Schema schema;
    private final Clock clock;
    private final Hlc hlc;
    private final CommitLoop loop;
    private final Map<LogId, TenantShard> shards = new TreeMap<>();
    private @Nullable LoopHandle handle;

    /**
     * Creates a node over an open store.
     *
     * @param directory null for a node that lives in memory
     */
    public Node(
            NodeId id,
            @Nullable NodeDirectory directory,
            WalStoreContext context,
            WalStore store,
            NodeSettings settings,
            Schema schema,
            Clock clock) {
        this.id = id;
        this.directory = directory;
        this.context = context;
        this.store = store;
        this.settings = settings;
        this.schema = schema;
        this.clock = clock;
        this.hlc = new Hlc(clock);
        this.loop = new CommitLoop(
                store, directory == null ? () -> {} : directory::expose, clock, hlc, schema, this::grown);
    }

    /** Returns the node's name. */
    public NodeId id() {
        return id;
    }

    /** Returns the region that it is in. */
    public RegionId region() {
        return context.region();
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

    /** Returns whether writers on this node need a new incarnation. */
    public boolean needsIncarnation() {
        return directory != null && directory.needsIncarnation();
    }

    /** Says that the new incarnations were granted. */
    public void incarnated() {
        if (directory != null) {
            directory.incarnated();
        }
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
        Origin origin = new Origin(replica.region(), replica.shard(), incarnation);
        TenantShard shard = new TenantShard(tenant, replica, origin, loop, schema, settings.idempotencyHorizonMillis());
        TidalException discarded = null;
        try {
            shard.checkpointBytes(directory == null ? 0 : Checkpoint.read(checkpointFile(shard), shard, schema));
        } catch (TidalException e) {
            // A checkpoint only saves time as long as the log holds everything. If it does not, recovery refuses the
            // gap.
            LOG.warn("tenant {} on {} is read from its whole log: {}", shard.tenantId(), replica, e.getMessage());
            discarded = e;
            shard = new TenantShard(tenant, replica, origin, loop, schema, settings.idempotencyHorizonMillis());
        }
        try {
            if (discarded != null && discarded.code() != ErrorCode.CORRUPT_DATA) {
                throw discarded;
            }
            recover(shard);
        } catch (TidalException failure) {
            TidalException e = discarded == null ? failure : discarded;
            LOG.warn("tenant {} on {} is quarantined: {}", shard.tenantId(), replica, e.getMessage());
            shard.damaged(e);
        }
        shard.rebase();
        shard.checkpointedBytes = shard.logBytes();
        shards.put(shard.log(shard.origin), shard);
        return shard;
    }

    private void recover(TenantShard shard) {
        long bytes = 0;
        Chain chain = new Chain();
        for (LogStatus status : logs(shard)) {
            bytes += status.bytes();
            shard.logBytes(bytes);
            if (status.damage() != null) {
                throw status.damage();
            }
            Origin origin = status.log().origin();
            if (origin.compareTo(shard.origin) > 0) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        "tenant " + shard.tenantId() + " has a log of " + origin
                                + ", which the control log never granted: expected up to " + shard.origin
                                + "; restore the control log that belongs to this directory");
            }
            if (!shard.compacted.containsKey(origin)) {
                replay(shard, status, chain);
            }
        }
    }

    private List<LogStatus> logs(TenantShard shard) {
        return store.logs().stream()
                .filter(status -> status.log().tenant().equals(shard.tenantId())
                        && status.log().holder().equals(shard.replica().shard()))
                .toList();
    }

    private void replay(TenantShard shard, LogStatus status, Chain chain) {
        Origin origin = status.log().origin();
        OriginLedger ledger = shard.origins.computeIfAbsent(
                origin, each -> new OriginLedger(each, new SignalLedger(schema), each.startSeqno(), Chain.START));
        if (Long.compareUnsigned(ledger.foldedSeqno, status.lastSeqno()) > 0
                || Long.compareUnsigned(ledger.foldedSeqno + 1, status.firstSeqno()) < 0) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "log " + status.log() + " holds seqnos " + Seqno.print(status.firstSeqno()) + " to "
                            + Seqno.print(status.lastSeqno()) + ", which does not continue its checkpoint at "
                            + Seqno.print(ledger.foldedSeqno));
        }
        try (WalCursor cursor = store.read(status.log(), ledger.foldedSeqno + 1)) {
            for (WalBatch batch = cursor.next(); batch != null; batch = cursor.next()) {
                long next = chain.next(ledger.chain, batch);
                if (batch.version() > 1 && next != batch.chain()) {
                    throw new CorruptLogException(
                            status.log().toString(),
                            "batch at seqno " + Seqno.print(batch.firstSeqno()),
                            0,
                            "chain 0x" + Long.toHexString(next),
                            "0x" + Long.toHexString(batch.chain()));
                }
                loop.folder().fold(shard, ledger, batch);
                ledger.lastSeqno = batch.lastSeqno();
                ledger.chain = next;
                hlc.observe(batch.hlc());
            }
        }
    }

    private Path checkpointFile(TenantShard shard) {
        return Checkpoint.file(context.tenantDirectory(shard.tenantId()), shard);
    }

    /** Writes a checkpoint of every slot whose log has grown since its last. */
    public CompletableFuture<Void> checkpoint() {
        return loop.submit(() -> {
            checkpointAll(1);
            return null;
        });
    }

    private void checkpointAll(long minimumGrowth) {
        for (TenantShard shard : shards.values()) {
            if (shard.refusal() == null && shard.logBytes() - shard.checkpointedBytes >= minimumGrowth) {
                checkpoint(shard);
            }
        }
    }

    // Called after a commit, so that the log is durable up to what is folded.
    private void grown(TenantShard shard) {
        if (shard.logBytes() - shard.checkpointedBytes >= AUTOMATIC_CHECKPOINT_BYTES) {
            try {
                checkpoint(shard);
            } catch (TidalException e) {
                // The log holds everything; the next attempt is due when it has grown as much again.
                LOG.warn("no checkpoint of tenant {} was written: {}", shard.tenantId(), e.getMessage());
                shard.checkpointedBytes = shard.logBytes();
            }
        }
    }

    private void checkpoint(TenantShard shard) {
        if (directory == null) {
            return;
        }
        List<ControlRecord.End> closed = shard.origins.values().stream()
                .filter(each -> !each.origin.equals(shard.origin))
                .map(each -> new ControlRecord.End(each.origin, each.foldedSeqno))
                .toList();
        if (!closed.isEmpty()) {
            loop.control(shard, new ControlRecord.Compaction(closed));
        }
        store.sync();
        shard.checkpointBytes(Checkpoint.write(checkpointFile(shard), shard));
        shard.checkpointedBytes = shard.logBytes();
        if (settings.retentionMillis() >= 0) {
            truncate(shard, clock.wallNanos() / 1_000_000 - settings.retentionMillis());
        }
    }

    private void truncate(TenantShard shard, long beforeMillis) {
        long bytes = 0;
        for (LogStatus status : logs(shard)) {
            long keepFrom = status.firstSeqno();
            long chainBefore = status.baseChain();
            Chain chain = new Chain();
            try (WalCursor cursor = store.read(status.log(), status.firstSeqno())) {
                WalBatch batch = cursor.next();
                while (batch != null && Hlc.millis(batch.hlc()) < beforeMillis) {
                    chainBefore = chain.next(chainBefore, batch);
                    keepFrom = batch.lastSeqno() + 1;
                    batch = cursor.next();
                }
            }
            if (keepFrom != status.firstSeqno()) {
                store.truncateBefore(status.log(), keepFrom, chainBefore);
            }
            bytes += store.status(status.log()).bytes();
        }
        shard.logBytes(bytes);
        shard.checkpointedBytes = bytes;
    }

    /** Records the tenant's label in its own log, durably. */
    public CompletableFuture<Void> label(TenantShard shard, String label) {
        return loop.submit(() -> {
            loop.control(shard, new ControlRecord.Label(label));
            return null;
        });
    }

    /** Deletes all that this node holds of a tenant; its slots must be marked as deleted. */
    public CompletableFuture<Void> erase(TenantId tenant) {
        return loop.submit(() -> {
            eraseNow(tenant);
            return null;
        });
    }

    /** Deletes what an interrupted deletion left; before {@link #start}. */
    public void eraseNow(TenantId tenant) {
        shards.keySet().removeIf(log -> log.tenant().equals(tenant));
        store.logs().stream()
                .map(LogStatus::log)
                .filter(log -> log.tenant().equals(tenant))
                .forEach(store::delete);
        if (directory == null) {
            return;
        }
        Path path = context.tenantDirectory(tenant);
        try {
            DurableFiles.deleteTree(tenant.equals(TenantId.DEFAULT) ? path.resolve("snapshots") : path);
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED,
                    "directory " + path + " of tenant " + tenant + " can't be deleted: " + e,
                    e);
        }
    }

    /** A stretch of a log, read for an export. */
    public record Chunk(List<WalBatch> batches, @Nullable LogId nextLog, long nextSeqno) {}

    /** Reads the next stretch of a slot's logs: from the first log if {@code from} is null. */
    public CompletableFuture<Chunk> read(TenantShard shard, @Nullable LogId from, long seqno) {
        return loop.submit(() -> chunk(shard, from, seqno));
    }

    private Chunk chunk(TenantShard shard, @Nullable LogId from, long seqno) {
        TidalException refusal = shard.refusal();
        if (refusal != null) {
            throw refusal;
        }
        List<WalBatch> batches = new ArrayList<>();
        int bytes = 0;
        for (LogStatus status : logs(shard)) {
            if (from != null && status.log().compareTo(from) < 0 || status.isEmpty()) {
                continue;
            }
            long start = status.log().equals(from) ? seqno : status.firstSeqno();
            if (Long.compareUnsigned(start, status.lastSeqno()) > 0) {
                continue;
            }
            try (WalCursor cursor = store.read(status.log(), start)) {
                for (WalBatch batch = cursor.next(); batch != null; batch = cursor.next()) {
                    batches.add(batch);
                    bytes += batch.length();
                    if (bytes >= EXPORT_CHUNK_BYTES) {
                        return new Chunk(batches, status.log(), batch.lastSeqno() + 1);
                    }
                }
            }
        }
        return new Chunk(batches, null, 0);
    }

    /** Commits what is queued, writes checkpoints, closes the store and the directory. */
    public void close() {
        stop();
        loop.runOnce();
        try {
            checkpointAll(settings.closeCheckpointBytes());
        } catch (TidalException e) {
            LOG.warn("no checkpoint was written at close, the next open replays the log: {}", e.getMessage());
        }
        loop.close();
        try {
            store.close();
        } catch (RuntimeException e) {
            // Not marked as closed: the next open recovers.
            if (directory != null) {
                directory.abandon();
            }
            throw e;
        }
        if (directory != null) {
            directory.close();
        }
    }

    /** Drops everything as a crash would: nothing is flushed, no file is completed. */
    public void abandon() {
        stop();
        loop.abandon();
        if (directory != null) {
            directory.abandon();
        }
    }

    private void stop() {
        LoopHandle running = handle;
        if (running != null) {
            running.close();
        }
    }
}
