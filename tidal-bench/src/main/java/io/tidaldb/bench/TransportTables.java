package io.tidaldb.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** Messages between two nodes in one process, over loopback, without TLS. */
final class TransportTables {

    private static final String RAW = "raw netty";
    private static final String TIDAL = "tidal";
    private static final int MEBIBYTES = 256;

    private TransportTables() {}

    static Table transport() {
        Table table = new Table(
                "Transport",
                "Questions of 1 KiB and answers as long; then " + MEBIBYTES
                        + " MiB one way (the rate is MiB a second), from memory and from a"
                        + " file. `raw netty` is frames with a length, one flush a batch, everything on the event loops, and a `FileRegion`"
                        + " from a file. `grpc` (gRPC-Java): a unary call each, or one stream; direct executors, messages that protobuf does"
                        + " not touch. `blocking nio`: a thread and a direct buffer at each end.",
                Figure.RATE);
        for (int outstanding : new int[] {1, 128}) {
            table.add(new Workload(String.format(Locale.ROOT, "1 KiB, %d at a time", outstanding))
                    .add(RAW, directory -> new Asking(new RawWire(null), outstanding))
                    .add(TIDAL, directory -> new Asking(new TidalWire(null), outstanding))
                    .add("grpc, a call each", directory -> new Asking(new GrpcWire(false), outstanding))
                    .add("grpc, one stream", directory -> new Asking(new GrpcWire(true), outstanding))
                    .target(Target.rateOfReference(TIDAL, 0.8)));
        }
        return table.add(new Workload("messages of 1 MiB")
                        .add("blocking nio", directory -> new BlockingStream((long) MEBIBYTES << 20, 1 << 20))
                        .add(RAW, directory -> new Streaming(new RawWire(null), null, 1 << 20))
                        .add(TIDAL, directory -> new Streaming(new TidalWire(null), null, 1 << 20))
                        .add("grpc, one stream", directory -> new Streaming(new GrpcWire(true), null, 1 << 20))
                        .target(Target.rateOfReference(TIDAL, 0.8)))
                .add(new Workload("messages of 256 KiB, from a file")
                        .add(RAW, directory -> fromFile(directory, RawWire::new))
                        .add(TIDAL, directory -> fromFile(directory, TidalWire::new))
                        .target(Target.rateOfReference(TIDAL, 1)));
    }

    private interface FileWire {
        Wire open(FileChannel file) throws Exception;
    }

    private static Contender fromFile(Path directory, FileWire wire) throws Exception {
        FileChannel file = file(directory);
        return new Streaming(wire.open(file), file, 256 << 10);
    }

    private static FileChannel file(Path directory) throws IOException {
        FileChannel file = FileChannel.open(
                directory.resolve("log"),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        ByteBuffer zeros = ByteBuffer.allocate(1 << 20);
        for (int i = 0; i < MEBIBYTES; i++) {
            file.write(zeros.clear(), file.size());
        }
        return file;
    }

    /** Sends all of it, one way. */
    private record Streaming(Wire wire, @Nullable FileChannel file, int messageBytes) implements Contender {

        @Override
        public Phase run(double seconds) throws Exception {
            long begin = System.nanoTime();
            wire.stream((MEBIBYTES << 20) / messageBytes, messageBytes);
            return Phase.of(Figure.RATE, MEBIBYTES * 1e9 / (System.nanoTime() - begin));
        }

        @Override
        public void close() throws Exception {
            wire.close();
            if (file != null) {
                file.close();
            }
        }
    }

    /** So many that each ask, and ask again when they are answered. */
    private record Asking(Wire wire, int outstanding) implements Contender {

        @Override
        public Phase run(double seconds) throws InterruptedException {
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

        @Override
        public void close() throws Exception {
            wire.close();
        }
    }

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
}
