package io.tidaldb.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * NDJSON over HTTP to a node that is a process of its own, next to {@code recordAll} in this process: as many signals in a write, on the same
 * disk and as durable. Hypothesis: at least six tenths of the embedded rate are left. Both are warm, and take turns; the one whose turn it
 * is not stands idle beside.
 */
public final class HttpIngestBenchmark {

    private static final String CONTENDER = "http";

    private final ScratchDirectory directory;
    private final double seconds;
    private final int rounds;

    private HttpIngestBenchmark(ScratchDirectory directory, double seconds, int rounds) {
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
                        "--tidal", "./tidal",
                        "--seconds", "2",
                        "--rounds", "5",
                        "--writers", "1,4",
                        "--signals", "1000,100000",
                        "--json", ""));
        HttpIngestBenchmark benchmark = new HttpIngestBenchmark(
                new ScratchDirectory(Path.of(options.text("--dir")).resolve("http-benchmark")),
                options.seconds("--seconds"),
                options.number("--rounds"));
        List<Cell> cells = new ArrayList<>();
        for (int writers : options.numbers("--writers")) {
            for (int signals : options.numbers("--signals")) {
                cells.add(new Cell(writers, signals, new Comparison(), new ArrayList<>(), new ArrayList<>()));
            }
        }
        benchmark.run(options.text("--tidal"), cells);
        System.out.print(benchmark.table(cells));
        if (!options.text("--json").isEmpty()) {
            new ObjectMapper()
                    .writerWithDefaultPrettyPrinter()
                    .writeValue(Path.of(options.text("--json")).toFile(), cells);
        }
    }

    private void run(String command, List<Cell> cells) throws Exception {
        directory.create();
        try (ServerProcess server = ServerProcess.start(command, directory.path());
                Tidal tidal = Tidal.builder()
                        .dataDir(directory.path().resolve("embedded"))
                        .signal(EmbeddedLoad.SIGNAL, Duration.ofDays(7))
                        .open()) {
            server.createTenant(EmbeddedLoad.TENANT);
            Tenant tenant =
                    tidal.createTenant(TenantConfig.builder(EmbeddedLoad.TENANT).build());
            for (int round = 0; round <= rounds; round++) {
                for (Cell cell : cells) {
                    IngestLoad load = new IngestLoad(cell.writers, cell.signals);
                    long ownCpu = cpuNanos(ProcessHandle.current());
                    Phase embedded = load.embedded(tenant, seconds);
                    ownCpu = cpuNanos(ProcessHandle.current()) - ownCpu;
                    long serverCpu = cpuNanos(server.handle());
                    Phase http = load.http(server.signals(EmbeddedLoad.TENANT), seconds);
                    serverCpu = cpuNanos(server.handle()) - serverCpu;
                    if (round > 0) {
                        cell.phases.add(Comparison.REFERENCE, embedded);
                        cell.phases.add(CONTENDER, http);
                        cell.ownCpuNanos.add(ownCpu / (embedded.recordsPerSecond() * seconds));
                        cell.serverCpuNanos.add(serverCpu / (http.recordsPerSecond() * seconds));
                    }
                }
                System.err.println("round " + round + " of " + rounds + " done");
            }
        } finally {
            directory.remove();
        }
    }

    private static long cpuNanos(ProcessHandle process) {
        return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos();
    }

    private String table(List<Cell> cells) {
        StringBuilder table = new StringBuilder();
        table.append("Signals, durable when acknowledged; the reference is recordAll in this process; medians of ");
        table.append(rounds).append(" rounds of ").append(seconds).append(" s.\n\n");
        table.append("| writers | signals a request |").append(Comparison.head(2, List.of(CONTENDER)));
        for (Cell cell : cells) {
            table.append(String.format(Locale.ROOT, "| %d | %,d |", cell.writers, cell.signals));
            table.append(cell.phases.row(List.of(CONTENDER)));
        }
        table.append(
                "\n| writers | signals a request | CPU of recordAll, ns a signal | CPU of the node, ns a signal |\n");
        table.append("| --- | --- | --- | --- |\n");
        for (Cell cell : cells) {
            table.append(String.format(
                    Locale.ROOT,
                    "| %d | %,d | %,.0f | %,.0f |%n",
                    cell.writers,
                    cell.signals,
                    median(cell.ownCpuNanos),
                    median(cell.serverCpuNanos)));
        }
        return table.toString();
    }

    private static double median(List<Double> values) {
        return Medians.of(values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** One combination; each writer waits for its request before it sends the next. */
    private record Cell(
            int writers, int signals, Comparison phases, List<Double> ownCpuNanos, List<Double> serverCpuNanos) {}
}
