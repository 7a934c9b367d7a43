package io.tidaldb.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Closed loop: writers that each wait until their record is durable, over one or many tenants, against a log store plugin, peers and
 * {@link ReferenceSink}, interleaved. Hypothesis: the store reaches nine tenths of the reference at any number of tenants, and is ahead of
 * its peers.
 */
public final class LogBenchmark {

    private static final int RECORD_BYTES = 64;
    // By name, with the settings that the results are good for.
    private static final Map<String, String> PEERS =
            Map.of(RocksSink.NAME, RocksSink.SETTINGS, ChronicleSink.NAME, ChronicleSink.SETTINGS);

    private final String store;
    private final List<String> peers;
    private final ScratchDirectory directory;
    private final double seconds;
    private final int rounds;

    private LogBenchmark(String store, List<String> peers, ScratchDirectory directory, double seconds, int rounds) {
        this.store = store;
        this.peers = peers;
        this.directory = directory;
        this.seconds = seconds;
        this.rounds = rounds;
    }

    /** Runs it; options are in {@code docs/benchmarks.md}. */
    public static void main(String[] args) throws Exception {
        Options options = Options.parse(
                args,
                Map.of(
                        "--store", "file",
                        "--peers", RocksSink.NAME + "," + ChronicleSink.NAME,
                        "--dir", "target",
                        "--seconds", "2",
                        "--rounds", "5",
                        "--writers", "1,8,64",
                        "--tenants", "1,10,100,1000",
                        "--json", ""));
        StoreSink.factory(options.text("--store"));
        for (String peer : options.texts("--peers")) {
            if (!PEERS.containsKey(peer)) {
                System.err.println("unknown peer: " + peer + "; expected some of " + PEERS.keySet());
                System.exit(2);
            }
        }
        LogBenchmark benchmark = new LogBenchmark(
                options.text("--store"),
                options.texts("--peers"),
                new ScratchDirectory(Path.of(options.text("--dir")).resolve("log-benchmark")),
                options.seconds("--seconds"),
                options.number("--rounds"));
        List<Cell> cells = benchmark.run(options.numbers("--writers"), options.numbers("--tenants"));
        System.out.print(benchmark.table(cells));
        if (!options.text("--json").isEmpty()) {
            new ObjectMapper()
                    .writerWithDefaultPrettyPrinter()
                    .writeValue(Path.of(options.text("--json")).toFile(), cells);
        }
    }

    private List<Cell> run(int[] writers, int[] tenants) throws Exception {
        List<Cell> cells = new ArrayList<>();
        for (int w : writers) {
            for (int t : tenants) {
                cells.add(new Cell(w, t, new Comparison()));
            }
        }
        // Round 0 warms up and is not counted. Contenders take turns within a cell, so that a stall hits all alike.
        for (int round = 0; round <= rounds; round++) {
            for (Cell cell : cells) {
                for (String contender : contenders()) {
                    Phase phase = phase(contender, cell);
                    if (round > 0) {
                        cell.phases.add(contender, phase);
                    }
                }
            }
            System.err.println("round " + round + " of " + rounds + " done");
        }
        return cells;
    }

    private Phase phase(String contender, Cell cell) throws Exception {
        directory.create();
        try (GroupSink sink = sink(contender, cell)) {
            // The first commits create files and directories; users see that once, not at every write.
            int[] all = new int[cell.writers];
            for (int first = 0; first < cell.tenants; first += cell.writers) {
                int count = Math.min(cell.writers, cell.tenants - first);
                for (int i = 0; i < count; i++) {
                    all[i] = first + i;
                }
                sink.commit(all, count);
            }
            return new GroupCommit(sink, cell.writers, 1).run(cell.tenants, 1, seconds);
        } finally {
            directory.remove();
        }
    }

    private List<String> contenders() {
        List<String> contenders = new ArrayList<>(List.of(Comparison.REFERENCE, store));
        contenders.addAll(peers);
        return contenders;
    }

    private GroupSink sink(String contender, Cell cell) throws Exception {
        return switch (contender) {
            case Comparison.REFERENCE -> new ReferenceSink(directory.path(), RECORD_BYTES, cell.writers);
            case RocksSink.NAME -> new RocksSink(directory.path(), cell.tenants, RECORD_BYTES);
            case ChronicleSink.NAME -> new ChronicleSink(directory.path(), RECORD_BYTES);
            default -> new StoreSink(contender, directory.path(), cell.tenants, RECORD_BYTES, cell.writers);
        };
    }

    private String table(List<Cell> cells) {
        StringBuilder table = new StringBuilder();
        table.append("Records of ").append(RECORD_BYTES).append(" bytes, durable when acknowledged; medians of ");
        table.append(rounds).append(" rounds of ").append(seconds).append(" s.\n\n");
        List<String> all = contenders();
        List<String> compared = all.subList(1, all.size());
        table.append("| writers | tenants |").append(Comparison.head(2, compared));
        for (Cell cell : cells) {
            table.append(String.format(Locale.ROOT, "| %d | %,d |", cell.writers, cell.tenants));
            table.append(cell.phases.row(compared));
        }
        table.append("\n");
        for (String peer : peers) {
            table.append("- ").append(peer).append(": ").append(PEERS.get(peer)).append("\n");
        }
        return table.toString();
    }

    /** One combination. */
    record Cell(int writers, int tenants, Comparison phases) {}
}
