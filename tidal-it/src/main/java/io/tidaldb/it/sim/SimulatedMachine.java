package io.tidaldb.it.sim;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Scheduler;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.RandomSource;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A machine and the process that runs on it. Clocks and disks are the machine's and outlive a crash; scheduler, loops and randomness are
 * the process's: after a crash those handed out before do nothing any more, and {@link #restart} brings new ones.
 */
public final class SimulatedMachine {

    private final SimulatedWorld world;
    private final NodeId id;
    private final SimulatedRandom random;
    private final SimulatedClock clock;
    private final SimulatedDisks disks;
    private Latency turn;
    private Latency background;
    private int lives;
    private Life life;

    SimulatedMachine(SimulatedWorld world, NodeId id, MachineProfile profile) {
        this.world = world;
        this.id = id;
        this.random = world.random("machine " + id);
        this.clock = new SimulatedClock(world.time(), profile, random("clock"));
        this.turn = profile.turn();
        this.background = profile.background();
        this.life = new Life(world, this, 0);
        this.disks = new SimulatedDisks(this);
    }

    /** Returns its name. */
    public NodeId id() {
        return id;
    }

    /** Returns the world that it is in. */
    public SimulatedWorld world() {
        return world;
    }

    // What a node is given to run on

    /** Returns its clocks. */
    public Clock clock() {
        return clock;
    }

    /** Returns the scheduler of the process that runs now, or ran last. */
    public Scheduler scheduler() {
        return life;
    }

    /** Returns the loops of the process that runs now, or ran last. */
    public LoopFactory loops() {
        return life.loops();
    }

    /** Returns the randomness of the process that runs now, or ran last. */
    public RandomSource randomness() {
        return life.randomness();
    }

    /** Returns its disks: a factory of log stores. */
    public SimulatedDisks disks() {
        return disks;
    }

    // What can happen to it

    /** Returns whether its process runs; one that is paused does. */
    public boolean isRunning() {
        return life.isAlive();
    }

    /** Moves its wall clock. */
    public void jump(Duration ahead) {
        note("clock jumps by " + ahead);
        clock.jump(ahead);
    }

    /** Sets how long turns of loops take from now on: a disk that gets slow, or well again. */
    public void turns(Latency newTurn) {
        turn = newTurn;
    }

    /**
     * Lets nothing run on it for a while, as a long collection of garbage does: its timers fire late, what is sent to it waits. Its
     * clocks go on. Pauses that overlap end with the last.
     */
    public void pause(Duration duration) {
        note("pause of " + duration);
        life.pause(duration.toNanos());
    }

    /** Ends its process without a word; a machine that does not run is left as it is. */
    public void crash(String why) {
        if (life.isAlive()) {
            note("crash: " + why);
            life.end();
            disks.crash();
            world.hasCrashed(this);
        }
    }

    /** Crashes from within what the machine does. */
    MachineCrash crashing(String why) {
        crash(why);
        return new MachineCrash(id, why);
    }

    void crash(MachineCrash unwound) {
        crash(String.valueOf(unwound.getMessage()));
    }

    /** Ends its process after it has closed everything itself: nobody is told. */
    public void stop() {
        if (life.isAlive()) {
            note("stop");
            life.end();
        }
    }

    /** Starts a new process on a machine that has crashed or was stopped. */
    public void restart() {
        if (life.isAlive()) {
            throw new IllegalStateException("machine " + id + " runs: expected it to have crashed or stopped");
        }
        lives++;
        life = new Life(world, this, lives);
        note("restart " + lives);
    }

    /**
     * Calls something on this machine from outside: whoever opens or closes a node, or calls what blocks. May be called by the world's
     * tasks, not by those of machines.
     *
     * @throws MachineCrash if the machine crashes before it returns
     */
    public <T extends @Nullable Object> T call(Supplier<T> what) {
        Life called = life;
        called.checkAlive();
        Result<T> result = new Result<>(what);
        world.call(called, result);
        called.checkAlive();
        return result.value();
    }

    private static final class Result<T extends @Nullable Object> implements Runnable {

        private final Supplier<T> from;
        private @Nullable T value;

        Result(Supplier<T> from) {
            this.from = from;
        }

        @Override
        public void run() {
            value = from.get();
        }

        @SuppressWarnings("NullAway") // null only where T is
        T value() {
            return value;
        }
    }

    /** Adds a line to the trace. */
    public void note(String what) {
        world.trace().add(world.nanoTime(), id.name(), what);
    }

    /** Returns a stream of random numbers of this machine for a purpose; two calls with one purpose return the same numbers. */
    public SimulatedRandom random(String purpose) {
        return random.fork(purpose);
    }

    // For its parts

    SimulatedClock clocks() {
        return clock;
    }

    Latency turns() {
        return turn;
    }

    Latency background() {
        return background;
    }
}
