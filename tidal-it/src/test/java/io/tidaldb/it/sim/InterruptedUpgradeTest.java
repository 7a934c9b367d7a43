package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Upgrades;
import io.tidaldb.core.upgrade.UpgradePhase;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("R-70: An upgrade that somebody is lost in")
class InterruptedUpgradeTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final Duration SOON = Duration.ofSeconds(5);
    private static final Duration LATE = Duration.ofHours(1);
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** Three members, of which the second one leads a tenant that is in the regions of the last two only. */
    private static final class Scene implements AutoCloseable {

        final SimulatedWorld world = new SimulatedWorld(7, Trace.off());
        final SimulatedMembers cluster =
                new SimulatedMembers(world, 3, Duration.ofMillis(700), LATE, UnaryOperator.identity());
        final Member other;
        final Member drained;
        final Member follower;

        Scene() {
            cluster.open();
            other = cluster.members().get(0);
            drained = cluster.members().get(1);
            follower = cluster.members().get(2);
            drained.call(tidal -> tidal.createTenant(TenantConfig.builder(TENANT)
                    .requiredRegions(RegionId.of(1), RegionId.of(2))
                    .pinnedShards(ReplicaId.parse("r1:s1"))
                    .build()));
            write(1);
            world.runFor(SOON);
        }

        void write(long entity) {
            drained.call(tidal -> tidal.tenant(TENANT).orElseThrow().record("view", entity, 1));
        }

        void ask(Consumer<Upgrades> change) {
            other.call(tidal -> {
                change.accept(tidal.upgrades());
                return tidal;
            });
        }

        void drain(Duration timeout) {
            ask(upgrades -> upgrades.drain(drained.id(), false, timeout));
        }

        Upgrades.NodeStatus status(Member asked) {
            NodeId node = drained.id();
            return asked
                    .<List<Upgrades.NodeStatus>>call(tidal -> tidal.upgrades().status())
                    .stream()
                    .filter(each -> each.node().equals(node))
                    .findFirst()
                    .orElseThrow();
        }

        void awaitPhase(Member asked, UpgradePhase wanted) {
            NodeId node = drained.id();
            assertThat(world.runUntil(
                            () -> asked.serves() && asked.tidal().upgrades().phase(node) == wanted, PATIENCE))
                    .as("%s, not %s", asked.tidal().upgrades().phase(node), wanted)
                    .isTrue();
        }

        void back(Member member) {
            member.machine().restart();
            member.start();
        }

        void rejoin() {
            ask(upgrades -> upgrades.rejoin(drained.id()));
            awaitPhase(other, UpgradePhase.SERVING);
            assertThat(drained.<Long>call(
                            tidal -> tidal.tenant(TENANT).orElseThrow().total("view")))
                    .isPositive();
        }

        @Override
        public void close() {
            cluster.close();
        }
    }

    @Test
    @DisplayName(
            "R-70: that can't finish because a follower can't be reached is given up in time, says what it waited for, and has changed nothing")
    void undoesItself() {
        try (Scene scene = new Scene()) {
            scene.drain(SOON);
            scene.follower.machine().crash("it is gone before anything is handed over");
            scene.awaitPhase(scene.other, UpgradePhase.DRAINING);
            scene.write(2);
            scene.awaitPhase(scene.other, UpgradePhase.SERVING);
            assertThat(scene.status(scene.other).failure())
                    .contains(
                            "draining took longer than PT5S",
                            "nobody else could serve",
                            "" + TENANT,
                            "does not answer");
            scene.write(3);
            scene.back(scene.follower);
            scene.drain(LATE);
            scene.awaitPhase(scene.other, UpgradePhase.DRAINED);
            assertThat(scene.status(scene.other).failure()).isNull();
            scene.rejoin();
        }
    }

    @ParameterizedTest(name = "undone: {0}")
    @ValueSource(booleans = {false, true})
    @DisplayName(
            "R-70: whose node crashes in the middle says that it can go on or be undone, and does either once that is back")
    void drainedOneCrashes(boolean undone) {
        try (Scene scene = new Scene()) {
            scene.drain(LATE);
            scene.drained.machine().crash("it is in the middle of it");
            assertThat(scene.other.tidal().upgrades().phase(scene.drained.id())).isEqualTo(UpgradePhase.DRAINING);
            Upgrades.NodeStatus status = scene.status(scene.other);
            assertThat(status.up()).isFalse();
            assertThat(status.advice()).contains("start it and it goes on to drain", "rejoin it, which undoes");
            if (undone) {
                scene.ask(upgrades -> upgrades.rejoin(scene.drained.id()));
                assertThat(scene.status(scene.other).advice()).contains("start it and it goes on");
            }
            scene.back(scene.drained);
            if (!undone) {
                scene.awaitPhase(scene.other, UpgradePhase.DRAINED);
                assertThat(scene.status(scene.other).advice()).contains("rejoin");
                scene.rejoin();
            }
            scene.awaitPhase(scene.other, UpgradePhase.SERVING);
        }
    }

    @Test
    @DisplayName(
            "R-70: whose coordinator crashes in the middle waits while too few would be left, says so, and goes on when that is back")
    void coordinatorCrashes() {
        try (Scene scene = new Scene()) {
            scene.drain(LATE);
            scene.other.machine().crash("who was asked is gone");
            scene.cluster.control().loseLeader();
            scene.world.runFor(SOON);
            Upgrades.NodeStatus status = scene.status(scene.follower);
            assertThat(status.phase()).isEqualTo(UpgradePhase.DRAINING);
            assertThat(status.waitsFor()).contains("nobody else could serve", "" + TENANT);
            scene.back(scene.other);
            scene.awaitPhase(scene.other, UpgradePhase.DRAINED);
            assertThat(scene.status(scene.follower).advice()).contains("replace the process", "rejoin");
            scene.rejoin();
        }
    }
}
