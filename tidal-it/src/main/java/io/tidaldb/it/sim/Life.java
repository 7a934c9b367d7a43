package io.tidaldb.it.sim;

import io.tidaldb.api.Scheduler;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.RandomSource;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * A process on a machine, from its start to its crash. Everything that runs on the machine runs by it, and nothing once it has ended.
 *
 * <p>Invariant: while it is paused, and until what waited is done, whatever becomes due waits in {@code late}, in order.
 */
final class Life implements Scheduler {

    private static final Cancellable NOTHING = () -> {};

    private final SimulatedWorld world;
    private final SimulatedMachine machine;
    private final SimulatedRandom randomness;
    private final SimulatedLoops loops;
    private final Queue<Task> late = new ArrayDeque<>();

    /** A list, by {@code next}, of all that has not run: a crash lets go of it, and of what it holds on to. */
    private @Nullable Task first;

    private long pausedUntilNanos;
    private boolean paused;
    private boolean catchingUp;
    private boolean alive = true;

    /** Something that becomes due. What it is called is for the trace. */
    private final class Task implements Runnable, Cancellable {

        private final String what;
        private @Nullable Runnable action;
        private @Nullable Cancellable event;
        private @Nullable Task previous;
        private @Nullable Task next;

        Task(String what, Runnable action) {
            this.what = what;
            this.action = action;
            next = first;
            if (next != null) {
                next.previous = this;
            }
            first = this;
        }

        private void leave() {
            action = null;
            if (previous != null) {
                previous.next = next;
            } else {
                first = next;
            }
            if (next != null) {
                next.previous = previous;
            }
            // Whoever keeps what it could cancel must not keep the list.
            next = null;
            previous = null;
        }

        @Override
        public void run() {
            if (paused || catchingUp) {
                late.add(this);
            } else {
                act();
            }
        }

        void act() {
            Runnable todo = action;
            if (todo != null) {
                leave();
                if (world.trace().isOn()) {
                    machine.note(what);
                }
                world.run(Life.this, todo);
            }
        }

        @Override
        public void cancel() {
            if (action != null) {
                leave();
                if (event != null) {
                    event.cancel();
                }
            }
        }
    }

    Life(SimulatedWorld world, SimulatedMachine machine, int number) {
        this.world = world;
        this.machine = machine;
        this.randomness = machine.random("process " + number);
        this.loops = new SimulatedLoops(machine, this, machine.random("loops " + number));
    }

    SimulatedMachine machine() {
        return machine;
    }

    LoopFactory loops() {
        return loops;
    }

    RandomSource randomness() {
        return randomness;
    }

    boolean isAlive() {
        return alive;
    }

    /** @throws MachineCrash if it has ended */
    void checkAlive() {
        if (!alive) {
            throw new MachineCrash(machine.id(), "it does not run any more");
        }
    }

    /** Ends it: nothing that waits is ever run. */
    void end() {
        alive = false;
        while (first != null) {
            first.cancel();
        }
        late.clear();
    }

    void pause(long nanos) {
        long until = world.nanoTime() + nanos;
        if (alive && until > pausedUntilNanos) {
            paused = true;
            pausedUntilNanos = until;
            world.time().at(until, () -> resume(until));
        }
    }

    private void resume(long until) {
        if (!alive || until < pausedUntilNanos || catchingUp) {
            return;
        }
        machine.note("pause ends, " + late.size() + " wait");
        paused = false;
        catchingUp = true;
        try {
            for (Task task = late.poll(); task != null; task = paused ? null : late.poll()) {
                task.act();
            }
        } finally {
            catchingUp = false;
        }
    }

    /** Runs an action at a moment of the world. */
    Cancellable at(long worldNanos, String what, Runnable action) {
        if (!alive) {
            return NOTHING;
        }
        Task task = new Task(what, action);
        task.event = world.time().at(worldNanos, task);
        return task;
    }

    @Override
    public long nanoTime() {
        return machine.clocks().monotonicNanos();
    }

    @Override
    public void execute(Runnable task) {
        at(world.nanoTime(), "task", task);
    }

    @Override
    public Cancellable schedule(Duration delay, Runnable task) {
        return at(machine.clocks().worldNanosAfter(delay.toNanos()), "timer", task);
    }
}
