package io.tidaldb.bench;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.core.Tidal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Durable writes through the embedded API, from the call to the acknowledgement: threads that wait for each signal, and producers that run
 * ahead; next to {@link ReferenceSink}, interleaved, which gets as many bytes and folds nothing. Hypothesis: a blocking write costs little
 * more than its sync, so half the reference or more is left; producers that run ahead are bound by folding, at a million signals a second.
 */
public final class EmbeddedBenchmark {

    private static final String CONTENDER = "tidal";
    private static final int SIGNAL_BYTES = 21;

    private final ScratchDirectory directory;
    private final double seconds;
    private final int rounds;

    private EmbeddedBenchmark(ScratchDirectory directory, double seconds, int rounds) {
        this.directory = directory;
        this.seconds = seconds;
        this.rounds = rounds;
    }

    /** Runs it; options are in {@code docs/benchmarks.md}. */
    public static void main(String[] args) throws Exception {
        Options options = Options.parse(
                args,
                Map.of(
                        "--dir", "target",
                        "--seconds", "2",
                        "--rounds", "5",
                        "--threads", "1,8,64",
                        "--producers", "1,8",
                        "--window", "64",
                        "--signals", "100"));
        List<Cell> cells = new ArrayList<>();
        for (int threads : options.numbers("--threads")) {
            cells.add(new Cell(threads, 1, 1, new Comparison()));
        }
        for (int producers : options.numbers("--producers")) {
            cells.add(new Cell(producers, options.number("--window"), options.number("--signals"), new Comparison()));
        }
        EmbeddedBenchmark benchmark = new EmbeddedBenchmark(
                new ScratchDirectory(Path.of(options.text("--dir")).resolve("embedded-benchmark")),
                options.seconds("--seconds"),
                options.number("--rounds"));
        benchmark.run(cells);
        System.out.print(benchmark.table(cells));
    }

    private void run(List<Cell> cells) throws Exception {
        for (int round = 0; round <= rounds; round++) {
            for (Cell cell : cells) {
                Phase reference = reference(cell);
                Phase own = embedded(cell);
                if (round > 0) {
                    cell.phases.add(Comparison.REFERENCE, reference);
                    cell.phases.add(CONTENDER, own);
                }
            }
            System.err.println("round " + round + " of " + rounds + " done");
        }
    }

    private Phase reference(Cell cell) throws Exception {
        directory.create();
        try (GroupSink sink =
                new ReferenceSink(directory.path(), cell.signalsPerWrite * SIGNAL_BYTES, cell.threads * cell.window)) {
            return new GroupCommit(sink, cell.threads, cell.window).run(1, cell.signalsPerWrite, seconds);
        } finally {
            directory.remove();
        }
    }

    private Phase embedded(Cell cell) throws Exception {
        directory.create();
        try (Tidal tidal = Tidal.builder()
                .dataDir(directory.path().resolve("data"))
                .signal(EmbeddedLoad.SIGNAL, Duration.ofDays(7))
                .open()) {
            return new EmbeddedLoad(
                            tidal.createTenant(
                                    TenantConfig.builder(EmbeddedLoad.TENANT).build()),
                            cell.threads,
                            cell.window,
                            cell.signalsPerWrite)
                    .run(seconds);
        } finally {
            directory.remove();
        }
    }

    private String table(List<Cell> cells) {
        StringBuilder table = new StringBuilder();
        table.append("Signals, durable when acknowledged; medians of ");
        table.append(rounds).append(" rounds of ").append(seconds).append(" s.\n\n");
        table.append("| threads | writes under way each | signals a write |")
                .append(Comparison.head(3, List.of(CONTENDER)));
        for (Cell cell : cells) {
            table.append(
                    String.format(Locale.ROOT, "| %d | %d | %d |", cell.threads, cell.window, cell.signalsPerWrite));
            table.append(cell.phases.row(List.of(CONTENDER)));
        }
        return table.toString();
    }

    /** One combination; a window of 1 is a thread that waits. */
    private record Cell(int threads, int window, int signalsPerWrite, Comparison phases) {}
}
