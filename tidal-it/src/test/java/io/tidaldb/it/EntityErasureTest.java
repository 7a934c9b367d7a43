package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.BackupReport;
import io.tidaldb.core.BackupSource;
import io.tidaldb.core.EntityErasure;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.RestoreOptions;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.control.MigrationState;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("F-71: the erasure of an entity")
class EntityErasureTest {

    private static final TenantId ID = TenantId.of(42);
    private static final String CANARY = "canary-5d1e0b7a93c4";
    private static final EntityId NUMBERED = EntityId.of(0x5bd1_e995_7a3c_4f21L);
    private static final SessionId SESSION = SessionId.of(77);
    private static final NodeId AWAY = NodeId.of("n2");

    @TempDir
    Path directory;

    private Tidal open(String wal) {
        return open(wal, Topology.regions(3).shardsPerRegion(1));
    }

    private Tidal open(String wal, Topology topology) {
        return Tidal.builder()
                .dataDir(directory)
                .wal(wal)
                .topology(topology)
                .signal("view", Duration.ofDays(7))
                .open();
    }

    /** The name, and the number as it stands in logs and as it stands in checkpoints. */
    private static List<String> canaries() {
        byte[] big = ByteBuffer.allocate(8).putLong(NUMBERED.value()).array();
        byte[] little = ByteBuffer.allocate(8)
                .putLong(Long.reverseBytes(NUMBERED.value()))
                .array();
        return List.of(CANARY, Canaries.text(big), Canaries.text(little));
    }

    private List<String> holding() throws IOException {
        return new Canaries(directory, canaries()).holding();
    }

    private static void fill(Tenant tenant) {
        for (int i = 0; i < 20; i++) {
            List<Signal> signals = new ArrayList<>();
            for (int j = 0; j < 50; j++) {
                signals.add(Signal.of("view", "other-" + j, 1));
            }
            signals.add(Signal.of("view", CANARY, 1));
            signals.add(Signal.of("view", NUMBERED.value(), 1));
            tenant.recordAll(signals);
        }
    }

    private static EntityErasure latest(Tidal tidal) {
        List<EntityErasure> all = tidal.entityErasures();
        return all.get(all.size() - 1);
    }

    private static void assertGone(Tenant tenant) {
        assertThat(tenant.score("view", CANARY)).isZero();
        assertThat(tenant.score("view", NUMBERED.value())).isZero();
        assertThat(tenant.total("view")).isEqualTo(1_000);
        assertThat(tenant.top("view", 100)).hasSize(50);
    }

    private EntityId named(Tenant tenant) {
        return tenant.top("view", 100).stream()
                .filter(each -> CANARY.equals(each.name()))
                .findFirst()
                .orElseThrow()
                .entity();
    }

