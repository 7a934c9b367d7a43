package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-34: replication under load")
class ReplicationLagTest {

    private static final int SIGNALS_PER_SECOND = 25_000;
    private static final Duration TICK = Duration.ofMillis(5);
    private static final int TICKS = 1_000;

    @Test
    @DisplayName(
            "three regions of five shards at 25,000 signals a second lag less than 2 s at the 99th percentile, and converge")
    void lagUnderLoad() {
        try (SimulatedCluster cluster = SimulatedCluster.builder()
                .regions(3)
                .shardsPerRegion(5)
                .signal("view", Duration.ofDays(7))
                .links(LinkQuality.across(Duration.ofMillis(40)))
                .open()) {
            Tenant tenant = cluster.tidal()
                    .createTenant(TenantConfig.builder(TenantId.of(1)).slots(5).build());
            int perTick = (int) (SIGNALS_PER_SECOND * TICK.toMillis() / 1_000);
            List<Long> lags = new ArrayList<>();
            List<CompletableFuture<Position>> writes = new ArrayList<>();
            long entity = 0;
            for (int tick = 0; tick < TICKS; tick++) {
                long first = entity;
                entity += perTick;
                List<Signal> signals = LongStream.range(first, entity)
                        .mapToObj(each -> Signal.of("view", each % 50_000, 1))
                        .toList();
                writes.add(tenant.recordAllAsync(signals, WriteOptions.DEFAULT).toCompletableFuture());
                cluster.advance(TICK);
                if (tick % 20 == 19) {
                    cluster.tidal().health().shards().stream()
                            .flatMap(shard -> shard.replicationLag().values().stream())
                            .map(ClusterHealth.Lag::millis)
                            .forEach(lags::add);
                }
            }
            lags.sort(null);
            assertThat(lags).hasSizeGreaterThan(400).allMatch(lag -> lag >= 0);
            assertThat(lags.get(lags.size() * 99 / 100)).isLessThan(2_000);

            cluster.awaitFullConvergence(Duration.ofSeconds(5));
            assertThat(writes).allMatch(write -> write.isDone() && !write.isCompletedExceptionally());
            assertThat(tenant.total("view")).isEqualTo((long) perTick * TICKS);
            assertThat(tenant.compareReplicas(false)).hasSize(10).allMatch(replica -> replica.isEqual());
        }
    }
}
