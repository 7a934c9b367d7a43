package io.tidaldb.core.runtime;

import java.time.Duration;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs tasks one after another, on a thread of its own or, where the caller allows it and nothing else runs or waits, on the caller's: a
 * hand-over between threads costs more than most tasks.
 *
 * <p>Invariant: whoever takes a task from the queue is the {@code owner}, and there is one at most.
 */
final class SerialScheduler implements LoopScheduler {

    private static final Logger LOG = LoggerFactory.getLogger(SerialScheduler.class);

    private final Queue<Runnable> ready = new ConcurrentLinkedQueue<>();
    private final AtomicReference<@Nullable Thread> owner = new AtomicReference<>();
    private final Thread thread;
    private volatile boolean parked;
    private volatile boolean closed;

    /** What waits for its time; guarded by itself. */
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();

    private long timersSet;

    /** The due time of the first timer, meaningful if there is one. Written under the lock of the timers. */
    private volatile long nextDueNanos;

    private volatile boolean hasTimer;

    SerialScheduler(String role) {
        thread = ThreadLoops.daemon(role, this::runUntilClosed);
        thread.start();
    }

    /** A task that waits for its time. */
    private final class Timer implements Cancellable, Comparable<Timer> {

        private final long dueNanos;
        private final long number;
        private final Runnable task;

        Timer(long dueNanos, long number, Runnable task) {
            this.dueNanos = dueNanos;
            this.number = number;
            this.task = task;
        }

        @Override
        public void cancel() {
            synchronized (timers) {
                timers.remove(this);
                noteFirst();
            }
        }

        @Override
        public int compareTo(Timer other) {
            return dueNanos != other.dueNanos
                    ? Long.signum(dueNanos - other.dueNanos)
                    : Long.compare(number, other.number);
        }
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public void execute(Runnable task) {
        if (!closed) {
            ready.add(task);
            wake();
        }
    }

    @Override
    public void executeHere(Runnable task) {
        // What this thread handed over before is in the queue or done, so the order is kept.
        if (!ready.isEmpty() || !owner.compareAndSet(null, Thread.currentThread())) {
            execute(task);
            return;
        }
        try {
            if (!closed) {
                run(task);
            }
        } finally {
            owner.set(null);
            if (!ready.isEmpty()) {
                wake();
            }
        }
    }

    @Override
    public Cancellable schedule(Duration delay, Runnable task) {
        long due = System.nanoTime() + delay.toNanos();
        Timer timer;
        boolean first;
        synchronized (timers) {
            timer = new Timer(due, timersSet++, task);
            timers.add(timer);
            first = timers.peek() == timer;
            noteFirst();
        }
        if (first) {
            wake();
        }
        return timer;
    }

    private void noteFirst() {
        Timer first = timers.peek();
        if (first != null) {
            nextDueNanos = first.dueNanos;
        }
        hasTimer = first != null;
    }

    private void wake() {
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    private void runUntilClosed() {
        while (!closed) {
            if (!runOnce()) {
                // Set before the second look: whoever adds something after that look sees it and unparks.
                parked = true;
                park();
                parked = false;
            }
        }
    }

    private void park() {
        // Whoever owns it now wakes this thread if something is left.
        boolean nothing = ready.isEmpty() || owner.get() != null;
        if (closed || !nothing) {
            return;
        }
        if (!hasTimer) {
            LockSupport.park(this);
        } else {
            long wait = nextDueNanos - System.nanoTime();
            if (wait > 0) {
                LockSupport.parkNanos(this, wait);
            }
        }
    }

    /** Returns false if there was nothing to do, or somebody else does it. */
    private boolean runOnce() {
        if (!owner.compareAndSet(null, thread)) {
            return false;
        }
        try {
            boolean any = false;
            for (Runnable task = next(); task != null && !closed; task = next()) {
                run(task);
                any = true;
            }
            return any;
        } finally {
            owner.set(null);
        }
    }

    // A timer that is due comes before what is ready: it has waited for longer.
    private @Nullable Runnable next() {
        if (hasTimer && nextDueNanos - System.nanoTime() <= 0) {
            synchronized (timers) {
                Timer first = timers.peek();
                if (first != null && first.dueNanos - System.nanoTime() <= 0) {
                    timers.remove();
                    noteFirst();
                    return first.task;
                }
            }
        }
        return ready.poll();
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.error("a scheduled task failed", e);
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        ThreadLoops.join(thread);
        // Whoever runs a task in place of the thread.
        while (!owner.compareAndSet(null, thread)) {
            if (owner.get() == thread) {
                return;
            }
            Thread.onSpinWait();
        }
        ready.clear();
    }
}
