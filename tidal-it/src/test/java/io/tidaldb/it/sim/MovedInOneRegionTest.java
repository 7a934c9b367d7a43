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

@DisplayName("A slot that nobody but one node may hold, and that has moved there to another shard")
class MovedInOneRegionTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final ReplicaId SOURCE = ReplicaId.parse("r1:s1");
    private static final ReplicaId TARGET = ReplicaId.parse("r1:s2");
    private static final long ERASED = 4_242;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Test
    @DisplayName("keeps its logs for no other replica: what is erased is in none of them")
    void keepsNoLogs() {
        SimulatedWorld world = new SimulatedWorld(3, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member member = cluster.members().get(1);
            member.call(tidal -> tidal.createTenant(TenantConfig.builder(TENANT)
                    .requiredRegions(RegionId.of(1))
                    .pinnedShards(SOURCE)
                    .durability(Durability.LOCAL)
                    .build()));
            member.call(tidal -> tidal.tenant(TENANT).orElseThrow().record("view", ERASED, 1));
            long move = member.call(tidal -> tidal.migrations()
                    .start(
                            TENANT,
                            SOURCE,
                            TARGET,
                            new MigrationOptions(
                                    OptionalLong.empty(),
                                    Duration.ofSeconds(2),
                                    Optional.of(Duration.ZERO),
                                    false,
                                    false)));
            assertThat(world.runUntil(
                            () -> member.call(tidal -> tidal.migrations().find(move))
                                            .orElseThrow()
                                            .state()
                                    == MigrationState.COMPLETE,
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
