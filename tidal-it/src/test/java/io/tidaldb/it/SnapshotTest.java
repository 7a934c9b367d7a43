package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.wal.file.FileWalStoreFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Followers whose range of the log is gone, over real threads and files. {@code -Dtidal.away=N} sets how many records a follower misses
 * that catches up from the log.
 */
@DisplayName("A follower")
class SnapshotTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final NodeId LEADER = NodeId.of("n0");
    private static final NodeId OTHER = NodeId.of("n1");
    private static final NodeId AWAY = NodeId.of("n2");
    private static final int BATCH = 1_000;
    private static final long RECORDS_AWAY = Long.getLong("tidal.away", 1_000_000);

    /** Where the region of the writer and the checksum are in a checkpoint: the rest is the state. */
    private static final int REGION_AT = 14;

    private static final int CRC_BYTES = 4;

    @TempDir
    Path directory;

    private long written;

    private TidalBuilder builder() {
        return Tidal.builder()
                .dataDir(directory)
                .topology(Topology.regions(3).shardsPerRegion(1))
                .signal("view", Duration.ofDays(7))
                .signal("like", Duration.ofDays(1));
    }

    private TidalBuilder truncating() {
        return builder().retention(Duration.ZERO).retentionMax(Duration.ZERO);
    }

    private static Tenant create(Tidal tidal) {
        return tidal.createTenant(TenantConfig.builder(TENANT)
                .pinnedShards(ReplicaId.parse("r0:s0"))
                .build());
    }

    private void write(Tenant tenant, int batches) {
        for (int i = 0; i < batches; i++) {
            List<Signal> signals = new ArrayList<>();
            for (long entity = 0; entity < BATCH; entity++) {
                signals.add(
                        Signal.of(entity % 3 == 0 ? "like" : "view", (written * 31 + entity * 7) % 5_000, 1 + i % 3));
            }
            tenant.recordAll(signals, WriteOptions.DEFAULT.with(new IdempotencyKey(3, written)));
            written += BATCH;
        }
        tenant.record("view", "named " + written, 1);
        written++;
    }

    @Test
    @DisplayName("R-36, R-14: gets a snapshot of what was truncated while it was away, and the rest, to the bit")
    void snapshotAndTheRest() throws IOException {
        try (Tidal tidal = truncating().open()) {
            Tenant tenant = create(tidal);
            write(tenant, 5);
            awaitAll(tenant);
            tidal.crashNode(AWAY);
            write(tenant, 300);
            awaitTruncation(tidal, tenant, BATCH);
            tidal.startNode(AWAY);
            write(tenant, 5);
            awaitAll(tenant);
            assertSame(tenant);
            write(tenant, 5);
            awaitAll(tenant);
            assertSame(tenant);
            assertSameCheckpoints(tidal, tenant);
        }
        try (Tidal tidal = truncating().open()) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            awaitAll(tenant);
            assertSame(tenant);
            // Once more, onto what the first one left.
            tidal.crashNode(AWAY);
            write(tenant, 20);
            awaitTruncation(tidal, tenant, BATCH);
            tidal.startNode(AWAY);
            awaitAll(tenant);
            assertSame(tenant);
            write(tenant, 1);
            awaitAll(tenant);
            assertSameCheckpoints(tidal, tenant);
        }
    }

    @Test
    @DisplayName("R-36: gets a snapshot while writes go on")
    void snapshotUnderLoad() throws IOException {
        try (Tidal tidal = truncating().open()) {
            Tenant tenant = create(tidal);
            write(tenant, 5);
            awaitAll(tenant);
            tidal.crashNode(AWAY);
            write(tenant, 100);
            awaitTruncation(tidal, tenant, BATCH);
            tidal.startNode(AWAY);
            for (int i = 0; i < 100; i++) {
                write(tenant, 2);
                if (i % 20 == 0) {
                    tidal.checkpoint();
                }
            }
            awaitAll(tenant);
            assertSame(tenant);
            assertSameCheckpoints(tidal, tenant);
        }
    }

    @Test
    @DisplayName("R-14: that was heard of within the bound lacks nothing that the leader truncates")
    void leaderKeepsWhatIsLacking() {
        try (Tidal tidal = builder().retention(Duration.ZERO).open()) {
            Tenant tenant = create(tidal);
            write(tenant, 20);
            awaitAll(tenant);
            awaitTruncation(tidal, tenant, 10 * BATCH);
            tidal.crashNode(AWAY);
            long before = readable(tenant);
            long missed = written;
            write(tenant, 20);
            missed = written - missed;
            await(() -> tidal.health().shards().stream()
                    .map(shard -> shard.replicationLag().get(AWAY))
                    .anyMatch(lag -> lag != null && lag.millis() > 1_500));
            tidal.checkpoint();
            assertThat(readable(tenant)).isBetween(missed, before + missed);
            tidal.startNode(AWAY);
            awaitAll(tenant);
            assertSame(tenant);
            awaitTruncation(tidal, tenant, BATCH);
        }
    }

    @Test
    @DisplayName(
            "R-14: and the majority that is away with it lack nothing that the leader truncates, however long that takes")
    void leaderKeepsWhatNoMajorityHolds() {
        try (Tidal tidal = truncating().open()) {
            Tenant tenant = create(tidal);
            write(tenant, 20);
            awaitAll(tenant);
            tidal.crashNode(OTHER);
            tidal.crashNode(AWAY);
            long missed = written;
            write(tenant, 20);
            missed = written - missed;
            awaitTruncation(tidal, tenant, missed + BATCH);
            await(() -> tidal.health().shards().stream()
                    .map(shard -> shard.replicationLag().get(AWAY))
                    .anyMatch(lag -> lag != null && lag.millis() > 1_500));
            tenant.record("view", 1, 0);
            tidal.checkpoint();
            assertThat(readable(tenant)).isGreaterThanOrEqualTo(missed);
            tidal.startNode(AWAY);
            awaitTruncation(tidal, tenant, BATCH);
            tidal.startNode(OTHER);
            awaitAll(tenant);
            assertSame(tenant);
        }
    }

    @Test
    @DisplayName("R-52: leads only when it lacks nothing that others have truncated, and somebody is there who knows")
    void staleFollowerCannotLead() {
        ReplicaId stale = ReplicaId.parse("r2:s0");
        try (Tidal tidal = truncating().open()) {
            Tenant tenant = create(tidal);
            write(tenant, 5);
            awaitAll(tenant);
            tidal.crashNode(AWAY);
            write(tenant, 20);
            await(() -> {
                tenant.recordAll(List.of(Signal.of("view", 1, 0)), WriteOptions.DEFAULT.with(Durability.MAJORITY));
                tidal.checkpoint();
                return firstSeqno(OTHER) > 20 * BATCH;
            });
            tidal.crashNode(LEADER);
            tidal.crashNode(OTHER);
            tidal.startNode(AWAY);
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> tidal.promote(TENANT, stale))
                    .withMessageContainingAll("only 1 of 3 replicas", "at least 2")
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.PEER_UNAVAILABLE));
            tidal.startNode(OTHER);
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> tidal.promote(TENANT, stale))
                    .withMessageContainingAll("r2:s0 can't lead", "r1:s0 does not keep", "r0:s0")
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_CAUGHT_UP));

            tidal.promote(TENANT, ReplicaId.parse("r1:s0"));
            write(tenant, 1);
            tidal.startNode(LEADER);
            awaitAll(tenant);
            assertSame(tenant);
            tidal.promote(TENANT, stale);
            write(tenant, 1);
            awaitAll(tenant);
            assertSame(tenant);
            assertThat(tenant.total("view") + tenant.total("like")).isGreaterThan(written);
        }
    }

    /** Returns where what a node still has of the first leader's log begins. */
    private long firstSeqno(NodeId node) {
        AtomicLong first = new AtomicLong(Long.MAX_VALUE);
        new FileWalStoreFactory().inspect(directory.resolve(node.name()), new WalInspection() {
            @Override
            public void file(String file, long bytes) {}

            @Override
            public void batch(LogId log, String file, long offset, WalBatch batch) {
                if (log.tenant().equals(TENANT)) {
                    first.accumulateAndGet(batch.firstSeqno(), Math::min);
                }
            }

            @Override
            public void tornTail(String file, long offset, long bytes) {}

            @Override
            public void damage(String file, long offset, String expected, String actual) {}
        });
        return first.get();
    }

    @Test
    @DisplayName("R-32: whose log is damaged fetches it from the leader again; a damaged leader is left as it is")
    void damagedFollowerIsRefetched() throws IOException {
        try (Tidal tidal = builder().open()) {
            Tenant tenant = create(tidal);
            write(tenant, 20);
            awaitAll(tenant);
        }
        damage(AWAY);
        try (Tidal tidal = builder().open()) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            awaitSame(tenant);
            write(tenant, 5);
            awaitAll(tenant);
            assertSame(tenant);
            assertSameCheckpoints(tidal, tenant);
        }
        damage(LEADER);
        try (Tidal tidal = builder().open()) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> tenant.read("view", 1, ReadOptions.DEFAULT))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT_LOG));
            // As long as it takes the nodes to talk about another tenant.
            Tenant other = tidal.createTenant(TenantConfig.builder(TenantId.of(99))
                    .pinnedShards(tenant.placement().get(0))
                    .durability(Durability.ALL)
                    .build());
            for (int i = 0; i < 20; i++) {
                other.record("view", i, 1);
            }
            assertThat(tenant.readAll("view", List.of(EntityId.of(1)), ReadOptions.DEFAULT.in(RegionId.of(2))))
                    .hasSize(1);
            assertThatExceptionOfType(TidalException.class)
                    .isThrownBy(() -> tenant.read("view", 1, ReadOptions.DEFAULT));
        }
    }

    @Test
    @DisplayName("R-32, R-36: whose checkpoint is damaged and whose log is truncated fetches a snapshot")
    void damagedCheckpointIsRefetched() throws IOException {
        try (Tidal tidal = truncating().open()) {
            Tenant tenant = create(tidal);
            write(tenant, 20);
            awaitAll(tenant);
            awaitTruncation(tidal, tenant, BATCH);
            // The followers hear later of how far the leader has it.
            awaitHeartbeats(tenant, 3);
            awaitTruncation(tidal, tenant, BATCH);
        }
        Path checkpoint = checkpoint(AWAY);
        byte[] content = Files.readAllBytes(checkpoint);
        content[content.length / 2] ^= 1;
        Files.write(checkpoint, content);
        try (Tidal tidal = truncating().open()) {
            Tenant tenant = tidal.tenant(TENANT).orElseThrow();
            awaitSame(tenant);
            write(tenant, 5);
            awaitAll(tenant);
            assertSame(tenant);
        }
    }

    @Test
    @DisplayName("R-36: that was away for a million records catches up from the log")
    void aMillionRecords() throws IOException {
        try (Tidal tidal = builder().open()) {
            Tenant tenant = create(tidal);
            write(tenant, 1);
            awaitAll(tenant);
            tidal.crashNode(AWAY);
            write(tenant, (int) (RECORDS_AWAY / BATCH));
            tidal.startNode(AWAY);
            awaitAll(tenant);
            assertSame(tenant);
            assertSameCheckpoints(tidal, tenant);
        }
    }

    private void damage(NodeId node) throws IOException {
        Path segment = Trees.files(
                        directory.resolve(node.name()).resolve("tenants").resolve("7"), ".seg")
                .get(0);
        byte[] content = Files.readAllBytes(segment);
        content[content.length / 2] ^= 1;
        Files.write(segment, content);
        // So that the whole log is read.
        Files.delete(checkpoint(node));
    }

    private Path checkpoint(NodeId node) {
        return directory
                .resolve(node.name())
                .resolve("tenants")
                .resolve("7")
                .resolve("snapshots")
                .resolve("checkpoint-s00000.ckpt");
    }

    /** Waits until the follower that will be away has heard of the leader so many times: each time it is less stale than before. */
    private static void awaitHeartbeats(Tenant tenant, int times) {
        AtomicInteger heard = new AtomicInteger();
        AtomicReference<Duration> before = new AtomicReference<>(Duration.ZERO);
        await(() -> {
            Duration now = tenant.read("view", 1, ReadOptions.DEFAULT.in(RegionId.of(2)))
                    .staleness();
            if (now.compareTo(before.getAndSet(now)) < 0) {
                heard.incrementAndGet();
            }
            return heard.get() >= times;
        });
    }

    /** Waits until the leader forgets who is silent and keeps at most so many records. */
    private static void awaitTruncation(Tidal tidal, Tenant tenant, long records) {
        await(() -> {
            // Something new, without which there is no checkpoint.
            tenant.record("view", 1, 0);
            tidal.checkpoint();
            return readable(tenant) <= records;
        });
    }

    private static long readable(Tenant tenant) {
        AtomicLong records = new AtomicLong();
        tenant.export(record -> records.incrementAndGet());
        return records.get();
    }

    private static void assertSame(Tenant tenant) {
        assertThat(isSame(tenant)).isTrue();
    }

    private static void awaitSame(Tenant tenant) {
        await(() -> {
            try {
                return isSame(tenant);
            } catch (TidalException e) {
                // Not all of it is back.
                assertThat(e.code()).isIn(ErrorCode.CORRUPT_LOG, ErrorCode.CORRUPT_DATA);
                return false;
            }
        });
    }

    private static boolean isSame(Tenant tenant) {
        ReadOptions at = ReadOptions.at(Instant.now());
        List<EntityId> entities =
                LongStream.range(0, 5_000).mapToObj(EntityId::of).toList();
        for (String signal : List.of("view", "like")) {
            List<Reading> here = tenant.readAll(signal, entities, at);
            List<Reading> there = tenant.readAll(signal, entities, at.in(RegionId.of(2)));
            for (int i = 0; i < here.size(); i++) {
                boolean same = here.get(i).count() == there.get(i).count()
                        && Double.doubleToLongBits(here.get(i).score())
                                == Double.doubleToLongBits(there.get(i).score());
                if (!same) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Compares all that replicas hold, with names, keys and metering, in the files that they write. */
    private void assertSameCheckpoints(Tidal tidal, Tenant tenant) throws IOException {
        awaitAll(tenant);
        tidal.checkpoint();
        byte[] here = state(LEADER);
        byte[] there = state(AWAY);
        assertThat(Arrays.mismatch(here, there)).as("first byte that differs").isEqualTo(-1);
    }

    private byte[] state(NodeId node) throws IOException {
        byte[] content = Files.readAllBytes(checkpoint(node));
        content[REGION_AT] = 0;
        content[REGION_AT + 1] = 0;
        return Arrays.copyOf(content, content.length - CRC_BYTES);
    }

    /** Waits until all replicas hold what was written. */
    private static void awaitAll(Tenant tenant) {
        tenant.recordAll(
                List.of(Signal.of("view", 1, 1)),
                WriteOptions.DEFAULT.with(Durability.ALL).with(Duration.ofMinutes(1)));
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time").isLessThan(end);
            Thread.onSpinWait();
        }
    }
}
