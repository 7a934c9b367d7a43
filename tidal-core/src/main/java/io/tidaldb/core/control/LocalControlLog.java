package io.tidaldb.core.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlPosition;
import io.tidaldb.api.control.ControlSnapshot;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The control log of one node.
 *
 * <p>Calls are queued, and the thread that finds the queue empty works it off: its own call and those that arrive meanwhile. So there is
 * one writer at a time without a lock, the listener may propose, and where there is no contention a stage is complete when the call
 * returns. A thread must not wait inside the listener, or inside what depends on a stage, for a stage of the same log.
 */
final class LocalControlLog implements ControlLog {

    private static final int MAX_WAITING = 4096;

    private final NodeId node;
    private final ControlStorage storage;
    private final Queue<Runnable> queue = new ConcurrentLinkedQueue<>();

    /** Calls queued or at work; who raises it from 0 works. */
    private final AtomicInteger waiting = new AtomicInteger();

    /** Set by whoever works; null until {@link #watch}. */
    private volatile @Nullable ControlListener listener;

    private volatile long lastIndex;
    private volatile boolean closed;
    private volatile @Nullable TidalException failure;

    LocalControlLog(NodeId node, ControlStorage storage) {
        this.node = node;
        this.storage = storage;
    }

    @Override
    public CompletionStage<Long> propose(byte[] command) {
        if (command.length == 0 || command.length > MAX_COMMAND_BYTES) {
            throw TidalException.invalid("command of " + command.length + " bytes is out of range: expected 1 to "
                    + MAX_COMMAND_BYTES + " bytes");
        }
        byte[] copy = command.clone();
        return submit(() -> commit(copy));
    }

    @Override
    public void watch(ControlListener receiver) {
        checkOpen();
        run(() -> {
            if (listener != null) {
                throw TidalException.invalid("control log is watched already: expected one listener");
            }
            ControlStorage.Recovered recovered = storage.recovered();
            if (recovered.snapshot() != null) {
                receiver.snapshot(recovered.snapshot());
            }
            recovered.entries().forEach(receiver::committed);
            lastIndex = recovered.lastIndex();
            listener = receiver;
            return lastIndex;
        });
    }

    @Override
    public CompletionStage<Long> read() {
        return submit(() -> lastIndex);
    }

    @Override
    public void compact(ControlSnapshot snapshot) {
        checkOpen();
        if (snapshot.index() < 1 || snapshot.index() > lastIndex) {
            throw TidalException.invalid("snapshot at index " + snapshot.index()
                    + " is out of range: expected an index that the listener has received, 1 to " + lastIndex);
        }
        ControlSnapshot copy =
                new ControlSnapshot(snapshot.index(), snapshot.state().clone());
        run(() -> {
            storage.compact(copy);
            return copy.index();
        });
    }

    @Override
    public List<NodeId> members() {
        return List.of(node);
    }

    @Override
    public Optional<NodeId> leader() {
        return Optional.of(node);
    }

    @Override
    public ControlPosition position() {
        return new ControlPosition(0, lastIndex);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            // Behind the calls that are queued already, which fail with CLOSED; closing twice does no harm.
            enqueue(storage::close);
        }
    }

    private long commit(byte[] command) {
        ControlListener receiver = listener;
        if (receiver == null) {
            throw TidalException.invalid(
                    "control log is not watched yet: expected a listener before the first proposal");
        }
        ControlEntry entry = new ControlEntry(lastIndex + 1, command);
        storage.append(entry);
        lastIndex = entry.index();
        receiver.committed(entry);
        return entry.index();
    }

    /** Queues a call, runs it if nobody else is at work, and throws if it has failed by then. */
    private void run(Call call) {
        CompletableFuture<Long> stage = queued(call);
        if (stage.isCompletedExceptionally()) {
            Throwable failed = stage.handle((index, thrown) -> thrown).join();
            if (failed instanceof TidalException refused) {
                throw refused;
            }
        }
    }

    private CompletionStage<Long> submit(Call call) {
        checkOpen();
        if (waiting.get() >= MAX_WAITING) {
            return CompletableFuture.failedFuture(new TidalException(
                    ErrorCode.OVERLOADED, "control log has " + MAX_WAITING + " calls waiting: try again later"));
        }
        return queued(call);
    }

    private CompletableFuture<Long> queued(Call call) {
        CompletableFuture<Long> stage = new CompletableFuture<>();
        enqueue(() -> answer(call, stage));
        return stage;
    }

    private void enqueue(Runnable task) {
        queue.add(task);
        if (waiting.getAndIncrement() > 0) {
            return;
        }
        do {
            // Never null: a call is queued before it is counted.
            Runnable next = queue.poll();
            if (next != null) {
                next.run();
            }
        } while (waiting.decrementAndGet() > 0);
    }

    private void answer(Call call, CompletableFuture<Long> stage) {
        TidalException broken = failure;
        if (broken != null || closed) {
            stage.completeExceptionally(broken != null ? broken : closedRefusal());
            return;
        }
        long index;
        long before = lastIndex;
        try {
            index = call.run();
        } catch (RuntimeException e) {
            stage.completeExceptionally(refusalOf(e, lastIndex == before));
            return;
        }
        stage.complete(index);
    }

    private TidalException refusalOf(RuntimeException thrown, boolean nothingWritten) {
        if (thrown instanceof TidalException refused
                && (refused.code() == ErrorCode.INVALID_ARGUMENT
                        || refused.code() == ErrorCode.STORAGE_FULL && nothingWritten)) {
            return refused;
        }
        // What was written, or what the listener made of it, is not known: nothing may follow.
        TidalException broken = thrown instanceof TidalException tidal
                ? tidal
                : new TidalException(ErrorCode.INTERNAL, "control log's listener failed: the node must stop", thrown);
        failure = broken;
        ControlListener told = listener;
        if (told != null) {
            told.failed(broken);
        }
        return broken;
    }

    private void checkOpen() {
        if (closed) {
            throw closedRefusal();
        }
    }

    private static TidalException closedRefusal() {
        return new TidalException(ErrorCode.CLOSED, "control log is closed: open it again");
    }

    @FunctionalInterface
    private interface Call {

        long run();
    }
}
