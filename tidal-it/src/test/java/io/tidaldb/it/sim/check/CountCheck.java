package io.tidaldb.it.sim.check;

import io.tidaldb.api.TenantId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.it.sim.SimulatedCluster;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where logs do not hold everything any more: of each type of signal a tenant has as many as were acknowledged, and not more than may have
 * happened.
 */
public final class CountCheck {

    private CountCheck() {}

    /** Checks all tenants. To be asked when all have converged. */
    public static void check(SimulatedCluster cluster, History history) {
        Map<TenantId, Map<String, Long>> least = new TreeMap<>();
        Map<TenantId, Map<String, Long>> most = new TreeMap<>();
        for (History.Write write : history.writes()) {
            for (Signal signal : write.signals()) {
                if (write.mustBeThere()) {
                    count(least, write.tenant(), signal.type());
                }
                if (!write.mustNotBeThere()) {
                    count(most, write.tenant(), signal.type());
                }
            }
        }
        for (Tenant tenant : cluster.tidal().tenants()) {
            most.getOrDefault(tenant.id(), Map.of()).forEach((type, upTo) -> {
                long total = tenant.total(type);
                long from = least.getOrDefault(tenant.id(), Map.of()).getOrDefault(type, 0L);
                if (total < from || total > upTo) {
                    throw new AssertionError(tenant.id() + " has " + total + " signals of type " + type + ": expected "
                            + from + " to " + upTo);
                }
            });
        }
    }

    private static void count(Map<TenantId, Map<String, Long>> counts, TenantId tenant, String type) {
        counts.computeIfAbsent(tenant, each -> new TreeMap<>()).merge(type, 1L, Long::sum);
    }
}
