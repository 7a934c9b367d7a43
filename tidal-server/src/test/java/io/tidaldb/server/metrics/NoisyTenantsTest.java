package io.tidaldb.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.TenantId;
import io.tidaldb.core.ClusterHealth.TenantHealth;
import io.tidaldb.core.TenantUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The metrics of tenants")
class NoisyTenantsTest {

    private static TenantHealth tenant(long id, double rate, long throttled) {
        return new TenantHealth(
                TenantId.of(id),
                "label-" + id,
                List.of(),
                new TenantUsage(rate, 2, 30, 400, throttled),
                null,
                List.of());
    }

    private static List<TenantHealth> tenants(int count) {
        return IntStream.rangeClosed(1, count).mapToObj(id -> tenant(id, id, 0)).toList();
    }

    private static List<String> named(List<TenantMetrics.Row> rows) {
        return rows.stream().map(TenantMetrics.Row::tenant).toList();
    }

    @Test
    @DisplayName("F-62: are as many lines with ten thousand tenants as with eleven, and name none by its label")
    void constantSize() {
        String many = TenantMetrics.of(new NoisyTenants().of(tenants(10_000)));
        assertThat(many.lines())
                .hasSameSizeAs(TenantMetrics.of(new NoisyTenants().of(tenants(11)))
                        .lines()
                        .toList());
        assertThat(many.length()).isLessThan(8_000);
        assertThat(many)
                .contains(
                        "# TYPE tidal_tenant_signals_rate gauge\n",
                        "tidal_tenant_signals_rate{tenant=\"10000\"} 10000.000\n",
                        "tidal_tenant_signals_accepted{tenant=\"other\"} " + 9_990 * 400L + "\n",
                        "tidal_tenant_storage_bytes{tenant=\"other\"} " + 9_990 * 30L + "\n",
                        "tidal_tenant_entities{tenant=\"9991\"} 2\n")
                .doesNotContain("label-", "{tenant=\"9990\"}");
    }

    @Test
    @DisplayName("name first who writes most, or is refused most since the last look")
    void order() {
        NoisyTenants noisy = new NoisyTenants();
        List<TenantHealth> all = new ArrayList<>(tenants(20));
        List<String> expected = new ArrayList<>(LongStream.rangeClosed(11, 20)
                .mapToObj(id -> Long.toString(31 - id))
                .toList());
        expected.add("other");
        assertThat(named(noisy.of(all))).isEqualTo(expected);
        all.set(0, tenant(1, 1, 500));
        assertThat(named(noisy.of(all))).startsWith("1", "20").endsWith("12", "other");
        assertThat(named(noisy.of(all))).isEqualTo(expected);
        assertThat(named(noisy.of(List.of()))).containsExactly("other");
    }
}
