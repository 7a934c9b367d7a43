package io.tidaldb.bench;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Messages between two nodes over loopback. Hypothesis: the transport reaches eight tenths of {@link RawWire}, which does as little as Netty
 * allows, for many small questions at a time and for long streams, and is ahead of gRPC for both.
 */
public final class TransportBenchmark {

    private static final String TIDAL = "tidal";
    private static final String TIDAL_FILE = "tidal, from a file";
    private static final String RAW = "raw netty";
    private static final String RAW_FILE = "raw netty, from a file";
    private static final String GRPC_UNARY = "grpc, a call each";
    private static final String GRPC_STREAM = "grpc, one stream";

    private final Map<String, Map<String, List<Phase>>> results = new LinkedHashMap<>();
    private final Map<String, Wire> wires = new LinkedHashMap<>();

    private TransportBenchmark() {}

    /** Runs it; options are in {@code docs/benchmarks.md}. */
    public static void main(String[] args) throws Exception {
        Options options = Options.parse(
                args,
                Map.of(
                        "--dir",
                        "target",
                        "--seconds",
                        "2",
                        "--rounds",
                        "5",
                        "--outstanding",
                        "1,128",
                        "--mebibytes",
                        "256",
                        "--kibibytes",
                        "256,1024"));
        ScratchDirectory directory =
                new ScratchDirectory(Path.of(options.text("--dir")).resolve("transport-benchmark"));
        directory.create();
        try (FileChannel file = FileChannel.open(
                directory.path().resolve("log"),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            long bytes = (long) options.number("--mebibytes") << 20;
            ByteBuffer zeros = ByteBuffer.allocate(1 << 20);
            while (file.size() < bytes) {
                file.write(zeros.clear(), file.size());
            }
            System.out.print(new TransportBenchmark().run(options, file, bytes));
        } finally {
            directory.remove();
        }
    }

    private String run(Options options, FileChannel file, long bytes) throws Exception {
        wires.put(RAW, new RawWire(null));
        wires.put(TIDAL, new TidalWire(null));
        wires.put(GRPC_UNARY, new GrpcWire(false));
        wires.put(GRPC_STREAM, new GrpcWire(true));
        wires.put(RAW_FILE, new RawWire(file));
        wires.put(TIDAL_FILE, new TidalWire(file));
        int rounds = options.number("--rounds");
        // Round 0 warms up and is not counted.
        for (int round = 0; round <= rounds; round++) {
            for (int outstanding : options.numbers("--outstanding")) {
                for (String each : List.of(RAW, TIDAL, GRPC_UNARY, GRPC_STREAM)) {
                    Phase phase = ask(wire(each), outstanding, options.seconds("--seconds"));
                    add(round, "1 KiB asked and answered, " + outstanding + " at a time", each, phase);
                }
            }
            for (int kibibytes : options.numbers("--kibibytes")) {
                for (String each : List.of(RAW, TIDAL, GRPC_STREAM, RAW_FILE, TIDAL_FILE)) {
                    Phase phase = stream(wire(each), bytes, kibibytes << 10);
                    add(round, (bytes >> 20) + " MiB in messages of " + kibibytes + " KiB", each, phase);
                }
            }
            System.err.println("round " + round + " of " + rounds + " done");
        }
        for (Wire wire : wires.values()) {
            wire.close();
        }
        return table(rounds);
    }

    private Wire wire(String name) {
        Wire wire = wires.get(name);
        if (wire == null) {
            throw new IllegalStateException("no contender " + name);
        }
        return wire;
    }

    private void add(int round, String workload, String contender, Phase phase) {
        if (round > 0) {
            results.computeIfAbsent(workload, each -> new LinkedHashMap<>())
                    .computeIfAbsent(contender, each -> new ArrayList<>())
                    .add(phase);
        }
    }

    private static Phase ask(Wire wire, int outstanding, double seconds) throws InterruptedException {
        Histogram answers = new ConcurrentHistogram(Phase.MAX_NANOS, Phase.DIGITS);
        CountDownLatch done = new CountDownLatch(outstanding);
        long begin = System.nanoTime();
        long end = begin + (long) (seconds * 1e9);
        for (int i = 0; i < outstanding; i++) {
            new Asker(wire, answers, end, done).ask();
        }
        if (!done.await((long) seconds + 60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("answers are missing");
        }
        return Phase.of(answers, 1, System.nanoTime() - begin);
    }

    /** Asks, and asks again when it is answered. */
    private static final class Asker {

        private final Wire wire;
        private final Histogram answers;
        private final long endNanos;
        private final CountDownLatch done;
        private final Runnable answered = this::answered;
        private volatile long askedNanos;

        Asker(Wire wire, Histogram answers, long endNanos, CountDownLatch done) {
            this.wire = wire;
            this.answers = answers;
            this.endNanos = endNanos;
            this.done = done;
        }

        void ask() {
            askedNanos = System.nanoTime();
            wire.ask(answered);
        }

        private void answered() {
            long now = System.nanoTime();
            Phase.record(answers, now - askedNanos);
            if (now < endNanos) {
                ask();
            } else {
                done.countDown();
            }
        }
    }

    private static Phase stream(Wire wire, long bytes, int messageBytes) throws Exception {
        long begin = System.nanoTime();
        wire.stream((int) (bytes / messageBytes), messageBytes);
        double seconds = (System.nanoTime() - begin) / 1e9;
        return new Phase((bytes >> 20) / seconds, Double.NaN, Double.NaN);
    }

    private String table(int rounds) {
        StringBuilder table = new StringBuilder("Medians of " + rounds + " rounds.\n\n");
        table.append("| | contender | questions/s or MiB/s | p50 µs | p99 µs | of raw netty |\n");
        table.append("| --- | --- | --- | --- | --- | --- |\n");
        results.forEach((workload, contenders) -> contenders.forEach((contender, phases) -> {
            List<Phase> reference = contenders.getOrDefault(contender.endsWith("file") ? RAW_FILE : RAW, List.of());
            double[] ratios = new double[phases.size()];
            for (int i = 0; i < ratios.length; i++) {
                ratios[i] = phases.get(i).recordsPerSecond() / reference.get(i).recordsPerSecond();
            }
            table.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %,.0f | %s | %s | %.2f |%n",
                    workload,
                    contender,
                    Medians.of(
                            phases.stream().mapToDouble(Phase::recordsPerSecond).toArray()),
                    micros(phases.stream().mapToDouble(Phase::ackP50Micros).toArray()),
                    micros(phases.stream().mapToDouble(Phase::ackP99Micros).toArray()),
                    Medians.of(ratios)));
        }));
        return table.toString();
    }

    private static String micros(double[] values) {
        double median = Medians.of(values);
        return Double.isNaN(median) ? "" : String.format(Locale.ROOT, "%.0f", median);
    }
}
