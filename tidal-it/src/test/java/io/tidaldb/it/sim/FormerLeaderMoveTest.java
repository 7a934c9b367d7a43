package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.control.MigrationState;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A move that was begun by a former leader")
class FormerLeaderMoveTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final ReplicaId SOURCE = ReplicaId.parse("r0:s0");
    private static final ReplicaId TARGET = ReplicaId.parse("r0:s2");
    private static final EntityId ERASED = EntityId.of(4_242);
    private static final long OTHER = 7;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final SimulatedWorld world = new SimulatedWorld(3, Trace.off());
    private final SimulatedMembers cluster =
            new SimulatedMembers(world, 3, Duration.ofMillis(700), Duration.ofHours(1), UnaryOperator.identity());

    @BeforeEach
    void open() {
        cluster.open();
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    private static Tenant tenant(Member member) {
        return member.tidal().tenant(TENANT).orElseThrow();
    }

    private static MigrationStatus status(Member member, long id) {
        return member.tidal().migrations().find(id).orElseThrow();
    }

    private void await(BooleanSupplier what) {
        assertThat(world.runUntil(what, PATIENCE)).isTrue();
    }

    @Test
    @DisplayName(
            "gives the target the state again that has folded what does not count, and whose logs do not reach back")
    void targetWithoutItsPast() {
        Member former = cluster.members().get(0);
        Member other = cluster.members().get(1);
        former.call(tidal -> tidal.createTenant(TenantConfig.builder(TENANT)
                .pinnedShards(SOURCE)
                .durability(Durability.MAJORITY)
                .build()));
        former.call(tidal -> tenant(former).record("view", OTHER, 1));
        former.call(tidal -> tenant(former).record("view", ERASED.value(), 1));
        // From here on the logs do not reach back to their beginning.
        former.call(tidal -> tidal.eraseEntity(TENANT, ERASED));
        await(() -> former.tidal().entityErasures().get(0).isComplete());

        // It can go on to agree on things, and nobody is there to hold what the target is given.
        SimulatedNetwork.Cut cut = cluster.network().isolate(List.of(former.id()));
        MigrationOptions atOnce = new MigrationOptions(
                OptionalLong.empty(), Duration.ofSeconds(1), Optional.of(Duration.ZERO), false, false);
        long move = former.call(tidal -> tidal.migrations().start(TENANT, SOURCE, TARGET, atOnce));
        List<Signal> signals = List.of(Signal.of("view", OTHER, 1));
        WriteOptions here = WriteOptions.DEFAULT.with(Durability.LOCAL);
        former.call(tidal -> tenant(former).recordAll(signals, here));
        await(() -> "only 1 of 3 replicas of the target have nearly all"
                .equals(status(former, move).note()));
        former.machine().crash("it has given the target what nobody else has");
        cut.close();
        await(() -> !tenant(other).placement().contains(SOURCE));
        former.machine().restart();
        former.start();

        await(() -> status(other, move).state() == MigrationState.COMPLETE);
        for (Member member : cluster.members()) {
            assertThat((long) member.call(tidal -> tenant(member)
                            .read("view", OTHER, ReadOptions.DEFAULT)
                            .count()))
                    .isEqualTo(2);
        }
    }
}
