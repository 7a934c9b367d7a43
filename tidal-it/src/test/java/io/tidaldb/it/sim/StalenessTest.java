package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.control.MigrationState;
import io.tidaldb.core.replication.PeerCodec;
import io.tidaldb.core.replication.PeerMessage;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("How far behind a replica says that it is")
class StalenessTest {

    private static final RegionId R0 = RegionId.of(0);
    private static final RegionId R1 = RegionId.of(1);
    private static final RegionId R2 = RegionId.of(2);
    private static final ReplicaId NEXT = new ReplicaId(R2, ShardId.of(0));

    private static Tenant tenant(SimulatedCluster cluster) {
        return cluster.tidal()
                .createTenant(TenantConfig.builder(TenantId.of(5))
                        .durability(Durability.MAJORITY)
                        .pinnedShards(new ReplicaId(R0, ShardId.of(0)))
                        .build());
    }

    private static Reading read(Tenant tenant) {
        return tenant.read("view", 7, ReadOptions.DEFAULT);
    }

    @Test
    @DisplayName("R-52: one that comes to lead: unknown or more, until it holds what a majority may have held")
    void gathers() {
        try (SimulatedCluster cluster = SimulatedCluster.builder()
                .regions(3)
                .signal("view", Duration.ofDays(7))
                .open()) {
            Tenant tenant = tenant(cluster);
            tenant.record("view", 7, 1);
            cluster.awaitFullConvergence(Duration.ofSeconds(10));
            try (SimulatedCluster.Partition one = cluster.injectPartition(R0, R2);
                    SimulatedCluster.Partition other = cluster.injectPartition(R1, R2)) {
                tenant.record("view", 7, 1);
                cluster.tidal().promote(tenant.id(), NEXT);
                cluster.advance(Duration.ofSeconds(3));
                assertThat(read(tenant).replica()).isEqualTo(NEXT);
                assertThat(read(tenant).count()).isEqualTo(1);
                assertThat(read(tenant).staleness()).isGreaterThan(Duration.ofSeconds(3));
            }
            try (SimulatedCluster.Partition one = cluster.injectPartition(R0, R2)) {
                cluster.advance(Duration.ofSeconds(2));
                assertThat(read(tenant).count()).isEqualTo(2);
                assertThat(read(tenant).staleness()).isZero();
            }
        }
    }

    @Test
    @DisplayName("R-35: a follower: since its answer that the leader had, not since it heard of the leader")
    void followersCountFromWhatTheyHaveAnswered() {
        Duration slow = Duration.ofSeconds(1);
        try (SimulatedCluster cluster = SimulatedCluster.builder()
                .regions(3)
                .signal("view", Duration.ofDays(7))
                .links(LinkQuality.faithful(Latency.of(slow, slow, slow), 0))
                .open()) {
            Tenant tenant = tenant(cluster);
            for (int i = 0; i < 100; i++) {
                tenant.record("view", 7, 1);
                Reading led = read(tenant);
                Reading there = tenant.read("view", 7, ReadOptions.DEFAULT.in(R2));
                assertThat(there.staleness()).isGreaterThanOrEqualTo(slow);
                assertThat(led.staleness()).isZero();
                cluster.advance(Duration.ofMillis(37));
            }
        }
    }

