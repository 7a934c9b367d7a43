package io.tidaldb.bench;

import io.tidaldb.api.TenantId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/** Threads that write to one tenant through the embedded API for a while: the counterpart of {@link GroupCommit}. */
final class EmbeddedLoad {

    static final String SIGNAL = "view";
    static final TenantId TENANT = TenantId.of(1);
    static final int ENTITIES = 100_000;

    private final Tenant tenant;
    private final int threads;
    private final int window;
    private final int signalsPerWrite;
    private final Histogram acks = new ConcurrentHistogram(Phase.MAX_NANOS, Phase.DIGITS);
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    /** @param window how many writes of a thread may be under way; 1 stands for the blocking method */
    EmbeddedLoad(Tenant tenant, int threads, int window, int signalsPerWrite) {
        this.tenant = tenant;
        this.threads = threads;
        this.window = window;
        this.signalsPerWrite = signalsPerWrite;
    }

    Phase run(double seconds) throws InterruptedException {
        long begin = System.nanoTime();
        long end = begin + (long) (seconds * 1e9);
        List<Thread> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            long seed = i;
            all.add(new Thread(() -> write(seed, end), "tidal-bench-writer-" + i));
        }
        all.forEach(Thread::start);
        for (Thread each : all) {
            each.join();
        }
        if (failure.get() != null) {
            throw new IllegalStateException("a write failed", failure.get());
        }
        return Phase.of(acks, signalsPerWrite, System.nanoTime() - begin);
    }

    private void write(long seed, long endNanos) {
        try {
            if (window == 1) {
                writeBlocking(seed, endNanos);
            } else {
                writeAhead(seed, endNanos);
            }
        } catch (RuntimeException e) {
            failure.compareAndSet(null, e);
        }
    }

    private void writeBlocking(long seed, long endNanos) {
        long entity = seed;
        long now = System.nanoTime();
        while (now < endNanos) {
            entity = next(entity);
            tenant.record(SIGNAL, entity, 1);
            long done = System.nanoTime();
            Phase.record(acks, done - now);
            now = done;
        }
    }

    private void writeAhead(long seed, long endNanos) {
        Semaphore free = new Semaphore(window);
        long entity = seed;
        for (long now = System.nanoTime(); now < endNanos && failure.get() == null; now = System.nanoTime()) {
            List<Signal> signals = new ArrayList<>(signalsPerWrite);
            for (int i = 0; i < signalsPerWrite; i++) {
                entity = next(entity);
                signals.add(Signal.of(SIGNAL, entity, 1));
            }
            free.acquireUninterruptibly();
            long since = System.nanoTime();
            tenant.recordAllAsync(signals, WriteOptions.DEFAULT).whenComplete((position, refusal) -> {
                if (refusal != null) {
                    failure.compareAndSet(null, refusal);
                }
                Phase.record(acks, System.nanoTime() - since);
                free.release();
            });
        }
        free.acquireUninterruptibly(window);
    }

    /** A stride that shares no factor with the number of entities visits all of them, far apart. */
    private static long next(long entity) {
        return (entity + 61_803) % ENTITIES;
    }
}
