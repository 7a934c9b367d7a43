package io.tidaldb.it.sim;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Scheduler;
import io.tidaldb.api.TidalException;
import io.tidaldb.testkit.VirtualTime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One time and one seed for machines, disks and a network: everything happens in the thread that lets time pass, and the same calls with
 * the same seed always lead to the same run. Not thread-safe.
 *
 * <p>As a scheduler it runs what belongs to no machine: scenarios, faults, clients, checkers. These may let time pass themselves, and what
 * is due meanwhile then runs within them; tasks of machines may not, as they must not block. What any task throws comes out of whatever let
 * time pass, but for {@link MachineCrash}.
 */
public final class SimulatedWorld implements Scheduler {

    private final long seed;
    private final Trace trace;
    private final VirtualTime time = new VirtualTime();
    private final SimulatedRandom random;
    private final SortedMap<NodeId, SimulatedMachine> machines = new TreeMap<>();
    private final List<Consumer<NodeId>> cuts = new ArrayList<>();
    private final List<Consumer<SimulatedMachine>> crashListeners = new ArrayList<>();
    private final Queue<SimulatedMachine> crashed = new ArrayDeque<>();
    private @Nullable Life running;
    private @Nullable Life calling;
    private long events;

    /** Creates a world without machines. */
    public SimulatedWorld(long seed, Trace trace) {
        this.seed = seed;
        this.trace = trace;
        this.random = new SimulatedRandom(seed);
    }

    /** Returns what this world grew from. */
    public long seed() {
        return seed;
    }

    /** Returns a stream of random numbers for a purpose; two calls with one purpose return the same numbers. */
    public SimulatedRandom random(String purpose) {
        return random.fork(purpose);
    }

    /** Returns what is written along. */
    public Trace trace() {
        return trace;
    }

    /** Adds a line to the trace that concerns no machine. */
    public void note(String what) {
        trace.add(time.nanoTime(), "-", what);
    }

    /** Adds a machine; it runs. */
    public SimulatedMachine machine(NodeId id, MachineProfile profile) {
        if (machines.containsKey(id)) {
            throw new IllegalStateException("machine " + id + " is there already");
        }
        SimulatedMachine machine = new SimulatedMachine(this, id, profile);
        machines.put(id, machine);
        return machine;
    }

    /** Returns all machines, in order of their names. */
    public Collection<SimulatedMachine> machines() {
        return Collections.unmodifiableCollection(machines.values());
    }

    /** Tells of every crash from now on, once what the machine was doing has been unwound. */
    public void onCrash(Consumer<SimulatedMachine> listener) {
        crashListeners.add(listener);
    }

    /** Tells of every crash from now on at the very moment, for what must not take anything from the machine any more. */
    void onCut(Consumer<NodeId> listener) {
        cuts.add(listener);
    }

    /** Returns how many tasks have run on machines. */
    public long events() {
        return events;
    }

    // Time

    @Override
    public long nanoTime() {
        return time.nanoTime();
    }

    @Override
    public void execute(Runnable task) {
        at(time.nanoTime(), task);
    }

    @Override
    public Cancellable schedule(Duration delay, Runnable task) {
        return at(time.nanoTime() + delay.toNanos(), task);
    }

    private Cancellable at(long dueNanos, Runnable task) {
        return time.at(dueNanos, () -> {
            Life caller = calling;
            calling = null;
            try {
                task.run();
            } finally {
                calling = caller;
            }
        });
    }

    /** Lets time pass to whatever is next and runs it; false if nothing is. */
    public boolean step() {
        checkMayBlock();
        return time.runNext();
    }

    /** Lets time pass, running what becomes due meanwhile. */
    public void runFor(Duration duration) {
        checkMayBlock();
        time.runFor(duration);
    }

    /**
     * Lets time pass until something holds; false if it does not within a limit.
     *
     * @throws MachineCrash if it is called by {@link SimulatedMachine#call} and that machine crashes
     */
    public boolean runUntil(BooleanSupplier holds, Duration limit) {
        checkMayBlock();
        Life caller = calling;
        long end = time.nanoTime() + limit.toNanos();
        while (!isSeenBy(caller, holds)) {
            if (time.nextDueNanos() > end) {
                time.runUntil(end);
                return isSeenBy(caller, holds);
            }
            time.runNext();
        }
        return true;
    }

    // Whoever crashes in the moment in which it comes to hold goes on no more than if it never had.
    private static boolean isSeenBy(@Nullable Life caller, BooleanSupplier holds) {
        if (caller != null) {
            caller.checkAlive();
        }
        return holds.getAsBoolean();
    }

    private void checkMayBlock() {
        if (running != null) {
            throw new IllegalStateException(
                    "a task of machine " + running.machine().id() + " blocks: it runs where nothing may");
        }
    }

    /**
     * Lets time pass until a stage is done, and returns its result or throws what it failed with. Stands where production blocks a thread;
     * otherwise as {@link #runUntil}.
     *
     * @throws TidalException {@link ErrorCode#DEADLINE_EXCEEDED} if it is not done within the limit
     */
    public <T> T await(CompletionStage<T> stage, Duration limit) {
        CompletableFuture<T> result = stage.toCompletableFuture();
        if (!runUntil(result::isDone, limit)) {
            throw new TidalException(
                    ErrorCode.DEADLINE_EXCEEDED,
                    "what was waited for is not done after " + limit + " of virtual time; "
                            + (time.waiting() == 0 ? "nothing is left to run" : time.waiting() + " tasks wait"));
        }
        try {
            return result.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw e;
        }
    }

    // For machines

    VirtualTime time() {
        return time;
    }

    /** Runs a task of a machine. */
    void run(Life life, Runnable task) {
        Life outer = running;
        Life caller = calling;
        running = life;
        calling = null;
        events++;
        try {
            task.run();
        } catch (MachineCrash crash) {
            life.machine().crash(crash);
        } finally {
            running = outer;
            calling = caller;
        }
        announceCrashes();
    }

    /** Runs what is called on a machine from outside. */
    void call(Life life, Runnable task) {
        if (running != null) {
            throw new IllegalStateException("machine " + life.machine().id() + " is called by a task of machine "
                    + running.machine().id() + ": expected a task of the world, or none");
        }
        Life caller = calling;
        calling = life;
        try {
            task.run();
        } catch (MachineCrash crash) {
            life.machine().crash(crash);
            throw crash;
        } finally {
            calling = caller;
            announceCrashes();
        }
    }

    void hasCrashed(SimulatedMachine machine) {
        cuts.forEach(listener -> listener.accept(machine.id()));
        crashed.add(machine);
        if (calling == null) {
            announceCrashes();
        }
    }

    private void announceCrashes() {
        if (running == null) {
            for (SimulatedMachine machine = crashed.poll(); machine != null; machine = crashed.poll()) {
                for (Consumer<SimulatedMachine> listener : List.copyOf(crashListeners)) {
                    listener.accept(machine);
                }
            }
        }
    }
}
