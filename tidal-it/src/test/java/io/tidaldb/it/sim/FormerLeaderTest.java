package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.embedded.Replicas;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.replication.PeerCodec;
import io.tidaldb.core.replication.PeerMessage;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-52: A leader that was cut off while another one took over")
class FormerLeaderTest {

    private static final RegionId R0 = RegionId.of(0);
    private static final RegionId R1 = RegionId.of(1);
    private static final RegionId R2 = RegionId.of(2);
    private static final ReplicaId FORMER = new ReplicaId(R0, ShardId.of(0));
    private static final ReplicaId LEADER = new ReplicaId(R1, ShardId.of(0));
    private static final Duration TEN_SECONDS = Duration.ofSeconds(10);

    private static SimulatedCluster.Builder builder() {
        return SimulatedCluster.builder().regions(3).signal("view", Duration.ofDays(7));
    }

    private static void write(SimulatedCluster cluster, int signals) {
        for (long entity = 0; entity < signals; entity++) {
            cluster.writeSignal("view", entity, 1);
        }
    }

    /** Lets the leader write what nobody else hears of, and another one lead. */
    private static void replace(SimulatedCluster cluster, int unheard) {
        try (SimulatedCluster.Partition one = cluster.injectPartition(R0, R1);
                SimulatedCluster.Partition other = cluster.injectPartition(R0, R2)) {
            write(cluster, unheard);
            cluster.tidal().checkpoint();
            cluster.tidal().promote(TenantId.DEFAULT, LEADER);
            write(cluster, 1);
        }
    }

    private static long lagMillis(SimulatedCluster cluster) {
        return cluster.tidal().health().shards().stream()
                .filter(shard -> shard.region().equals(R1))
                .flatMap(shard -> shard.replicationLag().entrySet().stream())
                .filter(lag -> lag.getKey().equals(cluster.machine(FORMER).id()))
                .mapToLong(lag -> lag.getValue().millis())
                .findFirst()
                .orElseThrow();
    }

    @Test
    @DisplayName("ships what only it has until it arrives")
    void tailGetsLost() {
        try (SimulatedCluster cluster = builder().open()) {
            write(cluster, 5);
            cluster.awaitFullConvergence(TEN_SECONDS);
            AtomicInteger lost = new AtomicInteger();
            cluster.network().forger((from, to, message) -> {
                boolean unheard = from.equals(cluster.machine(FORMER).id())
                        && PeerCodec.decode(message.duplicate()) instanceof PeerMessage.Append append
                        && append.epoch() > 1;
                if (unheard && lost.incrementAndGet() < 3) {
                    message.put(message.position(), (byte) ~message.get(message.position()));
                }
            });
            replace(cluster, 7);
            cluster.awaitFullConvergence(TEN_SECONDS);
            assertThat(lost).hasValueGreaterThanOrEqualTo(3);
            assertThat(cluster.tenant().total("view")).isEqualTo(13);
        }
    }

    @Test
    @DisplayName("is not said to have everything, or to be fresh, before it has got rid of what does not count")
    void needsSnapshot() {
        try (SimulatedCluster cluster =
                builder().retention(Duration.ZERO, Duration.ZERO).open()) {
            write(cluster, 5);
            cluster.awaitFullConvergence(TEN_SECONDS);
            cluster.advance(Duration.ofSeconds(1));
            cluster.tidal().checkpoint();
            replace(cluster, 7);
            TenantShard former = Replicas.of(cluster.tidal(), TenantId.DEFAULT, ShardId.of(0))
                    .get(0);
            Duration step = Duration.ofMillis(1);
            long stale = 0;
            for (int i = 0; i < 5_000; i++) {
                cluster.advance(step);
                stale += former.needsSnapshot() ? step.toNanos() : 0;
                if (former.needsSnapshot()) {
                    assertThat(former.stalenessNanos().orElse(Long.MAX_VALUE)).isGreaterThanOrEqualTo(stale);
                    assertThat(lagMillis(cluster)).isNotZero();
                }
            }
            assertThat(stale).isPositive();
            cluster.awaitFullConvergence(TEN_SECONDS);
            Reading there = cluster.tenant().read("view", 0, ReadOptions.DEFAULT.in(R0));
            assertThat(there.count()).isEqualTo(3);
        }
    }

    @Test
    @DisplayName("does not rule out what whoever leads next has folded and truncated")
    void takesOverLate() {
        ReplicaId next = new ReplicaId(R2, ShardId.of(0));
        try (SimulatedCluster cluster =
                builder().retention(Duration.ZERO, Duration.ZERO).open()) {
            write(cluster, 5);
            cluster.awaitFullConvergence(TEN_SECONDS);
            cluster.advance(Duration.ofSeconds(1));
            cluster.injectPartition(R0, R1);
            write(cluster, 5);
            cluster.advance(Duration.ofMillis(300));
            cluster.tidal().checkpoint();
            cluster.crash(next);
            cluster.tidal().promote(TenantId.DEFAULT, LEADER);
            write(cluster, 1);
            cluster.injectPartition(R1, R2);
            cluster.restart(next);
            cluster.advance(Duration.ofMillis(300));
            cluster.tidal().promote(TenantId.DEFAULT, next);
            cluster.healAllPartitions();
            cluster.advance(Duration.ofSeconds(3));
            write(cluster, 1);
            cluster.awaitFullConvergence(TEN_SECONDS);
            for (RegionId region : List.of(R0, R1, R2)) {
                Reading there = cluster.tenant().read("view", 0, ReadOptions.DEFAULT.in(region));
                assertThat(there.count()).isEqualTo(4);
            }
        }
    }
}
