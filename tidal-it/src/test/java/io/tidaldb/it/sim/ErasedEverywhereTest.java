package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.EntityErasure;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.it.sim.check.MemberHistory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("F-71: A node that has confirmed an erasure")
class ErasedEverywhereTest {

    private static final EntityId ERASED = EntityId.of(4_242);
    private static final long OTHER = 7;
    private static final ReplicaId FIRST = ReplicaId.parse("r0:s0");
    private static final ReplicaId SECOND = ReplicaId.parse("r1:s0");
    private static final ReplicaId THIRD = ReplicaId.parse("r2:s0");

    private final MemberHistory history = new MemberHistory();
    private SimulatedCluster cluster;
    private long events;

    @BeforeEach
    void open() {
        cluster = SimulatedCluster.builder()
                .regions(3)
                .signal("view", Duration.ofDays(7))
                .scrub(Duration.ofMillis(500), 4 << 20)
                .open();
        write(Durability.MAJORITY);
        cluster.awaitFullConvergence(Duration.ofSeconds(10));
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    private void write(Durability durability) {
        List<Signal> signals = List.of(
                Signal.of("view", OTHER, 1).at(++events),
                Signal.of("view", ERASED.value(), 1).at(++events));
        MemberHistory.Write write =
                history.begin(TenantId.DEFAULT, signals, null, cluster.world().nanoTime());
        write.tried();
        cluster.tenant().recordAll(signals, WriteOptions.DEFAULT.with(durability));
        write.acknowledge();
    }

    private EntityErasure erasure() {
        return cluster.tidal().entityErasures().get(0);
    }

    private boolean hasConfirmed(ReplicaId replica) {
        NodeId node = cluster.machine(replica).id();
        return erasure().nodes().stream()
                .anyMatch(each -> each.node().equals(node) && each.erased().isPresent());
    }

    private void await(BooleanSupplier what) {
        assertThat(cluster.world().runUntil(what, Duration.ofSeconds(30)))
                .as(() -> erasure().toString())
                .isTrue();
    }

    /** Nothing of it is in any log, and what was written beside it so often is there. */
    private void assertGone(MemberHistory.Erasure erasure, int others) {
        await(() -> erasure().isComplete());
        erasure.complete(cluster.replicas().stream().map(cluster::machine).toList());
        cluster.awaitFullConvergence(Duration.ofSeconds(10));
        cluster.advance(Duration.ofSeconds(5));
        for (int region = 0; region < 3; region++) {
            ReadOptions there = ReadOptions.DEFAULT.in(RegionId.of(region));
            assertThat(cluster.tenant().read("view", OTHER, there).count()).isEqualTo(others);
            assertThat(cluster.tenant().read("view", ERASED.value(), there).count())
                    .isZero();
        }
        erasure.complete(cluster.replicas().stream().map(cluster::machine).toList());
    }

    @ParameterizedTest(name = "the others reach each other: {0}")
    @ValueSource(booleans = {true, false})
    @DisplayName("erases it from what a former leader brings back that nobody else had, and confirms once more")
    void returningTail(boolean connected) {
        SimulatedCluster.Partition one = cluster.injectPartition(FIRST, SECOND);
        SimulatedCluster.Partition other = cluster.injectPartition(FIRST, THIRD);
        write(Durability.LOCAL);
        cluster.tidal().promote(TenantId.DEFAULT, SECOND);
        MemberHistory.Erasure erasing = history.erasing(TenantId.DEFAULT, ERASED.value());
        cluster.tidal().eraseEntity(TenantId.DEFAULT, ERASED);
        await(() -> hasConfirmed(SECOND) && hasConfirmed(THIRD));
        assertThat(hasConfirmed(FIRST)).isFalse();
        if (!connected) {
            cluster.injectPartition(SECOND, THIRD);
        }
        one.close();
        cluster.advance(Duration.ofSeconds(connected ? 0 : 10));
        cluster.healAllPartitions();
        other.close();
        assertGone(erasing, 2);
    }

    @Test
    @DisplayName("ends also if a leader that was cut off has logged the erasure, and the next one has again")
    void loggedTwice() {
        MemberHistory.Erasure erasing = history.erasing(TenantId.DEFAULT, ERASED.value());
        cluster.injectPartition(FIRST, SECOND);
        cluster.injectPartition(FIRST, THIRD);
        cluster.tidal().eraseEntity(TenantId.DEFAULT, ERASED);
        write(Durability.LOCAL);
        cluster.tidal().promote(TenantId.DEFAULT, SECOND);
        await(() -> hasConfirmed(SECOND) && hasConfirmed(THIRD));
        cluster.healAllPartitions();
        assertGone(erasing, 2);
        cluster.crash(SECOND);
        cluster.restart(SECOND);
        cluster.awaitFullConvergence(Duration.ofSeconds(10));
        assertThat(cluster.tenant().compareReplicas(false))
                .hasSize(2)
                .allSatisfy(each -> assertThat(each.isEqual()).isTrue());
    }

    @ParameterizedTest(name = "found when it is opened: {0}")
    @ValueSource(booleans = {false, true})
    @DisplayName(
            "confirms once more when what it held was damaged and is fetched again from one that has not erased yet")
    void fetchedAgain(boolean atOpen) {
        MemberHistory.Erasure erasing = history.erasing(TenantId.DEFAULT, ERASED.value());
        // For so long as the leader waits for the third it keeps its logs.
        cluster.injectPartition(FIRST, THIRD);
        cluster.tidal().eraseEntity(TenantId.DEFAULT, ERASED);
        await(() -> hasConfirmed(SECOND));
        cluster.tenant().record("view", OTHER, 1);
        cluster.advance(Duration.ofMillis(100));
        if (atOpen) {
            cluster.crash(SECOND);
        }
        SimulatedMachine machine = cluster.machine(SECOND);
        assertThat(machine.disks().disk(Path.of(machine.id().name())).rot(log -> true, new SimulatedRandom(5)))
                .isPresent();
        if (atOpen) {
            cluster.restart(SECOND);
        }
        await(() -> cluster.tidal().scrub().refetched() == 1);
        assertThat(hasConfirmed(FIRST)).isFalse();
        cluster.healAllPartitions();
        assertGone(erasing, 2);
    }
}
