package com.example.embedded;

import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Window;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;

/** Records views, reads what they mean, meets a quota; a second run goes on where the first one ended. */
public final class Embedded {

    private static final TenantId ACME = TenantId.of(1);

    private Embedded() {}

    /** Takes the data directory as its only argument. */
    public static void main(String[] args) {
        run(Path.of(args.length > 0 ? args[0] : "data"), System.out);
    }

    static void run(Path directory, PrintStream out) {
        try (Tidal tidal = Tidal.builder()
                .dataDir(directory)
                .signal("view", Duration.ofDays(7))
                .open()) {
            Tenant tenant = tidal.tenant(ACME).orElseGet(() -> create(tidal));
            tenant.record("view", 42, 1.0);
            tenant.record("view", "IAH-LAX", 2.5);
            out.printf(
                    "views in all: %d, of 42 in the last hour: %d, top: %s%n",
                    tenant.total("view"),
                    tenant.count("view", 42, Window.ONE_HOUR),
                    tenant.top("view", 1).get(0).name());
            out.println(untilRefused(tenant));
        }
    }

    private static Tenant create(Tidal tidal) {
        return tidal.createTenant(
                TenantConfig.builder(ACME).label("acme").maxSignalsPerSecond(10).build());
    }

    /** Writes more than the tenant may. A refused write was not applied; whoever waits as long as it says is let in. */
    private static String untilRefused(Tenant tenant) {
        for (int i = 0; i < 1_000; i++) {
            try {
                tenant.record("view", 43, 0.001);
            } catch (QuotaExceededException e) {
                return "refused: " + e.code();
            }
        }
        throw new IllegalStateException("ten signals a second, and a thousand were let in");
    }
}
