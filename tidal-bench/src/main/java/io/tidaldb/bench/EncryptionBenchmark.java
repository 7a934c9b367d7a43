package io.tidaldb.bench;

import com.sun.management.OperatingSystemMXBean;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.core.Tidal;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What encryption costs: durable writes through the embedded API to a tenant that is encrypted and to one that is not, by turns, in one process.
 * Hypothesis: with one seal for each batch, ingest loses a tenth at most, whether writers wait for each signal or run ahead.
 */
public final class EncryptionBenchmark {

    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final ScratchDirectory directory;
    private final double seconds;

    private EncryptionBenchmark(ScratchDirectory directory, double seconds) {
        this.directory = directory;
        this.seconds = seconds;
    }

    /** Runs it; options are in {@code docs/benchmarks.md}. */
    public static void main(String[] args) throws Exception {
        Options options = Options.parse(
                args,
                Map.of(
                        "--dir", "target",
                        "--seconds", "2",
                        "--rounds", "9",
                        "--wal", "file",
                        "--threads", "1,64",
                        "--producers", "1,4",
                        "--window", "64",
                        "--signals", "100"));
        EncryptionBenchmark benchmark = new EncryptionBenchmark(
                new ScratchDirectory(Path.of(options.text("--dir")).resolve("encryption-benchmark")),
                options.seconds("--seconds"));
        StringBuilder table = new StringBuilder("| threads | writes under way each | signals a write | plain signals/s |"
                + " p99 µs | encrypted signals/s | p99 µs | of plain |"
                + " processor time of plain, ns a signal | of encrypted | times |\n|" + " --- |".repeat(11) + "\n");
        int rounds = options.number("--rounds");
        for (int threads : options.numbers("--threads")) {
            table.append(benchmark.row(options.text("--wal"), threads, 1, 1, rounds));
        }
        for (int producers : options.numbers("--producers")) {
            table.append(benchmark.row(
                    options.text("--wal"),
                    producers,
                    options.number("--window"),
                    options.number("--signals"),
                    rounds));
        }
        System.out.print(table);
    }

    private String row(String wal, int threads, int window, int signals, int rounds) throws Exception {
        Run[] plain = new Run[rounds];
        Run[] encrypted = new Run[rounds];
        run(wal, threads, window, signals, false);
        run(wal, threads, window, signals, true);
        for (int round = 0; round < rounds; round++) {
            boolean first = round % 2 == 0;
            Run one = run(wal, threads, window, signals, first);
            Run other = run(wal, threads, window, signals, !first);
            encrypted[round] = first ? one : other;
            plain[round] = first ? other : one;
        }
        return String.format(
                Locale.ROOT,
                "| %d | %d | %d |%s%s %.2f | %,.0f | %,.0f | %.2f |%n",
                threads,
                window,
                signals,
                figures(plain),
                figures(encrypted),
                ratio(encrypted, plain, run -> run.phase.recordsPerSecond()),
                median(plain, Run::processorNanos),
                median(encrypted, Run::processorNanos),
                ratio(encrypted, plain, Run::processorNanos));
    }

    private static String figures(Run[] runs) {
        return String.format(
                Locale.ROOT,
                " %,.0f | %,.0f |",
                median(runs, run -> run.phase.recordsPerSecond()),
                median(runs, run -> run.phase.ackP99Micros()));
    }

    private static double median(Run[] runs, ToDoubleFunction<Run> figure) {
        return Medians.of(Arrays.stream(runs).mapToDouble(figure).toArray());
    }

    /** The median of the rounds' ratios: what disturbed one round disturbed both. */
    private static double ratio(Run[] runs, Run[] others, ToDoubleFunction<Run> figure) {
        return Medians.of(IntStream.range(0, runs.length)
                .mapToDouble(i -> figure.applyAsDouble(runs[i]) / figure.applyAsDouble(others[i]))
                .toArray());
    }

    /** A round of one of them, and the processor time of this process for each signal. */
    private record Run(Phase phase, double processorNanos) {}

    private Run run(String wal, int threads, int window, int signals, boolean encrypted) throws Exception {
        directory.create();
        try (Tidal tidal = Tidal.builder()
                .dataDir(directory.path().resolve("data"))
                .wal(wal)
                .keys(keys())
                .signal(EmbeddedLoad.SIGNAL, Duration.ofDays(7))
                .open()) {
            TenantConfig config =
                    TenantConfig.builder(EmbeddedLoad.TENANT).encrypted(encrypted).build();
            EmbeddedLoad load = new EmbeddedLoad(tidal.createTenant(config), threads, window, signals);
            long before = PROCESS.getProcessCpuTime();
            Phase phase = load.run(seconds);
            return new Run(
                    phase, (PROCESS.getProcessCpuTime() - before) / (phase.recordsPerSecond() * seconds));
        } finally {
            directory.remove();
        }
    }

    private Path keys() throws IOException {
        Path keys = Files.createDirectory(directory.path().resolve("keys"));
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        Path file = Files.createFile(
                keys.resolve("shared-1.key"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(file, key);
        return keys;
    }
}
