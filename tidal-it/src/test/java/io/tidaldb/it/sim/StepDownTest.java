package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("R-51: A member that leads and can't write")
class StepDownTest {

    private static final TenantId TENANT = TenantId.of(1);

    private static final Duration SLOW = Duration.ofMillis(500);

    private static void write(Member member) {
        member.call(tidal -> tidal.tenant(TENANT)
                .orElseThrow()
                .recordAll(List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT.with(Duration.ofSeconds(3))));
    }

    private static boolean isWritten(Member member) {
        try {
            write(member);
            return true;
        } catch (TidalException e) {
            return false;
        }
    }

    private static ReplicaId leader(Member member) {
        return member.call(
                tidal -> tidal.tenant(TENANT).orElseThrow().placement().get(0));
    }

    private static void withThree(BiConsumer<SimulatedMembers, List<Member>> story) {
        SimulatedWorld world = new SimulatedWorld(3, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.scrubbing(Duration.ofSeconds(5));
            cluster.open();
            List<Member> members = cluster.members();
            members.get(0)
                    .call(tidal -> tidal.createTenant(TenantConfig.builder(TENANT)
                            .pinnedShards(ReplicaId.parse("r0:s0"))
                            .durability(Durability.MAJORITY)
                            .build()));
            write(members.get(0));
            world.runFor(Duration.ofSeconds(2));
            story.accept(cluster, members);
        }
    }

