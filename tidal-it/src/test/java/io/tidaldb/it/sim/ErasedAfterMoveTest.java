package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.EntityErasure;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.control.MigrationState;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("An entity of a slot that has moved is erased")
class ErasedAfterMoveTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final ReplicaId SOURCE = ReplicaId.parse("r1:s1");
    private static final ReplicaId TARGET = ReplicaId.parse("r1:s2");
    private static final long ERASED = 4_242;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Test
    @DisplayName("when the move is complete, and nobody but one node may hold it")
    void alone() {
        erased(TenantConfig.builder(TENANT).requiredRegions(RegionId.of(1)), Duration.ZERO, MigrationState.COMPLETE);
    }

    @Test
    @DisplayName("while the former shard is held, and nobody but one node may hold it")
    void aloneWhileHeld() {
        erased(TenantConfig.builder(TENANT).requiredRegions(RegionId.of(1)), Duration.ofDays(1), MigrationState.HOLD);
    }

    @Test
    @DisplayName("while the former shard is held, on three nodes")
    void whileHeld() {
        erased(TenantConfig.builder(TENANT), Duration.ofDays(1), MigrationState.HOLD);
    }

    private static void erased(TenantConfig.Builder config, Duration hold, MigrationState when) {
        SimulatedWorld world = new SimulatedWorld(3, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member member = cluster.members().get(1);
            member.call(tidal -> tidal.createTenant(
                    config.pinnedShards(SOURCE).durability(Durability.LOCAL).build()));
            member.call(tidal -> tidal.tenant(TENANT).orElseThrow().record("view", ERASED, 1));
            MigrationOptions options =
                    new MigrationOptions(OptionalLong.empty(), Duration.ofSeconds(2), Optional.of(hold), false, false);
            long move = member.call(tidal -> tidal.migrations().start(TENANT, SOURCE, TARGET, options));
            assertThat(world.runUntil(
                            () -> member.call(tidal -> tidal.migrations().find(move))
                                            .orElseThrow()
                                            .state()
                                    == when,
                            PATIENCE))
                    .isTrue();
            member.call(tidal -> tidal.tenant(TENANT).orElseThrow().record("view", ERASED, 1));
            member.call(tidal -> tidal.eraseEntity(TENANT, EntityId.of(ERASED)));
            assertThat(world.runUntil(
                            () -> member.tidal().entityErasures().stream().allMatch(EntityErasure::isComplete),
                            PATIENCE))
                    .as(() -> member.tidal().entityErasures().toString())
                    .isTrue();
        }
    }
}
