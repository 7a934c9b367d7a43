package io.tidaldb.core;

import io.tidaldb.core.runtime.LoopBody;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopHandle;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.testkit.VirtualTime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;

/** Loops without threads: whoever wakes a loop runs it, unless the test holds them to let work pile up. One thread only. */
final class ManualLoops implements LoopFactory {

    private final List<Loop> loops = new ArrayList<>();
    private final List<Background> backgrounds = new ArrayList<>();
    private final VirtualTime time = new VirtualTime();
    private final ManualClock clock;
    private boolean timeRuns;
    private boolean held;
    private boolean backgroundHeld;

    /** @param clock shows the time that passes while somebody waits */
    ManualLoops(ManualClock clock) {
        this.clock = clock;
    }

    @Override
    public LoopHandle start(String role, LoopBody body) {
        Loop loop = new Loop(body);
        loops.add(loop);
        return loop;
    }

    @Override
    public CallbackExecutor callbacks(String role) {
        return new CallbackExecutor() {
            @Override
            public void execute(Runnable task) {
                task.run();
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public BackgroundExecutor background(String role) {
        Background executor = new Background();
        backgrounds.add(executor);
        return executor;
    }

    @Override
    public <T> T await(CompletableFuture<T> result, long atMostNanos)
            throws ExecutionException, TimeoutException, InterruptedException {
        long end = time.nanoTime() + atMostNanos;
        while (!held && !backgroundHeld && !result.isDone() && time.nextDueNanos() <= end) {
            clock.advanceNanos(time.nextDueNanos() - time.nanoTime());
            runTime(time::runNext);
        }
        return LoopFactory.super.await(result, atMostNanos);
    }

    private void runTime(Runnable task) {
        timeRuns = true;
        try {
            task.run();
        } finally {
            timeRuns = false;
        }
    }

    /** What is due is run by whoever hands it over; the time itself stands still, but for who waits. */
    @Override
    public LoopScheduler scheduler(String role) {
        return new LoopScheduler() {
            private boolean closed;

            @Override
            public long nanoTime() {
                return time.nanoTime();
            }

            @Override
            public void execute(Runnable task) {
                schedule(Duration.ZERO, task);
            }

            @Override
            public Cancellable schedule(Duration delay, Runnable task) {
                Cancellable scheduled = time.schedule(delay, () -> {
                    if (!closed) {
                        task.run();
                    }
                });
                if (!timeRuns) {
                    runTime(time::runDue);
                }
                return scheduled;
            }

            @Override
            public void close() {
                closed = true;
            }
        };
    }

    /** Lets background work pile up until it is stepped through. */
    void holdBackground() {
        backgroundHeld = true;
    }

    /** Runs the oldest background work of each executor; returns whether there was any. */
    boolean stepBackground() {
        boolean any = false;
        for (Background each : List.copyOf(backgrounds)) {
            Runnable task = each.tasks.poll();
            if (task != null) {
                task.run();
                any = true;
            }
        }
        return any;
    }

    void releaseBackground() {
        backgroundHeld = false;
        while (stepBackground()) {
            // Until nothing is left.
        }
    }

    void hold() {
        held = true;
    }

    /** Runs one turn of each loop while they are held. */
    void step() {
        List.copyOf(loops).forEach(loop -> loop.body.runOnce());
    }

    void release() {
        held = false;
        List.copyOf(loops).forEach(Loop::wake);
    }

    private final class Background implements BackgroundExecutor {

        private final Queue<Runnable> tasks = new ArrayDeque<>();
        private boolean closed;

        @Override
        public void execute(Runnable task) {
            if (closed) {
                throw new RejectedExecutionException("closed");
            }
            if (backgroundHeld) {
                tasks.add(task);
            } else {
                task.run();
            }
        }

        @Override
        public void close() {
            closed = true;
            tasks.clear();
            backgrounds.remove(this);
        }
    }

    private final class Loop implements LoopHandle {

        private final LoopBody body;
        private boolean running;
        private boolean closed;

        Loop(LoopBody body) {
            this.body = body;
        }

        @Override
        public void wake() {
            if (held || running || closed) {
                return;
            }
            running = true;
            try {
                while (!closed && body.hasWork()) {
                    body.runOnce();
                }
                if (!closed && body.idleNanos() != Long.MAX_VALUE) {
                    body.idled();
                }
            } catch (StackOverflowError e) {
                // Asked for by a test; what its assertions throw is none of the loop's.
                body.broken(e);
            } finally {
                running = false;
            }
        }

        @Override
        public void close() {
            closed = true;
            loops.remove(this);
        }
    }
}
