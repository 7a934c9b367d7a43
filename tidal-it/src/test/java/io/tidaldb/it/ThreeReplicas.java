package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.stream.LongStream;

/** One shard on three nodes: a leader that is written to, a follower that goes away, and what both must agree on. */
final class ThreeReplicas {

    static final TenantId TENANT = TenantId.of(7);
    static final NodeId LEADER = NodeId.of("n0");
    static final NodeId OTHER = NodeId.of("n1");
    static final NodeId AWAY = NodeId.of("n2");
    static final int BATCH = 1_000;

    /** Where the region of the writer and the checksum are in a checkpoint: the rest is the state. */
    private static final int REGION_AT = 14;

    private static final int CRC_BYTES = 4;

    private final Cell cell;
    private final Path directory;
    private long written;

    ThreeReplicas(Cell cell, Path directory) {
        this.cell = cell;
        this.directory = directory;
    }

    TidalBuilder builder() {
        return cell.builder(directory)
                .topology(Topology.regions(3).shardsPerRegion(1))
                .signal("view", Duration.ofDays(7))
                .signal("like", Duration.ofDays(1));
    }

    TidalBuilder truncating() {
        return builder().retention(Duration.ZERO).retentionMax(Duration.ZERO);
    }

    static Tenant createTenant(Tidal tidal) {
        return tidal.createTenant(TenantConfig.builder(TENANT)
                .pinnedShards(ReplicaId.parse("r0:s0"))
                .build());
    }

    /** Returns how many records were written. */
    long written() {
        return written;
    }

    void write(Tenant tenant, int batches) {
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

    Path checkpoint(NodeId node) {
        return directory
                .resolve(node.name())
                .resolve("tenants")
                .resolve("7")
                .resolve("snapshots")
                .resolve("checkpoint-s00000.ckpt");
    }

    /** Waits until the follower that will be away has heard of the leader so many times: each time it is less stale than before. */
    static void awaitHeartbeats(Tenant tenant, int times) {
        AtomicInteger heard = new AtomicInteger();
        AtomicReference<Duration> before = new AtomicReference<>(Duration.ZERO);
        Await.until(() -> {
            Duration now = tenant.read("view", 1, ReadOptions.DEFAULT.in(RegionId.of(2)))
                    .staleness();
            if (now.compareTo(before.getAndSet(now)) < 0) {
                heard.incrementAndGet();
            }
            return heard.get() >= times;
        });
    }

    /** Waits until the leader forgets who is silent and keeps at most so many records. */
    static void awaitTruncation(Tidal tidal, Tenant tenant, long records) {
        Await.until(() -> {
            // Something new, without which there is no checkpoint.
            tenant.record("view", 1, 0);
            tidal.checkpoint();
            return readable(tenant) <= records;
        });
    }

    static long readable(Tenant tenant) {
        AtomicLong records = new AtomicLong();
        tenant.export(record -> records.incrementAndGet());
        return records.get();
    }

    /** Returns where what a node still has of the first leader's log begins. */
    long firstSeqno(NodeId node) {
        AtomicLong first = new AtomicLong(Long.MAX_VALUE);
        cell.stores().inspect(directory.resolve(node.name()), new WalInspection() {
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

    static void assertSame(Tenant tenant) {
        assertThat(isSame(tenant)).isTrue();
    }

    static void awaitSame(Tenant tenant) {
        Await.until(() -> {
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
    void assertSameCheckpoints(Tidal tidal, Tenant tenant) throws IOException {
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
    static void awaitAll(Tenant tenant) {
        tenant.recordAll(
                List.of(Signal.of("view", 1, 1)),
                WriteOptions.DEFAULT.with(Durability.ALL).with(Duration.ofMinutes(1)));
    }
}
