package io.tidaldb.bench;

import io.tidaldb.api.TenantId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.client.ClientTenant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/** Threads that write signals for a while, to one tenant after the other: the counterpart of {@link GroupCommit}. */
final class SignalLoad {

    static final String SIGNAL = "view";
    static final TenantId TENANT = TenantId.of(1);
    static final int ENTITIES = 100_000;
    // Shares no factor with 10, 100 or 1,000, so that all tenants have their turn.
    private static final int TENANT_STRIDE = 7919;

    private final Store store;
    private final int threads;
    private final int window;
    private final int signalsPerWrite;
    private final int entities;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    /** @param window how many writes of a thread may be under way; 1 stands for the blocking method */
    SignalLoad(Store store, int threads, int window, int signalsPerWrite) {
        this(store, threads, window, signalsPerWrite, ENTITIES);
    }

    SignalLoad(Store store, int threads, int window, int signalsPerWrite, int entities) {
        this.store = store;
        this.threads = threads;
        this.window = window;
        this.signalsPerWrite = signalsPerWrite;
        this.entities = entities;
    }

    /** Where signals go. */
    interface Store {

        int tenants();

        /** Returns when they are acknowledged. */
        void record(int tenant, List<Signal> signals);

        CompletionStage<?> begin(int tenant, List<Signal> signals);

        static Store embedded(List<Tenant> tenants, WriteOptions options) {
            return new Store() {
                @Override
                public int tenants() {
                    return tenants.size();
                }

                @Override
                public void record(int tenant, List<Signal> signals) {
                    tenants.get(tenant).recordAll(signals, options);
                }

                @Override
                public CompletionStage<?> begin(int tenant, List<Signal> signals) {
                    return tenants.get(tenant).recordAllAsync(signals, options);
                }
            };
        }

        static Store client(ClientTenant tenant, WriteOptions options) {
            return new Store() {
                @Override
                public int tenants() {
                    return 1;
                }

                @Override
                public void record(int number, List<Signal> signals) {
                    tenant.recordAll(signals, options);
                }

                @Override
                public CompletionStage<?> begin(int number, List<Signal> signals) {
                    return tenant.recordAllAsync(signals, options);
                }
            };
        }
    }

    Phase run(double seconds) throws InterruptedException {
        Histogram acks = new ConcurrentHistogram(Phase.MAX_NANOS, Phase.DIGITS);
        long begin = System.nanoTime();
        long end = begin + (long) (seconds * 1e9);
        List<Thread> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            long seed = i;
            all.add(new Thread(() -> write(seed, end, acks), "tidal-bench-writer-" + i));
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

    private void write(long seed, long endNanos, Histogram acks) {
        try {
            if (window == 1) {
                writeBlocking(seed, endNanos, acks);
            } else {
                writeAhead(seed, endNanos, acks);
            }
        } catch (RuntimeException e) {
            failure.compareAndSet(null, e);
        }
    }

    private void writeBlocking(long seed, long endNanos, Histogram acks) {
        long entity = seed;
        int tenant = (int) seed % store.tenants();
        long now = System.nanoTime();
        while (now < endNanos) {
            entity = next(entity, entities);
            tenant = (tenant + TENANT_STRIDE) % store.tenants();
            store.record(tenant, List.of(Signal.of(SIGNAL, entity, 1)));
            long done = System.nanoTime();
            Phase.record(acks, done - now);
            now = done;
        }
    }

    private void writeAhead(long seed, long endNanos, Histogram acks) {
        Window underWay = new Window(window);
        long entity = seed;
        int tenant = (int) seed % store.tenants();
        for (long now = System.nanoTime(); now < endNanos && failure.get() == null; now = System.nanoTime()) {
            List<Signal> signals = new ArrayList<>(signalsPerWrite);
            for (int i = 0; i < signalsPerWrite; i++) {
                entity = next(entity, entities);
                signals.add(Signal.of(SIGNAL, entity, 1));
            }
            underWay.begin();
            long since = System.nanoTime();
            tenant = (tenant + TENANT_STRIDE) % store.tenants();
            store.begin(tenant, signals).whenComplete((position, refusal) -> {
                if (refusal != null) {
                    failure.compareAndSet(null, refusal);
                }
                Phase.record(acks, System.nanoTime() - since);
                underWay.end();
            });
        }
        underWay.await();
    }

    /** A stride that shares no factor with the number of entities visits all of them, far apart. */
    static long next(long entity, int entities) {
        return (entity + 61_803) % entities;
    }
}