    @Test
    @DisplayName(
            "R-35: one that can take no part since another leads: longer and longer, whatever it hears of that one")
    void whoTakesNoPartIsNotFresh() {
        ReplicaId led = new ReplicaId(R0, ShardId.of(1));
        ReplicaId failing = new ReplicaId(R1, ShardId.of(1));
        try (SimulatedCluster cluster = SimulatedCluster.builder()
                .regions(3)
                .shardsPerRegion(2)
                .signal("view", Duration.ofDays(7))
                .open()) {
            Tenant tenant = cluster.tidal()
                    .createTenant(TenantConfig.builder(TenantId.of(5))
                            .durability(Durability.MAJORITY)
                            .pinnedShards(new ReplicaId(R0, ShardId.of(0)), led)
                            .build());
            Tenant other = cluster.tidal()
                    .createTenant(TenantConfig.builder(TenantId.of(6))
                            .durability(Durability.MAJORITY)
                            .pinnedShards(led)
                            .build());
            long entity = LongStream.range(0, 100)
                    .filter(each -> tenant.read("view", each, ReadOptions.DEFAULT)
                            .replica()
                            .equals(led))
                    .findFirst()
                    .orElseThrow();
            tenant.record("view", entity, 1);
            cluster.awaitFullConvergence(Duration.ofSeconds(10));
            cluster.advance(Duration.ofSeconds(3));
            // Its disk fails at what the other tenant writes, so nothing is lacking of which this one's leader has
            // told.
            cluster.machine(failing).disks().failSync(1);
            other.record("view", 7, 1);
            cluster.tidal().promote(tenant.id(), NEXT);
            tenant.record("view", entity, 1);
            cluster.advance(Duration.ofSeconds(3));
            Reading there = tenant.read("view", entity, ReadOptions.DEFAULT.in(R1));
            assertThat(there.replica()).isEqualTo(failing);
            assertThat(there.count()).isEqualTo(1);
            assertThat(there.staleness()).isGreaterThan(Duration.ofSeconds(2));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @DisplayName("R-45: one that has left, and has not heard of it: longer and longer, whoever leads then")
    void whoHasLeftIsNotFresh(boolean single) {
        SimulatedWorld world = new SimulatedWorld(3, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member leads = cluster.members().get(0);
            Member leaves = cluster.members().get(2);
            TenantConfig config = TenantConfig.builder(TenantId.of(5))
                    .pinnedShards(new ReplicaId(R0, ShardId.of(0)))
                    .build();
            leads.call(tidal -> tidal.createTenant(config).record("view", 7, 1));
            world.runFor(Duration.ofSeconds(2));
            // It has said all that it is asked before it is left out, and does not hear that it was.
            cluster.control().watch(proposed -> {}, decided -> {
                if (new String(decided, StandardCharsets.UTF_8).contains("narrow-replicas")) {
                    cluster.control().isolate(leaves.id());
                }
            });
            TenantConfig without = single
                    ? config.toBuilder().requiredRegions(R0).build()
                    : config.toBuilder()
                            .withoutReplicas(new ReplicaId(R2, ShardId.of(0)))
                            .build();
            // It has to erase the tenant, and does not know.
            assertThatThrownBy(() -> leads.call(tidal -> tidal.updateTenant(without)))
                    .hasMessageContaining("agreed");
            for (int writes = 2; writes < 30; writes++) {
                leads.call(tidal -> tenant(tidal).record("view", 7, 1));
                world.runFor(Duration.ofMillis(200));
                Reading there = leaves.call(tidal -> tenant(tidal).read("view", 7, ReadOptions.DEFAULT.in(R2)));
                assertThat(there.replica().region()).isEqualTo(R2);
                assertThat(there.count()).isEqualTo(1);
                assertThat(there.staleness()).isGreaterThan(Duration.ofSeconds(10));
            }
        }
    }

    private static void move(SimulatedMembers cluster, ReplicaId from, ReplicaId to, MigrationState until) {
        Member asked = cluster.members().get(0);
        MigrationOptions held = MigrationOptions.DEFAULT.holding(Duration.ofHours(1));
        long id = asked.call(tidal -> tidal.migrations().start(TenantId.of(5), from, to, held));
        assertThat(cluster.world()
                        .runUntil(
                                () -> asked.call(tidal -> tidal.migrations().find(id))
                                        .filter(each -> each.state() == until)
                                        .isPresent(),
                                Duration.ofSeconds(10)))
                .isTrue();
    }

    @Test
    @DisplayName("R-35: one whose leader holds a slot as well that another shard has: as fresh as ever")
    void whoHoldsWhatHasMovedVouchesForTheRest() {
        SimulatedWorld world = new SimulatedWorld(3, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            ReplicaId source = new ReplicaId(R0, ShardId.of(0));
            Member leads = cluster.members().get(0);
            for (int id = 5; id <= 6; id++) {
                TenantConfig config = TenantConfig.builder(TenantId.of(id))
                        .pinnedShards(source)
                        .build();
                leads.call(tidal -> tidal.createTenant(config).record("view", 7, 1));
            }
            move(cluster, source, new ReplicaId(R1, ShardId.of(1)), MigrationState.HOLD);
            world.runFor(Duration.ofSeconds(5));
            Reading there = cluster.members()
                    .get(2)
                    .call(tidal ->
                            tidal.tenant(TenantId.of(6)).orElseThrow().read("view", 7, ReadOptions.DEFAULT.in(R2)));
            assertThat(there.replica().region()).isEqualTo(R2);
            assertThat(there.count()).isEqualTo(1);
            assertThat(there.staleness()).isLessThan(Duration.ofSeconds(1));
        }
    }

    @Test
    @DisplayName("R-45: one that has not heard that another shard has the slot: longer and longer")
    void whoHasNotHeardOfTheMoveIsNotFresh() {
        SimulatedWorld world = new SimulatedWorld(3, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            ReplicaId source = new ReplicaId(R0, ShardId.of(0));
            Member leads = cluster.members().get(0);
            Member unaware = cluster.members().get(2);
            TenantConfig config =
                    TenantConfig.builder(TenantId.of(5)).pinnedShards(source).build();
            leads.call(tidal -> tidal.createTenant(config).record("view", 7, 1));
            world.runFor(Duration.ofSeconds(2));
            cluster.control().watch(proposed -> {}, decided -> {
                if (new String(decided, StandardCharsets.UTF_8).contains("cut-over")) {
                    cluster.control().isolate(unaware.id());
                }
            });
            // What is said of the slot itself gets lost.
            int state = new PeerMessage.State(1, config.id(), source.shard(), true, List.of()).kind();
            cluster.network().forger((from, to, message) -> {
                if (to.equals(unaware.id()) && PeerCodec.kind(message) == state) {
                    message.put(message.position(), (byte) ~message.get(message.position()));
                }
            });
            move(cluster, source, new ReplicaId(R1, ShardId.of(1)), MigrationState.HOLD);
            for (int writes = 2; writes < 30; writes++) {
                leads.call(tidal -> tenant(tidal).record("view", 7, 1));
                world.runFor(Duration.ofMillis(200));
                Duration since = Duration.ofMillis(200L * (writes - 2));
                Reading there = unaware.call(tidal -> tenant(tidal).read("view", 7, ReadOptions.DEFAULT.in(R2)));
                assertThat(there.replica()).isEqualTo(new ReplicaId(R2, source.shard()));
                assertThat(there.count()).isEqualTo(1);
                assertThat(there.staleness()).isGreaterThan(since);
            }
        }
    }

    private static Tenant tenant(Tidal tidal) {
        return tidal.tenant(TenantId.of(5)).orElseThrow();
    }
}
