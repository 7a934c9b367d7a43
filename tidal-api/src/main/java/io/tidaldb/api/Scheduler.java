package io.tidaldb.api;

import java.time.Duration;
import java.util.concurrent.Executor;

/**
 * A node's time: runs tasks one after another, each when it is due, those due at the same time in the order in which they were handed over.
 * A thread in production, a virtual clock in a simulation. Safe for any number of threads.
 *
 * <p>Tasks must not block. One that throws is logged and does not keep others from running.
 */
public interface Scheduler extends Executor {

    /** Returns a monotonic time in nanoseconds, meaningful as a difference only. */
    long nanoTime();

    /** Runs a task as soon as those before it are done; never in the caller's stack. */
    @Override
    void execute(Runnable task);

    /**
     * Runs a task as soon as those before it are done: at once and in the caller's stack if nothing else runs or waits and the scheduler
     * can do that, which spares a hand-over between threads. For callers that hold no lock and are ready for whatever the task calls.
     */
    default void executeHere(Runnable task) {
        execute(task);
    }

    /** Runs a task after a delay, which is not negative. */
    Cancellable schedule(Duration delay, Runnable task);

    /** A task that waits for its time. */
    interface Cancellable {

        /** Keeps the task from running if it has not begun. */
        void cancel();
    }
}
