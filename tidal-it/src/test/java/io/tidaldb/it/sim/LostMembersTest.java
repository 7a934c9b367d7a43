package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Tenant;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import io.tidaldb.testkit.LossyDisk;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-52: Members that are lost while others have not caught up")
class LostMembersTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final ReplicaId LEADER = ReplicaId.parse("r0:s0");
    private static final ReplicaId LEAVES = ReplicaId.parse("r2:s0");
    private static final int WRITES = 20;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private static Tenant tenant(Member member) {
        return member.tidal().tenant(TENANT).orElseThrow();
    }

    @Test
    @DisplayName(
            "what only a lost member and the leader had acknowledged is not given up for one that is new and one that was away")
    void newMemberDoesNotCount() {
        SimulatedWorld world = new SimulatedWorld(5, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member leader = cluster.members().get(0);
            Member behind = cluster.members().get(1);
            Member lost = cluster.members().get(2);
            leader.call(tidal -> tidal.createTenant(TenantConfig.builder(TENANT)
                    .pinnedShards(LEADER)
                    .durability(Durability.MAJORITY)
                    .build()));
            SimulatedNetwork.Cut away = cluster.network().isolate(List.of(behind.id()));
            for (int i = 0; i < WRITES; i++) {
                long entity = i;
                leader.call(tidal -> tenant(leader).record("view", entity, 1));
            }
            lost.machine().crash("it is lost for good");
            Member next = cluster.successor(lost);
            leader.call(tidal -> {
                tidal.membership().replace(lost.id(), next.id(), next.id().name(), false);
                return next;
            });
            away.close();
            // Now those two reach each other, and the leader nobody.
            SimulatedNetwork.Cut alone = cluster.network().isolate(List.of(leader.id()));
            while (behind.tidal().health().leader() == null
                    || !behind.id().equals(behind.tidal().health().leader())) {
                cluster.control().loseLeader();
                world.runFor(Duration.ofSeconds(2));
            }
            next.start();
            assertThat(world.runUntil(() -> votes(behind, next.id()), PATIENCE)).isTrue();
            leader.machine().crash("it stops");
            world.runFor(PATIENCE);
            assertThat(tenant(behind).placement()).containsExactly(LEADER);
            assertThatThrownBy(() -> behind.call(tidal -> {
                        tidal.membership().replace(leader.id(), NodeId.of("n9"), "n9", false);
                        return leader;
                    }))
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_CAUGHT_UP));
            alone.close();
            leader.machine().restart();
            leader.start();
            assertThat(world.runUntil(
                            () -> leader.tidal().membership().members().stream()
                                    .allMatch(each -> each.filling().isEmpty()),
                            PATIENCE))
                    .isTrue();
            for (Member member : cluster.members()) {
                assertThat(member.<Long>call(tidal -> tenant(member).total("view")))
                        .isEqualTo(WRITES);
            }
        }
    }

    @Test
    @DisplayName(
            "those that are left know who took the place of one that was lost, also if they are started anew at once")
    void successorIsKnownAtOnce() {
        SimulatedWorld world = new SimulatedWorld(6, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member lostNext = cluster.members().get(0);
            Member left = cluster.members().get(1);
            Member lost = cluster.members().get(2);
            lost.machine().crash("it is lost for good");
            Member next = cluster.successor(lost);
            left.call(tidal -> {
                tidal.membership().replace(lost.id(), next.id(), next.id().name(), false);
                return next;
            });
            next.start();
            assertThat(world.runUntil(() -> votes(left, next.id()) && votes(next, next.id()), PATIENCE))
                    .isTrue();
            for (Member member : List.of(lostNext, left, next)) {
                member.machine().crash("power cut");
            }
            for (Member member : List.of(left, next)) {
                member.machine().restart();
                world.execute(member::start);
            }
            assertThat(world.runUntil(() -> left.serves() && next.serves(), PATIENCE))
                    .isTrue();
        }
    }

    @Test
    @DisplayName(
            "F-41: what only the leader and a replica that is to leave had acknowledged stays with that one until others have it, whatever becomes of the leader's disk")
    void whoLeavesWaitsForWhoIsAway() {
        SimulatedWorld world = new SimulatedWorld(7, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.scrubbing(Duration.ofSeconds(1));
            cluster.open();
            Member leader = cluster.members().get(0);
            Member behind = cluster.members().get(1);
            TenantConfig config = TenantConfig.builder(TENANT)
                    .pinnedShards(LEADER)
                    .durability(Durability.MAJORITY)
                    .build();
            leader.call(tidal -> tidal.createTenant(config));
            SimulatedNetwork.Cut away = cluster.network().isolate(List.of(behind.id()));
            for (int i = 0; i < WRITES; i++) {
                leader.call(tidal -> tenant(leader).record("view", 1, 1));
            }
            TenantConfig without = config.toBuilder().withoutReplicas(LEAVES).build();
            assertThatThrownBy(() -> leader.call(tidal -> tidal.updateTenant(without)))
                    .hasMessageContaining("hold what " + LEADER + " has");
            LossyDisk disk = leader.machine().disks().disk(leader.home().path());
            assertThat(disk.rot(log -> log.tenant().equals(TENANT), new SimulatedRandom(5)))
                    .isPresent();
            assertThat(world.runUntil(() -> leader.tidal().scrub().damaged() == 1, PATIENCE))
                    .isTrue();
            away.close();
            assertThat(world.runUntil(
                            () -> tenant(leader).config().withoutReplicas().equals(List.of(LEAVES)), PATIENCE))
                    .isTrue();
            assertThat(world.runUntil(() -> leader.tidal().scrub().refetched() == 1, PATIENCE))
                    .isTrue();
            world.runFor(Duration.ofSeconds(5));
            for (Member member : List.of(leader, behind)) {
                ReadOptions there = ReadOptions.DEFAULT.in(member.region());
                assertThat(member.<Long>call(
                                tidal -> tenant(member).read("view", 1, there).count()))
                        .isEqualTo(WRITES);
            }
            assertThat(leader.tidal().health().tenants())
                    .allSatisfy(each -> assertThat(each.lost()).isEmpty());
        }
    }

    @Test
    @DisplayName(
            "R-32: who stays alone with a tenant is read through before others erase it: what is damaged there, and nobody had found, is fetched from them")
    void whoStaysIsReadThrough() {
        SimulatedWorld world = new SimulatedWorld(7, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member leader = cluster.members().get(0);
            TenantConfig config = TenantConfig.builder(TENANT)
                    .pinnedShards(LEADER)
                    .durability(Durability.LOCAL)
                    .build();
            leader.call(tidal -> tidal.createTenant(config));
            for (int i = 0; i < WRITES; i++) {
                leader.call(tidal -> tenant(leader).record("view", 1, 1));
            }
            world.runFor(Duration.ofSeconds(5));
            LossyDisk disk = leader.machine().disks().disk(leader.home().path());
            assertThat(disk.rot(log -> log.tenant().equals(TENANT), new SimulatedRandom(5)))
                    .isPresent();
            TenantConfig alone = config.toBuilder()
                    .withoutReplicas(ReplicaId.parse("r1:s0"), ReplicaId.parse("r2:s0"))
                    .build();
            leader.call(tidal -> tidal.updateTenant(alone));
            assertThat(tenant(leader).placement()).containsExactly(LEADER);
            assertThat(leader.tidal().scrub().refetched()).isOne();
            assertThat(leader.<Long>call(tidal ->
                            tenant(leader).read("view", 1, ReadOptions.DEFAULT).count()))
                    .isEqualTo(WRITES);
            assertThat(leader.tidal().health().tenants())
                    .allSatisfy(each -> assertThat(each.damage()).isNull())
                    .allSatisfy(each -> assertThat(each.lost()).isEmpty());
        }
    }

    private static boolean votes(Member asked, NodeId node) {
        return asked.tidal().membership().members().stream()
                .anyMatch(each -> each.node().equals(node) && each.votes());
    }
}
