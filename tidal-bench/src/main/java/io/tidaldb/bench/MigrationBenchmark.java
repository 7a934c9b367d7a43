package io.tidaldb.bench;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.BackupSource;
import io.tidaldb.core.ClusterMember;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.core.RestoreOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.control.MigrationState;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;

/**
 * What it is like when a tenant is moved between members of a cluster, linked over sockets in this process: for how long writes are held
 * back, how fast a large tenant is copied against a minimal program that copies and syncs the same bytes, and what neighbours feel of it, and of
 * a backup of such a tenant and a restore. Hypothesis: the median of the pauses is under 10 ms and their 99th percentile under 50 ms; a large
 * tenant is copied at 60 % of the reference's rate at least; with the throttle, the neighbours' 99th percentile grows by a quarter at most.
 */
public final class MigrationBenchmark {

    private static final int NODES = 3;
    private static final TenantId SMALL = TenantId.of(1);
    private static final TenantId LARGE = TenantId.of(2);
    private static final TenantId NEAR_SOURCE = TenantId.of(3);
    private static final TenantId NEAR_TARGET = TenantId.of(4);
    private static final TenantId RESTORED = TenantId.of(5);
    private static final ReplicaId ONE = ReplicaId.parse("r0:s0");
    private static final ReplicaId OTHER = ReplicaId.parse("r1:s1");
    private static final String SIGNAL = "view";
    private static final int ENTITIES = 10_000;
    private static final int RECORD_BYTES = 32;
    private static final int CHUNK = 512 << 10;

    /** Rounds beside neighbours that do not count: on two cores their compilation takes a third of the processors' time until then. */
    private static final int WARM_UP_ROUNDS = 3;

    private static final double LONGEST_SECONDS = 600;
    private static final long STALL_NANOS = 20_000_000L;
    private static final WriteOptions PATIENT = WriteOptions.DEFAULT.with(Duration.ofMinutes(1));

    private final Path directory;
    private final Map<NodeId, String> addresses = new TreeMap<>();
    private final Tidal[] members = new Tidal[NODES];

    private MigrationBenchmark(Path directory) throws IOException {
        this.directory = directory;
        int[] ports = NodeProcesses.freePorts(NODES);
        for (int node = 0; node < NODES; node++) {
            addresses.put(name(node), "127.0.0.1:" + ports[node]);
        }
    }

    /** Runs it; options are in {@code docs/performance.md}. */
    public static void main(String[] args) throws Exception {
        Options options = Options.parse(
                args,
                Map.of(
                        "--dir",
                        "target",
                        "--tables",
                        "pauses,copies,moves,backups,restores",
                        "--moves",
                        "100",
                        "--mib",
                        "1024",
                        "--rounds",
                        "5",
                        "--seconds",
                        "10",
                        "--rate",
                        "200"));
        ScratchDirectory scratch =
                new ScratchDirectory(Path.of(options.text("--dir")).resolve("migration-benchmark"));
        scratch.create();
        MigrationBenchmark benchmark = new MigrationBenchmark(scratch.path());
        try {
            List<String> tables = List.of(options.text("--tables").split(","));
            int mib = options.number("--mib");
            int rounds = options.number("--rounds");
            double seconds = options.seconds("--seconds");
            int rate = options.number("--rate");
            benchmark.open(0);
            if (tables.contains("pauses")) {
                benchmark.pauses(options.number("--moves"));
            }
            benchmark.fill((long) mib << 20);
            if (tables.contains("copies")) {
                benchmark.copies(mib, rounds);
            }
            benchmark.abandon();
            benchmark.open(1.25);
            if (tables.contains("moves")) {
                benchmark.besideMoves(rounds, seconds, rate);
            }
            if (tables.contains("backups")) {
                benchmark.besideBackups(rounds, seconds, rate);
            }
            if (tables.contains("restores")) {
                benchmark.besideRestores(rounds, seconds, rate);
            }
        } finally {
            benchmark.abandon();
            scratch.remove();
        }
    }

    private static NodeId name(int node) {
        return NodeId.of("n" + node);
    }

    private void open(double latencyFactor) {
        IntStream.range(0, NODES)
                .mapToObj(node -> CompletableFuture.runAsync(() -> open(node, latencyFactor)))
                .toList()
                .forEach(CompletableFuture::join);
    }

