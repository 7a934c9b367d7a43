package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.core.crdt.Hlc;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopBody;
import io.tidaldb.core.runtime.LoopHandle;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one writer of a node's disk: takes what has queued while the last sync ran, tenants by turns, hands it to {@link GroupCommit}, and
 * runs tasks between two commits.
 *
 * <p>Everything but {@link #write}, {@link #submit}, {@link #hasWork} and {@link #isClosed} is called by the loop.
 */
public final class CommitLoop implements LoopBody {

    private static final int MAX_COMMIT_BYTES = 1 << 20;

    /** While several tenants have something waiting: the longest that one has to wait for the others' commit. */
    private static final int SHARED_COMMIT_BYTES = 256 << 10;

    /** For so long a part of a copy waits for a write whose sync it can share: as long as writes are apart of which 200 come in a second. */
    private static final long COMPANY_NANOS = 5_000_000;

    /** So much of copies shares a write's sync: what a disk writes in the time that it takes anyway. */
    static final int COMPANY_BYTES = 64 << 10;

    private final LoopQueue queue = new LoopQueue();
    private final GroupCommit commits;
    private final Clock clock;
    private final Lease lease;
    private final ForegroundLatency foreground;
    private final FairQueue waiting = new FairQueue();
    private final Queue<LoopTask<?>> system = new ArrayDeque<>();

    /** Parts of copies that wait for company. */
    private final Queue<ReceivedBatches> patient = new ArrayDeque<>();

    private long patientUntilNanos;
    private final Queue<LoopTask<?>> afterCommit = new ArrayDeque<>();
    private @Nullable LoopHandle handle;

    /** What is being run by the loop; null between two tasks. */
    private @Nullable LoopTask<?> running;

    /** Whether the last turn left something for the next. */
    private volatile boolean leftOver;

    private volatile boolean closed;

    /**
     * Creates the loop of one store.
     *
     * @param expose called before an acknowledgement that comes before its sync
     * @param foreground told of each write that is acknowledged
     * @param grown called after a commit for each slot whose log has grown and is durable
     */
    public CommitLoop(
            WalStore store,
            Runnable expose,
            Clock clock,
            Hlc hlc,
            Schema schema,
            ForegroundLatency foreground,
            Consumer<TenantShard> grown) {
        this.clock = clock;
        this.foreground = foreground;
        this.lease = new Lease(clock);
        this.commits = new GroupCommit(store, expose, clock, hlc, schema, grown);
    }

    /** Says who runs it; called once, before the first write. */
    public void started(LoopHandle by) {
        handle = by;
    }

    /** Queues one shard's part of a write, whose room in the tenant's queue the caller has taken. */
    public void write(WriteRequest request) {
        add(request);
    }

    /** Queues batches from another replica. Whoever sends them bounds how many wait. */
    public void receive(ReceivedBatches received) {
        add(received);
    }

    /** Queues a task that runs between two commits, before all writes that wait. */
    public <T> CompletableFuture<T> submit(Supplier<T> task) {
        return queue(new LoopTask<>(task));
    }

    /** As {@link #submit(Supplier)}, a task that looks at one slot alone: what such tasks stage is committed together. */
    <T> CompletableFuture<T> submit(TenantShard slot, Supplier<T> task) {
        return queue(new LoopTask<>(task, slot));
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

    /** Returns for how long the node may take writes. Safe for any thread. */
    Lease lease() {
        return lease;
    }

    /** Returns who is told of each write that is acknowledged. Safe for any thread. */
    ForegroundLatency foreground() {
        return foreground;
    }

    /** Returns the node's clock. */
    Clock clock() {
        return clock;
    }

    /** Returns what it commits with; for tasks, which run on the loop. */
    GroupCommit commits() {
        return commits;
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
            breakOff(e);
            return true;
        }
    }

    @Override
    public long idleNanos() {
        long synced = commits.hasPutOff() ? GroupCommit.MAX_PUT_OFF_NANOS : Long.MAX_VALUE;
        long company = patient.isEmpty() ? Long.MAX_VALUE : Math.max(1, patientUntilNanos - clock.monotonicNanos());
        return Math.min(synced, company);
    }

    @Override
    public void idled() {
        try {
            commits.settle();
            if (!patient.isEmpty()) {
                patientUntilNanos = clock.monotonicNanos();
                turn();
            }
        } catch (RuntimeException e) {
            breakOff(e);
        }
    }

    @Override
    public void broken(Error error) {
        breakOff(error);
    }

    private void breakOff(Throwable cause) {
        TidalException reason = new TidalException(ErrorCode.INTERNAL, "the commit loop broke off: " + cause, cause);
        commits.breakOff(reason);
        LoopTask<?> begun = running;
        if (begun != null) {
            begun.result.completeExceptionally(reason);
            running = null;
        }
        for (LoopTask<?> task = afterCommit.poll(); task != null; task = afterCommit.poll()) {
            task.result.completeExceptionally(reason);
        }
    }

    private void run(LoopTask<?> task) {
        running = task;
        task.run();
        running = null;
    }

    private boolean turn() {
        boolean worked = admitQueued();
        // A loop that is kept busy by tasks does not idle.
        if (!patient.isEmpty() && (!waiting.isEmpty() || clock.monotonicNanos() - patientUntilNanos >= 0)) {
            waitNoLonger(COMPANY_BYTES);
        }
        if (!system.isEmpty()) {
            commits.settle();
        }
        for (LoopTask<?> task = system.poll(); task != null; task = system.poll()) {
            commitStagedBefore(task);
            run(task);
        }
        if (waiting.isEmpty()) {
            commits.commit();
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
        commits.commit();
        if (!afterCommit.isEmpty()) {
            commits.settle();
        }
        for (LoopTask<?> task = afterCommit.poll(); task != null; task = afterCommit.poll()) {
            run(task);
        }
        return true;
    }

    // What a task looks at is in the log.
    private void commitStagedBefore(LoopTask<?> task) {
        if (commits.isStaged(task.slot)) {
            commits.commit();
        }
    }

    private boolean admitQueued() {
        LoopItem item = queue.takeAll();
        boolean any = item != null;
        while (item != null) {
            LoopItem next = item.next;
            Flow flow = item.flow();
            if (item instanceof ReceivedBatches received && mayWait(received)) {
                defer(received);
            } else if (flow != null) {
                if (!(item instanceof WriteRequest)) {
                    waitNoLonger(Integer.MAX_VALUE);
                }
                waiting.add(flow, item);
            } else if (item instanceof LoopTask<?> task) {
                system.add(task);
            }
            item = next;
        }
        return any;
    }

    // A sync for a part of a copy alone is one more that the next write would wait for.
    private boolean mayWait(ReceivedBatches received) {
        return received.patient && foreground.comes(clock.monotonicNanos());
    }

    private void defer(ReceivedBatches part) {
        if (patient.isEmpty()) {
            patientUntilNanos = clock.monotonicNanos() + COMPANY_NANOS;
        }
        patient.add(part);
    }

    /**
     * Puts parts of copies in line, in the order in which they came, before what another replica sent later.
     *
     * @param most how many bytes; the first one goes if it has more
     */
    private void waitNoLonger(int most) {
        int left = most;
        for (ReceivedBatches part = patient.peek(); part != null && left > 0; part = patient.peek()) {
            if (left < most && part.cost() > left) {
                return;
            }
            patient.remove();
            waiting.add(part.flow(), part);
            left -= part.cost();
        }
    }

    private int take(LoopItem item) {
        if (item instanceof WriteRequest write) {
            commits.add(write);
        } else if (item instanceof ReceivedBatches received) {
            commits.add(received);
        } else if (item instanceof LoopTask<?> task) {
            afterCommit.add(task);
        }
        return item.cost();
    }

    /** Commits what is queued. Called when nobody runs the loop any more; {@link #abandon} follows. */
    void close() {
        admitQueued();
        waitNoLonger(Integer.MAX_VALUE);
        while (runOnce()) {
            // Everything that was queued before gets its answer.
        }
        idled();
    }

    /** Takes no more work and refuses what is queued. Called when nobody runs the loop any more. */
    public void abandon() {
        closed = true;
        admitQueued();
        waitNoLonger(Integer.MAX_VALUE);
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
            if (!write.isReplicated()) {
                write.shard.tenant().dequeue(write.queueBytes());
            }
            GroupCommit.refuse(write, reason);
        } else if (item instanceof ReceivedBatches received) {
            received.refuse(reason);
        } else if (item instanceof LoopTask<?> task) {
            task.result.completeExceptionally(reason);
        }
    }
}
