package io.tidaldb.bench;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * How long an instance takes to open: from its logs alone after a crash, from its logs alone after a clean close, and from a
 * checkpoint. Hypothesis: from the log, folding bounds it, well under a second for a million records; from a checkpoint, the number of
 * entities counts and not that of records.
 */
public final class RecoveryBenchmark {

    private static final int ENTITIES = 100_000;
    private static final int SIGNALS_PER_WRITE = 1_000;
    private static final int WRITES_UNDER_WAY = 64;
    private static final double GIB = 1L << 30;

    private final ScratchDirectory directory;
    private final int rounds;

    private RecoveryBenchmark(ScratchDirectory directory, int rounds) {
        this.directory = directory;
        this.rounds = rounds;
    }

    private enum Start {
        CRASH("log, after a crash"),
        LOG("log, after a clean close"),
        CHECKPOINT("checkpoint");

        private final String text;

        Start(String text) {
            this.text = text;
        }
    }

    /** Runs it; options are in {@code docs/benchmarks.md}. */
    public static void main(String[] args) throws Exception {
        Options options =
                Options.parse(args, Map.of("--dir", "target", "--rounds", "5", "--records", "1000000,4000000"));
        RecoveryBenchmark benchmark = new RecoveryBenchmark(
                new ScratchDirectory(Path.of(options.text("--dir")).resolve("recovery-benchmark")),
                options.number("--rounds"));
        System.out.println("| records | opened from | seconds | log MiB | s per million records | s per GiB of log |");
        System.out.println("| --- | --- | --- | --- | --- | --- |");
        for (int records : options.numbers("--records")) {
            benchmark.run(records);
        }
    }

    private void run(int records) throws Exception {
        Map<Start, double[]> seconds = new EnumMap<>(Start.class);
        for (Start start : Start.values()) {
            seconds.put(start, new double[rounds]);
        }
        double bytes = 0;
        // Round 0 warms up and is not counted.
        for (int round = 0; round <= rounds; round++) {
            directory.create();
            for (Start start : Start.values()) {
                prepare(start, records);
                long begin = System.nanoTime();
                Tidal tidal = open();
                double took = (System.nanoTime() - begin) / 1e9;
                check(tidal, records);
                tidal.close();
                bytes = directory.bytes(".seg");
                if (round > 0) {
                    seconds.get(start)[round - 1] = took;
                }
            }
            directory.remove();
            System.err.println("round " + round + " of " + rounds + " done");
        }
        for (Start start : Start.values()) {
            double median = Medians.of(seconds.get(start));
            System.out.printf(
                    Locale.ROOT,
                    "| %,d | %s | %.3f | %.1f | %.3f | %.2f |%n",
                    records,
                    start.text,
                    median,
                    bytes / GIB * 1024,
                    median / records * 1e6,
                    median / bytes * GIB);
        }
    }

    /** Leaves behind what the next open is to find. */
    private void prepare(Start start, int records) throws IOException {
        switch (start) {
            case CRASH -> {
                Tidal tidal = open();
                fill(
                        tidal.createTenant(
                                TenantConfig.builder(EmbeddedLoad.TENANT).build()),
                        records);
                tidal.abandon();
            }
            case LOG -> {}
            case CHECKPOINT -> {
                try (Tidal tidal = open()) {
                    // A log that has not grown gets no new checkpoint.
                    tidal.tenant(EmbeddedLoad.TENANT).orElseThrow().record(EmbeddedLoad.SIGNAL, 0, 1);
                    tidal.checkpoint();
                }
                return;
            }
        }
        directory.removeFiles(".ckpt");
    }

    private Tidal open() {
        return Tidal.builder()
                .dataDir(directory.path().resolve("data"))
                .signal(EmbeddedLoad.SIGNAL, Duration.ofDays(7))
                .open();
    }

    private static void fill(Tenant tenant, int records) {
        List<CompletionStage<?>> underWay = new ArrayList<>();
        for (int done = 0; done < records; done += SIGNALS_PER_WRITE) {
            List<Signal> signals = new ArrayList<>(SIGNALS_PER_WRITE);
            for (int i = done; i < Math.min(records, done + SIGNALS_PER_WRITE); i++) {
                signals.add(Signal.of(EmbeddedLoad.SIGNAL, i * 61_803L % ENTITIES, 1));
            }
            underWay.add(tenant.recordAllAsync(signals, WriteOptions.DEFAULT));
            if (underWay.size() == WRITES_UNDER_WAY) {
                underWay.forEach(write -> write.toCompletableFuture().join());
                underWay.clear();
            }
        }
        underWay.forEach(write -> write.toCompletableFuture().join());
    }

    private static void check(Tidal tidal, int records) {
        long found = tidal.tenant(EmbeddedLoad.TENANT).orElseThrow().total(EmbeddedLoad.SIGNAL);
        if (found < records) {
            throw new IllegalStateException("recovered " + found + " of " + records + " records");
        }
    }
}
