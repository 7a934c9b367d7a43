package io.tidaldb.core.runtime;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionHandler;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Event loops on daemon threads of their own. */
public final class ThreadLoops implements LoopFactory {

    private static final Logger LOG = LoggerFactory.getLogger(ThreadLoops.class);
    private static final int CALLBACK_QUEUE = 1024;
    private static final int BACKGROUND_QUEUE = 64;

    private final Looking waiters = Looking.onThisMachine();
    private final AtomicBoolean waiterLooks = new AtomicBoolean();

    @Override
    public LoopHandle start(String role, LoopBody body) {
        ThreadLoop loop = new ThreadLoop(role, body);
        loop.thread.start();
        return loop;
    }

    @Override
    public CallbackExecutor callbacks(String role) {
        return new CallbackThread(role);
    }

    @Override
    public BackgroundExecutor background(String role) {
        return background(role, 1);
    }

    @Override
    public BackgroundExecutor background(String role, int threads) {
        return new BackgroundThreads(role, threads);
    }

    @Override
    public LoopScheduler scheduler(String role) {
        return new SerialScheduler(role);
    }

    // One waiter at a time looks: others would take the processors from those that they wait for.
    @Override
    public <T> T await(CompletableFuture<T> result, long atMostNanos)
            throws ExecutionException, TimeoutException, InterruptedException {
        if (!result.isDone() && waiterLooks.compareAndSet(false, true)) {
            try {
                waiters.comes(result::isDone);
            } finally {
                waiterLooks.set(false);
            }
        }
        return result.get(atMostNanos, TimeUnit.NANOSECONDS);
    }

    static Thread daemon(String role, Runnable task) {
        Thread thread = new Thread(task, "tidal-" + role);
        thread.setDaemon(true);
        return thread;
    }

    /** Waits until a thread has ended; an interrupt meanwhile is kept for later. */
    static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static ThreadPoolExecutor threads(String role, int threads, int queue, RejectedExecutionHandler whenFull) {
        return new ThreadPoolExecutor(
                threads,
                threads,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(queue),
                task -> daemon(role, task),
                whenFull);
    }

    private static final class ThreadLoop implements LoopHandle {

        private final LoopBody body;
        private final Thread thread;
        private volatile boolean parked;
        private volatile boolean closed;
        private final Looking looking = Looking.onThisMachine();
        private final BooleanSupplier hasWork = this::hasWork;

        ThreadLoop(String role, LoopBody body) {
            this.body = body;
            this.thread = daemon(role, this::run);
        }

        private void run() {
            while (!closed) {
                if (!turn() && !looking.comes(hasWork)) {
                    rest();
                }
            }
        }

        private boolean hasWork() {
            return closed || body.hasWork();
        }

        private void rest() {
            long idleNanos = body.idleNanos();
            // Set before the second look: whoever adds work after that look sees it and unparks.
            parked = true;
            if (!hasWork()) {
                if (idleNanos == Long.MAX_VALUE) {
                    LockSupport.park(this);
                } else {
                    LockSupport.parkNanos(this, idleNanos);
                }
            }
            parked = false;
            if (idleNanos != Long.MAX_VALUE && !hasWork()) {
                idled();
            }
        }

        // A thread that ends by an error would keep all waiting that count on it, and nobody would know.
        private boolean turn() {
            try {
                return body.runOnce();
            } catch (Error e) {
                broken(e);
                return true;
            }
        }

        private void idled() {
            try {
                body.idled();
            } catch (Error e) {
                broken(e);
            }
        }

        private void broken(Error error) {
            LOG.error("{} broke off", thread.getName(), error);
            body.broken(error);
        }

        @Override
        public void wake() {
            if (parked) {
                LockSupport.unpark(thread);
            }
        }

        @Override
        public void close() {
            closed = true;
            LockSupport.unpark(thread);
            join(thread);
        }
    }

    private static final class CallbackThread implements CallbackExecutor {

        private final ThreadPoolExecutor executor;

        CallbackThread(String role) {
            // A full queue makes the committing thread run the callback itself: slower commits instead of unbounded
            // memory. So does a closed one: an answer that comes late is still an answer.
            executor = threads(role, 1, CALLBACK_QUEUE, (task, full) -> task.run());
        }

        @Override
        public void execute(Runnable task) {
            executor.execute(task);
        }

        @Override
        public void close() {
            executor.shutdown();
            try {
                if (!executor.awaitTermination(10, TimeUnit.SECONDS)) {
                    LOG.warn("callbacks of the application still run 10 s after close");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static final class BackgroundThreads implements BackgroundExecutor {

        private final ThreadPoolExecutor executor;

        BackgroundThreads(String role, int threads) {
            executor = threads(role, threads, BACKGROUND_QUEUE, new ThreadPoolExecutor.AbortPolicy());
        }

        @Override
        public void execute(Runnable task) {
            executor.execute(task);
        }

        @Override
        public void close() {
            executor.shutdown();
            // Not interrupted: that would close the files of what is running.
            executor.getQueue().clear();
            awaitEnd(executor, "work on the disk still runs a minute after its store was closed");
        }
    }

    private static void awaitEnd(ThreadPoolExecutor executor, String late) {
        boolean interrupted = false;
        boolean ended = false;
        while (!ended) {
            try {
                ended = executor.awaitTermination(1, TimeUnit.MINUTES);
                if (!ended) {
                    LOG.warn(late);
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