    @Test
    @DisplayName("because its disk has failed says so, and others lead within seconds; nothing is lost")
    void failedDisk() {
        withThree((cluster, members) -> {
            Member failing = members.get(0);
            failing.machine().disks().failSync(1);
            assertThatThrownBy(() -> write(failing))
                    .isInstanceOfSatisfying(
                            TidalException.class,
                            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.STORE_FAILED));
            assertThat(cluster.world().runUntil(() -> isWritten(members.get(1)), Duration.ofSeconds(10)))
                    .isTrue();
            assertThat(leader(members.get(1))).isNotEqualTo(ReplicaId.parse("r0:s0"));
            assertThat(members.get(1)
                            .<Long>call(tidal -> tidal.tenant(TENANT)
                                    .orElseThrow()
                                    .read("view", 1, ReadOptions.DEFAULT)
                                    .count()))
                    .isGreaterThanOrEqualTo(2);
        });
    }

    @Test
    @DisplayName(
            "whose part of the control log has failed: others lead, and what it is asked is refused at once, with the reason")
    void failedControlLog() {
        withThree((cluster, members) -> {
            Member failing = members.get(0);
            cluster.control().fail(failing.id());
            assertThat(cluster.world()
                            .runUntil(
                                    () -> !leader(members.get(1)).equals(ReplicaId.parse("r0:s0")),
                                    Duration.ofSeconds(10)))
                    .isTrue();
            assertThat(isWritten(members.get(1))).isTrue();
            long begun = cluster.world().nanoTime();
            assertThatThrownBy(() -> write(failing))
                    .isInstanceOfSatisfying(
                            TidalException.class,
                            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_OWNER))
                    .hasMessageContaining("until it is opened again: the control log can't be written");
            assertThat(cluster.world().nanoTime() - begun)
                    .isLessThan(Duration.ofMillis(500).toNanos());
        });
    }

    @Test
    @DisplayName("that can't read what it has written hands over to one that can, and gets it back from there")
    void damagedLeader() {
        withThree((cluster, members) -> {
            Member damaged = members.get(0);
            for (int i = 0; i < 20; i++) {
                write(damaged);
            }
            turnABit(damaged);
            assertThat(cluster.world()
                            .runUntil(() -> damaged.call(Tidal::scrub).refetched() == 1, Duration.ofMinutes(1)))
                    .isTrue();
            assertThat(leader(members.get(1))).isNotEqualTo(ReplicaId.parse("r0:s0"));
            assertThat(isWritten(damaged)).isTrue();
        });
    }

    private static void turnABit(Member member) {
        assertThat(member.machine()
                        .disks()
                        .disk(member.home().path())
                        .rot(log -> log.tenant().equals(TENANT), new SimulatedRandom(1)))
                .isPresent();
    }

    private static void crash(List<Member> members) {
        members.forEach(member -> member.machine().crash("a power cut"));
    }

    // Whoever opens waits for a majority.
    private static void restart(SimulatedMembers cluster, List<Member> members) {
        for (Member member : members) {
            member.machine().restart();
            cluster.world().execute(member::start);
        }
    }

    private static long count(Member member) {
        return member.<Long>call(tidal -> tidal.tenant(TENANT)
                .orElseThrow()
                .read("view", 1, ReadOptions.DEFAULT.in(member.region()))
                .count());
    }

    private static boolean holds(Member member, long wanted) {
        try {
            return member.serves() && count(member) == wanted;
        } catch (TidalException e) {
            return false;
        }
    }

    @Test
    @DisplayName(
            "nor another one what it has of the same log, and both are opened again before that was mended: the third one leads, and both get it from there")
    void twoDamaged() {
        withThree((cluster, members) -> {
            List<Member> damaged = members.subList(0, 2);
            for (int i = 1; i < 20; i++) {
                write(members.get(0));
            }
            cluster.world().runFor(Duration.ofSeconds(2));
            SimulatedNetwork.Cut cut =
                    cluster.network().isolate(List.of(members.get(2).id()));
            damaged.forEach(StepDownTest::turnABit);
            assertThat(cluster.world()
                            .runUntil(
                                    () -> damaged.stream()
                                            .allMatch(each ->
                                                    each.call(Tidal::scrub).damaged() == 1),
                                    Duration.ofMinutes(1)))
                    .isTrue();
            crash(damaged);
            cluster.world().runFor(Duration.ofMillis(100));
            restart(cluster, damaged);
            cut.close();
            assertThat(cluster.world()
                            .runUntil(() -> members.stream().allMatch(each -> holds(each, 20)), Duration.ofMinutes(1)))
                    .isTrue();
            assertThat(leader(members.get(2))).isEqualTo(ReplicaId.parse("r2:s0"));
            assertThat(isWritten(members.get(0))).isTrue();
            assertThat(members.get(2)
                            .<List<String>>call(
                                    tidal -> tidal.health().tenants().get(0).lost()))
                    .isEmpty();
        });
    }

    @Test
    @DisplayName(
            "as little as another one, which nobody has found before both are opened again: nobody knows what they had, so nothing is given up")
    void twoDamagedUnknown() {
        withThree((cluster, members) -> {
            List<Member> damaged = members.subList(0, 2);
            crash(damaged);
            damaged.forEach(StepDownTest::turnABit);
            restart(cluster, damaged);
            cluster.world().runFor(Duration.ofSeconds(40));
            assertThat(leader(members.get(2))).isEqualTo(ReplicaId.parse("r0:s0"));
            assertThat(isWritten(members.get(2))).isFalse();
            assertThat(members.get(0).call(Tidal::scrub).refetched()).isZero();
        });
    }

    @ParameterizedTest(name = "found when it is opened: {0}")
    @ValueSource(booleans = {false, true})
    @DisplayName(
            "and another one that has thrown away what it had and is opened again before it has it back: the third one does not lead without it")
    void thrownAwayAndOpenedAgain(boolean atOpen) {
        withThree((cluster, members) -> {
            Member first = members.get(0);
            Member second = members.get(1);
            Member third = members.get(2);
            SimulatedNetwork.Cut cut = cluster.network().isolate(List.of(third.id()));
            for (int i = 1; i < 20; i++) {
                write(first);
            }
            // What is fetched comes long after it was thrown away.
            cluster.network().link(first.id(), second.id(), LinkQuality.faithful(Latency.of(SLOW), 0));
            if (atOpen) {
                crash(List.of(second));
            }
            turnABit(second);
            if (atOpen) {
                restart(cluster, List.of(second));
            }
            assertThat(cluster.world()
                            .runUntil(
                                    () -> second.serves()
                                            && second.call(Tidal::scrub).refetched() == 1,
                                    Duration.ofMinutes(1)))
                    .isTrue();
            crash(List.of(first, second));
            restart(cluster, List.of(second));
            cut.close();
            cluster.world().runFor(Duration.ofSeconds(30));
            assertThat(isWritten(third)).isFalse();
            assertThat(leader(third)).isEqualTo(ReplicaId.parse("r0:s0"));
            restart(cluster, List.of(first));
            assertThat(cluster.world()
                            .runUntil(() -> members.stream().allMatch(each -> holds(each, 20)), Duration.ofMinutes(1)))
                    .isTrue();
        });
    }

    @Test
    @DisplayName(
            "because its disk stands still leads no more after a while, and takes part again by itself when the disk goes on")
    void stalledDisk() {
        withThree((cluster, members) -> {
            Member slow = members.get(0);
            Duration stall = Duration.ofSeconds(40);
            slow.machine().turns(Latency.of(stall, stall, stall));
            cluster.world().runFor(Duration.ofSeconds(12));
            assertThat(isWritten(members.get(1))).isTrue();
            assertThat(leader(members.get(1))).isNotEqualTo(ReplicaId.parse("r0:s0"));
            slow.machine().turns(MachineProfile.DEFAULT.turn());
            assertThat(cluster.world().runUntil(() -> isWritten(slow), Duration.ofMinutes(2)))
                    .isTrue();
        });
    }

    @Test
    @DisplayName("for less than that goes on leading")
    void shortStall() {
        withThree((cluster, members) -> {
            Duration stall = Duration.ofSeconds(3);
            members.get(0).machine().turns(Latency.of(stall, stall, stall));
            cluster.world().runFor(Duration.ofSeconds(3));
            members.get(0).machine().turns(MachineProfile.DEFAULT.turn());
            cluster.world().runFor(Duration.ofSeconds(10));
            assertThat(leader(members.get(1))).isEqualTo(ReplicaId.parse("r0:s0"));
            assertThat(isWritten(members.get(0))).isTrue();
        });
    }
}
