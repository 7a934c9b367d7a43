package io.tidaldb.bench;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantCreation;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * What many tenants cost: to create them with few decisions, to ask how all of them are, to find one, and to open the instance again.
 * Hypothesis: creating is bounded by the labels' writes, which share their syncs; health by one look at each tenant; finding one does not
 * depend on how many there are.
 */
public final class ManyTenantsBenchmark {

    private static final int BATCH = 1_000;
    private static final int LOOKUPS = 2_000_000;
    private static final int HEALTHS = 15;

    private final ScratchDirectory directory;

    private ManyTenantsBenchmark(ScratchDirectory directory) {
        this.directory = directory;
    }

    /** Runs it; options are in {@code docs/performance.md}. */
    public static void main(String[] args) throws Exception {
        Options options = Options.parse(args, Map.of("--dir", "target", "--tenants", "100,1000,10000"));
        ManyTenantsBenchmark benchmark = new ManyTenantsBenchmark(
                new ScratchDirectory(Path.of(options.text("--dir")).resolve("many-tenants-benchmark")));
        System.out.println(
                "| tenants | labels | created a second | health ms | lookup ns | open s, written to none | open s, to each |");
        System.out.println("| --- | --- | --- | --- | --- | --- | --- |");
        // Warms up and is not printed.
        benchmark.run(1_000, true, false);
        for (int tenants : options.numbers("--tenants")) {
            benchmark.run(tenants, false, true);
            benchmark.run(tenants, true, true);
        }
    }

    private void run(int tenants, boolean labels, boolean print) throws IOException {
        directory.create();
        try {
            double created;
            double health;
            double lookup;
            try (Tidal tidal = open()) {
                created = tenants / seconds(() -> create(tidal, tenants, labels));
                health = health(tidal);
                lookup = lookup(tidal, tenants);
            }
            double idle = seconds(() -> open().close());
            try (Tidal tidal = open()) {
                for (Tenant tenant : tidal.tenants()) {
                    var unused = tenant.recordAllAsync(List.of(Signal.of("view", 42, 1)), WriteOptions.DEFAULT);
                }
            }
            double busy = seconds(() -> open().close());
            if (print) {
                System.out.printf(
                        Locale.ROOT,
                        "| %,d | %s | %,.0f | %.1f | %.0f | %.2f | %.2f |%n",
                        tenants,
                        labels ? "yes" : "no",
                        created,
                        health,
                        lookup,
                        idle,
                        busy);
            }
        } finally {
            directory.remove();
        }
    }

    private Tidal open() {
        return Tidal.builder()
                .dataDir(directory.path())
                .signal("view", Duration.ofDays(7))
                .open();
    }

    private static void create(Tidal tidal, int tenants, boolean labels) {
        for (int first = 1; first <= tenants; first += BATCH) {
            List<TenantConfig> batch = new ArrayList<>();
            for (int id = first; id < first + BATCH && id <= tenants; id++) {
                TenantConfig.Builder config = TenantConfig.builder(TenantId.of(id));
                batch.add((labels ? config.label("tenant " + id) : config).build());
            }
            for (TenantCreation each : tidal.createTenants(batch)) {
                Objects.requireNonNull(each.tenant(), "every tenant is created");
            }
        }
    }

    /** Returns the median in milliseconds. */
    private static double health(Tidal tidal) {
        double[] millis = new double[HEALTHS];
        for (int i = 0; i < HEALTHS; i++) {
            millis[i] = 1e3 * seconds(tidal::health);
        }
        return Medians.of(millis);
    }

    /** Returns nanoseconds. */
    private static double lookup(Tidal tidal, int tenants) {
        long[] found = {0};
        double took = seconds(() -> {
            for (int i = 0; i < LOOKUPS; i++) {
                found[0] += tidal.tenant(TenantId.of(1 + i % tenants)).isPresent() ? 1 : 0;
            }
        });
        if (found[0] != LOOKUPS) {
            throw new IllegalStateException("found " + found[0] + " of " + LOOKUPS);
        }
        return took * 1e9 / LOOKUPS;
    }

    private static double seconds(Runnable work) {
        long begin = System.nanoTime();
        work.run();
        return (System.nanoTime() - begin) / 1e9;
    }
}
