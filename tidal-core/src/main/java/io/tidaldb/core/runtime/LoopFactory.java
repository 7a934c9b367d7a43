package io.tidaldb.core.runtime;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Starts event loops: a thread for each in production, turns of one virtual scheduler in a simulation. */
public interface LoopFactory {

    /** Starts a loop; its thread is named {@code tidal-<role>}. */
    LoopHandle start(String role, LoopBody body);

    /** Returns an executor with one thread named {@code tidal-<role>}, for callbacks into the application. */
    CallbackExecutor callbacks(String role);

    /**
     * Returns an executor with one thread named {@code tidal-<role>}, for what a plugin does on the disk while the loop goes on. Refuses
     * what is too much; then the plugin does it itself.
     */
    BackgroundExecutor background(String role);

    /** As {@link #background(String)}, with so many threads at most. Unless overridden it has one. */
    default BackgroundExecutor background(String role, int threads) {
        return background(role);
    }

    /** Returns a scheduler with one thread named {@code tidal-<role>}. */
    LoopScheduler scheduler(String role);

    /**
     * Waits for a result: blocks the calling thread in production, lets virtual time pass in a simulation.
     *
     * @throws ExecutionException with what it failed with
     * @throws TimeoutException if there is none in time
     * @throws InterruptedException if the calling thread is interrupted
     */
    default <T> T await(CompletableFuture<T> result, long atMostNanos)
            throws ExecutionException, TimeoutException, InterruptedException {
        return result.get(atMostNanos, TimeUnit.NANOSECONDS);
    }

    /** Runs what can be done late but not never: whoever closes it has seen to that, or drops it as a crash would. */
    interface BackgroundExecutor extends Executor, AutoCloseable {

        /** Drops what has not begun, waits for what has, and refuses what comes afterwards. */
        @Override
        void close();
    }

    /** Runs what calls into the application, so that it never runs on a thread that commits. */
    interface CallbackExecutor extends Executor, AutoCloseable {

        /** Runs what was handed over before, then ends. */
        @Override
        void close();
    }
}
