package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.Upgrades;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.upgrade.UpgradePhase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@EveryCell
@DisplayName("R-70: A rolling upgrade, nodes in one process")
class UpgradeMatrixTest {

    private static final TenantId TENANT = TenantId.of(42);
    private static final List<NodeId> NODES = List.of(NodeId.of("n0"), NodeId.of("n1"), NodeId.of("n2"));
    private static final NodeId AWAY = NodeId.of("n1");
    private static final Duration LONG = Duration.ofMinutes(1);
    private static final int ENTITIES = 200;

    /** How many signals a node misses while it is out. */
    private static final int MISSED = Integer.getInteger("tidal.upgrade.away", ENTITIES);

    private final Cell cell;

    @TempDir
    private Path directory;

    UpgradeMatrixTest(Cell cell) {
        this.cell = cell;
    }

    private Tidal open() {
        return cell.builder(directory)
                .topology(Topology.regions(3).shardsPerRegion(3))
                .signal("view", Duration.ofDays(7))
                .open();
    }

    private static Tenant create(Tidal tidal) {
        return tidal.createTenant(TenantConfig.builder(TENANT)
                .pinnedShards(ReplicaId.parse("r0:s0"), ReplicaId.parse("r1:s1"), ReplicaId.parse("r2:s2"))
                .durability(Durability.LOCAL)
                .build());
    }

    private static void drain(Tidal tidal, NodeId node) {
        tidal.upgrades().drain(node, false, LONG).toCompletableFuture().join();
    }

    private static void rejoin(Tidal tidal, NodeId node) {
        tidal.upgrades().rejoin(node).toCompletableFuture().join();
    }

    private static Upgrades.NodeStatus status(Tidal tidal, NodeId node) {
        return tidal.upgrades().status().stream()
                .filter(each -> each.node().equals(node))
                .findFirst()
                .orElseThrow();
    }

    /** Writes and reads without a break, as a client does that tries again what was not applied. */
    private static final class Load implements AutoCloseable {

        private final Tenant tenant;
        private final AtomicBoolean over = new AtomicBoolean();
        private final AtomicInteger written = new AtomicInteger();
        private final AtomicLong reads = new AtomicLong();
        private final List<Throwable> failures = new ArrayList<>();
        private final List<Thread> threads;

        Load(Tenant tenant) {
            this.tenant = tenant;
            this.threads = List.of(new Thread(this::write, "writer"), new Thread(this::read, "reader"));
            threads.forEach(Thread::start);
        }

        private void write() {
            while (!over.get()) {
                int number = written.get();
                try {
                    tenant.recordAll(
                            List.of(Signal.of("view", number, 1)),
                            WriteOptions.DEFAULT.with(new IdempotencyKey(7, number)));
                    written.incrementAndGet();
                } catch (TidalException e) {
                    if (e.code() != ErrorCode.NOT_OWNER) {
                        failed(e);
                        return;
                    }
                }
            }
        }

        private void read() {
            try {
                while (!over.get()) {
                    tenant.read("view", reads.incrementAndGet() % 1_000, ReadOptions.DEFAULT);
                    LockSupport.parkNanos(200_000);
                }
            } catch (RuntimeException e) {
                failed(e);
            }
        }

        private void failed(Throwable failure) {
            synchronized (failures) {
                failures.add(failure);
            }
        }

        void awaitMore(int signals) {
            int before = written.get();
            Await.until(() -> {
                synchronized (failures) {
                    return !failures.isEmpty() || written.get() >= before + signals;
                }
            });
            synchronized (failures) {
                assertThat(failures).isEmpty();
            }
        }

        @Override
        public void close() throws InterruptedException {
            over.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }

    @Test
    @DisplayName(
            "each node is drained, replaced and brought back under load: no read and no write fails, nothing is missing, and"
                    + " each leads again what prefers it")
    void everyNode() throws InterruptedException {
        try (Tidal tidal = open()) {
            Tenant tenant = create(tidal);
            List<ReplicaId> placed = tenant.placement();
            Load load = new Load(tenant);
            try (load) {
                load.awaitMore(50);
                for (NodeId node : NODES) {
                    drain(tidal, node);
                    assertThat(tenant.placement())
                            .noneMatch(leader -> ("n" + leader.region().value()).equals(node.name()));
                    tidal.stopNode(node);
                    load.awaitMore(200);
                    tidal.startNode(node);
                    assertThat(status(tidal, node).phase()).isEqualTo(UpgradePhase.DRAINED);
                    rejoin(tidal, node);
                    assertThat(tenant.placement()).isEqualTo(placed);
                    assertThat(status(tidal, node))
                            .returns(UpgradePhase.SERVING, Upgrades.NodeStatus::phase)
                            .returns(null, Upgrades.NodeStatus::failure)
                            .satisfies(each -> assertThat(each.drainMillis()).isNotNegative())
                            .satisfies(each -> assertThat(each.rejoinMillis()).isNotNegative());
                }
                load.awaitMore(50);
            }
            Await.until(() -> tenant.total("view") == load.written.get());
            Await.until(() -> {
                List<ReplicaComparison> compared = tenant.compareReplicas(false);
                return compared.size() == 6 && compared.stream().allMatch(ReplicaComparison::isEqual);
            });
        }
    }

    @Test
    @DisplayName(
            "signals that were written while a node was out are on it when it is back, and lag is 0; the other one got them"
                    + " meanwhile")
    void meanwhile() {
        try (Tidal tidal = open()) {
            Tenant tenant = create(tidal);
            tenant.record("view", 1, 1);
            drain(tidal, AWAY);
            tidal.stopNode(AWAY);
            for (int sent = 0; sent < MISSED; sent += ENTITIES) {
                tenant.recordAll(batch(Math.min(ENTITIES, MISSED - sent)), WriteOptions.DEFAULT);
            }
            Await.until(() -> count(tenant, 2) == MISSED + 1);
            tidal.startNode(AWAY);
            rejoin(tidal, AWAY);
            assertThat(count(tenant, 1)).isEqualTo(MISSED + 1);
            Await.until(() -> tidal.health().shards().stream()
                    .flatMap(shard -> shard.replicationLag().values().stream())
                    .allMatch(lag -> lag.records() == 0));
        }
    }

    private static List<Signal> batch(int size) {
        return IntStream.range(0, size)
                .mapToObj(entity -> Signal.of("view", entity, 1))
                .toList();
    }

    private static long count(Tenant tenant, int region) {
        long count = 0;
        for (int entity = 0; entity < ENTITIES; entity++) {
            count += tenant.read("view", entity, ReadOptions.DEFAULT.in(RegionId.of(region)))
                    .count();
        }
        return count;
    }

    @Test
    @DisplayName(
            "is refused for a second node, for one that nobody could take over from, and for one that does not exist; who may"
                    + " pause is said, and is in the audit log")
    void refused() {
        try (Tidal tidal = open()) {
            Tenant tenant = create(tidal);
            assertThatThrownBy(() -> tidal.upgrades().drain(NodeId.of("n9"), false, LONG))
                    .hasMessageContaining("n9")
                    .extracting("code")
                    .isEqualTo(ErrorCode.INVALID_ARGUMENT);
            assertThatThrownBy(() -> tidal.upgrades().rejoin(AWAY))
                    .hasMessageContaining("n1 is not drained")
                    .extracting("code")
                    .isEqualTo(ErrorCode.UNSAFE);
            drain(tidal, AWAY);
            assertThatThrownBy(() -> tidal.upgrades().drain(NodeId.of("n2"), false, LONG))
                    .hasMessageContaining("n1 is DRAINED")
                    .extracting("code")
                    .isEqualTo(ErrorCode.UNSAFE);
            assertThatThrownBy(() -> tidal.promote(TENANT, ReplicaId.parse("r1:s1")))
                    .extracting("code")
                    .isEqualTo(ErrorCode.UNSAFE);
            rejoin(tidal, AWAY);
            tidal.createTenant(TenantConfig.builder(TenantId.of(41))
                    .requiredRegions(RegionId.of(1))
                    .build());
            assertThatThrownBy(() -> tidal.upgrades().drain(AWAY, false, LONG))
                    .hasMessageContainingAll("such as t41", "no other node has a replica", "migrate start")
                    .extracting("code")
                    .isEqualTo(ErrorCode.UNSAFE);
            tidal.deleteTenant(TenantId.of(41));
            tidal.crashNode(NodeId.of("n2"));
            assertThatThrownBy(() -> tidal.upgrades().drain(AWAY, false, LONG))
                    .hasMessageContainingAll("nobody could serve", "tenants", "42", "[n2] do not answer: start those")
                    .extracting("code")
                    .isEqualTo(ErrorCode.UNSAFE);
            assertThat(tidal.upgrades().plan())
                    .filteredOn(step -> step.refusal() == null)
                    .isEmpty();
            tidal.upgrades().drain(AWAY, true, LONG).toCompletableFuture().join();
            assertThat(tidal.audit(1, 1_000, null).entries())
                    .anyMatch(entry -> entry.command().equals("drain-node")
                            && String.valueOf(entry.after()).contains("\"allow_unavailable\":\"true\""));
            assertThat(tenant.placement()).doesNotContain(ReplicaId.parse("r1:s1"));
        }
    }