    @Test
    @DisplayName(
            "F-71: needs nobody else where a tenant has one replica, though its shard has others, after a restart, too")
    void oneReplica() throws IOException {
        try (Tidal tidal = open("file")) {
            fill(tidal.createTenant(
                    TenantConfig.builder(ID).requiredRegions(RegionId.of(0)).build()));
            tidal.eraseEntity(ID, NUMBERED);
            Await.until(() -> latest(tidal).isComplete());
        }
        try (Tidal tidal = open("file")) {
            Tenant tenant = tidal.tenant(ID).orElseThrow();
            tidal.eraseEntity(ID, named(tenant));
            Await.until(() -> latest(tidal).isComplete());
            assertGone(tenant);
        }
        assertThat(holding()).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName("F-33, F-71: a tenant whose logs were cut moves to another shard, and is there after a restart, too")
    void movesAfterwards(String wal) {
        Topology topology = Topology.regions(3).shardsPerRegion(2);
        try (Tidal tidal = open(wal, topology)) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(ID)
                    .pinnedShards(ReplicaId.parse("r0:s0"))
                    .build());
            fill(tenant);
            tidal.eraseEntity(ID, NUMBERED);
            Await.until(() -> tidal.entityErasures().stream().allMatch(EntityErasure::isComplete));
            long id = tidal.migrations()
                    .start(
                            ID,
                            ReplicaId.parse("r0:s0"),
                            ReplicaId.parse("r1:s1"),
                            MigrationOptions.DEFAULT.holding(Duration.ZERO));
            MigrationMatrixTest.awaitState(tidal, id, MigrationState.COMPLETE);
            tenant.record("view", 7, 1);
            assertThat(tenant.total("view")).isEqualTo(20 * 51 + 1);
        }
        try (Tidal tidal = open(wal, topology)) {
            Tenant tenant = tidal.tenant(ID).orElseThrow();
            assertThat(tenant.placement()).containsExactly(ReplicaId.parse("r1:s1"));
            assertThat(tenant.total("view")).isEqualTo(20 * 51 + 1);
            assertThat(tenant.score("view", NUMBERED.value())).isZero();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName("F-71: leaves its bytes in no file of any replica, and everything else as it was, while others write")
    void leavesNothing(String wal) throws Exception {
        try (Tidal tidal = open(wal)) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(ID).build());
            Tenant busy =
                    tidal.createTenant(TenantConfig.builder(TenantId.of(43)).build());
            fill(tenant);
            tenant.negatives().add(NegativeKind.BLOCK, NUMBERED, EntityId.of(7), WriteOptions.DEFAULT);
            tenant.sessions().start(SESSION, NUMBERED, WriteOptions.DEFAULT);
            tenant.sessions()
                    .write(SESSION, SessionSeqNo.of(2), new SessionEvent.Query("of " + CANARY), WriteOptions.DEFAULT);
            Await.noLag(tidal);
            tidal.checkpoint();
            fill(busy);
            tenant.record("view", CANARY, 1);
            EntityId named = named(tenant);
            assertThat(holding()).hasSizeGreaterThan(3);

            AtomicBoolean stop = new AtomicBoolean();
            Thread writer = new Thread(() -> {
                for (int i = 0; !stop.get(); i++) {
                    busy.record("view", 1_000_000L + i % 100, 1);
                }
            });
            writer.start();
            tidal.eraseEntity(ID, named);
            assertThat(tenant.score("view", CANARY)).isZero();
            tidal.eraseEntity(ID, NUMBERED);
            assertGone(tenant);
            assertThat(tenant.negatives().of(NUMBERED, ReadOptions.DEFAULT)).isEmpty();
            assertThatThrownBy(() -> tenant.sessions().read(SESSION, ReadOptions.DEFAULT))
                    .hasMessageContaining("session 77");
            Await.until(() -> tidal.entityErasures().stream().allMatch(EntityErasure::isComplete));
            stop.set(true);
            writer.join();
            tidal.eraseEntity(TenantId.of(43), named);
            tidal.eraseEntity(TenantId.of(43), NUMBERED);
            Await.until(() -> tidal.entityErasures().stream().allMatch(EntityErasure::isComplete));
            assertThat(latest(tidal).nodes())
                    .allSatisfy(node -> assertThat(node.through()).hasSize(1));
            assertThat(holding()).isEmpty();
            Await.noLag(tidal);
            assertThat(tenant.compareReplicas(false))
                    .allSatisfy(each -> assertThat(each.isEqual()).isTrue());
            for (int region = 0; region < 3; region++) {
                assertThat(tenant.read("view", NUMBERED.value(), ReadOptions.DEFAULT.in(RegionId.of(region)))
                                .count())
                        .isZero();
            }
        }
        try (Tidal tidal = open(wal)) {
            Tenant tenant = tidal.tenant(ID).orElseThrow();
            assertGone(tenant);
            assertThat(holding()).isEmpty();
            tenant.record("view", CANARY, 3);
            assertThat(tenant.score("view", CANARY)).isGreaterThan(2.9);
            assertThat(named(tenant)).isNotNull();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "F-71: a replica that was away does not bring it back, also as the leader before, and erases it when it returns")
    void waitsForWhoIsAway(String wal) throws Exception {
        try (Tidal tidal = open(wal)) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(ID).build());
            tidal.promote(ID, ReplicaId.parse("r2:s0"));
            fill(tenant);
            Await.noLag(tidal);
            tidal.crashNode(AWAY);
            tidal.promote(ID, ReplicaId.parse("r0:s0"));
            tidal.eraseEntity(ID, named(tenant));
            tidal.eraseEntity(ID, NUMBERED);
            assertGone(tenant);
            Await.until(() -> latest(tidal).nodes().stream()
                    .allMatch(node -> node.erased().isPresent() != node.node().equals(AWAY)));
            assertThat(holding()).isNotEmpty().allMatch(file -> file.startsWith("n2"));
            tidal.startNode(AWAY);
            Await.until(() -> tidal.entityErasures().stream().allMatch(EntityErasure::isComplete));
            assertThat(holding()).isEmpty();
            Await.noLag(tidal);
            tidal.promote(ID, ReplicaId.parse("r2:s0"));
            assertGone(tenant);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName("F-71: goes on after a crash in the middle of it")
    void goesOnAfterACrash(String wal) throws Exception {
        Tidal crashing = open(wal);
        Tenant filled = crashing.createTenant(TenantConfig.builder(ID).build());
        fill(filled);
        Await.noLag(crashing);
        EntityId named = named(filled);
        Thread crash = new Thread(crashing::abandon);
        Thread erasure = new Thread(() -> {
            try {
                crashing.eraseEntity(ID, named);
                crashing.eraseEntity(ID, NUMBERED);
            } catch (TidalException e) {
                // It is closed meanwhile.
                assertThat(e.getMessage()).isNotEmpty();
            }
        });
        erasure.start();
        Await.until(() -> !crashing.entityErasures().isEmpty());
        crash.start();
        erasure.join();
        crash.join();
        try (Tidal tidal = open(wal)) {
            tidal.eraseEntity(ID, NUMBERED);
            Await.until(() -> tidal.entityErasures().stream().allMatch(EntityErasure::isComplete));
            assertThat(holding()).isEmpty();
            assertGone(tidal.tenant(ID).orElseThrow());
        }
    }

