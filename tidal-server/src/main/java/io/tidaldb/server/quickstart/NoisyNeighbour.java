package io.tidaldb.server.quickstart;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.EntityNames;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.server.importing.AckSink;
import io.tidaldb.server.importing.Acknowledgement;
import io.tidaldb.server.importing.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** One tenant floods at many times its quota while two others go on as before; their latency is measured before and during. */
final class NoisyNeighbour {

    private static final double NOISY_RATE = 1_000;
    private static final double FLOOD_PER_SECOND = 100_000;
    private static final int FLOOD_CALL = 20;
    private static final Duration PHASE = Duration.ofMillis(1_500);
    private static final Duration WARM_UP = Duration.ofMillis(500);
    private static final long QUIET_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(4);
    private static final String ENTITY = "quickstart-probe";

    private final Tidal tidal;
    private final List<Tenant> quiet;
    private final Tenant noisy;
    private final TenantPlan plan;
    private final AckSink acks;
    private final AtomicLong event = new AtomicLong();

    /** Advances when all writes are answered and this class, the first party, waits for that. */
    private final Phaser unanswered = new Phaser(1);

    private final AtomicLong throttled = new AtomicLong();
    private final AtomicLong noisyFailed = new AtomicLong();
    private final AtomicLong quietFailed = new AtomicLong();

    NoisyNeighbour(Tidal tidal, TenantPlan plan, AckSink acks) {
        this.tidal = tidal;
        this.plan = plan;
        this.acks = acks;
        List<Tenant> tenants = plan.tenants().stream()
                .map(config -> tidal.tenant(config.id()).orElseThrow())
                .toList();
        this.quiet = tenants.subList(0, tenants.size() - 1);
        this.noisy = tenants.get(tenants.size() - 1);
    }

    /** Runs both phases and returns the section of the report. */
    ObjectNode run() throws InterruptedException {
        TenantConfig unlimited = noisy.config();
        tidal.updateTenant(unlimited.toBuilder()
                .maxSignalsPerSecond(NOISY_RATE)
                .burst(2 * NOISY_RATE)
                .build());
        quietPhase(WARM_UP);
        Histogram before = quietPhase(PHASE);
        AtomicBoolean over = new AtomicBoolean();
        Thread flood = new Thread(() -> flood(over), "tidal-flood-0");
        flood.start();
        Histogram during = quietPhase(PHASE);
        over.set(true);
        flood.join();
        awaitAnswers();
        tidal.updateTenant(unlimited);
        return Json.object()
                .put("noisy_tenant", Long.toUnsignedString(noisy.id().value()))
                .put("throttled", throttled.get())
                .put("quiet_p99_us_before", before.getValueAtPercentile(99) / 1e3)
                .put("quiet_p99_us_during", during.getValueAtPercentile(99) / 1e3)
                .put("quiet_failed", quietFailed.get());
    }

    /** Returns writes of the noisy tenant that failed for any other reason than its quota. */
    long noisyFailed() {
        return noisyFailed.get();
    }

    private Histogram quietPhase(Duration length) throws InterruptedException {
        Histogram nanos = new Histogram(3);
        List<Thread> writers = new ArrayList<>();
        for (Tenant tenant : quiet) {
            Thread writer = new Thread(() -> writeQuietly(tenant, length, nanos), "tidal-quiet-" + tenant.id());
            writer.start();
            writers.add(writer);
        }
        for (Thread writer : writers) {
            writer.join();
        }
        return nanos;
    }

    private void writeQuietly(Tenant tenant, Duration length, Histogram latencies) {
        long start = System.nanoTime();
        for (long due = 0; due < length.toNanos(); due += QUIET_EVERY_NANOS) {
            pauseUntil(start + due);
            long began = System.nanoTime();
            List<Signal> signals = List.of(next());
            try {
                Position position = tenant.recordAll(signals, WriteOptions.DEFAULT);
                synchronized (latencies) {
                    latencies.recordValue(System.nanoTime() - began);
                }
                acknowledged(tenant, signals, position);
            } catch (RuntimeException e) {
                quietFailed.incrementAndGet();
            }
        }
    }

    private void flood(AtomicBoolean over) {
        long start = System.nanoTime();
        long sent = 0;
        while (!over.get()) {
            pauseUntil(start + (long) (sent * (1e9 / FLOOD_PER_SECOND)));
            // In small calls, as a runaway client would: many of them, each admitted or refused by itself. Smaller ones
            // would measure what making them costs on a shared processor, more than what refusing them does.
            List<Signal> signals = Stream.generate(this::next).limit(FLOOD_CALL).toList();
            unanswered.register();
            noisy.recordAllAsync(signals, WriteOptions.DEFAULT)
                    .whenComplete((position, failure) -> answered(signals, position, failure))
                    .exceptionally(failure -> null);
            sent += FLOOD_CALL;
        }
    }

    private void answered(List<Signal> signals, @Nullable Position position, @Nullable Throwable failure) {
        if (position != null) {
            acknowledged(noisy, signals, position);
        } else {
            Throwable cause = failure != null && failure.getCause() != null ? failure.getCause() : failure;
            (cause instanceof QuotaExceededException ? throttled : noisyFailed).addAndGet(signals.size());
        }
        unanswered.arriveAndDeregister();
    }

    // What is acknowledged after the crash would be a promise that nobody checks.
    private void awaitAnswers() throws InterruptedException {
        long deadline = 2 * WriteOptions.DEFAULT.deadline().toNanos();
        try {
            unanswered.awaitAdvanceInterruptibly(unanswered.arrive(), deadline, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new TidalException(
                    ErrorCode.DEADLINE_EXCEEDED,
                    "writes of the noisy neighbour are not answered " + deadline / 1_000_000_000
                            + " s after it stopped",
                    e);
        }
    }

    // Weight 0, at the end of history: what the probes leave behind changes no score and no ranking.
    private Signal next() {
        long nanos = Math.max(0, plan.lastEventNanos() - event.getAndIncrement());
        return new Signal(plan.signal(), EntityNames.idOf(ENTITY), ENTITY, 0, nanos);
    }

    private void acknowledged(Tenant tenant, List<Signal> signals, Position position) {
        WalSegmentId last = position.records().get(0);
        long seqno = last.seqno() - signals.size();
        for (Signal signal : signals) {
            seqno++;
            acks.acknowledged(new Acknowledgement(
                    0,
                    tenant.id(),
                    Position.of(new WalSegmentId(last.region(), last.shard(), seqno)),
                    signal.type(),
                    signal.entity(),
                    signal.name(),
                    (float) signal.weight(),
                    signal.eventNanos()));
        }
    }

    private static void pauseUntil(long nanos) {
        long left = nanos - System.nanoTime();
        if (left > 0) {
            java.util.concurrent.locks.LockSupport.parkNanos(left);
        }
    }
}
