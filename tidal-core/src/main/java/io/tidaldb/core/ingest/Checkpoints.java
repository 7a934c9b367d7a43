package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.crdt.Hlc;
import io.tidaldb.core.directory.NodeHome;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopFactory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Writes the checkpoints of a node's slots while the loop goes on, one at a time: the loop takes an image of the slot, the background
 * writes it, the loop takes notice and cuts off what the log no longer has to hold.
 *
 * <p>Loop-confined, but for the writing. {@link #close} and {@link #abandon} are called when nobody runs the loop.
 */
final class Checkpoints {

    private final CommitLoop loop;
    private final WalStore store;
    private final NodeHome home;
    private final SlotRecovery recovery;
    private final NodeSettings settings;
    private final Clock clock;
    private final LoopFactory.BackgroundExecutor background;

    /** What is to be written next. A slot is at most once in it: bounded by the slots of the node. */
    private final Map<TenantShard, CompletableFuture<Void>> due = new LinkedHashMap<>();

    private @Nullable Writing current;

    // Taking an image can commit, and a commit asks for checkpoints.
    private boolean starting;

    Checkpoints(
            CommitLoop loop,
            WalStore store,
            NodeHome home,
            SlotRecovery recovery,
            NodeSettings settings,
            Clock clock,
            LoopFactory.BackgroundExecutor background) {
        this.loop = loop;
        this.store = store;
        this.home = home;
        this.recovery = recovery;
        this.settings = settings;
        this.clock = clock;
        this.background = background;
    }

    /** One checkpoint on its way. Its result is set by whoever writes it, before the loop is told. */
    private static final class Writing {

        private final TenantShard shard;
        private final SlotImage image;
        private final CompletableFuture<Void> done;
        private final long logBytes;
        private volatile boolean dropped;
        private long bytes;
        private @Nullable TidalException failure;

        Writing(TenantShard shard, SlotImage image, CompletableFuture<Void> done) {
            this.shard = shard;
            this.image = image;
            this.done = done;
            this.logBytes = shard.logBytes();
        }
    }

    /** Writes a checkpoint of a slot, unless its log has not grown. */
    CompletableFuture<Void> write(TenantShard shard) {
        CompletableFuture<Void> done = due.computeIfAbsent(shard, each -> new CompletableFuture<>());
        startNext();
        return done;
    }

    private void startNext() {
        while (current == null && !starting && !due.isEmpty()) {
            Map.Entry<TenantShard, CompletableFuture<Void>> next =
                    due.entrySet().iterator().next();
            due.remove(next.getKey());
            starting = true;
            try {
                start(next.getKey(), next.getValue());
            } catch (TidalException e) {
                next.getValue().completeExceptionally(e);
            } finally {
                starting = false;
            }
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is handled, or handed on.
    private void start(TenantShard shard, CompletableFuture<Void> done) {
        // One that needs a snapshot holds what does not count, and would hand it on; one that is being repaired is not
        // folded as far as its logs are; nor is one that waits for what it is to merge.
        boolean sealable = shard.suspension() == null;
        if (shard.refusal() != null
                || !sealable
                || shard.isErased()
                || shard.isStale()
                || !shard.merges.isEmpty()
                || shard.uncheckpointedBytes() <= 0) {
            done.complete(null);
            return;
        }
        shard.checkpointAttempted();
        // What other replicas hold as well is merged only when all of them do.
        List<ControlRecord.End> closed = shard.inOrderOfSums().stream()
                .filter(each -> shard.isAlone() && !each.origin.equals(shard.origin))
                // The rest may be adopted yet.
                .filter(each -> each.foldedSeqno == each.lastSeqno)
                .map(each -> new ControlRecord.End(each.origin, each.foldedSeqno))
                .toList();
        if (!closed.isEmpty()) {
            loop.commits().control(shard, new ControlRecord.Compaction(closed));
        }
        // What the image holds must be in the log for good before it can be published. A commit that failed has left
        // positions behind that its batches may never reach.
        loop.commits().checkSound();
        loop.commits().onStore(store::sync);
        shard.expireKeys(clock.wallNanos() / 1_000_000);
        Writing writing = new Writing(shard, new SlotImage(shard), done);
        current = writing;
        try {
            background.execute(() -> {
                writeImage(writing);
                loop.submit(() -> {
                    written(writing);
                    return null;
                });
            });
        } catch (RejectedExecutionException e) {
            writeImage(writing);
            finish(writing);
        }
    }

    /** Runs in the background. */
    private void writeImage(Writing writing) {
        try (SlotImage image = writing.image) {
            writing.bytes = Checkpoint.write(home, image, () -> writing.dropped);
        } catch (TidalException e) {
            writing.failure = e;
        } catch (RuntimeException | OutOfMemoryError e) {
            writing.failure = new TidalException(
                    ErrorCode.INTERNAL,
                    "the checkpoint of tenant " + writing.shard.tenantId() + " can't be written: " + e,
                    e);
        }
    }

    private void written(Writing writing) {
        finish(writing);
        startNext();
    }

    private void finish(Writing writing) {
        current = null;
        TenantShard shard = writing.shard;
        TidalException failure = writing.failure;
        boolean replaced = writing.dropped && failure != null;
        if (shard.refusal() != null || shard.isErased() || replaced) {
            // Nobody needs it: the tenant is deleted, its log is damaged, or another replica's snapshot takes its
            // place.
            writing.done.complete(null);
        } else if (failure != null) {
            writing.done.completeExceptionally(failure);
        } else {
            shard.checkpointBytes(writing.bytes);
            shard.checkpointedBytes(writing.logBytes);
            if (shard.wipe != null) {
                shard.wipe.published(writing.image);
            }
            try {
                truncate(writing);
                writing.done.complete(null);
            } catch (TidalException e) {
                writing.done.completeExceptionally(e);
            }
        }
    }

    // Only what this checkpoint holds may go, and what no other replica asks for: the log has grown since its image was
    // taken.
    private void truncate(Writing writing) {
        if (settings.retentionMillis() < 0) {
            return;
        }
        TenantShard shard = writing.shard;
        long beforeMillis =
                Math.min(clock.wallNanos() / 1_000_000 - settings.retentionMillis(), shard.comparedSinceMillis());
        long bytes = 0;
        LogsNeeded needed = shard.needed();
        for (LogStatus status : recovery.logs(shard)) {
            Origin origin = status.log().origin();
            long end = writing.image.end(origin);
            long keepFrom = status.firstSeqno();
            long chainBefore = status.baseChain();
            Chain chain = new Chain();
            try (WalCursor cursor = store.read(status.log(), status.firstSeqno())) {
                WalBatch batch = cursor.next();
                while (batch != null
                        && Hlc.millis(batch.hlc()) < beforeMillis
                        && Long.compareUnsigned(batch.lastSeqno(), end) <= 0
                        && !needed.contains(origin, batch.lastSeqno())) {
                    chainBefore = chain.next(chainBefore, batch);
                    keepFrom = batch.lastSeqno() + 1;
                    batch = cursor.next();
                }
            }
            if (keepFrom != status.firstSeqno()) {
                long from = keepFrom;
                long chainAtFrom = chainBefore;
                loop.commits().onStore(() -> store.truncateBefore(status.log(), from, chainAtFrom));
            }
            bytes += store.status(status.log()).bytes();
        }
        long grown = shard.logBytes() - writing.logBytes;
        shard.logBytes(bytes);
        shard.checkpointedBytes(bytes - grown);
    }

    /** Drops the checkpoints of a tenant that is being deleted; done when nobody writes one any more. */
    CompletableFuture<Void> drop(TenantId tenant) {
        return drop(shard -> shard.tenantId().equals(tenant));
    }

    /** Drops the checkpoint of a slot whose state is about to be replaced; done when nobody writes one any more. */
    CompletableFuture<Void> drop(TenantShard slot) {
        return drop(shard -> shard == slot);
    }

    private CompletableFuture<Void> drop(Predicate<TenantShard> which) {
        due.entrySet()
                .removeIf(each -> which.test(each.getKey()) && each.getValue().complete(null));
        Writing writing = current;
        if (writing == null || !which.test(writing.shard)) {
            return CompletableFuture.completedFuture(null);
        }
        writing.dropped = true;
        return writing.done.handle((nothing, failure) -> null);
    }

    /** Returns whether a checkpoint of a slot is being written. */
    boolean isWriting(TenantShard slot) {
        return current != null && current.shard == slot;
    }

    /** Waits for what is being written; what comes afterwards is written by the caller. */
    void close() {
        background.close();
        loop.close();
        Writing unbegun = current;
        if (unbegun != null) {
            writeImage(unbegun);
            written(unbegun);
        }
    }

    /** Drops what is being written, and waits until nobody writes. */
    void abandon() {
        TidalException reason = new TidalException(ErrorCode.CLOSED, "this instance of Tidal is closed");
        Writing writing = current;
        if (writing != null) {
            writing.dropped = true;
            background.close();
            writing.done.completeExceptionally(reason);
        } else {
            background.close();
        }
        due.values().forEach(each -> each.completeExceptionally(reason));
    }
}
