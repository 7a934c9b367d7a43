package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("R-43: what a cut-off leader has taken while another one took over")
class HiddenWhileConvergingTest {

    private static final RegionId R0 = RegionId.of(0);
    private static final RegionId R1 = RegionId.of(1);
    private static final RegionId R2 = RegionId.of(2);
    private static final ReplicaId LEADER = new ReplicaId(R1, ShardId.of(0));
    private static final EntityId ANNA = EntityId.of(1_001);
    private static final EntityId ITEM = EntityId.of(3);
    private static final Duration TEN_SECONDS = Duration.ofSeconds(10);

    private static List<Long> top(SimulatedCluster cluster, RegionId region) {
        return cluster.tenant().top("view", 10, ReadOptions.DEFAULT.in(region).forUser(ANNA)).stream()
                .map(each -> each.entity().value())
                .toList();
    }

    private static void write(SimulatedCluster cluster) {
        for (long entity = 1; entity <= 5; entity++) {
            cluster.writeSignal("view", entity, (double) entity);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @DisplayName("is hidden there at every moment, and everywhere once it has come")
    void neverReappears(boolean checkpoint) {
        try (SimulatedCluster cluster = SimulatedCluster.builder()
                .regions(3)
                .signal("view", Duration.ofDays(7))
                .open()) {
            write(cluster);
            cluster.awaitFullConvergence(TEN_SECONDS);
            Tenant tenant = cluster.tenant();
            try (SimulatedCluster.Partition one = cluster.injectPartition(R0, R1);
                    SimulatedCluster.Partition other = cluster.injectPartition(R0, R2)) {
                tenant.negatives().add(NegativeKind.HIDE, ANNA, ITEM, WriteOptions.DEFAULT);
                if (checkpoint) {
                    cluster.tidal().checkpoint();
                }
                cluster.tidal().promote(TenantId.DEFAULT, LEADER);
                assertThat(top(cluster, R0)).doesNotContain(3L);
                write(cluster);
            }
            boolean[] seen = new boolean[3];
            for (int i = 0; i < 3_000; i++) {
                cluster.advance(Duration.ofMillis(1));
                for (int region = 0; region < 3; region++) {
                    boolean hidden = !top(cluster, RegionId.of(region)).contains(3L);
                    assertThat(hidden || !seen[region])
                            .as("region %s after %s ms", region, i)
                            .isTrue();
                    seen[region] |= hidden;
                }
                assertThat(seen[0]).as("after %s ms", i).isTrue();
            }
            cluster.awaitFullConvergence(TEN_SECONDS);
            assertThat(seen).containsOnly(true);
            assertThat(tenant.negatives().of(ANNA, ReadOptions.DEFAULT)).hasSize(1);
            tenant.negatives().withdraw(NegativeKind.HIDE, ANNA, ITEM, WriteOptions.DEFAULT);
            cluster.awaitFullConvergence(TEN_SECONDS);
            for (RegionId region : List.of(R0, R1, R2)) {
                assertThat(top(cluster, region)).contains(3L);
            }
        }
    }

    @Test
    @DisplayName("R-44: is part of its session once, whether the client sent it again or not")
    void sessionGoesOn() {
        try (SimulatedCluster cluster = SimulatedCluster.builder()
                .regions(3)
                .signal("view", Duration.ofDays(7))
                .open()) {
            Tenant tenant = cluster.tenant();
            SessionId again = SessionId.of(1);
            SessionId left = SessionId.of(2);
            tenant.sessions().start(again, ANNA, WriteOptions.DEFAULT);
            tenant.sessions().start(left, ANNA, WriteOptions.DEFAULT);
            cluster.awaitFullConvergence(TEN_SECONDS);
            SessionEvent query = new SessionEvent.Query("a");
            try (SimulatedCluster.Partition one = cluster.injectPartition(R0, R1);
                    SimulatedCluster.Partition other = cluster.injectPartition(R0, R2)) {
                tenant.sessions().write(again, SessionSeqNo.of(2), query, WriteOptions.DEFAULT);
                tenant.sessions().write(left, SessionSeqNo.of(2), query, WriteOptions.DEFAULT);
                cluster.tidal().promote(TenantId.DEFAULT, LEADER);
                tenant.sessions().write(again, SessionSeqNo.of(2), query, WriteOptions.DEFAULT);
                tenant.sessions().write(again, SessionSeqNo.of(3), query, WriteOptions.DEFAULT);
            }
            cluster.awaitFullConvergence(TEN_SECONDS);
            tenant.sessions().write(left, SessionSeqNo.of(3), query, WriteOptions.DEFAULT);
            cluster.awaitFullConvergence(TEN_SECONDS);
            for (SessionId session : List.of(again, left)) {
                for (RegionId region : List.of(R0, R1, R2)) {
                    assertThat(tenant.sessions()
                                    .read(session, ReadOptions.DEFAULT.in(region))
                                    .entries())
                            .extracting(entry -> entry.number().value())
                            .containsExactly(1, 2, 3);
                }
            }
        }
    }
}
