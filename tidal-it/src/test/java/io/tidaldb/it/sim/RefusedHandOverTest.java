package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.Commands;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A member that hands what it leads to a replica that is given up meanwhile")
class RefusedHandOverTest {

    private static final TenantId TENANT = TenantId.of(1);
    private static final ReplicaId LEADER = ReplicaId.parse("r0:s0");
    private static final ReplicaId LEAVES = ReplicaId.parse("r1:s0");

    /** Whatever is proposed within that is agreed in order, before anybody hears of it. */
    private static final Latency SLOW = Latency.of(Duration.ofMillis(100));

    private static long write(Tidal tidal) {
        return tidal.tenant(TENANT)
                .orElseThrow()
                .recordAll(List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT.with(Duration.ofSeconds(3)))
                .records()
                .size();
    }

    private static Tidal changed(Tidal tidal) {
        TenantConfig config = tidal.tenant(TENANT).orElseThrow().config();
        tidal.updateTenant(config.toBuilder().withoutReplicas(LEAVES).build());
        return tidal;
    }

    private static Tidal promoted(Tidal tidal) {
        tidal.promote(TENANT, LEAVES);
        return tidal;
    }

    @Test
    @DisplayName("goes on to lead and takes writes again; whoever asked for it is told that there is no such replica")
    void takesWritesAgain() {
        SimulatedWorld world = new SimulatedWorld(3, Trace.off());
        try (SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofSeconds(2), Duration.ofHours(1), UnaryOperator.identity())) {
            cluster.open();
            Member leads = cluster.members().get(0);
            leads.call(tidal -> tidal.createTenant(TenantConfig.builder(TENANT)
                    .pinnedShards(LEADER)
                    .durability(Durability.LOCAL)
                    .build()));
            leads.call(RefusedHandOverTest::write);
            world.runFor(Duration.ofSeconds(1));

            ControlFaults fast = ControlFaults.NONE;
            cluster.control().faults(new ControlFaults(SLOW, Latency.of(Duration.ofMillis(1)), fast.election(), 0, 0));
            List<TidalException> refusals = new ArrayList<>();
            List<String> order = new ArrayList<>();
            cluster.control()
                    .watch(
                            proposed -> Commands.of(proposed, ClusterCommand.NarrowReplicas.class)
                                    .ifPresent(narrow -> world.execute(() -> {
                                        try {
                                            leads.call(RefusedHandOverTest::promoted);
                                        } catch (TidalException e) {
                                            refusals.add(e);
                                        }
                                    })),
                            agreed -> {
                                Commands.of(agreed, ClusterCommand.NarrowReplicas.class)
                                        .ifPresent(narrow -> order.add("narrow"));
                                Commands.of(agreed, ClusterCommand.TakeOver.class)
                                        .ifPresent(take -> order.add("take over"));
                            });
            leads.call(RefusedHandOverTest::changed);
            assertThat(world.runUntil(() -> !refusals.isEmpty(), Duration.ofSeconds(20)))
                    .isTrue();
            assertThat(order).containsExactly("narrow", "take over");
            assertThat(refusals.get(0).code()).isEqualTo(ErrorCode.INVALID_ARGUMENT);
            assertThat(leads.<List<ReplicaId>>call(
                            tidal -> tidal.tenant(TENANT).orElseThrow().placement()))
                    .containsExactly(LEADER);
            assertThat(leads.<Long>call(RefusedHandOverTest::write)).isOne();
        }
    }
}
