package io.tidaldb.bench;

import io.tidaldb.api.EntityId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * The same signals, by the embedded API and as NDJSON. A node records what one request brings in chunks of up to 1,000 lines, so the embedded
 * API gets as many at a time. What is sent is made before, so that neither waits for it.
 */
final class IngestLoad {

    /** So many different batches go round. */
    private static final int BATCHES = 16;

    private static final int MAX_CHUNK = 1_000;

    private final int writers;
    private final int signalsPerRequest;
    private final List<List<Signal>> batches = new ArrayList<>();
    private final List<byte[]> bodies = new ArrayList<>();

    IngestLoad(int writers, int signalsPerRequest) {
        this.writers = writers;
        this.signalsPerRequest = signalsPerRequest;
        Instant time = Instant.now().minus(1, ChronoUnit.HOURS).truncatedTo(ChronoUnit.MILLIS);
        for (int batch = 0; batch < BATCHES; batch++) {
            List<Signal> signals = new ArrayList<>(signalsPerRequest);
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < signalsPerRequest; i++) {
                long entity = (batch * (long) signalsPerRequest + i) * 61_803 % SignalLoad.ENTITIES;
                Instant at = time.plusMillis(i);
                signals.add(new Signal(SignalLoad.SIGNAL, EntityId.of(entity), null, 1.5, Signal.NOW).at(at));
                lines.append("{\"signal\":\"" + SignalLoad.SIGNAL + "\",\"entity\":\"" + entity
                        + "\",\"weight\":1.5,\"ts\":\"" + at + "\"}\n");
            }
            batches.add(signals.subList(0, chunk()));
            bodies.add(lines.toString().getBytes(StandardCharsets.UTF_8));
        }
    }

    /** One write, durable when it returns. */
    private interface Write {
        void batch(int number) throws IOException, InterruptedException;
    }

    Phase embedded(Tenant tenant, double seconds) throws InterruptedException {
        return run(number -> tenant.recordAll(batches.get(number), WriteOptions.DEFAULT), chunk(), seconds);
    }

    Phase http(URI signals, double seconds) throws InterruptedException {
        HttpClient client = HttpClient.newHttpClient();
        return run(
                number -> {
                    HttpResponse<String> response = client.send(
                            HttpRequest.newBuilder(signals)
                                    .header("Content-Type", "application/x-ndjson")
                                    .POST(HttpRequest.BodyPublishers.ofByteArray(bodies.get(number)))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
                    if (!response.body().contains("\"accepted\":" + signalsPerRequest + ",")) {
                        throw new IOException("not all were recorded: " + response.body());
                    }
                },
                signalsPerRequest,
                seconds);
    }

    private int chunk() {
        return Math.min(signalsPerRequest, MAX_CHUNK);
    }

    private Phase run(Write write, int signals, double seconds) throws InterruptedException {
        Histogram acks = new ConcurrentHistogram(Phase.MAX_NANOS, Phase.DIGITS);
        AtomicReference<Exception> failure = new AtomicReference<>();
        long begin = System.nanoTime();
        long end = begin + (long) (seconds * 1e9);
        List<Thread> all = new ArrayList<>();
        for (int i = 0; i < writers; i++) {
            int first = i;
            all.add(new Thread(
                    () -> {
                        try {
                            for (int number = first; System.nanoTime() < end; number++) {
                                long since = System.nanoTime();
                                write.batch(number % BATCHES);
                                Phase.record(acks, System.nanoTime() - since);
                            }
                        } catch (IOException | InterruptedException | RuntimeException e) {
                            failure.compareAndSet(null, e);
                        }
                    },
                    "tidal-bench-writer-" + i));
        }
        all.forEach(Thread::start);
        for (Thread each : all) {
            each.join();
        }
        if (failure.get() != null) {
            throw new IllegalStateException("a write failed", failure.get());
        }
        return Phase.of(acks, signals, System.nanoTime() - begin);
    }
}
