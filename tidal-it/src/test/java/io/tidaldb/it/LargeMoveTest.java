package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.control.MigrationState;
import io.tidaldb.wal.file.FileWalStoreFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A tenant moves")
class LargeMoveTest {

    private static final long SIGNALS = Long.getLong("tidal.move.signals", 20_000);
    private static final int PER_WRITE = 1_000;
    private static final TenantId TENANT = TenantId.of(7);
    private static final MigrationOptions PATIENT =
            new MigrationOptions(OptionalLong.empty(), Duration.ofSeconds(5), Optional.of(Duration.ZERO), true, false);

    @TempDir
    Path directory;

    private Tidal open(Topology topology) {
        return Tidal.builder()
                .dataDir(directory)
                .topology(topology)
                .signal("view", Duration.ofDays(7))
                .open();
    }

    private static void write(Tenant tenant, long first, long count) {
        for (long at = first; at < first + count; at += PER_WRITE) {
            tenant.recordAll(
                    LongStream.range(at, Math.min(at + PER_WRITE, first + count))
                            .mapToObj(entity -> Signal.of("view", entity, 1))
                            .toList(),
                    WriteOptions.DEFAULT);
        }
    }

    @Test
    @DisplayName(
            "R-60: many signals while they are read every 10 ms and more are written: no read and no write fails, all are there once, and nothing is left at the source")
    void underReads() throws Exception {
        ReplicaId source = ReplicaId.parse("r0:s0");
        ReplicaId target = ReplicaId.parse("r2:s2");
        try (Tidal tidal = open(Topology.regions(3).shardsPerRegion(3))) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(TENANT)
                    .pinnedShards(source)
                    .durability(Durability.MAJORITY)
                    .build());
            write(tenant, 0, SIGNALS);
            assertThat(recordsOf(source.shard())).isPositive();
            AtomicBoolean over = new AtomicBoolean();
            CompletableFuture<Long> reads = CompletableFuture.supplyAsync(() -> {
                long count = 0;
                for (; !over.get(); count++) {
                    long entity = count * 7919 % SIGNALS;
                    assertThat(tenant.read("view", entity, ReadOptions.DEFAULT).count())
                            .isOne();
                    LockSupport.parkNanos(10_000_000);
                }
                return count;
            });
            CompletableFuture<Long> writes = CompletableFuture.supplyAsync(() -> {
                long written = 0;
                for (; !over.get(); written++) {
                    tenant.record("view", SIGNALS + written, 1);
                }
                return written;
            });
            long id = tidal.migrations().start(TENANT, source, target, PATIENT);
            MigrationMatrixTest.awaitState(tidal, id, MigrationState.COMPLETE);
            over.set(true);
            assertThat(reads.join()).isPositive();
            long all = SIGNALS + writes.join();
            assertThat(tenant.placement()).containsExactly(target);
            assertThat(tenant.total("view")).isEqualTo(all);
            assertThat(tenant.usage().entities()).isEqualTo(all);
            assertThat(tenant.verifyUsage().matches()).isTrue();
        }
        assertThat(recordsOf(source.shard())).isZero();
        assertThat(recordsOf(target.shard())).isPositive();
    }

    /** Returns how many records of the tenant a shard holds, on whichever node. */
    private long recordsOf(ShardId holder) {
        return MigrationMatrixTest.recordsOnDisk(new FileWalStoreFactory(), directory, TENANT, holder);
    }

    @Test
    @DisplayName("R-60: slot by slot where it is spread over several shards, all at once, and back again")
    void severalShards() {
        List<ReplicaId> before = List.of(ReplicaId.parse("r0:s0"), ReplicaId.parse("r1:s1"), ReplicaId.parse("r2:s2"));
        List<ReplicaId> after = List.of(ReplicaId.parse("r0:s3"), ReplicaId.parse("r1:s4"), ReplicaId.parse("r2:s5"));
        try (Tidal tidal = open(Topology.regions(3).shards(6))) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(TENANT)
                    .pinnedShards(before.toArray(ReplicaId[]::new))
                    .build());
            write(tenant, 0, 3_000);
            move(tidal, before, after);
            assertThat(tenant.placement()).isEqualTo(after);
            write(tenant, 3_000, 1_000);
            move(tidal, after, before);
            assertThat(tenant.placement()).isEqualTo(before);
            assertThat(tenant.total("view")).isEqualTo(4_000);
            assertThat(tenant.usage().entities()).isEqualTo(4_000);
        }
    }

    private static void move(Tidal tidal, List<ReplicaId> from, List<ReplicaId> to) {
        List<Long> ids = new ArrayList<>();
        for (int slot = 0; slot < from.size(); slot++) {
            ids.add(tidal.migrations().start(TENANT, from.get(slot), to.get(slot), PATIENT));
        }
        ids.forEach(id -> MigrationMatrixTest.awaitState(tidal, id, MigrationState.COMPLETE));
    }

    @Test
    @DisplayName("R-60: the default tenant's data as any other's, and it is there after a restart")
    void defaultTenant() {
        ReplicaId target;
        try (Tidal tidal = open(Topology.regions(2).shards(2))) {
            Tenant tenant = tidal.tenant(TenantId.DEFAULT)
                    .orElseGet(() -> tidal.createTenant(
                            TenantConfig.builder(TenantId.DEFAULT).build()));
            write(tenant, 0, 500);
            ReplicaId source = tenant.placement().get(0);
            target = ReplicaId.parse(source.toString().equals("r0:s0") ? "r1:s1" : "r0:s0");
            long id = tidal.migrations().start(TenantId.DEFAULT, source, target, PATIENT);
            MigrationMatrixTest.awaitState(tidal, id, MigrationState.COMPLETE);
        }
        try (Tidal tidal = open(Topology.regions(2).shards(2))) {
            Tenant tenant = tidal.tenant(TenantId.DEFAULT).orElseThrow();
            assertThat(tenant.placement()).containsExactly(target);
            assertThat(tenant.total("view")).isEqualTo(500);
        }
    }
}
