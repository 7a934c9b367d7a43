package io.tidaldb.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Tidal;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The metrics of a store")
class TidalMetricsTest {

    private static final int TENANTS = 3_000;

    @Test
    @DisplayName("F-62: are as many lines with thousands of tenants as with one, and name none of them")
    void constantSize() {
        try (Tidal tidal = Tidal.builder().signal("view", Duration.ofDays(7)).open()) {
            tidal.createTenant(TenantConfig.builder(TenantId.of(1))
                            .label("canary-1")
                            .build())
                    .record("view", 42L, 1.0);
            long before = scrape(tidal).lines().count();
            for (int i = 2; i <= TENANTS; i++) {
                tidal.createTenant(TenantConfig.builder(TenantId.of(i)).build());
            }
            String after = scrape(tidal);
            assertThat(after.lines().count()).isEqualTo(before);
            assertThat(after)
                    .contains("tidal_tenants 3000.0", "tidal_signals_accepted_total 1.0", "tidal_entities 1.0")
                    .doesNotContain("canary");
        }
    }

    @Test
    @DisplayName("go on counting when nobody but the registry knows them")
    void collected() {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        try (Tidal tidal = Tidal.builder().signal("view", Duration.ofDays(7)).open()) {
            new TidalMetrics(tidal).bindTo(registry);
            System.gc();
            tidal.createTenant(TenantConfig.builder(TenantId.of(1)).build()).record("view", 42L, 1.0);
            // Figures are a second old at most.
            while (!registry.scrape().contains("tidal_entities 1.0")) {
                Thread.onSpinWait();
            }
            assertThat(registry.scrape()).contains("tidal_signals_accepted_total 1.0");
        }
    }

    @Test
    @DisplayName("keep what they said last when the store is closed")
    void closed() {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        try (Tidal tidal = Tidal.builder().open()) {
            new TidalMetrics(tidal).bindTo(registry);
            assertThat(registry.scrape()).contains("tidal_shards 1.0");
        }
        assertThat(registry.scrape()).contains("tidal_shards 1.0");
    }

    private static String scrape(Tidal tidal) {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        new TidalMetrics(tidal).bindTo(registry);
        return registry.scrape();
    }
}
