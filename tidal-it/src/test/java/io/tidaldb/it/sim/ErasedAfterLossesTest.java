package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.EntityErasure;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-71: An entity is erased while members are lost")
class ErasedAfterLossesTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final long ERASED = 4_242;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final SimulatedWorld world = new SimulatedWorld(8, Trace.off());

    @Test
    @DisplayName(
            "one after the other: who had confirmed it when it was lost doesn't have to again when the next one is lost")
    void oneAfterTheOther() {
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member leader = cluster.members().get(0);
            Member away = cluster.members().get(1);
            Member confirmed = cluster.members().get(2);
            leader.call(tidal -> tidal.createTenant(TenantConfig.builder(TENANT)
                    .pinnedShards(ReplicaId.parse("r0:s0"))
                    .durability(Durability.MAJORITY)
                    .build()));
            leader.call(tidal -> tidal.tenant(TENANT).orElseThrow().record("view", ERASED, 1));
            cluster.network().isolate(List.of(away.id()));
            leader.call(tidal -> tidal.eraseEntity(TENANT, EntityId.of(ERASED)));
            await(leader, () -> hasConfirmed(leader, confirmed.id()));
            replace(cluster, leader, confirmed);
            assertThat(erasure(leader).isComplete()).isFalse();
            replace(cluster, leader, away);
            await(leader, () -> erasure(leader).isComplete());
            assertThat(hasConfirmed(leader, confirmed.id())).isTrue();
        }
    }

    private void replace(SimulatedMembers cluster, Member through, Member lost) {
        lost.machine().crash("it is lost for good");
        Member next = cluster.successor(lost);
        through.call(tidal -> {
            tidal.membership().replace(lost.id(), next.id(), next.id().name(), false);
            return next;
        });
        next.start();
        await(
                through,
                () -> through.tidal().membership().members().stream()
                        .allMatch(each -> each.filling().isEmpty()));
    }

    private static EntityErasure erasure(Member asked) {
        return asked.tidal().entityErasures().get(0);
    }

    private static boolean hasConfirmed(Member asked, NodeId node) {
        return erasure(asked).nodes().stream()
                .anyMatch(each -> each.node().equals(node) && each.erased().isPresent());
    }

    private void await(Member asked, BooleanSupplier what) {
        assertThat(world.runUntil(what, PATIENCE))
                .as(() -> erasure(asked) + ", " + asked.tidal().membership().members())
                .isTrue();
    }
}
