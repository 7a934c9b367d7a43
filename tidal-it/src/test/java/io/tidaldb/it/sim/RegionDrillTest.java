package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.Position;
import io.tidaldb.core.RegionDrill;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.audit.AuditEntry;
import io.tidaldb.core.control.DrillOutcome;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("F-53: Practising the loss of a region")
class RegionDrillTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final RegionId LOST = RegionId.of(0);
    private static final List<ReplicaId> HOME = List.of(ReplicaId.parse("r0:s0"), ReplicaId.parse("r0:s1"));
    private static final Duration LEASE = Duration.ofMillis(700);
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Duration BETWEEN_WRITES = Duration.ofMillis(2);
    private static final int WRITES = 200;
    private static final Duration UNTIL_FORGOTTEN = Duration.ofMinutes(2);

    private static Tenant tenant(Member member) {
        return member.tidal().tenant(TENANT).orElseThrow();
    }

    private static SimulatedMembers opened(SimulatedWorld world, Duration returnAfter) {
        SimulatedMembers cluster = new SimulatedMembers(world, 3, LEASE, returnAfter, UnaryOperator.identity());
        cluster.open();
        return cluster;
    }

    private static TenantConfig.Builder config(Durability level) {
        return TenantConfig.builder(TENANT)
                .slots(2)
                .pinnedShards(HOME.toArray(ReplicaId[]::new))
                .durability(level);
    }

    private static void create(Member member, TenantConfig config) {
        member.call(tidal -> tidal.createTenant(config));
    }

    private static RegionDrill drill(Member asked) {
        return asked.call(tidal -> tidal.drill(TENANT, LOST));
    }

    /** Has a member write now and then from now on, each time one signal to each slot. */
    private static List<CompletableFuture<Position>> writing(SimulatedWorld world, Member writer) {
        List<CompletableFuture<Position>> writes = new ArrayList<>();
        for (int i = 0; i < WRITES; i++) {
            IdempotencyKey key = new IdempotencyKey(53, i);
            List<Signal> signals = List.of(Signal.of("view", 2L * i, 1), Signal.of("view", 2L * i + 1, 1));
            world.schedule(BETWEEN_WRITES.multipliedBy(i), () -> {
                if (writer.serves()) {
                    writes.add(writer.call(tidal -> tenant(writer)
                            .recordAllAsync(
                                    signals, WriteOptions.DEFAULT.with(PATIENCE).with(key))
                            .toCompletableFuture()));
                }
            });
        }
        return writes;
    }

    private static void refused(Member asked, RegionId region, ErrorCode code, String... said) {
        assertThatThrownBy(() -> asked.call(tidal -> tidal.drill(TENANT, region)))
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContainingAll(said);
    }

    @Test
    @DisplayName(
            "hands over what the region leads and takes it back, while every write is acknowledged; what it took is kept, and who did it")
    void handsOver() {
        SimulatedWorld world = new SimulatedWorld(1, Trace.off());
        try (SimulatedMembers cluster = opened(world, Duration.ofHours(1))) {
            Member asked = cluster.members().get(2);
            create(asked, config(Durability.MAJORITY).build());
            List<CompletableFuture<Position>> writes =
                    writing(world, cluster.members().get(1));
            world.runFor(Duration.ofMillis(20));

            RegionDrill drill = drill(asked);
            assertThat(drill.outcome()).isEqualTo(DrillOutcome.DONE);
            assertThat(drill.moved()).isEqualTo(2);
            assertThat(drill.recoveryPoint())
                    .isEqualTo(new ClusterHealth.RecoveryPoint(LOST, ClusterHealth.Extent.NOTHING, 0, 0));
            assertThat(drill.lease()).isBetween(LEASE, LEASE.multipliedBy(2));
            assertThat(drill.takeover()).isBetween(Duration.ofNanos(1), Duration.ofSeconds(2));
            assertThat(drill.recoveryTime())
                    .hasValueSatisfying(
                            rto -> assertThat(rto).isEqualTo(drill.lease().plus(drill.takeover())));
            assertThat(drill.back()).isNotNull();

            assertThat(world.runUntil(
                            () -> writes.size() == WRITES && writes.stream().allMatch(each -> each.isDone()), PATIENCE))
                    .isTrue();
            assertThat(writes).noneMatch(CompletableFuture::isCompletedExceptionally);
            for (Member member : cluster.members()) {
                assertThat(tenant(member).placement()).isEqualTo(HOME);
                assertThat(member.<Long>call(tidal -> tenant(member).total("view")))
                        .isEqualTo(2L * WRITES);
                assertThat(world.runUntil(() -> drill.equals(last(member)), PATIENCE))
                        .isTrue();
            }
            List<AuditEntry> audit = asked.call(tidal -> tidal.audit(1, 1_000, TENANT).entries().stream()
                    .filter(each -> each.command().endsWith("drill"))
                    .toList());
            assertThat(audit).extracting(AuditEntry::command).containsExactly("begin-drill", "end-drill");
            assertThat(audit).allMatch(each -> "region r0".equals(each.about()));
        }
    }

    private static RegionDrill last(Member member) {
        return member.call(tidal -> tidal.health().risks().drills().get(TENANT));
    }

    @ParameterizedTest
    @DisplayName(
            "goes back by itself when whoever runs it, leads or is to lead dies in the middle; nothing is lost, and another one succeeds")
    @CsvSource({
        "2, 0", "2, 6", "2, 10", "2, 15", "2, 20", "2, 30", "2, 50", "2, 80", "1, 6", "1, 10", "1, 15", "1, 25",
        "1, 40", "1, 80", "0, 6", "0, 10", "0, 15", "0, 25", "0, 40", "0, 80"
    })
    void somebodyDies(int victim, int afterMillis) {
        SimulatedWorld world = new SimulatedWorld(100 * victim + afterMillis, Trace.off());
        try (SimulatedMembers cluster = opened(world, Duration.ofSeconds(2))) {
            Member asked = cluster.members().get(2);
            Member dies = cluster.members().get(victim);
            Member writer = cluster.members().get(victim == 1 ? 0 : 1);
            create(asked, config(Durability.LOCAL).build());
            world.runFor(Duration.ofSeconds(3));
            List<CompletableFuture<Position>> writes = writing(world, writer);
            world.runFor(Duration.ofMillis(20));
            world.schedule(Duration.ofMillis(afterMillis), () -> dies.machine().crash("in the middle of a drill"));
            try {
                drill(asked);
            } catch (MachineCrash | TidalException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
            assertThat(world.runUntil(() -> !dies.serves(), PATIENCE)).isTrue();
            world.runFor(Duration.ofSeconds(3));
            dies.machine().restart();
            dies.start();
            assertThat(world.runUntil(
                            () -> writes.stream().allMatch(CompletableFuture::isDone)
                                    && cluster.members().stream()
                                            .allMatch(each ->
                                                    tenant(each).placement().equals(HOME)),
                            PATIENCE))
                    .isTrue();
            long acknowledged = writes.stream()
                    .filter(each -> !each.isCompletedExceptionally())
                    .count();
            for (Member member : cluster.members()) {
                assertThat(world.runUntil(
                                () -> member.<Long>call(tidal -> tenant(member).total("view")) >= 2 * acknowledged,
                                PATIENCE))
                        .isTrue();
            }
            world.runFor(UNTIL_FORGOTTEN);
            RegionDrill again = drill(cluster.members().get(1));
            assertThat(again.outcome()).isEqualTo(DrillOutcome.DONE);
            assertThat(tenant(asked).placement()).isEqualTo(HOME);
            assertThat(again.equals(last(asked)) || world.runUntil(() -> again.equals(last(asked)), PATIENCE))
                    .isTrue();
        }
    }

    @Test
    @DisplayName("is refused where the tenant could not be written without the region, or something else is going on")
    void refusals() {
        SimulatedWorld world = new SimulatedWorld(3, Trace.off());
        try (SimulatedMembers cluster = opened(world, Duration.ofHours(1))) {
            Member asked = cluster.members().get(1);
            refused(asked, LOST, ErrorCode.TENANT_NOT_FOUND, "t7", "does not exist");
            create(asked, config(Durability.LOCAL).requiredRegions(LOST).build());
            refused(asked, RegionId.of(9), ErrorCode.INVALID_ARGUMENT, "region r9", "[r0, r1, r2]");
            refused(asked, LOST, ErrorCode.UNSAFE, "no replica of shard", "outside of region r0", "[r0]");
            asked.call(tidal -> {
                tidal.deleteTenant(TENANT);
                return tidal.createTenant(config(Durability.ALL).build());
            });
            refused(asked, LOST, ErrorCode.UNSAFE, "could not be written without region r0");
            asked.call(tidal -> tidal.updateTenant(config(Durability.MAJORITY).build()));
            Member away = cluster.members().get(2);
            away.machine().crash("it is away");
            refused(asked, LOST, ErrorCode.UNSAFE, "node n2 does not answer");
            away.machine().restart();
            away.start();
            assertThat(world.runUntil(
                            () -> asked.tidal().health().nodes().stream().allMatch(ClusterHealth.NodeHealth::up),
                            PATIENCE))
                    .isTrue();
            asked.call(tidal -> {
                tidal.upgrades().drain(away.id(), false, PATIENCE);
                return away;
            });
            refused(asked, LOST, ErrorCode.UNSAFE, "node n2", "upgrade");
        }
    }

    @Test
    @DisplayName("hands nothing over where every region takes writes, or the region leads nothing")
    void nothingToHandOver() {
        SimulatedWorld world = new SimulatedWorld(4, Trace.off());
        try (SimulatedMembers cluster = opened(world, Duration.ofHours(1))) {
            Member asked = cluster.members().get(1);
            create(asked, config(Durability.LOCAL).writes(WriteMode.EVERYWHERE).build());
            RegionDrill drill = drill(asked);
            assertThat(drill.outcome()).isEqualTo(DrillOutcome.DONE);
            assertThat(drill.moved()).isZero();
            assertThat(drill.lease()).isZero();
            asked.call(tidal -> {
                tidal.deleteTenant(TENANT);
                return tidal.createTenant(config(Durability.LOCAL).build());
            });
            assertThat(asked.tidal().health().risks().drills()).isEmpty();
            RegionDrill other = asked.call(tidal -> tidal.drill(TENANT, RegionId.of(2)));
            assertThat(other.moved()).isZero();
            assertThat(other.recoveryPoint().extent()).isEqualTo(ClusterHealth.Extent.NOTHING);
        }
    }
}
