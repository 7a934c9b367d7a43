package io.tidaldb.bench;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.LockSupport;

/**
 * What pairs and tenants take of a heap, and what becomes of everybody's writes while a large ledger is checkpointed. Hypothesis: ten
 * million pairs, nearly all of them cold, ten thousand idle tenants, a checkpoint, a close and a reopening all fit into 2 GiB, and a
 * neighbour's writes wait no longer during a checkpoint than without one.
 */
public final class MemoryBenchmark {

    private static final List<String> SIGNALS = List.of("view", "like", "share", "skip");
    private static final TenantId LARGE = TenantId.of(1);
    private static final TenantId NEIGHBOUR = TenantId.of(2);
    private static final long FIRST_IDLE = 1_000;
    private static final int SIGNALS_PER_WRITE = 1_000;
    private static final int WRITES_UNDER_WAY = 32;
    private static final Instant START = Instant.parse("2026-01-05T00:00:00Z");

    /** One pair in a hundred is warm: an event in each of so many hours, so that it has buckets for all windows. */
    private static final int WARM_SHARE = 100;

    private static final int WARM_HOURS = 24;

    private final ScratchDirectory directory;
    private final int pairs;
    private final int tenants;

    private MemoryBenchmark(ScratchDirectory directory, int pairs, int tenants) {
        this.directory = directory;
        this.pairs = pairs;
        this.tenants = tenants;
    }

    /** Runs it; options are in {@code docs/performance.md}. */
    public static void main(String[] args) throws Exception {
        Options options = Options.parse(args, Map.of("--dir", "target", "--pairs", "10000000", "--tenants", "10000"));
        ScratchDirectory directory =
                new ScratchDirectory(Path.of(options.text("--dir")).resolve("memory-benchmark"));
        directory.create();
        System.out.println("| step | seconds | heap after it, MiB | |");
        System.out.println("| --- | --- | --- | --- |");
        new MemoryBenchmark(directory, options.number("--pairs"), options.number("--tenants")).run();
        directory.remove();
    }

    // An instance that was closed must not be held by a variable when the next is measured.
    private void run() throws Exception {
        loadAndCheckpoint();
        long begin = System.nanoTime();
        Tidal tidal = open();
        long before = row("reopen", begin, "");
        check(tidal);
        createTenants(tidal, before);
        tidal = null;
        begin = System.nanoTime();
        tidal = open();
        long reopened = row("reopen", begin, "");
        System.out.printf(Locale.ROOT, "| | | | %,d bytes an idle tenant |%n", (reopened - before) / tenants);
        check(tidal);
        tidal.close();
    }

    private void loadAndCheckpoint() throws Exception {
        Tidal tidal = open();
        Tenant large = tidal.createTenant(TenantConfig.builder(LARGE).build());
        Tenant neighbour = tidal.createTenant(TenantConfig.builder(NEIGHBOUR).build());
        long empty = heapBytes();
        long begin = System.nanoTime();
        load(large);
        row("load", begin, "");
        row("no checkpoint", System.nanoTime(), gap(neighbour, () -> pause(5_000_000_000L)));
        begin = System.nanoTime();
        String gap = gap(neighbour, tidal::checkpoint);
        long loaded = row("checkpoint", begin, gap + ", files of " + (directory.bytes(".ckpt") >> 20) + " MiB");
        System.out.printf(Locale.ROOT, "| | | | %.1f bytes a pair |%n", (loaded - empty) / (double) pairs);
        begin = System.nanoTime();
        tidal.close();
        System.out.printf(Locale.ROOT, "| close | %.1f | | |%n", (System.nanoTime() - begin) / 1e9);
    }

    private void createTenants(Tidal tidal, long before) {
        long begin = System.nanoTime();
        for (int i = 0; i < tenants; i++) {
            Tenant idle = tidal.createTenant(
                    TenantConfig.builder(TenantId.of(FIRST_IDLE + i)).build());
            idle.record(SIGNALS.get(0), 1, 1);
        }
        long created = row("create tenants", begin, "");
        System.out.printf(Locale.ROOT, "| | | | %,d bytes an idle tenant |%n", (created - before) / tenants);
        begin = System.nanoTime();
        tidal.close();
        System.out.printf(Locale.ROOT, "| close | %.1f | | |%n", (System.nanoTime() - begin) / 1e9);
    }

