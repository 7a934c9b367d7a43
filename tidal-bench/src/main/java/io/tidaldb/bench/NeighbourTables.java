package io.tidaldb.bench;

import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** How long a quiet tenant's durable writes take while another tenant of the same node floods. */
final class NeighbourTables {

    private static final TenantId QUIET = TenantId.of(1);
    private static final TenantId LOUD = TenantId.of(2);
    private static final double QUIET_RATE = 200;
    private static final int LIMIT = 1_000;
    // For a 99th percentile.
    private static final double LEAST_SECONDS = 2;
    private static final long FLOOD_STEP_NANOS = 10_000;
    private static final int READ_ENTITIES = 100_000;
    private static final int WINDOW = 4096;
    private static final String LIMITED = "100,000 writes/s against a limit of 1,000/s";

    private NeighbourTables() {}

    /** What the other tenant does until it has ended. */
    private interface Flood {
        void run(Tenant loud, AtomicBoolean ended);
    }

    static Table neighbours() {
        return new Table(
                        "Noisy neighbour",
                        "A quiet tenant writes durably at 200 a second; its waits count from when each write was due. By turns it is alone, and"
                                + " next to another tenant that does what the contender's name says. All share the processors.",
                        Figure.P99_MICROS)
                .add(new Workload("p99 of the quiet tenant")
                        .add("alone", directory -> new Neighbours(directory, null, null))
                        .add(LIMITED, directory -> new Neighbours(directory, NeighbourTables::limited, LIMIT))
                        .add(
                                "as many writes as it can",
                                directory -> new Neighbours(directory, NeighbourTables::unlimited, null))
                        .add(
                                "as many top 10 of 100,000 as it can",
                                directory -> new Neighbours(directory, NeighbourTables::reading, null))
                        .target(Target.atMostOfReference(LIMITED, Figure.P99_MICROS, 1.2)));
    }

    private static void limited(Tenant loud, AtomicBoolean ended) {
        long begin = System.nanoTime();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        for (long i = 0; !ended.get(); i++) {
            long due = begin + i * FLOOD_STEP_NANOS;
            if (due > System.nanoTime()) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            loud.recordAsync(SignalLoad.SIGNAL, i % READ_ENTITIES, 1).whenComplete((position, refusal) -> {
                if (refusal != null && !(refusal instanceof QuotaExceededException)) {
                    failure.compareAndSet(null, refusal);
                }
            });
        }
        if (failure.get() != null) {
            throw new IllegalStateException("a write failed", failure.get());
        }
    }

    private static void unlimited(Tenant loud, AtomicBoolean ended) {
        Semaphore free = new Semaphore(WINDOW);
        for (long i = 0; !ended.get(); i++) {
            free.acquireUninterruptibly();
            loud.recordAsync(SignalLoad.SIGNAL, i % READ_ENTITIES, 1)
                    .whenComplete((position, refusal) -> free.release());
        }
        free.acquireUninterruptibly(WINDOW);
    }

    private static void reading(Tenant loud, AtomicBoolean ended) {
        while (!ended.get()) {
            loud.top(SignalLoad.SIGNAL, 10);
        }
    }

    private static final class Neighbours implements Contender {

        private final Tidal tidal;
        private final Tenant quiet;
        private final Tenant loud;
        private final @Nullable Flood flood;

        Neighbours(Path directory, @Nullable Flood flood, @Nullable Integer limit) {
            this.flood = flood;
            tidal = Tidal.builder()
                    .dataDir(directory.resolve("data"))
                    .signal(SignalLoad.SIGNAL, Duration.ofDays(7))
                    .open();
            quiet = tidal.createTenant(TenantConfig.builder(QUIET).build());
            TenantConfig.Builder config = TenantConfig.builder(LOUD);
            loud = tidal.createTenant((limit == null ? config : config.maxSignalsPerSecond(limit)).build());
            if (limit == null) {
                loud.recordAll(
                        LongStream.range(0, READ_ENTITIES)
                                .mapToObj(entity -> Signal.of(SignalLoad.SIGNAL, entity, 1))
                                .toList(),
                        WriteOptions.DEFAULT);
            }
        }

        @Override
        public Phase run(double seconds) throws InterruptedException {
            AtomicBoolean ended = new AtomicBoolean();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread flooding = new Thread(
                    () -> {
                        if (flood != null) {
                            flood.run(loud, ended);
                        }
                    },
                    "tidal-bench-neighbour");
            flooding.setUncaughtExceptionHandler((thread, thrown) -> failure.set(thrown));
            flooding.start();
            Phase phase = new OpenLoop(QUIET_RATE, WINDOW, i -> quiet.recordAsync(SignalLoad.SIGNAL, i, 1))
                    .run(Math.max(LEAST_SECONDS, seconds));
            ended.set(true);
            flooding.join();
            if (failure.get() != null) {
                throw new IllegalStateException(
                        "the flood failed: " + failure.get().getCause(), failure.get());
            }
            return phase;
        }

        @Override
        public void close() {
            tidal.close();
        }
    }
}
