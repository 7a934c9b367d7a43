package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.control.MigrationState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@EveryCell
@DisplayName("A tenant moves to another shard while it is read and written")
class MigrationMatrixTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final ReplicaId SOURCE = ReplicaId.parse("r0:s0");
    private static final ReplicaId TARGET = ReplicaId.parse("r2:s2");
    private static final MigrationOptions NO_HOLD = MigrationOptions.DEFAULT.holding(Duration.ZERO);

    // Long enough for a machine that has other things to do.
    private static final MigrationOptions PATIENT =
            new MigrationOptions(OptionalLong.empty(), Duration.ofSeconds(5), Optional.of(Duration.ZERO), false, false);

    @TempDir
    Path directory;

    private final Cell cell;

    MigrationMatrixTest(Cell cell) {
        this.cell = cell;
    }

    private Tidal open(Topology topology) {
        return cell.builder(directory)
                .topology(topology)
                .signal("view", Duration.ofDays(7))
                .open();
    }

    private static Topology replicated() {
        return Topology.regions(3).shardsPerRegion(3);
    }

    private static Tenant tenant(Tidal tidal, Durability durability) {
        return tidal.createTenant(TenantConfig.builder(TENANT)
                .pinnedShards(SOURCE)
                .durability(durability)
                .build());
    }

    static void awaitState(Tidal tidal, long id, MigrationState state) {
        Await.passes(() -> assertThat(status(tidal, id)).returns(state, MigrationStatus::state));
    }

    private static MigrationStatus status(Tidal tidal, long id) {
        return tidal.migrations().find(id).orElseThrow();
    }

    @Test
    @DisplayName(
            "R-60, F-12: 100 signals before and 50 meanwhile are 150 at the target and none at the source, over every shard's replicas")
    void everythingMoves() {
        try (Tidal tidal = open(replicated())) {
            moves(tidal, Durability.MAJORITY, TARGET);
        }
        try (Tidal tidal = open(replicated())) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            assertThat(tenant.placement()).containsExactly(TARGET);
            assertThat(tenant.total("view")).isEqualTo(150);
            tenant.record("view", 1, 1);
            assertThat(tenant.total("view")).isEqualTo(151);
        }
    }

    @Test
    @DisplayName("R-60: the same between shards without replicas")
    void withoutReplicas() {
        try (Tidal tidal = open(Topology.regions(3).shards(3))) {
            moves(tidal, Durability.LOCAL, TARGET);
        }
        try (Tidal tidal = open(Topology.regions(3).shards(3))) {
            assertThat(tidal.tenant(TENANT).orElseThrow().total("view")).isEqualTo(150);
        }
    }

    private void moves(Tidal tidal, Durability durability, ReplicaId target) {
        Tenant tenant = tenant(tidal, durability);
        Position first = Position.parse("r0:s0:1");
        for (long entity = 0; entity < 100; entity++) {
            first = tenant.record("view", entity, 1);
        }
        long id = tidal.migrations().start(TENANT, SOURCE, target, NO_HOLD);
        for (long entity = 100; entity < 150; entity++) {
            tenant.record("view", entity, 1);
            assertThat(tenant.read("view", entity, ReadOptions.DEFAULT).count()).isOne();
        }
        awaitState(tidal, id, MigrationState.COMPLETE);
        assertThat(tenant.placement()).containsExactly(target);
        assertThat(tenant.total("view")).isEqualTo(150);
        for (long entity = 0; entity < 150; entity++) {
            assertThat(tenant.read("view", entity, ReadOptions.DEFAULT).count()).isOne();
        }
        assertThat(tenant.read("view", 99, ReadOptions.DEFAULT.atLeast(first)).count())
                .isOne();
        assertThat(tenant.verifyUsage().matches()).isTrue();
        assertThat(recordsOnDisk(SOURCE.shard())).isZero();
        assertThat(status(tidal, id).writePause()).isPresent();
    }

    @Test
    @DisplayName("R-60: the same within a region, on one node")
    void withinARegion() {
        try (Tidal tidal = open(replicated())) {
            moves(tidal, Durability.MAJORITY, ReplicaId.parse("r0:s1"));
        }
    }

    @Test
    @DisplayName(
            "F-20: a write that is tried again under its key while the tenant moves, after that, and after it is back, counts once and is answered as the first time")
    void triedAgain() {
        try (Tidal tidal = open(replicated())) {
            Tenant tenant = tenant(tidal, Durability.MAJORITY);
            WriteOptions keyed = WriteOptions.DEFAULT.with(new IdempotencyKey(7, 42));
            List<Signal> write = List.of(Signal.of("view", 1, 1), Signal.of("view", 2, 1));
            Position first = tenant.recordAll(write, keyed);
            long id = tidal.migrations()
                    .start(TENANT, SOURCE, TARGET, MigrationOptions.DEFAULT.holding(Duration.ofHours(1)));
            for (int change = 0; change < 2; change++) {
                do {
                    assertThat(tenant.recordAll(write, keyed)).isEqualTo(first);
                } while (status(tidal, id).state() != MigrationState.HOLD);
                assertThat(tenant.recordAll(write, keyed)).isEqualTo(first);
                if (change == 0) {
                    assertThat(tenant.placement()).containsExactly(TARGET);
                    tidal.migrations().reverse(id);
                }
            }
            assertThat(tenant.placement()).containsExactly(SOURCE);
            assertThat(tenant.total("view")).isEqualTo(2);
        }
    }

    @Test
    @DisplayName(
            "R-61, F-13: it is there and back again, across a restart in between, and given up, and nothing is lost or doubled")
    void thereAndBack() {
        MigrationOptions held = MigrationOptions.DEFAULT.holding(Duration.ofHours(1));
        long id;
        try (Tidal tidal = open(replicated())) {
            Tenant tenant = tenant(tidal, Durability.LOCAL);
            tenant.record("view", 1, 1);
            id = tidal.migrations().start(TENANT, SOURCE, TARGET, held);
            awaitState(tidal, id, MigrationState.HOLD);
            tenant.record("view", 2, 1);
        }
        try (Tidal tidal = open(replicated())) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            assertThat(tenant.placement()).containsExactly(TARGET);
            for (int flip = 0; flip < 4; flip++) {
                tidal.migrations().reverse(id);
                tenant.record("view", 3 + flip, 1);
                awaitState(tidal, id, MigrationState.HOLD);
            }
            assertThat(tenant.placement()).containsExactly(TARGET);
            tidal.migrations().reverse(id);
            awaitState(tidal, id, MigrationState.HOLD);
            assertThat(tenant.placement()).containsExactly(SOURCE);
            tidal.migrations().endHold(id);
            awaitState(tidal, id, MigrationState.COMPLETE);
            assertThat(recordsOnDisk(TARGET.shard())).isZero();
            assertThat(tenant.total("view")).isEqualTo(6);
            long other = tidal.migrations()
                    .start(
                            TENANT,
                            SOURCE,
                            TARGET,
                            new MigrationOptions(
                                    OptionalLong.of(1), Duration.ofMillis(100), Optional.empty(), true, false));
            tidal.migrations().pause(other);
            if (status(tidal, other).state().canAbort()) {
                tidal.migrations().abort(other);
                awaitState(tidal, other, MigrationState.ABORTED);
                assertThat(recordsOnDisk(TARGET.shard())).isZero();
            }
            tenant.record("view", 9, 1);
            assertThat(tenant.total("view")).isEqualTo(7);
        }
    }

    @Test
    @DisplayName("F-16, F-17: a target that is away fails no write, and what was begun goes on when it is back")
    void targetAway() {
        try (Tidal tidal = open(replicated())) {
            Tenant tenant = tenant(tidal, Durability.LOCAL);
            tenant.record("view", 1, 1);
            NodeId host = NodeId.of("n2");
            long id = tidal.migrations().start(TENANT, SOURCE, TARGET, NO_HOLD);
            boolean led = !tenant.placement().contains(TARGET);
            if (led) {
                tidal.crashNode(host);
                if (!tenant.placement().contains(TARGET)) {
                    for (int entity = 2; entity < 20; entity++) {
                        tenant.record("view", entity, 1);
                    }
                }
                tidal.startNode(host);
            }
            awaitState(tidal, id, MigrationState.COMPLETE);
            tenant.record("view", 99, 1);
            assertThat(tenant.read("view", 99, ReadOptions.DEFAULT).count()).isOne();
            assertThat(recordsOnDisk(SOURCE.shard())).isZero();
        }
    }

    @Test
    @DisplayName("R-60: sessions, hard negatives and every kind of read go on while it moves there and back again")
    void everyRead() throws Exception {
        try (Tidal tidal = open(replicated())) {
            tenant(tidal, Durability.MAJORITY);
            try (EveryRead client = new EveryRead(TENANT, tidal)) {
                client.awaitMore(20);
                ReplicaId from = SOURCE;
                for (int flip = 0; flip < 4; flip++) {
                    ReplicaId to = from.equals(SOURCE) ? TARGET : SOURCE;
                    long id = tidal.migrations().start(TENANT, from, to, PATIENT);
                    awaitState(tidal, id, MigrationState.COMPLETE);
                    client.awaitMore(2);
                    from = to;
                }
                client.end();
            }
            assertThat(tidal.tenant(TENANT).orElseThrow().verifyUsage().matches())
                    .isTrue();
        }
    }

    private long recordsOnDisk(ShardId holder) {
        return recordsOnDisk(cell.stores(), directory, TENANT, holder);
    }

    /** Returns how many records of a tenant a shard holds, on whichever of three nodes, in whichever file. */
    static long recordsOnDisk(WalStoreFactory stores, Path directory, TenantId tenant, ShardId holder) {
        AtomicLong records = new AtomicLong();
        for (String node : List.of("n0", "n1", "n2")) {
            stores.inspect(directory.resolve(node), new WalInspection() {
                @Override
                public void file(String file, long bytes) {}

                @Override
                public void batch(LogId log, String file, long offset, WalBatch batch) {
                    if (log.tenant().equals(tenant) && log.holder().equals(holder)) {
                        records.addAndGet(batch.count());
                    }
                }

                @Override
                public void tornTail(String file, long offset, long bytes) {}

                @Override
                public void damage(String file, long offset, String expected, String actual) {}
            });
        }
        return records.get();
    }
}