    private void open(int node, double latencyFactor) {
        Map<NodeId, String> others = new TreeMap<>(addresses);
        String own = others.remove(name(node));
        members[node] = Tidal.builder()
                .dataDir(directory.resolve(name(node).name()))
                .transport("netty")
                .signal(SIGNAL, Duration.ofDays(7))
                .topology(Topology.regions(NODES).shards(NODES))
                .migrationLatencyFactor(latencyFactor)
                .lease(Duration.ofSeconds(5))
                .member(ClusterMember.of("bench", name(node), Objects.requireNonNull(own), others))
                .open();
    }

    private void abandon() {
        for (int node = 0; node < NODES; node++) {
            if (members[node] != null) {
                members[node].abandon();
            }
        }
    }

    private Tenant tenant(TenantId id, ReplicaId home) {
        return members[0]
                .tenant(id)
                .orElseGet(() -> members[0].createTenant(
                        TenantConfig.builder(id).pinnedShards(home).build()));
    }

    // Moves

    private long start(TenantId tenant, ReplicaId from, ReplicaId to) {
        return members[0]
                .migrations()
                .start(
                        tenant,
                        from,
                        to,
                        new MigrationOptions(
                                OptionalLong.empty(), Duration.ofSeconds(1), Optional.of(Duration.ZERO), false, false));
    }

    private MigrationStatus status(long id) {
        return members[0].migrations().find(id).orElseThrow();
    }

    private MigrationStatus end(long id) {
        MigrationStatus status = status(id);
        while (!status.state().isOver()) {
            LockSupport.parkNanos(5_000_000);
            status = status(id);
        }
        return status;
    }

    private static ReplicaId other(ReplicaId home) {
        return home.equals(ONE) ? OTHER : ONE;
    }

    private static ReplicaId home(Tenant tenant) {
        return tenant.placement().get(0);
    }

    // For how long writes are held back

    private void pauses(int moves) throws InterruptedException {
        Tenant tenant = tenant(SMALL, ONE);
        Stalls stalls = new Stalls();
        AtomicBoolean ended = new AtomicBoolean();
        double[] predicted = new double[moves];
        double[] measured = new double[moves];
        double[] felt = new double[moves];
        List<String> notes = new ArrayList<>();
        Histogram waits = Phase.acks();
        Thread writer = writer(tenant, waits, ended);
        for (int move = 0; move < moves; move++) {
            synchronized (waits) {
                waits.reset();
            }
            stalls.reset();
            long id = start(SMALL, home(tenant), other(home(tenant)));
            MigrationStatus status = status(id);
            while (!status.state().isOver()) {
                int at = move;
                if (status.state().canAbort()) {
                    status.predictedWritePause().ifPresent(pause -> predicted[at] = millis(pause));
                }
                LockSupport.parkNanos(1_000_000);
                status = status(id);
            }
            measured[move] = millis(status.writePause().orElseThrow());
            synchronized (waits) {
                felt[move] = waits.getMaxValue() / 1e6;
            }
            if (stalls.longestNanos() > STALL_NANOS) {
                notes.add(String.format(
                        Locale.ROOT,
                        "move %d: %.0f ms, pause %.1f ms",
                        move,
                        stalls.longestNanos() / 1e6,
                        measured[move]));
            }
        }
        ended.set(true);
        writer.join();
        stalls.close();
        System.out.printf(Locale.ROOT, "%n%d moves of a tenant that is written to without a break%n%n", moves);
        System.out.println("| ms | median | p99 | longest |");
        System.out.println("| --- | --- | --- | --- |");
        row("write pause, predicted", predicted);
        row("write pause, measured", measured);
        row("longest write meanwhile", felt);
        System.out.println("\nStalls of the machine over " + STALL_NANOS / 1_000_000 + " ms: "
                + (notes.isEmpty() ? "none" : String.join("; ", notes)));
    }

    private static double millis(Duration duration) {
        return duration.toNanos() / 1e6;
    }

    private static void row(String what, double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        System.out.printf(
                Locale.ROOT,
                "| %s | %.1f | %.1f | %.1f |%n",
                what,
                Medians.of(sorted),
                sorted[(int) Math.ceil(0.99 * sorted.length) - 1],
                sorted[sorted.length - 1]);
    }

