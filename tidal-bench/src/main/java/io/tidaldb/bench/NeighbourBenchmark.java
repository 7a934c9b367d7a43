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
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;

/**
 * How long a quiet tenant's durable writes take, at a fixed rate and counted from when each was due, while another tenant of the same node
 * floods. Hypothesis: a flood against a rate limit changes the quiet tenant's 99th percentile by less than half; one without a limit is
 * held to its turns.
 */
public final class NeighbourBenchmark {

    private static final TenantId QUIET = TenantId.of(1);
    private static final TenantId LIMITED = TenantId.of(2);
    private static final TenantId UNLIMITED = TenantId.of(3);
    private static final String SIGNAL = "view";
    private static final int READ_ENTITIES = 100_000;
    private static final int WINDOW = 4096;

    private enum Neighbour {
        NONE("alone"),
        LIMITED("100,000 writes/s against a limit of 1,000/s"),
        UNLIMITED("as many writes as it can, without a limit"),
        READING("as many top 10 of 100,000 entities as it can");

        private final String text;

        Neighbour(String text) {
            this.text = text;
        }
    }

    private final double rate;
    private final double seconds;
    private final Map<Neighbour, List<Histogram>> rounds = new EnumMap<>(Neighbour.class);
    private final Map<Neighbour, LongAdder> done = new EnumMap<>(Neighbour.class);

    private NeighbourBenchmark(double rate, double seconds) {
        this.rate = rate;
        this.seconds = seconds;
        for (Neighbour each : Neighbour.values()) {
            rounds.put(each, new ArrayList<>());
            done.put(each, new LongAdder());
        }
    }

    /** Runs it; options are in {@code docs/benchmarks.md}. */
    public static void main(String[] args) throws Exception {
        Options options =
                Options.parse(args, Map.of("--dir", "target", "--seconds", "3", "--rounds", "5", "--rate", "200"));
        ScratchDirectory directory =
                new ScratchDirectory(Path.of(options.text("--dir")).resolve("neighbour-benchmark"));
        NeighbourBenchmark benchmark = new NeighbourBenchmark(options.seconds("--rate"), options.seconds("--seconds"));
        directory.create();
        try (Tidal tidal = Tidal.builder()
                .dataDir(directory.path().resolve("data"))
                .signal(SIGNAL, Duration.ofDays(7))
                .open()) {
            benchmark.prepare(tidal);
            for (int round = 0; round <= options.number("--rounds"); round++) {
                for (Neighbour neighbour : Neighbour.values()) {
                    Histogram waits = benchmark.phase(tidal, neighbour);
                    if (round > 0) {
                        benchmark.of(benchmark.rounds, neighbour).add(waits);
                    }
                }
                System.err.println("round " + round + " of " + options.number("--rounds") + " done");
            }
        } finally {
            directory.remove();
        }
        System.out.print(benchmark.table());
    }

    private <T> T of(Map<Neighbour, T> map, Neighbour neighbour) {
        T value = map.get(neighbour);
        if (value == null) {
            throw new IllegalStateException("nothing of " + neighbour);
        }
        return value;
    }

    private void prepare(Tidal tidal) {
        tidal.createTenant(TenantConfig.builder(QUIET).build());
        tidal.createTenant(
                TenantConfig.builder(LIMITED).maxSignalsPerSecond(1000).build());
        Tenant large = tidal.createTenant(TenantConfig.builder(UNLIMITED).build());
        large.recordAll(
                LongStream.range(0, READ_ENTITIES)
                        .mapToObj(entity -> Signal.of(SIGNAL, entity, 1))
                        .toList(),
                WriteOptions.DEFAULT);
    }

    private Histogram phase(Tidal tidal, Neighbour neighbour) throws InterruptedException {
        AtomicBoolean ended = new AtomicBoolean();
        Thread flood = new Thread(() -> flood(tidal, neighbour, ended), "tidal-bench-neighbour");
        flood.start();
        Histogram waits = Phase.acks();
        Tenant quiet = tidal.tenant(QUIET).orElseThrow();
        long begin = System.nanoTime();
        long writes = (long) (rate * seconds);
        for (long i = 0; i < writes; i++) {
            long due = begin + (long) (i / rate * 1e9);
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            quiet.record(SIGNAL, i, 1);
            Phase.record(waits, System.nanoTime() - due);
        }
        ended.set(true);
        flood.join();
        return waits;
    }

    private void flood(Tidal tidal, Neighbour neighbour, AtomicBoolean ended) {
        LongAdder count = of(done, neighbour);
        switch (neighbour) {
            case NONE -> {}
            case LIMITED -> limited(tidal.tenant(LIMITED).orElseThrow(), ended, count);
            case UNLIMITED -> unlimited(tidal.tenant(UNLIMITED).orElseThrow(), ended, count);
            case READING -> {
                Tenant large = tidal.tenant(UNLIMITED).orElseThrow();
                while (!ended.get()) {
                    large.top(SIGNAL, 10);
                    count.increment();
                }
            }
        }
    }

    private static void limited(Tenant tenant, AtomicBoolean ended, LongAdder count) {
        long begin = System.nanoTime();
        for (long i = 0; !ended.get(); i++) {
            long due = begin + i * 10_000;
            if (due > System.nanoTime()) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            tenant.recordAsync(SIGNAL, i % READ_ENTITIES, 1).whenComplete((position, refusal) -> {
                if (refusal == null) {
                    count.increment();
                } else if (!(refusal instanceof QuotaExceededException)) {
                    throw new IllegalStateException("a write failed", refusal);
                }
            });
        }
    }

    private static void unlimited(Tenant tenant, AtomicBoolean ended, LongAdder count) {
        Semaphore free = new Semaphore(WINDOW);
        for (long i = 0; !ended.get(); i++) {
            free.acquireUninterruptibly();
            tenant.recordAsync(SIGNAL, i % READ_ENTITIES, 1).whenComplete((position, refusal) -> {
                count.increment();
                free.release();
            });
        }
        free.acquireUninterruptibly(WINDOW);
    }

    private String table() {
        List<Histogram> alone = of(rounds, Neighbour.NONE);
        StringBuilder table = new StringBuilder();
        table.append(String.format(
                Locale.ROOT,
                "A quiet tenant's durable writes at %.0f/s; medians of %d rounds of %.1f s.%n%n",
                rate,
                alone.size(),
                seconds));
        table.append("| neighbour | its operations/s | p50 µs | p99 µs | p99 against alone |\n");
        table.append("| --- | --- | --- | --- | --- |\n");
        for (Neighbour neighbour : Neighbour.values()) {
            List<Histogram> waits = of(rounds, neighbour);
            double[] ratios = new double[waits.size()];
            for (int i = 0; i < ratios.length; i++) {
                ratios[i] = (double) waits.get(i).getValueAtPercentile(99)
                        / alone.get(i).getValueAtPercentile(99);
            }
            table.append(String.format(
                    Locale.ROOT,
                    "| %s | %,.0f | %.0f | %.0f | %.2f |%n",
                    neighbour.text,
                    of(done, neighbour).sum() / seconds / (waits.size() + 1),
                    percentile(waits, 50),
                    percentile(waits, 99),
                    Medians.of(ratios)));
        }
        return table.toString();
    }

    private static double percentile(List<Histogram> waits, double percentile) {
        return Medians.of(waits.stream()
                .mapToDouble(each -> each.getValueAtPercentile(percentile) / 1e3)
                .toArray());
    }
}
