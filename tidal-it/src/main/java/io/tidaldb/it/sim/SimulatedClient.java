package io.tidaldb.it.sim;

import io.tidaldb.core.runtime.LoopBody;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopHandle;
import io.tidaldb.core.runtime.LoopScheduler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What those run on who use an instance, and are on none of its machines: whoever waits lets virtual time pass. */
final class SimulatedClient implements LoopFactory {

    private final SimulatedWorld world;
    private long patienceNanos = Duration.ofHours(1).toNanos();

    SimulatedClient(SimulatedWorld world) {
        this.world = world;
    }

    /** Sets for how long anybody waits at most, whatever they ask for. */
    void patience(Duration atMost) {
        patienceNanos = atMost.toNanos();
    }

    @Override
    public <T> T await(CompletableFuture<T> result, long atMostNanos)
            throws ExecutionException, TimeoutException, InterruptedException {
        Duration limit = Duration.ofNanos(Math.min(atMostNanos, patienceNanos));
        if (!world.runUntil(result::isDone, limit)) {
            throw new TimeoutException("not done after " + limit + " of virtual time");
        }
        return result.get(0, TimeUnit.NANOSECONDS);
    }

    @Override
    public CallbackExecutor callbacks(String role) {
        return new CallbackExecutor() {
            @Override
            public void execute(Runnable task) {
                world.execute(task);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public LoopHandle start(String role, LoopBody body) {
        throw notHere(role);
    }

    @Override
    public BackgroundExecutor background(String role) {
        throw notHere(role);
    }

    @Override
    public LoopScheduler scheduler(String role) {
        return new Timers();
    }

    /** The world's time, until it is closed. */
    private final class Timers implements LoopScheduler {

        private boolean closed;

        @Override
        public long nanoTime() {
            return world.nanoTime();
        }

        @Override
        public void execute(Runnable task) {
            world.execute(() -> run(task));
        }

        @Override
        public Cancellable schedule(Duration delay, Runnable task) {
            return world.schedule(delay, () -> run(task));
        }

        private void run(Runnable task) {
            if (!closed) {
                task.run();
            }
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private static IllegalStateException notHere(String role) {
        return new IllegalStateException(role + " belongs to a node: expected it to run on a machine");
    }
}