    private record Backup(byte[] bytes) implements BackupSource {

        @Override
        public String name() {
            return "the test's backup";
        }

        @Override
        public InputStream open() {
            return new ByteArrayInputStream(bytes);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "F-71, F-72: a backup that begins or goes on after it begins anew, without the entity, and others continue it")
    void leavesBackupsPossible(String wal) throws Exception {
        try (Tidal tidal = open(wal)) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(ID).build());
            fill(tenant);
            ByteArrayOutputStream before = new ByteArrayOutputStream();
            BackupPoint reached = tidal.backup(ID, BackupPoint.NOTHING, before).point();
            assertThat(canaries()).anyMatch(Canaries.text(before.toByteArray())::contains);
            tidal.eraseEntity(ID, named(tenant));
            tidal.eraseEntity(ID, NUMBERED);
            Await.until(() -> tidal.entityErasures().stream().allMatch(EntityErasure::isComplete));
            int restored = 50;
            for (BackupPoint after : List.of(BackupPoint.NOTHING, reached)) {
                ByteArrayOutputStream part = new ByteArrayOutputStream();
                BackupReport report = tidal.backup(ID, after, part);
                assertThat(report.after()).isEqualTo(BackupPoint.NOTHING);
                assertThat(canaries()).noneMatch(Canaries.text(part.toByteArray())::contains);
                assertGone(tidal.restore(
                        new Backup(part.toByteArray()), RestoreOptions.DEFAULT.as(TenantId.of(restored++))));
                tenant.negatives().add(NegativeKind.BLOCK, EntityId.of(8), EntityId.of(7), WriteOptions.DEFAULT);
                BackupReport next = tidal.backup(ID, report.point(), part);
                assertThat(next.after()).isEqualTo(report.point());
                assertThat(next.batches()).isPositive();
                Tenant again = tidal.restore(
                        new Backup(part.toByteArray()), RestoreOptions.DEFAULT.as(TenantId.of(restored++)));
                assertGone(again);
                assertThat(again.negatives().of(EntityId.of(8), ReadOptions.DEFAULT))
                        .hasSize(1);
                Await.noLag(tidal);
                assertThat(again.compareReplicas(false)).hasSize(2).allMatch(each -> each.isEqual());
            }
            assertThat(holding()).isEmpty();
        }
        try (Tidal tidal = open(wal)) {
            for (int restored = 50; restored < 54; restored++) {
                assertGone(tidal.tenant(TenantId.of(restored)).orElseThrow());
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "F-71, F-72: it is done again to what is restored of a backup that was taken before, and leaves no file of that")
    void isDoneAgain(String wal) throws Exception {
        try (Tidal tidal = open(wal)) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(ID).build());
            fill(tenant);
            ByteArrayOutputStream before = new ByteArrayOutputStream();
            tidal.backup(ID, BackupPoint.NOTHING, before);
            tidal.eraseEntity(ID, named(tenant));
            tidal.eraseEntity(ID, NUMBERED);
            Await.until(() -> tidal.entityErasures().stream().allMatch(EntityErasure::isComplete));
            assertGone(tidal.restore(new Backup(before.toByteArray()), RestoreOptions.DEFAULT.as(TenantId.of(50))));
            tidal.deleteTenant(ID);
            assertGone(tidal.restore(new Backup(before.toByteArray()), RestoreOptions.DEFAULT));
            Await.until(() -> tidal.entityErasures().stream().allMatch(EntityErasure::isComplete));
            assertThat(holding()).isEmpty();
            // What is written of them afterwards is theirs to have, and is restored.
            Tenant again = tidal.tenant(ID).orElseThrow();
            again.record("view", CANARY, 3);
            ByteArrayOutputStream after = new ByteArrayOutputStream();
            tidal.backup(ID, BackupPoint.NOTHING, after);
            assertThat(tidal.restore(new Backup(after.toByteArray()), RestoreOptions.DEFAULT.as(TenantId.of(51)))
                            .score("view", CANARY))
                    .isGreaterThan(2.9);
        }
    }

    @org.junit.jupiter.api.Test
    @DisplayName("F-71: is refused of a tenant that is written everywhere, and of one that is not there")
    void refused() {
        try (Tidal tidal = open("file")) {
            tidal.createTenant(
                    TenantConfig.builder(ID).writes(WriteMode.EVERYWHERE).build());
            assertThatThrownBy(() -> tidal.eraseEntity(ID, NUMBERED))
                    .isInstanceOf(TidalException.class)
                    .hasMessageContaining("written everywhere");
            assertThatThrownBy(() -> tidal.eraseEntity(TenantId.of(9), NUMBERED))
                    .isInstanceOf(TidalException.class)
                    .hasMessageContaining("does not exist");
        }
    }

    @org.junit.jupiter.api.Test
    @DisplayName(
            "F-71, F-72: a backup of a tenant that was written everywhere is not restored after an entity of a later one with its id was erased")
    void cannotBeDoneAgain() throws Exception {
        try (Tidal tidal = open("file")) {
            TenantConfig.Builder config = TenantConfig.builder(ID);
            tidal.createTenant(config.writes(WriteMode.EVERYWHERE).build()).record("view", NUMBERED.value(), 1);
            ByteArrayOutputStream backup = new ByteArrayOutputStream();
            tidal.backup(ID, BackupPoint.NOTHING, backup);
            tidal.deleteTenant(ID);
            fill(tidal.createTenant(config.writes(WriteMode.SINGLE).build()));
            tidal.eraseEntity(ID, NUMBERED);
            assertThatThrownBy(() ->
                            tidal.restore(new Backup(backup.toByteArray()), RestoreOptions.DEFAULT.as(TenantId.of(50))))
                    .isInstanceOf(TidalException.class)
                    .hasMessageContaining("entities were erased from a later tenant with this id");
            assertThat(tidal.tenant(TenantId.of(50))).isEmpty();
        }
    }
}
