package io.tidaldb.it.sim;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs a simulation for many seeds, or once more for one. Each world is one thread's; several run at a time.
 *
 * <ul>
 *   <li>{@code tidal.sim.seeds}: how many, 300 unless set; {@code tidal.sim.firstSeed}: from which on, 1 unless set;
 *   <li>{@code tidal.sim.seed}: only this one; {@code tidal.sim.trace}: and writes what happens to this file;
 *   <li>{@code tidal.sim.threads}: how many at a time, as many as there are processors unless set.
 * </ul>
 */
final class Seeds {

    private static final int USUAL = 300;
    private static final int MOST_REPORTED = 5;

    private final String simulation;
    private final BiConsumer<Long, Trace> run;
    private final SortedMap<Long, Throwable> failed = new TreeMap<>();

    private final int usual;

    private Seeds(Class<?> simulation, int usual, BiConsumer<Long, Trace> run) {
        this.simulation = simulation.getSimpleName();
        this.usual = usual;
        this.run = run;
    }

    /** Runs a simulation as the properties say. */
    static void run(Class<?> simulation, BiConsumer<Long, Trace> run) {
        run(simulation, USUAL, run);
    }

    /** As {@link #run(Class, BiConsumer)}, with another number of seeds unless the properties say one. */
    static void run(Class<?> simulation, int usual, BiConsumer<Long, Trace> run) {
        new Seeds(simulation, usual, run).run();
    }

    private void run() {
        @Nullable Long only = Long.getLong("tidal.sim.seed");
        long count = only != null ? 1 : Long.getLong("tidal.sim.seeds", (long) usual);
        long first = only != null ? only : Long.getLong("tidal.sim.firstSeed", 1);
        if (only != null) {
            try (Trace trace = trace()) {
                one(first, trace);
            }
        } else {
            all(first, first + count);
        }
        failed.entrySet().stream().limit(MOST_REPORTED).forEach(each -> report(each.getKey(), each.getValue()));
        System.out.println("simulation: seeds=" + count + " failed=" + failed.size() + " first="
                + (failed.isEmpty() ? "-" : failed.firstKey()));
        if (!failed.isEmpty()) {
            throw new AssertionError(
                    failed.size() + " of " + count + " seeds failed, the first is " + failed.firstKey(),
                    failed.get(failed.firstKey()));
        }
    }

    private static Trace trace() {
        String file = System.getProperty("tidal.sim.trace");
        return file == null ? Trace.off() : Trace.to(Path.of(file));
    }

    private void all(long first, long end) {
        AtomicLong next = new AtomicLong(first);
        int threads =
                Integer.getInteger("tidal.sim.threads", Runtime.getRuntime().availableProcessors());
        List<Thread> workers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            Thread worker = new Thread(() -> {
                for (long seed = next.getAndIncrement(); seed < end; seed = next.getAndIncrement()) {
                    one(seed, Trace.off());
                }
            });
            worker.setDaemon(true);
            worker.start();
            workers.add(worker);
        }
        for (Thread worker : workers) {
            try {
                worker.join();
            } catch (InterruptedException e) {
                next.set(end);
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted", e);
            }
        }
    }

    private void one(long seed, Trace trace) {
        try {
            run.accept(seed, trace);
        } catch (RuntimeException | Error e) {
            synchronized (failed) {
                failed.put(seed, e);
            }
        }
    }

    private void report(long seed, Throwable failure) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text));
        String[] lines = text.toString().split("\n", 12);
        lines[lines.length - 1] = "";
        System.out.println("seed " + seed + " failed: " + String.join("\n", lines)
                + "replay it with: mvn -pl tidal-it -am test -Dtest=" + simulation
                + " -Dsurefire.failIfNoSpecifiedTests=false -Dtidal.sim.seed=" + seed
                + " -Dtidal.sim.trace=target/trace-"
                + seed);
    }
}
