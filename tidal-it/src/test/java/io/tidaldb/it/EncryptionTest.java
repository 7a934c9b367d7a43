package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.core.BackupSource;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.RestoreOptions;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantKeyState;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.Topology;
import io.tidaldb.core.Window;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.Commands;
import io.tidaldb.core.control.LocalControlLogFactory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("F-73: encryption of a tenant's data at rest")
class EncryptionTest {

    private static final TenantId SECRET = TenantId.of(42);
    private static final TenantId OPEN = TenantId.of(43);
    private static final String CANARY = "canary-91b7e2d05c4f";
    private static final String LABEL = "label-canary-6a10c8";
    private static final EntityId NUMBERED = EntityId.of(0x7c3a_51e9_0bd4_2f68L);
    private static final SessionId SESSION = SessionId.of(77);

    @TempDir
    Path directory;

    private Path data;
    private Path keys;

    @BeforeEach
    void prepare() throws IOException {
        data = directory.resolve("data");
        keys = Files.createDirectory(directory.resolve("keys"));
        masterKey("shared-1");
    }

    private Path masterKey(String name) throws IOException {
        byte[] key = new byte[32];
        new Random(name.hashCode()).nextBytes(key);
        Path file = keys.resolve(name + ".key");
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.write(file, key);
    }

    private Tidal open(String wal) {
        return builder(wal).open();
    }

    private TidalBuilder builder(String wal) {
        return Tidal.builder()
                .dataDir(data)
                .wal(wal)
                .keys(keys)
                .keyCheck(Duration.ofMillis(50))
                .topology(Topology.regions(3).shardsPerRegion(1))
                .segmentBytes(64 << 10)
                .signal("view", Duration.ofDays(7));
    }

    private static Tenant createSecret(Tidal tidal) {
        return tidal.createTenant(
                TenantConfig.builder(SECRET).label(LABEL).encrypted(true).build());
    }

    private static Tenant createOpen(Tidal tidal) {
        return tidal.createTenant(TenantConfig.builder(OPEN).build());
    }

    private static void fill(Tenant tenant, int writes) {
        for (int i = 0; i < writes; i++) {
            List<Signal> signals = new ArrayList<>();
            for (int j = 0; j < 20; j++) {
                signals.add(Signal.of("view", "other-" + j, 1));
            }
            signals.add(Signal.of("view", CANARY, 1));
            signals.add(Signal.of("view", NUMBERED.value(), 1));
            tenant.recordAll(signals);
        }
    }

