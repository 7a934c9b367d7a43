package io.tidaldb.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * Closed loop: writers that each wait until their record is durable, over one or many tenants, against a log store plugin and against
 * {@link ReferenceSink}, interleaved. Hypothesis: the store reaches nine tenths of the reference at any number of tenants.
 */
public final class LogBenchmark {

    private static final int RECORD_BYTES = 64;
    private static final String REFERENCE = "ref-writer";

    private final String store;
    private final Path directory;
    private final double seconds;
    private final int rounds;

    private LogBenchmark(String store, Path directory, double seconds, int rounds) {
        this.store = store;
        this.directory = directory;
        this.seconds = seconds;
        this.rounds = rounds;
    }

    /** Runs it; options are in {@code docs/benchmarks.md}. */
    public static void main(String[] args) throws Exception {
        Map<String, String> options = new TreeMap<>(Map.of(
                "--store", "file",
                "--dir", "target",
                "--seconds", "2",
                "--rounds", "5",
                "--writers", "1,8,64",
                "--tenants", "1,10,100,1000",
                "--json", ""));
        for (int i = 0; i < args.length; i += 2) {
            if (!options.containsKey(args[i]) || i + 1 == args.length) {
                System.err.println("unknown option or missing value: " + args[i] + "; expected " + options.keySet());
                System.exit(2);
            }
            options.put(args[i], args[i + 1]);
        }
        StoreSink.factory(options.get("--store"));
        LogBenchmark benchmark = new LogBenchmark(
                options.get("--store"),
                Path.of(options.get("--dir")).resolve("log-benchmark"),
                Double.parseDouble(options.get("--seconds")),
                Integer.parseInt(options.get("--rounds")));
        List<Cell> cells = benchmark.run(numbers(options.get("--writers")), numbers(options.get("--tenants")));
        System.out.print(benchmark.table(cells));
        if (!options.get("--json").isEmpty()) {
            new ObjectMapper()
                    .writerWithDefaultPrettyPrinter()
                    .writeValue(Path.of(options.get("--json")).toFile(), cells);
        }
    }

    private List<Cell> run(int[] writers, int[] tenants) throws Exception {
        List<Cell> cells = new ArrayList<>();
        for (int w : writers) {
            for (int t : tenants) {
                cells.add(new Cell(w, t, new LinkedHashMap<>()));
            }
        }
        // Round 0 warms up and is not counted. Contenders take turns within a cell, so that a stall hits both alike.
        for (int round = 0; round <= rounds; round++) {
            for (Cell cell : cells) {
                for (String contender : List.of(REFERENCE, store)) {
                    Phase phase = phase(contender, cell);
                    if (round > 0) {
                        cell.phases
                                .computeIfAbsent(contender, key -> new ArrayList<>())
                                .add(phase);
                    }
                }
            }
            System.err.println("round " + round + " of " + rounds + " done");
        }
        return cells;
    }

    private Phase phase(String contender, Cell cell) throws Exception {
        clear();
        Files.createDirectories(directory);
        try (GroupSink sink = contender.equals(REFERENCE)
                ? new ReferenceSink(directory, RECORD_BYTES, cell.writers)
                : new StoreSink(contender, directory, cell.tenants, RECORD_BYTES, cell.writers)) {
            // The first commits create files and directories; users see that once, not at every write.
            int[] all = new int[cell.writers];
            for (int first = 0; first < cell.tenants; first += cell.writers) {
                int count = Math.min(cell.writers, cell.tenants - first);
                for (int i = 0; i < count; i++) {
                    all[i] = first + i;
                }
                sink.commit(all, count);
            }
            return new GroupCommit(sink, cell.writers).run(cell.tenants, seconds);
        } finally {
            clear();
        }
    }

    private void clear() throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private String table(List<Cell> cells) {
        StringBuilder table = new StringBuilder();
        table.append("Records of ").append(RECORD_BYTES).append(" bytes, durable when acknowledged; medians of ");
        table.append(rounds).append(" rounds of ").append(seconds).append(" s.\n\n");
        table.append("| writers | tenants | ").append(REFERENCE).append(" records/s | p50 µs | p99 µs | ");
        table.append(store).append(" records/s | p50 µs | p99 µs | of the reference |\n");
        table.append("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        for (Cell cell : cells) {
            table.append(String.format(Locale.ROOT, "| %d | %,d |", cell.writers, cell.tenants));
            for (String contender : List.of(REFERENCE, store)) {
                table.append(String.format(
                        Locale.ROOT,
                        " %,.0f | %.0f | %.0f |",
                        cell.median(contender, Phase::recordsPerSecond),
                        cell.median(contender, Phase::ackP50Micros),
                        cell.median(contender, Phase::ackP99Micros)));
            }
            table.append(String.format(Locale.ROOT, " %.2f |%n", cell.ratio(store)));
        }
        return table.toString();
    }

    private static int[] numbers(String list) {
        return Arrays.stream(list.split(",")).mapToInt(Integer::parseInt).toArray();
    }

    /**
     * One combination.
     *
     * @param phases by contender, in order of rounds
     */
    record Cell(int writers, int tenants, Map<String, List<Phase>> phases) {

        double median(String contender, ToDoubleFunction<Phase> figure) {
            return median(phases.getOrDefault(contender, List.of()).stream()
                    .mapToDouble(figure)
                    .toArray());
        }

        /** The median of the rounds' ratios, not the ratio of medians: what disturbed one round disturbed both contenders. */
        double ratio(String contender) {
            List<Phase> own = phases.getOrDefault(contender, List.of());
            List<Phase> reference = phases.getOrDefault(REFERENCE, List.of());
            double[] ratios = new double[own.size()];
            for (int i = 0; i < ratios.length; i++) {
                ratios[i] = own.get(i).recordsPerSecond() / reference.get(i).recordsPerSecond();
            }
            return median(ratios);
        }

        private static double median(double[] values) {
            Arrays.sort(values);
            return values.length == 0 ? Double.NaN : (values[(values.length - 1) / 2] + values[values.length / 2]) / 2;
        }
    }
}
