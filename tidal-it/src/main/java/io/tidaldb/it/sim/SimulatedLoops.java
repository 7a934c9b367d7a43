package io.tidaldb.it.sim;

import io.tidaldb.api.Scheduler;
import io.tidaldb.core.runtime.LoopBody;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopHandle;
import io.tidaldb.core.runtime.LoopScheduler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** The loops of a process: each turn, callback and piece of background work is an event. */
final class SimulatedLoops implements LoopFactory {

    // As with threads.
    private static final int CALLBACK_QUEUE = 1024;
    private static final int BACKGROUND_QUEUE = 64;

    private final SimulatedMachine machine;
    private final Life life;
    private final SimulatedRandom random;

    SimulatedLoops(SimulatedMachine machine, Life life, SimulatedRandom random) {
        this.machine = machine;
        this.life = life;
        this.random = random;
    }

    @Override
    public LoopHandle start(String role, LoopBody body) {
        Loop loop = new Loop(role, body);
        loop.wake();
        return loop;
    }

    @Override
    public CallbackExecutor callbacks(String role) {
        return new Callbacks(role);
    }

    @Override
    public BackgroundExecutor background(String role) {
        return new Background(role);
    }

    @Override
    public LoopScheduler scheduler(String role) {
        return new Timers();
    }

    private Scheduler.Cancellable after(Latency latency, String what, Runnable action) {
        return life.at(machine.clocks().worldNanosAfter(latency.drawNanos(random)), what, action);
    }

    /** Invariant: at most one turn waits. */
    private final class Loop implements LoopHandle {

        private final LoopBody body;
        private final String what;
        private boolean waits;
        private boolean rests;
        private boolean closed;

        Loop(String role, LoopBody body) {
            this.body = body;
            this.what = "turn of " + role;
        }

        @Override
        public void wake() {
            if (!waits && !closed && life.isAlive()) {
                waits = true;
                after(machine.turns(), what, this::turn);
            }
        }

        private void turn() {
            waits = false;
            if (!closed && (body.runOnce() || body.hasWork())) {
                // Again after a turn that did something, as a thread would.
                wake();
            } else if (!closed && !rests && body.idleNanos() != Long.MAX_VALUE) {
                rests = true;
                life.at(machine.clocks().worldNanosAfter(body.idleNanos()), "rest of " + what, this::rested);
            }
        }

        private void rested() {
            rests = false;
            if (!closed && !body.hasWork()) {
                body.idled();
            }
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private final class Callbacks implements CallbackExecutor {

        private final String what;
        private final Queue<Runnable> tasks = new ArrayDeque<>();
        private boolean closed;

        Callbacks(String role) {
            this.what = "callback of " + role;
        }

        @Override
        public void execute(Runnable task) {
            if (closed || tasks.size() >= CALLBACK_QUEUE) {
                task.run();
            } else {
                tasks.add(task);
                life.at(machine.clocks().worldNanosAfter(0), what, this::next);
            }
        }

        private void next() {
            Runnable task = tasks.poll();
            if (task != null) {
                task.run();
            }
        }

        @Override
        public void close() {
            closed = true;
            while (life.isAlive() && !tasks.isEmpty()) {
                next();
            }
        }
    }

    private final class Background implements BackgroundExecutor {

        private final String what;
        private final Queue<Runnable> tasks = new ArrayDeque<>();
        private @Nullable Runnable running;
        private boolean closed;

        Background(String role) {
            this.what = "work of " + role;
        }

        @Override
        public void execute(Runnable task) {
            if (closed || tasks.size() >= BACKGROUND_QUEUE) {
                throw new RejectedExecutionException(closed ? "it is closed" : "it has enough to do");
            }
            tasks.add(task);
            if (tasks.size() == 1 && running == null) {
                later();
            }
        }

        private void later() {
            after(machine.background(), what, this::next);
        }

        private void next() {
            running = tasks.poll();
            if (running != null) {
                try {
                    running.run();
                } finally {
                    running = null;
                }
            }
            if (!tasks.isEmpty()) {
                later();
            }
        }

        @Override
        public void close() {
            closed = true;
            tasks.clear();
        }
    }

    /** The machine's time, for one user of it. */
    private final class Timers implements LoopScheduler {

        private boolean closed;

        @Override
        public long nanoTime() {
            return machine.scheduler().nanoTime();
        }

        @Override
        public void execute(Runnable task) {
            machine.scheduler().execute(() -> run(task));
        }

        @Override
        public Cancellable schedule(Duration delay, Runnable task) {
            return machine.scheduler().schedule(delay, () -> run(task));
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
}
