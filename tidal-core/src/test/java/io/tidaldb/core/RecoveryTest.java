package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.backup.RestorePoint;
import io.tidaldb.core.ingest.Digests;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.ledger.CellView;
import io.tidaldb.core.ledger.LedgerSum;
import io.tidaldb.core.tenant.EmbeddedTenant;
import io.tidaldb.testkit.FaultyWalStores.Fault;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Recovery")
class RecoveryTest extends OneTenant {

    private static final TenantId OTHER = TenantId.of(43);

    private static TenantShard slot(Tenant of) {
        return ((EmbeddedTenant) of).state().slots().get(0);
    }

    private static int incarnation(Tenant of) {
        return Digests.origin(slot(of)).incarnation();
    }

    private static Map<String, String> digests(Tenant of) {
        return Digests.of(slot(of));
    }

    private Path checkpoint(TenantId of) {
        return directory.resolve("tenants/" + of.value() + "/snapshots/checkpoint-s00000.ckpt");
    }

    private void recordSome(Tenant on, long seed, int writes) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < writes; i++) {
            List<Signal> signals = new ArrayList<>();
            for (int n = 1 + random.nextInt(5); n > 0; n--) {
                signals.add(Signal.of(
                                random.nextBoolean() ? "view" : "like",
                                random.nextInt(30),
                                random.nextDouble() * 10 - 3)
                        .at(drill.clock.now().minusSeconds(random.nextInt(100_000))));
            }
            on.recordAll(signals, WriteOptions.DEFAULT);
            drill.clock.advance(Duration.ofSeconds(random.nextInt(100)));
        }
    }

    private static void damage(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
    }

    // State

    @Test
    @DisplayName("R-15: replay of the log comes to the same bits")
    void replayComesToTheSameBits() {
        recordSome(tenant, 1, 200);
        Map<String, String> before = digests(tenant);
        tidal.abandon();
        reopen();
        assertThat(digests(tenant)).isEqualTo(before).hasSize(1);
    }

    @Test
    @DisplayName("R-14: checkpoint and the log beyond it come to the same bits as the whole log")
    void checkpointComesToTheSameBits() {
        recordSome(tenant, 2, 100);
        tidal.checkpoint();
        recordSome(tenant, 3, 100);
        Map<String, String> before = digests(tenant);
        tidal.abandon();
        reopen();
        assertThat(digests(tenant)).isEqualTo(before);
        recordSome(tenant, 4, 50);
        before = digests(tenant);
        tidal.close();
        reopen();
        assertThat(digests(tenant)).isEqualTo(before);
    }

    @Test
    @DisplayName("R-14: a restart replays only what the checkpoint does not hold")
    void replaysOnlyWhatTheCheckpointDoesNotHold() {
        recordSome(tenant, 5, 100);
        long whole = tenant.usage().storageBytes();
        tidal.checkpoint();
        tidal.abandon();
        reopen();
        assertThat(Digests.replayedBytes(slot(tenant))).isZero();
        tenant.record("view", 1, 1);
        tidal.abandon();
        reopen();
        assertThat(Digests.replayedBytes(slot(tenant))).isPositive().isLessThan(whole / 50);
        assertThat(checkpoint(Drill.TENANT)).exists();
    }

    @Test
    @DisplayName("R-14: truncation drops what is in a checkpoint and older than the retention, and no answer changes")
    void truncates() {
        tidal.close();
        tidal = drill.durable().retention(Duration.ofHours(1)).open();
        tenant = tidal.tenant(Drill.TENANT).orElseThrow();
        for (int i = 0; i < 10; i++) {
            tenant.record("view", i, 1);
            drill.clock.advance(Duration.ofMinutes(20));
        }
        tidal.checkpoint();
        List<RecordedSignal> kept = new ArrayList<>();
        tenant.export(kept::add);
        assertThat(kept).extracting(signal -> signal.entity().value()).containsExactly(7L, 8L, 9L);
        Map<String, String> before = digests(tenant);
        tidal.abandon();
        reopen();
        assertThat(digests(tenant)).isEqualTo(before);
        assertThat(tenant.total("view")).isEqualTo(10);
        assertThat(tenant.record("view", 1, 1).toString()).isEqualTo("r0:s0:12");
    }

    // Incarnations

    @Test
    @DisplayName("a clean close keeps the origin, and so does a crash with nothing exposed")
    void keepsTheOrigin() {
        tenant.record("view", 1, 1);
        tidal.abandon();
        reopen();
        tenant.recordAll(List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT.with(Durability.ASYNC));
        tidal.close();
        reopen();
        assertThat(incarnation(tenant)).isZero();
        assertThat(tenant.total("view")).isEqualTo(2);
    }

    @Test
    @DisplayName("R-13: after a crash that lost what was acknowledged before its sync, no seqno is used again")
    void newIncarnationAfterExposure() {
        tenant.record("view", 1, 1);
        drill.stores.fail(Fault.SYNC, 1);
        Position lost = tenant.recordAll(List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT.with(Durability.ASYNC));
        assertThat(tenant.total("view")).isEqualTo(2);
        tidal.close();

        reopen();
        assertThat(tenant.total("view")).isOne();
        assertThat(incarnation(tenant)).isOne();
        Drill.fails(ErrorCode.POSITION_UNKNOWN, () -> tenant.read("view", 1, ReadOptions.DEFAULT.atLeast(lost)));
        Position next = tenant.record("view", 1, 1);
        assertThat(next.toString()).startsWith("r0:s0:1.");
        assertThat(next.records()).doesNotContainAnyElementsOf(lost.records());
        assertThat(tenant.read("view", 1, ReadOptions.DEFAULT.atLeast(next)).count())
                .isEqualTo(2);
    }

    @Test
    @DisplayName("R-13: ASYNC is acknowledged before the sync, LOCAL after it, in one commit")
    void levelsDiffer() {
        tenant.record("view", 1, 1);
        drill.stores.fail(Fault.SYNC, 1);
        drill.loops.hold();
        var lazy = tenant.recordAllAsync(List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT.with(Durability.ASYNC));
        var local = tenant.recordAllAsync(List.of(Signal.of("view", 2, 1)), WriteOptions.DEFAULT);
        drill.loops.release();
        assertThat(Drill.get(lazy)).isNotNull();
        Drill.fails(ErrorCode.STORE_FAILED, () -> Drill.get(local));
        tidal.close();
    }

    @Test
    @DisplayName("R-13: ASYNC does not wait for the sync of what was written before, and is synced soon after")
    void lazySyncsArePutOff() {
        WriteOptions lazily = WriteOptions.DEFAULT.with(Durability.ASYNC);
        List<Signal> write = List.of(Signal.of("view", 1, 1));
        tenant.record("view", 1, 1);
        drill.loops.hold();
        for (int i = 0; i < 3; i++) {
            var lazy = tenant.recordAllAsync(write, lazily);
            drill.loops.step();
            assertThat(Drill.get(lazy)).isNotNull();
        }
        drill.stores.fail(Fault.SYNC, 1);
        drill.clock.advance(Duration.ofMillis(6));
        var late = tenant.recordAllAsync(write, lazily);
        drill.loops.step();
        assertThat(Drill.get(late)).isNotNull();

        drill.loops.release();
        Drill.fails(ErrorCode.STORE_FAILED, () -> tenant.recordAll(write, lazily));
        tidal.close();
        reopen();
        assertThat(tenant.total("view")).isOne();
    }

    @Test
    @DisplayName("R-13: ASYNC is synced once nothing more comes, and by a clean close")
    void lazySyncsAreMadeUpFor() {
        List<Signal> write = List.of(Signal.of("view", 1, 1));
        tenant.record("view", 1, 1);
        tenant.recordAll(write, WriteOptions.DEFAULT.with(Durability.ASYNC));
        tidal.abandon();
        reopen();
        assertThat(tenant.total("view")).isEqualTo(2);

        drill.loops.hold();
        var lazy = tenant.recordAllAsync(write, WriteOptions.DEFAULT.with(Durability.ASYNC));
        drill.loops.step();
        assertThat(Drill.get(lazy)).isNotNull();
        tidal.close();
        drill.loops.release();
        reopen();
        assertThat(tenant.total("view")).isEqualTo(3);
    }

    @Test
    @DisplayName("closed origins are compacted into the base ledger at a checkpoint, and a replay does the same")
    void compactsClosedOrigins() throws IOException {
        for (int round = 1; round <= 4; round++) {
            recordSome(tenant, round, 30);
            drill.stores.fail(Fault.SYNC, 1);
            tenant.recordAll(List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT.with(Durability.ASYNC));
            tidal.close();
            reopen();
            assertThat(incarnation(tenant)).isEqualTo(round);
        }
        recordSome(tenant, 5, 30);
        assertThat(digests(tenant)).hasSize(5);
        List<Double> scores = scores();
        tidal.checkpoint();
        Map<String, String> compacted = digests(tenant);
        assertThat(compacted).hasSize(1 + 1 + 4).containsKey("base");
        assertThat(scores())
                .zipSatisfy(
                        scores,
                        (now, before) -> assertThat(now)
                                .isCloseTo(
                                        before,
                                        org.assertj.core.data.Offset.offset(1e-9 * Math.max(1, Math.abs(before)))));

        tidal.abandon();
        reopen();
        assertThat(digests(tenant)).isEqualTo(compacted);
        tidal.abandon();
        Files.delete(checkpoint(Drill.TENANT));
        reopen();
        assertThat(digests(tenant)).isEqualTo(compacted);
        // And what comes after it goes on as before.
        recordSome(tenant, 6, 30);
        tidal.checkpoint();
        assertThat(digests(tenant)).hasSize(6);
        assertThat(tenant.usage().entities()).isEqualTo(30);
    }

    private List<Double> scores() {
        List<Double> scores = new ArrayList<>();
        for (int entity = 0; entity < 30; entity++) {
            scores.add(tenant.score("view", entity));
            scores.add(tenant.score("like", entity));
        }
        return scores;
    }

    @Test
    @DisplayName("whoever reads while closed origins are compacted goes on to read what there was")
    void readWhileCompacted() {
        for (int origins = 1; origins <= 3; origins++) {
            tenant.recordAll(List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT.with(Durability.ASYNC));
            tidal.abandon();
            reopen();
            LedgerSum read = ((EmbeddedTenant) tenant).state().slots().get(0).readable();
            tenant.record("view", 2, 1);
            tidal.checkpoint();
            assertThat(tenant.read("view", 1, ReadOptions.DEFAULT).count()).isEqualTo(origins);
            CellView view = new CellView();
            assertThat(read.read(1, 0, 0, view)).isTrue();
            assertThat(view.count()).isEqualTo(origins);
        }
    }

    @Test
    @DisplayName(
            "F-72: a backup has what was compacted, and a tenant is restored from it also to before the end of that")
    void restoredToBefore() throws IOException {
        tenant.record("view", 1, 1);
        Position half = tenant.record("view", 1, 1);
        tenant.recordAll(List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT.with(Durability.ASYNC));
        tidal.abandon();
        reopen();
        tenant.record("view", 2, 1);
        tidal.checkpoint();
        Position last = tenant.record("view", 2, 1);
        ByteArrayOutputStream backup = new ByteArrayOutputStream();
        tidal.backup(Drill.TENANT, BackupPoint.NOTHING, backup);
        BackupSource source = new BackupSource() {
            @Override
            public String name() {
                return "the test's backup";
            }

            @Override
            public InputStream open() {
                return new ByteArrayInputStream(backup.toByteArray());
            }
        };
        Tenant whole = tidal.restore(source, RestoreOptions.DEFAULT.as(TenantId.of(71)));
        assertThat(whole.total("view")).isEqualTo(5);
        RestorePoint cut = RestorePoint.after(half.and(last).records());
        Tenant part =
                tidal.restore(source, RestoreOptions.DEFAULT.as(TenantId.of(72)).at(cut));
        assertThat(part.total("view")).isEqualTo(4);
        tidal.checkpoint();
        assertThat(part.read("view", 1, ReadOptions.DEFAULT).count()).isEqualTo(2);
    }

    @Test
    @DisplayName("positions of compacted origins stay known")
    void positionsOfCompactedOrigins() {
        Position first = tenant.record("view", 1, 1);
        tenant.recordAll(List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT.with(Durability.ASYNC));
        tidal.abandon();
        reopen();
        Position second = tenant.record("view", 1, 1);
        tidal.checkpoint();
        assertThat(tenant.read("view", 1, ReadOptions.DEFAULT.atLeast(first.and(second)))
                        .count())
                .isEqualTo(3);
        Drill.fails(
                ErrorCode.POSITION_UNKNOWN,
                () -> tenant.read("view", 1, ReadOptions.DEFAULT.atLeast(Position.parse("r0:s0:999"))));
    }

    @Test
    @DisplayName("a directory whose identity file is lost gets a new incarnation")
    void lostIdentity() throws IOException {
        tenant.record("view", 1, 1);
        tidal.close();
        Files.delete(directory.resolve("tidal.json"));
        Files.createDirectories(directory.resolve("tenants"));
        reopen();
        assertThat(Digests.origin(slot(tenant))).isEqualTo(new Origin(RegionId.of(0), ShardId.of(0), 1));
        assertThat(tenant.total("view")).isOne();
    }

    // Damage

    @Test
    @DisplayName("R-14: a damaged checkpoint is rebuilt from a complete log")
    void damagedCheckpointWithACompleteLog() throws IOException {
        recordSome(tenant, 7, 100);
        tidal.checkpoint();
        recordSome(tenant, 8, 10);
        Map<String, String> before = digests(tenant);
        tidal.abandon();
        damage(checkpoint(Drill.TENANT));
        reopen();
        assertThat(digests(tenant)).isEqualTo(before);
        tidal.checkpoint();
        tidal.abandon();
        reopen();
        assertThat(Digests.replayedBytes(slot(tenant))).isZero();
    }

    @Test
    @DisplayName("every byte of a checkpoint is checked")
    void everyByteOfACheckpoint() throws IOException {
        tenant.record("view", "name", 1);
        tidal.checkpoint();
        Map<String, String> before = digests(tenant);
        tidal.abandon();
        byte[] whole = Files.readAllBytes(checkpoint(Drill.TENANT));
        for (int at = 0; at < whole.length; at += 1 + whole.length / 60) {
            byte[] bytes = whole.clone();
            bytes[at] ^= 0x10;
            Files.write(checkpoint(Drill.TENANT), bytes);
            reopen();
            assertThat(digests(tenant)).as("byte %d", at).isEqualTo(before);
            assertThat(Digests.replayedBytes(slot(tenant))).as("byte %d", at).isPositive();
            tidal.abandon();
        }
        for (int length = 0; length < whole.length; length += 1 + whole.length / 20) {
            Files.write(checkpoint(Drill.TENANT), java.util.Arrays.copyOf(whole, length));
            reopen();
            assertThat(digests(tenant)).as("length %d", length).isEqualTo(before);
            tidal.abandon();
        }
    }

    @Test
    @DisplayName("R-14: a damaged checkpoint of a truncated log is refused, for that tenant alone")
    void damagedCheckpointOfATruncatedLog() throws IOException {
        tidal.createTenant(TenantConfig.builder(OTHER).label("other").build());
        tidal.close();
        tidal = drill.durable().retention(Duration.ZERO).open();
        tidal.tenant(Drill.TENANT).orElseThrow().record("view", 1, 1);
        tidal.tenant(OTHER).orElseThrow().record("view", 2, 1);
        drill.clock.advance(Duration.ofMinutes(1));
        tidal.checkpoint();
        tidal.abandon();
        damage(checkpoint(Drill.TENANT));
        reopen();

        Drill.fails(ErrorCode.CORRUPT_DATA, () -> tenant.score("view", 1));
        Drill.fails(ErrorCode.CORRUPT_DATA, () -> tenant.record("view", 1, 1));
        Drill.fails(ErrorCode.CORRUPT_DATA, () -> tenant.total("view"));
        Drill.fails(ErrorCode.CORRUPT_DATA, () -> tenant.top("view", 3));
        Drill.fails(ErrorCode.CORRUPT_DATA, () -> tenant.export(signal -> {}));
        assertThat(tidal.health().tenants())
                .filteredOn(health -> health.tenant().equals(Drill.TENANT))
                .singleElement()
                .satisfies(health -> assertThat(health.damage()).contains("checkpoint"));
        Tenant other = tidal.tenantLabelled("other").orElseThrow();
        other.record("view", 2, 1);
        assertThat(other.count("view", 2, Window.ONE_HOUR)).isEqualTo(2);
        tidal.checkpoint();
        tidal.close();

        // It stays refused, and can be deleted and made anew.
        reopen();
        Drill.fails(ErrorCode.CORRUPT_DATA, () -> tenant.score("view", 1));
        tidal.deleteTenant(Drill.TENANT);
        Tenant anew = tidal.createTenant(Drill.CONFIG);
        anew.record("view", 1, 1);
        assertThat(anew.total("view")).isOne();
        tidal.close();
        reopen();
        assertThat(tenant.total("view")).isOne();
    }

    @Test
    @DisplayName("a checkpoint that a newer version wrote is refused, for that tenant alone")
    void newerCheckpoint() throws IOException {
        tenant.record("view", 1, 1);
        tidal.checkpoint();
        tidal.abandon();
        byte[] bytes = Files.readAllBytes(checkpoint(Drill.TENANT));
        bytes[5] = 4;
        java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
        crc.update(bytes, 0, bytes.length - 4);
        java.nio.ByteBuffer.wrap(bytes).putInt(bytes.length - 4, (int) crc.getValue());
        Files.write(checkpoint(Drill.TENANT), bytes);
        reopen();
        Drill.fails(ErrorCode.FORMAT_TOO_NEW, () -> tenant.score("view", 1));
        assertThat(Files.readAllBytes(checkpoint(Drill.TENANT))).isEqualTo(bytes);
    }

    @Test
    @DisplayName("a write to several slots is refused as a whole if one of them is quarantined")
    void quarantinedSlot() throws IOException {
        Drill several = new Drill(directory.resolve("several"));
        Tidal first = several.durable()
                .topology(Topology.regions(1).shards(2))
                .retention(Duration.ZERO)
                .open();
        Tenant spread =
                first.createTenant(TenantConfig.builder(Drill.TENANT).slots(2).build());
        List<Signal> write = new ArrayList<>();
        for (int entity = 0; entity < 20; entity++) {
            write.add(Signal.of("view", entity, 1));
        }
        spread.recordAll(write);
        several.clock.advance(Duration.ofMinutes(1));
        first.checkpoint();
        first.abandon();
        damage(several.directory().resolve("tenants/42/snapshots/checkpoint-s00001.ckpt"));

        Tidal second = several.open();
        Tenant again = second.tenant(Drill.TENANT).orElseThrow();
        Drill.fails(ErrorCode.CORRUPT_DATA, () -> again.recordAll(write));
        long healthy = 0;
        for (TenantShard slot : ((EmbeddedTenant) again).state().slots()) {
            healthy += slot.damage() == null ? slot.readable().total(0) : 0;
        }
        assertThat(healthy).isPositive().isLessThan(20);
        second.close();
    }
}
