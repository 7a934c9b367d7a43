package io.tidaldb.control.ratis;

import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The one thread of a control log. It makes all calls into Ratis: threads that Ratis starts inherit from it that they are daemons, and the
 * class loader. What is queued is bounded by whoever queues it.
 */
final class ControlExecutor {

    private final ScheduledThreadPoolExecutor thread;

    ControlExecutor(String name) {
        thread = new ScheduledThreadPoolExecutor(1, task -> {
            Thread made = new Thread(task, name);
            made.setDaemon(true);
            made.setContextClassLoader(ControlExecutor.class.getClassLoader());
            return made;
        });
        thread.setRemoveOnCancelPolicy(true);
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** Runs a task soon; returns false after {@link #shutdown}, when it is not run any more. */
    boolean execute(Runnable task) {
        try {
            thread.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    /** Runs a task later. */
    @Nullable
    Future<?> schedule(Runnable task, long delayMillis) {
        try {
            return thread.schedule(task, delayMillis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            return null;
        }
    }

    /** Runs what was queued, then ends. */
    void shutdown() {
        thread.shutdown();
    }
}
