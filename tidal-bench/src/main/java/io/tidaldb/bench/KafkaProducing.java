package io.tidaldb.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Threads that share a producer, as it is meant to be used, with so many records under way each. */
final class KafkaProducing implements Contender {

    private static final byte[] RECORD = new byte[64];

    private final Shared<KafkaBrokers> shared;
    private final KafkaBrokers brokers;
    private final String topic;
    private final KafkaProducer<byte[], byte[]> producer;
    private final int threads;
    private final int window;

    KafkaProducing(Shared<KafkaBrokers> shared, Path directory, boolean synced, int threads, int window)
            throws Exception {
        this.shared = shared;
        brokers = shared.open(directory);
        topic = synced ? KafkaBrokers.SYNCED_TOPIC : KafkaBrokers.TOPIC;
        this.threads = threads;
        this.window = window;
        producer = new KafkaProducer<>(
                Map.of(
                        "bootstrap.servers",
                        brokers.servers(),
                        "acks",
                        "all",
                        "linger.ms",
                        threads * window == 1 ? "0" : "1"),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    @Override
    public Phase run(double seconds) throws InterruptedException {
        long before = brokers.cpuNanos() + Cpu.nanos(ProcessHandle.current());
        Histogram acks = new ConcurrentHistogram(Phase.MAX_NANOS, Phase.DIGITS);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        long begin = System.nanoTime();
        long end = begin + (long) (seconds * 1e9);
        List<Thread> all = IntStream.range(0, threads)
                .mapToObj(i -> new Thread(() -> write(acks, failure, end), "tidal-bench-writer-" + i))
                .toList();
        all.forEach(Thread::start);
        for (Thread each : all) {
            each.join();
        }
        if (failure.get() != null) {
            throw new IllegalStateException("a record failed: " + failure.get().getMessage(), failure.get());
        }
        Phase phase = Phase.of(acks, 1, System.nanoTime() - begin);
        long used = brokers.cpuNanos() + Cpu.nanos(ProcessHandle.current()) - before;
        return phase.with(Figure.CPU_NANOS, used / (phase.get(Figure.RATE) * seconds));
    }

    @Override
    public void warmUp() throws InterruptedException {
        run(PROCESS_WARM_UP_SECONDS);
    }

    private void write(Histogram acks, AtomicReference<Throwable> failure, long end) {
        Window underWay = new Window(window);
        while (System.nanoTime() < end && failure.get() == null) {
            underWay.begin();
            long since = System.nanoTime();
            producer.send(new ProducerRecord<>(topic, RECORD), (done, refusal) -> {
                if (refusal != null) {
                    failure.compareAndSet(null, refusal);
                }
                Phase.record(acks, System.nanoTime() - since);
                underWay.end();
            });
        }
        underWay.await();
    }

    @Override
    public void close() throws Exception {
        producer.close();
        shared.close();
    }
}
