package io.tidaldb.server.metrics;

import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.ScrubFigures;
import io.tidaldb.core.TenantUsage;

/** A store in figures, summed over tenants and shards. */
record StoreFigures(
        int tenants,
        long damaged,
        long lost,
        long entities,
        long storageBytes,
        double rate,
        long accepted,
        long throttled,
        int shards,
        long leading,
        long lagRecords,
        double lagSeconds,
        long silentFollowers,
        ScrubFigures scrub) {

    static final StoreFigures NONE =
            new StoreFigures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, new ScrubFigures(0, 0, 0, 0));

    static StoreFigures of(ClusterHealth health, ScrubFigures scrub) {
        long damaged = 0;
        long lost = 0;
        long entities = 0;
        long bytes = 0;
        double rate = 0;
        long accepted = 0;
        long throttled = 0;
        for (ClusterHealth.TenantHealth tenant : health.tenants()) {
            TenantUsage usage = tenant.usage();
            damaged += tenant.damage() == null ? 0 : 1;
            lost += tenant.lost().isEmpty() ? 0 : 1;
            entities += usage.entities();
            bytes += usage.storageBytes();
            rate += usage.signalsPerSecond();
            accepted += usage.accepted();
            throttled += usage.throttled();
        }
        long leading = 0;
        long lagRecords = 0;
        long lagMillis = 0;
        long silent = 0;
        for (ClusterHealth.ShardHealth shard : health.shards()) {
            leading += shard.leads() ? 1 : 0;
            for (ClusterHealth.Lag lag : shard.replicationLag().values()) {
                lagRecords = Math.max(lagRecords, lag.records());
                lagMillis = Math.max(lagMillis, lag.millis());
                silent += lag.millis() < 0 ? 1 : 0;
            }
        }
        return new StoreFigures(
                health.tenants().size(),
                damaged,
                lost,
                entities,
                bytes,
                rate,
                accepted,
                throttled,
                health.shards().size(),
                leading,
                lagRecords,
                lagMillis / 1000.0,
                silent,
                scrub);
    }
}