    private static void assertFilled(Tenant tenant, int writes) {
        assertThat(tenant.total("view")).isEqualTo(22L * writes);
        assertThat(tenant.count("view", CANARY, Window.ONE_HOUR)).isEqualTo(writes);
        assertThat(tenant.count("view", NUMBERED.value(), Window.ONE_HOUR)).isEqualTo(writes);
        assertThat(tenant.top("view", 30)).hasSize(22);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** The names, and the number as it stands in logs and as it stands in checkpoints. */
    private static List<String> canaries() {
        byte[] big = ByteBuffer.allocate(8).putLong(NUMBERED.value()).array();
        byte[] little = ByteBuffer.allocate(8)
                .putLong(Long.reverseBytes(NUMBERED.value()))
                .array();
        return List.of(CANARY, LABEL, text(big), text(little));
    }

    private static boolean hasCanary(byte[] bytes) {
        String content = text(bytes);
        return canaries().stream().anyMatch(content::contains);
    }

    /** Returns the files that hold a canary, searched byte by byte. */
    private List<String> holding() throws IOException {
        try (Stream<Path> files = Files.walk(data)) {
            return files.filter(Files::isRegularFile)
                    .filter(EncryptionTest::hasCanary)
                    .map(file -> data.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    private static boolean hasCanary(Path file) {
        try {
            return hasCanary(Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
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

    private static Backup backup(Tidal tidal) throws IOException {
        ByteArrayOutputStream part = new ByteArrayOutputStream();
        tidal.backup(SECRET, BackupPoint.NOTHING, part);
        return new Backup(part.toByteArray());
    }

    private static void suspended(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String... words) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TENANT_SUSPENDED))
                .hasMessageContainingAll(words);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName("F-73: no file of any replica holds what was written, nor does a backup; all of it is read back")
    void leavesNothingReadable(String wal) throws Exception {
        Backup backup;
        try (Tidal tidal = open(wal)) {
            Tenant secret = createSecret(tidal);
            fill(secret, 200);
            secret.negatives().add(NegativeKind.BLOCK, NUMBERED, EntityId.of(7), WriteOptions.DEFAULT);
            secret.sessions().start(SESSION, NUMBERED, WriteOptions.DEFAULT);
            secret.sessions()
                    .write(SESSION, SessionSeqNo.of(2), new SessionEvent.Query("of " + CANARY), WriteOptions.DEFAULT);
            backup = backup(tidal);
            assertThat(holding()).isEmpty();
        }
        assertThat(hasCanary(backup.bytes())).isFalse();
        assertThat(holding()).isEmpty();
        try (Tidal tidal = open(wal)) {
            Tenant secret = tidal.tenant(SECRET).orElseThrow();
            assertThat(secret.config().label()).isEqualTo(LABEL);
            assertThat(secret.config().encrypted()).isTrue();
            assertThat(secret.total("view")).isEqualTo(22L * 200);
            tidal.crashNode(NodeId.of("n2"));
            fill(secret, 50);
            tidal.startNode(NodeId.of("n2"));
            Tenant copy = tidal.restore(backup, RestoreOptions.DEFAULT.as(TenantId.of(44)));
            assertThat(copy.total("view")).isEqualTo(22L * 200);
            assertThat(copy.config().encrypted()).isTrue();
            assertThat(holding()).isEmpty();
            // The search finds what is not sealed.
            fill(createOpen(tidal), 10);
        }
        assertThat(holding()).isNotEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "F-73: a key is rotated while others write, nothing is lost, what is older stays readable after a crash, and an older"
                    + " master key may go")
    void rotatesUnderLoad(String wal) throws Exception {
        AtomicInteger written = new AtomicInteger();
        try (Tidal tidal = open(wal)) {
            Tenant secret = createSecret(tidal);
            AtomicBoolean stop = new AtomicBoolean();
            Thread writer = new Thread(() -> {
                while (!stop.get()) {
                    fill(secret, 1);
                    written.incrementAndGet();
                }
            });
            writer.start();
            Await.until(() -> written.get() > 5);
            masterKey("shared-2");
            for (int i = 2; i <= 5; i++) {
                assertThat(tidal.rotateKeys(SECRET).keys()).hasSize(i);
                int before = written.get();
                Await.until(() -> written.get() > before + 5);
            }
            stop.set(true);
            writer.join();
            assertFilled(secret, written.get());
            tidal.abandon();
        }
        Files.delete(keys.resolve("shared-1.key"));
        try (Tidal tidal = open(wal)) {
            Tenant secret = tidal.tenant(SECRET).orElseThrow();
            assertFilled(secret, written.get());
            assertThat(tidal.keys(SECRET).keys())
                    .extracting(TenantKeyState.Key::id)
                    .containsExactly(1, 2, 3, 4, 5);
            assertThat(holding()).isEmpty();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "F-73: to revoke keys suspends that tenant alone, also over a restart; to restore them resumes it with all it had")
    void revokes(String wal) throws Exception {
        try (Tidal tidal = open(wal)) {
            Tenant secret = createSecret(tidal);
            Tenant other = createOpen(tidal);
            fill(secret, 10);
            TenantKeyState revoked = tidal.suspendKeys(SECRET, true);
            assertThat(revoked.revoked()).isTrue();
            assertThat(revoked.suspension()).isPresent();
            suspended(() -> secret.total("view"), "t42", "revoked", "restored");
            suspended(() -> secret.record("view", 1, 1), "t42", "revoked");
            suspended(() -> secret.top("view", 3), "t42");
            suspended(() -> secret.export(signal -> {}), "t42");
            suspended(() -> tidal.rotateKeys(SECRET), "t42");
            fill(other, 10);
            assertFilled(other, 10);
        }
        try (Tidal tidal = open(wal)) {
            Tenant secret = tidal.tenant(SECRET).orElseThrow();
            assertFilled(tidal.tenant(OPEN).orElseThrow(), 10);
            suspended(() -> secret.total("view"), "t42", "revoked");
            suspended(() -> secret.record("view", 1, 1), "t42", "revoked");
            assertThat(tidal.suspendKeys(SECRET, false).suspension()).isEmpty();
            assertFilled(secret, 10);
            fill(secret, 10);
            assertFilled(secret, 20);
            assertThat(tidal.audit(1, 100, SECRET).entries().toString()).contains("suspend-tenant", "set-tenant-keys");
        }
        try (Tidal tidal = open(wal)) {
            assertFilled(tidal.tenant(SECRET).orElseThrow(), 20);
        }
    }

    @Test
    @DisplayName(
            "F-73: a master key that is gone, or that others may read, suspends those whose keys it wraps within seconds; when it is"
                    + " back they go on")
    void followsMasterKeys() throws Exception {
        Path own = masterKey("t42-1");
        try (Tidal tidal = open("file")) {
            Tenant secret = createSecret(tidal);
            Tenant shared = tidal.createTenant(
                    TenantConfig.builder(TenantId.of(44)).encrypted(true).build());
            fill(secret, 10);
            fill(shared, 10);
            Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rw-r--r--"));
            Await.until(() -> tidal.keys(SECRET).suspension().isPresent());
            suspended(() -> secret.total("view"), "t42-1.key", "rw-r--r--", "chmod 600");
            assertFilled(shared, 10);
            Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rw-------"));
            Await.until(() -> tidal.keys(SECRET).suspension().isEmpty());
            assertFilled(secret, 10);
        }
        byte[] key = Files.readAllBytes(own);
        Files.delete(own);
        try (Tidal tidal = open("file")) {
            Tenant secret = tidal.tenant(SECRET).orElseThrow();
            suspended(() -> secret.total("view"), "t42-1.key", "does not exist");
            Files.write(masterKey("t42-1"), key);
            Await.until(() -> tidal.keys(SECRET).suspension().isEmpty());
            assertFilled(secret, 10);
            fill(secret, 1);
        }
        Files.write(own, new byte[32]);
        try (Tidal tidal = open("file")) {
            suspended(() -> tidal.tenant(SECRET).orElseThrow().total("view"), "t42-1.key", "is not the one");
        }
        try (Tidal tidal = Tidal.builder()
                .dataDir(data)
                .wal("file")
                .signal("view", Duration.ofDays(7))
                .topology(Topology.regions(3).shardsPerRegion(1))
                .open()) {
            suspended(() -> tidal.tenant(SECRET).orElseThrow().total("view"), "no key vault", "keys.dir");
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"file"})
    @DisplayName(
            "F-73: to delete a tenant destroys the master key that was its alone, and the certificate says that it was encrypted")
    void erases(String wal) throws Exception {
        Path own = masterKey("t42-1");
        try (Tidal tidal = open(wal)) {
            fill(createSecret(tidal), 10);
            Backup backup = backup(tidal);
            tidal.deleteTenant(SECRET);
            Await.until(() -> tidal.erasures().get(0).isComplete());
            assertThat(tidal.erasures().get(0).encrypted()).isTrue();
            assertThat(own).doesNotExist();
            assertThat(keys.resolve("shared-1.key")).exists();
            assertThatThrownBy(() -> tidal.restore(backup, RestoreOptions.DEFAULT.as(TenantId.of(50))))
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.KEY_UNAVAILABLE))
                    .hasMessageContaining("t42-1.key");
        }
    }

    @Test
    @DisplayName(
            "F-71, F-72, F-73: a backup that begins with a checkpoint has it sealed, and is restored under other keys")
    void backsUpCheckpoints() throws Exception {
        try (Tidal tidal = open("file")) {
            Tenant secret = createSecret(tidal);
            fill(secret, 10);
            tidal.rotateKeys(SECRET);
            tidal.eraseEntity(SECRET, EntityId.of(5));
            Await.until(() -> tidal.entityErasures().get(0).isComplete());
            ByteArrayOutputStream part = new ByteArrayOutputStream();
            BackupPoint point = tidal.backup(SECRET, BackupPoint.NOTHING, part).point();
            fill(secret, 5);
            tidal.backup(SECRET, point, part);
            assertThat(hasCanary(part.toByteArray())).isFalse();
            masterKey("t50-1");
            Tenant restored = tidal.restore(new Backup(part.toByteArray()), RestoreOptions.DEFAULT.as(TenantId.of(50)));
            assertFilled(restored, 15);
            tidal.deleteTenant(SECRET);
            Await.until(() -> tidal.erasures().get(0).isComplete());
        }
        assertThat(holding()).isEmpty();
        try (Tidal tidal = open("file")) {
            assertFilled(tidal.tenant(TenantId.of(50)).orElseThrow(), 15);
        }
    }

    @Test
    @DisplayName(
            "F-73: an encrypted tenant whose creator has ended before it had a key gets its first one from whoever looks after keys")
    void getsItsFirstKey() {
        ControlLogFactory withoutKeys =
                ForwardingControlLog.before(new LocalControlLogFactory(), log -> new ForwardingControlLog(log) {
                    @Override
                    public CompletionStage<Long> propose(byte[] command) {
                        return Commands.of(command, ClusterCommand.OfKeys.class).isPresent()
                                ? CompletableFuture.failedFuture(
                                        new TidalException(ErrorCode.PEER_UNAVAILABLE, "the log does not take this"))
                                : super.propose(command);
                    }
                });
        try (Tidal tidal = builder("file").controlLog(withoutKeys).open()) {
            assertThatThrownBy(() -> createSecret(tidal)).hasMessageContaining("the log does not take this");
            Await.until(() -> tidal.tenant(SECRET).isPresent());
            suspended(() -> tidal.tenant(SECRET).orElseThrow().total("view"), "no key yet");
        }
        try (Tidal tidal = open("file")) {
            Tenant secret = tidal.tenant(SECRET).orElseThrow();
            Await.until(() -> tidal.keys(SECRET).suspension().isEmpty());
            fill(secret, 10);
            assertFilled(secret, 10);
            assertThat(tidal.keys(SECRET).keys()).hasSize(1);
        }
    }

    @Test
    @DisplayName(
            "F-73: a tenant gets no key while a node may destroy master keys of a former one with its id, and none that is destroyed then")
    void waitsForDestruction() throws Exception {
        TenantConfig config = TenantConfig.builder(SECRET)
                .pinnedShards(ReplicaId.parse("r0:s0"))
                .encrypted(true)
                .build();
        NodeId away = NodeId.of("n2");
        Path own = masterKey("t42-1");
        try (Tidal tidal = open("file")) {
            fill(tidal.createTenant(config), 1);
            tidal.crashNode(away);
            tidal.deleteTenant(SECRET);
            Files.deleteIfExists(own);
            masterKey("t42-1");
            assertThatThrownBy(() -> tidal.createTenant(config))
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_CAUGHT_UP))
                    .hasMessageContainingAll("node n2", "destroy its keys", "tidal tenant erasures");
            tidal.startNode(away);
            Await.until(() -> tidal.erasures().get(0).isComplete());
            assertThat(own).doesNotExist();
            fill(tidal.createTenant(config), 10);
        }
        try (Tidal tidal = open("file")) {
            assertFilled(tidal.tenant(SECRET).orElseThrow(), 10);
        }
    }

    @Test
    @DisplayName("F-73: an encrypted tenant is not created without a master key, and never becomes one that is not")
    void refuses() throws Exception {
        Files.delete(keys.resolve("shared-1.key"));
        try (Tidal tidal = open("file")) {
            assertThatThrownBy(() -> createSecret(tidal))
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.KEY_UNAVAILABLE))
                    .hasMessageContainingAll("t42-1.key", "shared-1.key", "32 random bytes");
            assertThat(tidal.tenant(SECRET)).isEmpty();
            masterKey("shared-1");
            createSecret(tidal);
            assertThatThrownBy(() -> tidal.updateTenant(
                            TenantConfig.builder(SECRET).label(LABEL).build()))
                    .hasMessageContaining("created encrypted");
            createOpen(tidal);
            assertThatThrownBy(() -> tidal.rotateKeys(OPEN)).hasMessageContaining("is not encrypted");
            assertThat(tidal.keys(OPEN).encrypted()).isFalse();
        }
    }
}
