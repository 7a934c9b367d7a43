package io.tidaldb.server.metrics;

import io.tidaldb.core.ClusterHealth.TenantHealth;
import io.tidaldb.core.TenantUsage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds the tenants that do most: that write most, or that are refused most since they were looked at last. Guarded by its own lock.
 */
public final class NoisyTenants {

    private Map<Long, Long> throttledBefore = Map.of();

    private record Noise(TenantHealth tenant, double perSecond, long refused) {}

    /** Returns at most {@value TenantMetrics#NAMED} tenants, those that do most first, and all others as one. */
    public synchronized List<TenantMetrics.Row> of(List<TenantHealth> tenants) {
        Map<Long, Long> throttled = new HashMap<>();
        List<Noise> noises = new ArrayList<>(tenants.size());
        for (TenantHealth tenant : tenants) {
            long id = tenant.tenant().value();
            long now = tenant.usage().throttled();
            throttled.put(id, now);
            long refused = Math.max(0, now - throttledBefore.getOrDefault(id, now));
            noises.add(new Noise(tenant, tenant.usage().signalsPerSecond(), refused));
        }
        throttledBefore = throttled;
        noises.sort(Comparator.comparingDouble((Noise noise) -> noise.perSecond() + noise.refused())
                .reversed()
                .thenComparing(noise -> noise.tenant().tenant()));
        List<TenantMetrics.Row> rows = new ArrayList<>();
        TenantUsage others = new TenantUsage(0, 0, 0, 0, 0);
        for (Noise noise : noises) {
            if (rows.size() < TenantMetrics.NAMED) {
                rows.add(new TenantMetrics.Row(
                        Long.toUnsignedString(noise.tenant().tenant().value()),
                        noise.tenant().usage()));
            } else {
                others = sum(others, noise.tenant().usage());
            }
        }
        rows.add(new TenantMetrics.Row("other", others));
        return rows;
    }

    private static TenantUsage sum(TenantUsage a, TenantUsage b) {
        return new TenantUsage(
                a.signalsPerSecond() + b.signalsPerSecond(),
                a.entities() + b.entities(),
                a.storageBytes() + b.storageBytes(),
                a.accepted() + b.accepted(),
                a.throttled() + b.throttled());
    }
}
