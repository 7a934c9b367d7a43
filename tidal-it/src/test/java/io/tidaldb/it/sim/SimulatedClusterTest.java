package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-80: A simulated cluster")
class SimulatedClusterTest {

    private static final RegionId R0 = RegionId.of(0);
    private static final RegionId R1 = RegionId.of(1);
    private static final RegionId R2 = RegionId.of(2);
    private static final Duration TEN_SECONDS = Duration.ofSeconds(10);

    private static SimulatedCluster.Builder builder() {
        return SimulatedCluster.builder().signal("view", Duration.ofDays(7));
    }

    @Test
    @DisplayName("of two regions replicates ten signals")
    void smoke() {
        try (SimulatedCluster cluster = builder().regions(2).open()) {
            for (long entity = 0; entity < 10; entity++) {
                cluster.writeSignal("view", entity, 1);
            }
            cluster.awaitFullConvergence(TEN_SECONDS);
            assertThat(cluster.appliedSeqno(R1))
                    .isEqualTo(cluster.appliedSeqno(R0))
                    .isGreaterThanOrEqualTo(10);
            assertThat(cluster.readDecayScore(R1, "view", 3))
                    .isEqualTo(cluster.readDecayScore(R0, "view", 3))
                    .isPositive();
        }
    }

    @Test
    @DisplayName("names its replicas, and spreads entities over the leader's shards")
    void replicas() {
        try (SimulatedCluster cluster = builder()
                .regions(3)
                .shardsPerRegion(5)
                .leader(ReplicaId.parse("r1:s2"))
                .open()) {
            assertThat(cluster.replicas()).hasSize(15);
            assertThat(cluster.leader()).isEqualTo(ReplicaId.parse("r1:s2"));
            assertThat(cluster.leader(ShardId.of(4))).isEqualTo(ReplicaId.parse("r1:s4"));
            assertThat(cluster.followerIn(R2)).isEqualTo(ReplicaId.parse("r2:s2"));
            assertThat(cluster.followerIn(R2, ShardId.of(1))).isEqualTo(ReplicaId.parse("r2:s1"));
            for (long entity = 0; entity < 100; entity++) {
                assertThat(cluster.writeSignal("view", entity, 1).records())
                        .allSatisfy(
                                record -> assertThat(record.origin().region()).isEqualTo(R1));
            }
            cluster.awaitFullConvergence(TEN_SECONDS);
            for (RegionId region : List.of(R0, R1, R2)) {
                assertThat(cluster.appliedSeqno(region)).isEqualTo(cluster.appliedSeqno(R1));
                for (long entity = 0; entity < 100; entity++) {
                    assertThat(cluster.readDecayScore(region, "view", entity)).isPositive();
                }
            }
        }
    }

    @Test
    @DisplayName("says who lags by how much, counts what a partition drops, and converges when it is healed")
    void partition() {
        try (SimulatedCluster cluster = builder().regions(3).open()) {
            cluster.writeSignal("view", 1, 1);
            cluster.awaitFullConvergence(TEN_SECONDS);
            SimulatedCluster.Partition partition = cluster.injectPartition(R0, R1);
            cluster.writeSignal("view", 1, 1);
            cluster.writeSignal("view", 1, 1);
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> cluster.awaitFullConvergence(TEN_SECONDS))
                    .withMessageContaining("n1 (r1:s0) lags 2 records")
                    .withMessageContaining("behind n0 (r0:s0)");
            assertThat(cluster.appliedSeqno(R2)).isEqualTo(cluster.appliedSeqno(R0));
            assertThat(cluster.appliedSeqno(R1)).isEqualTo(cluster.appliedSeqno(R0) - 2);
            assertThat(partition.dropped()).isPositive();
            partition.close();
            cluster.awaitFullConvergence(TEN_SECONDS);
            try (SimulatedCluster.Partition oneWay =
                    cluster.injectOneWayPartition(cluster.leader(), cluster.followerIn(R2))) {
                cluster.writeSignal("view", 1, 1);
                cluster.advance(Duration.ofMillis(500));
                assertThat(oneWay.dropped()).isPositive();
                assertThat(cluster.appliedSeqno(R2)).isEqualTo(cluster.appliedSeqno(R0) - 1);
                cluster.healAllPartitions();
            }
            cluster.awaitFullConvergence(TEN_SECONDS);
            assertThat(cluster.readDecayScore(R1, "view", 1)).isEqualTo(cluster.readDecayScore(R0, "view", 1));
        }
    }

    @Test
    @DisplayName("keeps what was acknowledged through a crash of the leader, and of a follower")
    void crash() {
        try (SimulatedCluster cluster = builder().regions(3).open()) {
            WriteOptions majority = WriteOptions.DEFAULT.with(Durability.MAJORITY);
            cluster.tenant().recordAll(List.of(Signal.of("view", 1, 1)), majority);
            cluster.crash(ShardId.of(0));
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> cluster.writeSignal("view", 1, 1))
                    .satisfies(refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.CLOSED));
            assertThat(cluster.readDecayScore(R1, "view", 1)).isPositive();
            cluster.restart(ShardId.of(0));
            cluster.crash(cluster.followerIn(R2));
            cluster.tenant().recordAll(List.of(Signal.of("view", 1, 1)), majority);
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> cluster.awaitFullConvergence(TEN_SECONDS))
                    .withMessageContaining("n2 (r2:s0) does not run");
            cluster.restart(cluster.followerIn(R2));
            cluster.pause(cluster.followerIn(R1), Duration.ofSeconds(3));
            cluster.awaitFullConvergence(TEN_SECONDS);
            assertThat(cluster.appliedSeqno(R2)).isEqualTo(cluster.appliedSeqno(R0));
        }
    }

    @Test
    @DisplayName("writes checkpoints, and recovers from them")
    void checkpoint() {
        try (SimulatedCluster cluster = builder().open()) {
            cluster.writeSignal("view", 1, 1);
            cluster.tidal().checkpoint();
            double score = cluster.readDecayScore(R0, "view", 1);
            cluster.crash(cluster.leader());
            cluster.restart(cluster.leader());
            assertThat(cluster.home(cluster.machine(cluster.leader()).id()).tenants())
                    .hasSize(1);
            assertThat(cluster.readDecayScore(R0, "view", 1)).isCloseTo(score, within(1e-6));
        }
    }
}
