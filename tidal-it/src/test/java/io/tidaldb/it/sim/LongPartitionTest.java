package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.embedded.Replicas;
import io.tidaldb.core.replication.PeerCodec;
import io.tidaldb.core.replication.PeerMessage;
import io.tidaldb.core.replication.ReplicationSettings;
import io.tidaldb.it.sim.check.StateCheck;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-52: A cut that lasts for a day, with writes on both sides")
class LongPartitionTest {

    private static final RegionId R0 = RegionId.of(0);
    private static final RegionId R1 = RegionId.of(1);
    private static final RegionId R2 = RegionId.of(2);
    private static final int HOURS = 24;
    private static final int WRITES_AN_HOUR = 20;
    private static final int SIGNALS = 200;
    private static final int ENTITIES = 50;
    private static final long BYTES = (long) HOURS * WRITES_AN_HOUR * SIGNALS * 21;
    private static final ReplicationSettings SMALL =
            new ReplicationSettings(Duration.ofSeconds(20), 64 << 10, 128 << 10, 32 << 10, 1 << 20, 1 << 20);

    private final Map<NodeId, Long> shipped = new TreeMap<>();

    private void write(Tenant tenant, RegionId region) {
        List<Signal> signals = LongStream.range(0, SIGNALS)
                .mapToObj(i -> Signal.of("view", i % ENTITIES, 1.5))
                .toList();
        tenant.recordAll(signals, WriteOptions.DEFAULT.in(region));
    }

    private void count(NodeId to, PeerMessage message) {
        if (message instanceof PeerMessage.Append append) {
            long bytes = append.batches().stream().mapToLong(WalBatch::length).sum();
            shipped.merge(to, bytes, Long::sum);
        }
    }

    @Test
    @DisplayName(
            "F-52: takes no more memory than a short one, and nothing but what is missing is shipped once it is healed")
    void aDay() {
        try (SimulatedCluster cluster = SimulatedCluster.builder()
                .regions(3)
                .signal("view", Duration.ofDays(7))
                .replication(SMALL)
                .open()) {
            Tenant tenant = cluster.tidal()
                    .createTenant(TenantConfig.builder(TenantId.of(1))
                            .writes(WriteMode.EVERYWHERE)
                            .pinnedShards(ReplicaId.parse("r0:s0"))
                            .build());
            write(tenant, R0);
            cluster.awaitFullConvergence(Duration.ofMinutes(5));
            try (SimulatedCluster.Partition one = cluster.injectPartition(R0, R1);
                    SimulatedCluster.Partition other = cluster.injectPartition(R0, R2)) {
                for (int i = 0; i < HOURS * WRITES_AN_HOUR; i++) {
                    write(tenant, R0);
                    write(tenant, R1);
                    cluster.advance(Duration.ofHours(1).dividedBy(WRITES_AN_HOUR));
                    assertThat(Replicas.mostTailBytes(cluster.tidal())).isLessThanOrEqualTo(SMALL.tailBytes());
                    assertThat(cluster.network().mostPendingBytes()).isLessThanOrEqualTo(SMALL.queueBytes());
                }
                cluster.network().observe((from, to, message) -> count(to, PeerCodec.decode(message)));
            }
            cluster.awaitFullConvergence(Duration.ofHours(1));
            new StateCheck(cluster).compare();
            long all = 2L * HOURS * WRITES_AN_HOUR * SIGNALS + SIGNALS;
            for (RegionId region : List.of(R0, R1, R2)) {
                long counted = LongStream.range(0, ENTITIES)
                        .map(entity -> tenant.read("view", entity, ReadOptions.DEFAULT.in(region))
                                .count())
                        .sum();
                assertThat(counted).as("region %s", region).isEqualTo(all);
            }
            // A third one may hand on what its writer sends as well: whoever lacks a log gets it from each of the two
            // that have it.
            assertThat(shipped.values()).hasSize(3).allMatch(bytes -> bytes >= BYTES && bytes < BYTES * 9 / 4);
            assertThat(Replicas.mostTailBytes(cluster.tidal())).isLessThanOrEqualTo(SMALL.tailBytes());
        }
    }
}