    private static Thread writer(Tenant tenant, Histogram waits, AtomicBoolean ended) {
        Thread writer = new Thread(
                () -> {
                    for (long entity = 0; !ended.get(); entity++) {
                        long began = System.nanoTime();
                        tenant.recordAll(List.of(Signal.of(SIGNAL, entity % ENTITIES, 1)), PATIENT);
                        synchronized (waits) {
                            Phase.record(waits, System.nanoTime() - began);
                        }
                    }
                },
                "tidal-bench-writer");
        writer.start();
        return writer;
    }

    /** How long this process stood still: a thread that wakes each millisecond woke late. */
    private static final class Stalls implements AutoCloseable {

        private final AtomicBoolean ended = new AtomicBoolean();
        private final Thread watch = new Thread(this::watch, "tidal-bench-stalls");
        private volatile long longest;

        Stalls() {
            watch.setDaemon(true);
            watch.start();
        }

        private void watch() {
            for (long last = System.nanoTime(); !ended.get(); ) {
                LockSupport.parkNanos(1_000_000);
                long now = System.nanoTime();
                longest = Math.max(longest, now - last - 1_000_000);
                last = now;
            }
        }

        void reset() {
            longest = 0;
        }

        long longestNanos() {
            return longest;
        }

        @Override
        public void close() {
            ended.set(true);
        }
    }

    // How fast a large one is copied