    @Test
    @DisplayName("what can't be drained in time goes back into service, and says what it waited for")
    void undone() {
        try (Tidal tidal = open()) {
            Tenant tenant = create(tidal);
            List<ReplicaId> placed = tenant.placement();
            tenant.record("view", 1, 1);
            tidal.upgrades().drain(AWAY, false, LONG).toCompletableFuture().join();
            rejoin(tidal, AWAY);
            var draining = tidal.upgrades().drain(AWAY, false, Upgrades.MIN_TIMEOUT);
            tidal.crashNode(NodeId.of("n2"));
            tidal.crashNode(NodeId.of("n0"));
            assertThat(draining.toCompletableFuture().handle((done, failure) -> failure))
                    .satisfiesAnyOf(
                            // It was faster than the crash.
                            each -> assertThat(each.join()).isNull(),
                            each -> assertThat(each.join()).hasMessageContaining("n1"));
            tidal.startNode(NodeId.of("n0"));
            tidal.startNode(NodeId.of("n2"));
            if (status(tidal, AWAY).phase() == UpgradePhase.DRAINED) {
                rejoin(tidal, AWAY);
            }
            Await.until(() -> status(tidal, AWAY).phase() == UpgradePhase.SERVING);
            assertThat(tenant.placement()).isEqualTo(placed);
        }
    }

    @Test
    @DisplayName(
            "R-71: goes on after a crash of everything where it was; every file can be read by this release, and by none before")
    void crashed() {
        Tidal before = open();
        List<ReplicaId> placed = create(before).placement();
        before.tenant(TENANT).orElseThrow().record("view", 1, 1);
        before.upgrades().drain(AWAY, false, LONG);
        before.abandon();
        try (Tidal tidal = open()) {
            Await.until(() -> status(tidal, AWAY).phase() == UpgradePhase.DRAINED);
            assertThat(status(tidal, AWAY).advice()).contains("rejoin");
            assertThat(tidal.health().upgrades()).anyMatch(each -> each.phase() == UpgradePhase.DRAINED);
            rejoin(tidal, AWAY);
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            assertThat(tenant.placement()).isEqualTo(placed);
            assertThat(tenant.total("view")).isEqualTo(1);
            tidal.checkpoint();
        }
        String check = Cli.run("upgrade", "check", "--downgrade-to", "0.1", "--data-dir", directory, "--output", "json")
                .done()
                .out();
        assertThat(check).contains("\"possible\":true", "\"batch\"", "\"checkpoint\"", "\"control-command\"");
        assertThat(Cli.run("upgrade", "check", "--downgrade-to", "0.0", "--data-dir", directory)
                        .ended(3)
                        .out())
                .contains("forbidden_by", "n0/");
    }
}