    private Tidal open() {
        var builder = Tidal.builder().dataDir(directory.path().resolve("data"));
        SIGNALS.forEach(name -> builder.signal(name, Duration.ofDays(7)));
        return builder.open();
    }

    /** Pairs come one after the other, the warm ones' events hour by hour after them. */
    private void load(Tenant tenant) {
        Writes writes = new Writes(tenant);
        for (int pair = 0; pair < pairs; pair++) {
            writes.add(pair, START.plusMillis(pair / 10));
        }
        for (int hour = 1; hour <= WARM_HOURS; hour++) {
            for (int pair = 0; pair < pairs; pair += WARM_SHARE) {
                writes.add(pair, START.plus(Duration.ofHours(hour)));
            }
        }
        writes.end();
    }

    /** Full writes of one thread that runs ahead of its acknowledgements. */
    private static final class Writes {

        private final Tenant tenant;
        private final List<CompletionStage<?>> underWay = new ArrayList<>();
        private List<Signal> next = new ArrayList<>(SIGNALS_PER_WRITE);

        Writes(Tenant tenant) {
            this.tenant = tenant;
        }

        void add(int pair, Instant at) {
            // Ids like those of a random generator, each with all signal types.
            long entity = (long) (pair / SIGNALS.size()) * 0x9E3779B97F4A7C15L;
            next.add(Signal.of(SIGNALS.get(pair % SIGNALS.size()), entity, 1).at(at));
            if (next.size() == SIGNALS_PER_WRITE) {
                send();
            }
        }

        void end() {
            if (!next.isEmpty()) {
                send();
            }
            await();
        }

        private void send() {
            underWay.add(tenant.recordAllAsync(next, WriteOptions.DEFAULT));
            next = new ArrayList<>(SIGNALS_PER_WRITE);
            if (underWay.size() == WRITES_UNDER_WAY) {
                await();
            }
        }

        private void await() {
            underWay.forEach(write -> write.toCompletableFuture().join());
            underWay.clear();
        }
    }

    /** Does something while a tenant writes one signal after the other, and says how long one of them took at most. */
    private static String gap(Tenant tenant, Runnable what) throws InterruptedException {
        long[] longest = {0};
        long[] writes = {0};
        Thread writer = new Thread(() -> {
            long last = System.nanoTime();
            while (!Thread.currentThread().isInterrupted()) {
                tenant.recordAllAsync(List.of(Signal.of(SIGNALS.get(0), writes[0]++ % 1_000, 1)), WriteOptions.DEFAULT)
                        .toCompletableFuture()
                        .join();
                long now = System.nanoTime();
                longest[0] = Math.max(longest[0], now - last);
                last = now;
            }
        });
        writer.start();
        what.run();
        writer.interrupt();
        writer.join();
        return String.format(Locale.ROOT, "a neighbour's slowest write of %,d: %.1f ms", writes[0], longest[0] / 1e6);
    }

    private static void pause(long nanos) {
        long end = System.nanoTime() + nanos;
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
    }

    /** Prints what a step took and returns the heap after it. */
    private static long row(String step, long beginNanos, String remark) {
        double seconds = (System.nanoTime() - beginNanos) / 1e9;
        long heap = heapBytes();
        System.out.printf(Locale.ROOT, "| %s | %.1f | %d | %s |%n", step, seconds, heap >> 20, remark);
        return heap;
    }

    private static long heapBytes() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    private void check(Tidal tidal) throws IOException {
        Tenant large = tidal.tenant(LARGE).orElseThrow();
        long found = SIGNALS.stream().mapToLong(large::total).sum();
        long written = pairs + (long) WARM_HOURS * ((pairs + WARM_SHARE - 1) / WARM_SHARE);
        if (found != written) {
            throw new IOException("found " + found + " events of " + written);
        }
    }
}