    private void copies(int mib, int rounds) throws Exception {
        Tenant tenant = tenant(LARGE, ONE);
        double[] rates = new double[rounds];
        double[] once = new double[rounds];
        double[] each = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            long began = System.nanoTime();
            long id = start(LARGE, home(tenant), other(home(tenant)));
            MigrationStatus status = status(id);
            while (status.state() == MigrationState.PREPARING) {
                LockSupport.parkNanos(2_000_000);
                status = status(id);
            }
            double seconds = (System.nanoTime() - began) / 1e9;
            long bytes = Math.max(status.bytes(), (long) mib << 20);
            rates[round] = bytes / seconds / (1 << 20);
            if (end(id).state() != MigrationState.COMPLETE) {
                throw new IllegalStateException("the move was given up: " + status(id));
            }
            once[round] = bytes / reference(bytes, Long.MAX_VALUE) / (1 << 20);
            each[round] = bytes / reference(bytes, CHUNK) / (1 << 20);
            System.err.println("copy " + (round + 1) + " of " + rounds + " done");
        }
        System.out.printf(Locale.ROOT, "%nA tenant of %d MiB, medians of %d rounds%n%n", mib, rounds);
        System.out.println("| copied by | MiB/s | moving against it |");
        System.out.println("| --- | --- | --- |");
        System.out.printf(Locale.ROOT, "| a move | %.0f | |%n", Medians.of(rates));
        System.out.printf(
                Locale.ROOT,
                "| the reference, synced at the end | %.0f | %.2f |%n",
                Medians.of(once),
                ratio(rates, once));
        System.out.printf(
                Locale.ROOT,
                "| the reference, synced each %d KiB | %.0f | %.2f |%n",
                CHUNK >> 10,
                Medians.of(each),
                ratio(rates, each));
    }

    private static double ratio(double[] values, double[] against) {
        return Medians.of(IntStream.range(0, values.length)
                .mapToDouble(i -> values[i] / against[i])
                .toArray());
    }

    private void fill(long bytes) {
        Tenant tenant = tenant(LARGE, ONE);
        int perWrite = 1_000;
        List<Signal> signals = new ArrayList<>();
        for (int i = 0; i < perWrite; i++) {
            signals.add(Signal.of(SIGNAL, i % ENTITIES, 1));
        }
        for (long written = 0; written < bytes; written += (long) perWrite * RECORD_BYTES) {
            tenant.recordAll(signals, PATIENT);
        }
    }

    /** Sends as many bytes over a socket to a thread that writes them to a file and syncs it; returns how long that takes, in seconds. */
    private double reference(long bytes, long syncEach) throws Exception {
        Path file = directory.resolve("reference");
        byte[] chunk = new byte[CHUNK];
        ThreadLocalRandom.current().nextBytes(chunk);
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Void> receiver = CompletableFuture.runAsync(() -> receive(server, file, bytes, syncEach));
            long began = System.nanoTime();
            try (Socket socket = new Socket(server.getInetAddress(), server.getLocalPort())) {
                OutputStream out = socket.getOutputStream();
                for (long sent = 0; sent < bytes; sent += CHUNK) {
                    out.write(chunk, 0, (int) Math.min(CHUNK, bytes - sent));
                }
                out.flush();
                receiver.join();
            }
            return (System.nanoTime() - began) / 1e9;
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static void receive(ServerSocket server, Path file, long bytes, long syncEach) {
        try (Socket socket = server.accept();
                DataInputStream in = new DataInputStream(socket.getInputStream());
                FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            byte[] chunk = new byte[CHUNK];
            long unsynced = 0;
            for (long received = 0; received < bytes; ) {
                int length = (int) Math.min(CHUNK, bytes - received);
                in.readFully(chunk, 0, length);
                for (ByteBuffer left = ByteBuffer.wrap(chunk, 0, length); left.hasRemaining(); ) {
                    out.write(left);
                }
                received += length;
                unsynced += length;
                if (unsynced >= syncEach) {
                    out.force(false);
                    unsynced = 0;
                }
            }
            out.force(false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // What neighbours feel

    /** Something that goes on beside the neighbours. */
    private interface Disturbance {

        /** Begins; returns whether it is over. */
        BooleanSupplier begin();

        /** Ends what is left of it; returns how many bytes were copied. */
        long end();
    }

    private void besideMoves(int rounds, double seconds, int rate) throws InterruptedException {
        Tenant moved = tenant(LARGE, ONE);
        neighbours("a move", rounds, seconds, rate, new Disturbance() {

            private long id;

            @Override
            public BooleanSupplier begin() {
                id = start(LARGE, home(moved), other(home(moved)));
                long end = System.nanoTime() + (long) (seconds * 1e9);
                return () -> System.nanoTime() - end >= 0 || status(id).state() != MigrationState.PREPARING;
            }

            @Override
            public long end() {
                long bytes = status(id).bytes();
                giveUp(id);
                return bytes;
            }
        });
    }

    private void besideBackups(int rounds, double seconds, int rate) throws IOException, InterruptedException {
        Path file = directory.resolve("backup");
        neighbours("a backup", rounds, seconds, rate, new Background() {

            @Override
            void run() throws IOException {
                backUp(file);
            }

            @Override
            long bytes() throws IOException {
                long bytes = Files.size(file);
                // Here, as nobody is timed now: to free a gigabyte holds up other writes.
                Files.delete(file);
                return bytes;
            }
        });
    }

    private void besideRestores(int rounds, double seconds, int rate) throws IOException, InterruptedException {
        Path file = directory.resolve("restored");
        backUp(file);
        BackupSource backup = new BackupSource() {
            @Override
            public String name() {
                return file.toString();
            }

            @Override
            public InputStream open() throws IOException {
                return Files.newInputStream(file);
            }
        };
        neighbours("a restore", rounds, seconds, rate, new Background() {

            @Override
            void run() throws IOException {
                members[0].restore(backup, RestoreOptions.DEFAULT.as(RESTORED).in(List.of(ONE.region())));
            }

            @Override
            long bytes() throws IOException {
                members[0].deleteTenant(RESTORED);
                return Files.size(file);
            }
        });
    }

    /** As the command line does it, synced while it grows. */
    private void backUp(Path file) throws IOException {
        try (OutputStream out = new BufferedOutputStream(
                Files.newOutputStream(
                        file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.DSYNC),
                CHUNK)) {
            members[home(tenant(LARGE, ONE)).region().value()].backup(LARGE, BackupPoint.NOTHING, out);
        }
    }

    /** In a thread of its own. */
    private abstract static class Background implements Disturbance {

        private CompletableFuture<Void> done = CompletableFuture.completedFuture(null);

        abstract void run() throws IOException;

        /** Cleans up, and returns how many bytes were copied. */
        abstract long bytes() throws IOException;

        @Override
        public BooleanSupplier begin() {
            CompletableFuture<Void> running = CompletableFuture.runAsync(() -> {
                try {
                    run();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            done = running;
            return running::isDone;
        }

        @Override
        public long end() {
            done.join();
            try {
                return bytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void neighbours(String of, int rounds, double seconds, int rate, Disturbance disturbance)
            throws InterruptedException {
        List<Tenant> near = List.of(tenant(NEAR_SOURCE, ONE), tenant(NEAR_TARGET, OTHER));
        String[] names = {"on " + ONE, "on " + OTHER};
        double[][] alone = new double[near.size()][rounds];
        double[][] beside = new double[near.size()][rounds];
        long copied = 0;
        double copying = 0;
        for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
            List<Histogram> before = foreground(near, rate, seconds, () -> false);
            BooleanSupplier over = disturbance.begin();
            long began = System.nanoTime();
            List<Histogram> during = foreground(near, rate, LONGEST_SECONDS, over);
            double took = (System.nanoTime() - began) / 1e9;
            long bytes = disturbance.end();
            if (round >= 0) {
                copied += bytes;
                copying += took;
                for (int i = 0; i < near.size(); i++) {
                    alone[i][round] = before.get(i).getValueAtPercentile(99) / 1e6;
                    beside[i][round] = during.get(i).getValueAtPercentile(99) / 1e6;
                }
            }
            System.err.printf(
                    Locale.ROOT,
                    "round %d of %d: p99 ms alone and beside %s %s, %s %s%n",
                    round + 1,
                    rounds,
                    names[0],
                    p99s(before.get(0), during.get(0)),
                    names[1],
                    p99s(before.get(1), during.get(1)));
        }
        System.out.printf(
                Locale.ROOT,
                "%nNeighbours that write %d times a second each, medians of %d rounds of %.1f s; %.0f MiB/s were copied beside them%n%n",
                rate,
                rounds,
                seconds,
                copied / Math.max(1e-9, copying) / (1 << 20));
        System.out.println("| neighbour | p99 ms alone | p99 ms beside " + of + " | ratio |");
        System.out.println("| --- | --- | --- | --- |");
        for (int i = 0; i < near.size(); i++) {
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.2f | %.2f | %.2f |%n",
                    names[i],
                    Medians.of(alone[i]),
                    Medians.of(beside[i]),
                    ratio(beside[i], alone[i]));
        }
    }

    private static String p99s(Histogram alone, Histogram beside) {
        return String.format(
                Locale.ROOT,
                "%.2f and %.2f",
                alone.getValueAtPercentile(99) / 1e6,
                beside.getValueAtPercentile(99) / 1e6);
    }

    private void giveUp(long id) {
        if (status(id).state().canAbort()) {
            try {
                members[0].migrations().abort(id);
            } catch (TidalException e) {
                if (e.code() != ErrorCode.INVALID_ARGUMENT) {
                    throw e;
                }
                // It has changed hands meanwhile, and ends by itself.
            }
        }
        end(id);
    }

    /** Writes at a fixed rate, counted from when each write was due, for a time or until something is over. */
    private static List<Histogram> foreground(List<Tenant> tenants, int rate, double seconds, BooleanSupplier over)
            throws InterruptedException {
        List<Histogram> all = new ArrayList<>();
        List<Thread> writers = new ArrayList<>();
        AtomicBoolean ended = new AtomicBoolean();
        for (Tenant tenant : tenants) {
            Histogram waits = Phase.acks();
            all.add(waits);
            Thread writer = new Thread(() -> steady(tenant, rate, waits, ended), "tidal-bench-neighbour");
            writer.start();
            writers.add(writer);
        }
        long end = System.nanoTime() + (long) (seconds * 1e9);
        while (System.nanoTime() - end < 0 && !over.getAsBoolean()) {
            LockSupport.parkNanos(20_000_000);
        }
        ended.set(true);
        for (Thread writer : writers) {
            writer.join();
        }
        return all;
    }

    private static void steady(Tenant tenant, int rate, Histogram waits, AtomicBoolean ended) {
        long begin = System.nanoTime();
        for (long i = 0; !ended.get(); i++) {
            long due = begin + (long) (i * 1e9 / rate);
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            tenant.recordAll(List.of(Signal.of(SIGNAL, i % ENTITIES, 1)), PATIENT);
            Phase.record(waits, System.nanoTime() - due);
        }
    }
}
