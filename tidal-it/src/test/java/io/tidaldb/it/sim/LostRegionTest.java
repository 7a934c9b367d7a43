package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.ClusterHealth.Extent;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-53: What a tenant is said to lose with a region")
class LostRegionTest {

    private static final TenantId LOCAL = TenantId.of(1);
    private static final TenantId MAJORITY = TenantId.of(2);
    private static final TenantId RESIDENT = TenantId.of(3);
    private static final TenantId EVERYWHERE = TenantId.of(4);
    private static final RegionId LOST = RegionId.of(0);

    private static final int BEFORE = 20;
    private static final int UNSHIPPED = 50;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private static TenantConfig.Builder tenant(TenantId id, Durability level) {
        return TenantConfig.builder(id).pinnedShards(ReplicaId.parse("r0:s0")).durability(level);
    }

    private static void write(Member member, TenantId id, int times) {
        for (int i = 0; i < times; i++) {
            member.call(tidal ->
                    tidal.tenant(id).orElseThrow().recordAll(List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT));
        }
    }

    private static long count(Member member, TenantId id) {
        return member.call(tidal -> tidal.tenant(id)
                .orElseThrow()
                .read("view", 1, ReadOptions.DEFAULT.in(member.region()))
                .count());
    }

    private static ClusterHealth.RecoveryPoint said(Member member, TenantId id) {
        return Objects.requireNonNull(
                member.call(tidal -> tidal.health().risks().recoveryPoints().get(id)));
    }

    @Test
    @DisplayName(
            "is what is missing to the record when that region is gone, until it is back; nothing where writes wait for other regions, everything where none may hold it")
    void isTrue() {
        SimulatedWorld world = new SimulatedWorld(53, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member leader = cluster.members().get(0);
            Member next = cluster.members().get(1);
            leader.call(tidal -> {
                tidal.createTenant(tenant(LOCAL, Durability.LOCAL).build());
                tidal.createTenant(tenant(MAJORITY, Durability.MAJORITY).build());
                tidal.createTenant(
                        tenant(RESIDENT, Durability.LOCAL).requiredRegions(LOST).build());
                return tidal.createTenant(TenantConfig.builder(EVERYWHERE)
                        .writes(WriteMode.EVERYWHERE)
                        .build());
            });
            List.of(LOCAL, MAJORITY, RESIDENT, EVERYWHERE).forEach(id -> write(leader, id, BEFORE));
            ClusterHealth.RecoveryPoint nothing = new ClusterHealth.RecoveryPoint(LOST, Extent.NOTHING, 0, 0);
            assertThat(world.runUntil(
                            () -> said(next, LOCAL).equals(nothing)
                                    && said(next, EVERYWHERE).extent() == Extent.NOTHING,
                            PATIENCE))
                    .isTrue();
            assertThat(said(next, MAJORITY)).isEqualTo(nothing);
            assertThat(said(next, RESIDENT))
                    .isEqualTo(new ClusterHealth.RecoveryPoint(LOST, Extent.EVERYTHING, -1, -1));

            SimulatedNetwork.Cut cut = cluster.network().isolate(List.of(leader.id()));
            write(leader, LOCAL, UNSHIPPED);
            world.runFor(Duration.ofSeconds(2));
            ClusterHealth.RecoveryPoint point = said(leader, LOCAL);
            assertThat(point.extent()).isEqualTo(Extent.LATEST);
            assertThat(point.records()).isEqualTo(UNSHIPPED);
            assertThat(point.millis()).isBetween(2_000L, 10_000L);
            assertThat(said(leader, MAJORITY)).isEqualTo(nothing);
            assertThat(said(next, LOCAL).extent()).isEqualTo(Extent.UNKNOWN);

            leader.machine().crash("its region is lost");
            cut.close();
            write(next, LOCAL, 1);
            assertThat(count(next, LOCAL)).isEqualTo(BEFORE + 1);
            assertThat(world.runUntil(() -> said(next, LOCAL).extent() == Extent.NOTHING, PATIENCE))
                    .isTrue();
            assertThat(said(next, LOCAL).region()).isNotEqualTo(LOST);
            leader.machine().restart();
            leader.start();
            assertThat(world.runUntil(() -> count(next, LOCAL) == BEFORE + UNSHIPPED + 1, PATIENCE))
                    .isTrue();
        }
    }

    @Test
    @DisplayName("of a tenant that every region writes is what the worst of them has alone")
    void everywhere() {
        SimulatedWorld world = new SimulatedWorld(54, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member leads = cluster.members().get(0);
            Member writes = cluster.members().get(2);
            RegionId own = writes.region();
            leads.call(tidal -> tidal.createTenant(TenantConfig.builder(EVERYWHERE)
                    .pinnedShards(ReplicaId.parse("r0:s0"))
                    .writes(WriteMode.EVERYWHERE)
                    .build()));
            write(writes, EVERYWHERE, BEFORE);
            assertThat(world.runUntil(() -> said(leads, EVERYWHERE).extent() == Extent.NOTHING, PATIENCE))
                    .isTrue();
            List<SimulatedNetwork.Cut> cuts = cluster.members().stream()
                    .map(each -> cluster.network().isolate(List.of(each.id())))
                    .toList();
            write(writes, EVERYWHERE, UNSHIPPED);
            cuts.forEach(SimulatedNetwork.Cut::close);
            assertThat(world.runUntil(
                            () -> {
                                ClusterHealth.RecoveryPoint point = said(leads, EVERYWHERE);
                                return point.region().equals(own) && point.extent() == Extent.LATEST;
                            },
                            PATIENCE))
                    .isTrue();
            assertThat(world.runUntil(() -> said(leads, EVERYWHERE).extent() == Extent.NOTHING, PATIENCE))
                    .isTrue();
        }
    }
}
