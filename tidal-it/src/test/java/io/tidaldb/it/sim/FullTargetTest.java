package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-21: A migration to a node whose disk is full")
class FullTargetTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final ReplicaId SOURCE = ReplicaId.parse("r0:s0");
    private static final ReplicaId TARGET = ReplicaId.parse("r2:s2");

    private final SimulatedWorld world = new SimulatedWorld(5, Trace.off());

    private static void assertRefused(Member through, String node) {
        assertThatThrownBy(() -> through.call(
                        tidal -> tidal.migrations().start(TENANT, SOURCE, TARGET, MigrationOptions.DEFAULT)))
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSAFE))
                .hasMessageContaining("node " + node)
                .hasMessageContaining("0 bytes left")
                .hasMessageContaining("choose another shard");
        assertThat(through.call(tidal -> tidal.migrations().plan(TENANT, SOURCE, TARGET, MigrationOptions.DEFAULT))
                        .refusal())
                .isNotNull();
        long begun = through.call(tidal -> tidal.migrations().all().stream().count());
        assertThat(begun).isZero();
        assertThat(through.call(tidal -> tidal.tenant(TENANT).orElseThrow()).placement())
                .containsExactly(SOURCE);
    }

    @Test
    @DisplayName(
            "is refused with what it has and what is needed, also where only a follower's is, and nothing is changed")
    void refused() {
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member first = cluster.members().get(0);
            first.call(tidal -> tidal.createTenant(
                            TenantConfig.builder(TENANT).pinnedShards(SOURCE).build()))
                    .recordAsync("view", 1, 1);
            world.runFor(Duration.ofSeconds(1));
            cluster.members().get(2).home().full(true);
            assertRefused(first, "n2");
            cluster.members().get(2).home().full(false);
            cluster.members().get(1).home().full(true);
            assertRefused(cluster.members().get(1), "n1");
            cluster.members().get(1).home().full(false);
            long id = first.call(tidal -> tidal.migrations().start(TENANT, SOURCE, TARGET, MigrationOptions.DEFAULT));
            assertThat(id).isPositive();
        }
    }
}
