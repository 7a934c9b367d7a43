package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Replicas;
import io.tidaldb.core.ingest.TenantShard;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code tidal.leaders}: how many, 100 unless set. */
@DisplayName("A slot that many leaders have written, one after the other")
class ManyLeadersTest {

    private static final int LEADERS = Integer.getInteger("tidal.leaders", 100);
    private static final int ENTITIES = 20;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Random random = new Random(8);

    /** The base, what is written now, and what was written last where somebody does not hold it yet. */
    private static final int MOST_LEDGERS = 4;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @DisplayName(
            "reads no more ledgers than one that few have, on any replica, and counts everything; also when replicas crash and logs are cut")
    void flat(boolean faulty) {
        SimulatedCluster.Builder builder = SimulatedCluster.builder().regions(3).signal("view", Duration.ofDays(7));
        try (SimulatedCluster cluster = (faulty ? builder.retention(Duration.ZERO, Duration.ZERO) : builder).open()) {
            long written = 0;
            for (int i = 0; i < LEADERS; i++) {
                ReplicaId leader = new ReplicaId(RegionId.of((i + 1) % 3), ShardId.of(0));
                cluster.tidal().promote(TenantId.DEFAULT, leader);
                for (int signals = 1 + random.nextInt(3); signals > 0; signals--) {
                    cluster.writeSignal("view", random.nextInt(ENTITIES), 1);
                    written++;
                }
                if (faulty && i % 20 == 19) {
                    ReplicaId follower = new ReplicaId(RegionId.of(i % 3), ShardId.of(0));
                    cluster.tidal().checkpoint();
                    cluster.crash(follower);
                    cluster.advance(Duration.ofMillis(random.nextInt(1_000)));
                    cluster.restart(follower);
                }
                cluster.advance(Duration.ofMillis(500));
                if (i % 20 == 10) {
                    cluster.awaitFullConvergence(PATIENCE);
                    cluster.advance(Duration.ofSeconds(1));
                    for (TenantShard each : replicas(cluster)) {
                        assertThat(each.ledgerCount()).as("leader " + i).isLessThanOrEqualTo(MOST_LEDGERS);
                    }
                }
            }
            cluster.awaitFullConvergence(PATIENCE);
            for (TenantShard each : replicas(cluster)) {
                assertThat(each.ledgerCount()).isLessThanOrEqualTo(MOST_LEDGERS);
            }
            for (int region = 0; region < 3; region++) {
                long counted = 0;
                for (long entity = 0; entity < ENTITIES; entity++) {
                    counted += cluster.tenant()
                            .read("view", entity, ReadOptions.DEFAULT.in(RegionId.of(region)))
                            .count();
                }
                assertThat(counted).isEqualTo(written);
            }
        }
    }

    private static List<TenantShard> replicas(SimulatedCluster cluster) {
        return Replicas.of(cluster.tidal(), TenantId.DEFAULT, ShardId.of(0));
    }
}
