package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.QuotaExceededException.Quota;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.testkit.FaultyWalStores;
import io.tidaldb.testkit.FaultyWalStores.Fault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@EveryCell
@DisplayName("R-81: a single node")
class SingleNodeMatrixTest {

    private static final TenantId TENANT = TenantId.of(42);
    private static final TenantId OTHER = TenantId.of(43);

    @TempDir
    Path directory;

    private final Cell cell;

    SingleNodeMatrixTest(Cell cell) {
        this.cell = cell;
    }

    private TidalBuilder builder(Path data) {
        return cell.builder(data).signal("view", Duration.ofDays(7)).signal("like", Duration.ofDays(30));
    }

    private static TenantConfig config(TenantId id) {
        return TenantConfig.builder(id).build();
    }

    private static List<Signal> views(int count) {
        return LongStream.range(0, count)
                .mapToObj(entity -> Signal.of("view", entity, 1))
                .toList();
    }

    @Test
    @DisplayName(
            "R-13, R-14, R-16: what was recorded is read at once, after a close, a crash and a checkpoint, and counts once when it is retried")
    void recordsReadsAndRestarts() {
        IdempotencyKey key = new IdempotencyKey(1, 2);
        Position position;
        try (Tidal tidal = builder(directory).open()) {
            Tenant tenant = tidal.createTenant(config(TENANT));
            tenant.recordAll(views(500));
            tenant.record("like", "a name", 2.5);
            position = tenant.recordAll(views(3), WriteOptions.DEFAULT.with(key));
            assertHolds(tenant, 503);
        }
        // The directory knows its store.
        Tidal crashing = Tidal.builder().dataDir(directory).open();
        Tenant tenant = crashing.tenant(TENANT).orElseThrow();
        assertHolds(tenant, 503);
        assertThat(tenant.recordAll(views(3), WriteOptions.DEFAULT.with(key))).isEqualTo(position);
        crashing.checkpoint();
        tenant.recordAll(views(500));
        crashing.abandon();
        try (Tidal tidal = builder(directory).open()) {
            Tenant same = tidal.tenant(TENANT).orElseThrow();
            assertHolds(same, 1_003);
            assertThat(same.recordAll(views(3), WriteOptions.DEFAULT.with(key))).isEqualTo(position);
            assertThat(same.verifyUsage().matches()).isTrue();
        }
    }

    private static void assertHolds(Tenant tenant, long views) {
        assertThat(tenant.total("view")).isEqualTo(views);
        assertThat(tenant.read("like", "a name", ReadOptions.DEFAULT).count()).isOne();
        List<Long> exported = new ArrayList<>();
        tenant.export(signal -> exported.add(signal.entity().value()));
        assertThat(exported).hasSize((int) views + 1);
    }

    @Test
    @DisplayName("R-21, R-22, R-24, R-25: quotas hold exactly, over a restart too, and one tenant's are not another's")
    void quotas() {
        try (Tidal tidal = builder(directory).open()) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(TENANT)
                    .maxSignalsPerSecond(0.001)
                    .burst(10)
                    .build());
            Tenant capped = tidal.createTenant(
                    TenantConfig.builder(OTHER).maxEntities(5).build());
            for (int i = 0; i < 10; i++) {
                tenant.record("view", i, 1);
            }
            QuotaExceededException refusal = refused(() -> tenant.record("view", 1, 1));
            assertThat(refusal.quota()).isEqualTo(Quota.SIGNALS_PER_SECOND);
            assertThat(refusal.retryAfter()).isPositive();
            capped.recordAll(views(5));
            assertThat(refused(() -> capped.record("view", 5, 1)).quota()).isEqualTo(Quota.ENTITIES);
            capped.recordAll(views(5));
        }
        try (Tidal tidal = builder(directory).open()) {
            Tenant capped = tidal.tenant(OTHER).orElseThrow();
            assertThat(refused(() -> capped.record("view", 5, 1)).observed()).isEqualTo(5);
            assertThat(capped.total("view")).isEqualTo(10);
            long bytes = capped.usage().storageBytes();
            tidal.updateTenant(
                    TenantConfig.builder(OTHER).maxStorageBytes(bytes + 1).build());
            assertThat(refused(() -> capped.recordAll(views(5_000))).quota()).isEqualTo(Quota.STORAGE_BYTES);
            assertThat(tidal.tenant(TENANT).orElseThrow().total("view")).isEqualTo(10);
        }
    }

    private static QuotaExceededException refused(Runnable write) {
        QuotaExceededException refusal = catchThrowableOfType(QuotaExceededException.class, write::run);
        assertThat(refusal).as("a refusal").isNotNull();
        return refusal;
    }

    @Test
    @DisplayName("R-13: whichever append or sync of the disk fails, nothing acknowledged is missing after reopening")
    void failingDisk() {
        for (Fault fault : List.of(Fault.APPEND, Fault.FULL, Fault.SYNC)) {
            for (int nth = 1; nth <= 4; nth++) {
                Path data = directory.resolve(fault.name() + nth);
                FaultyWalStores stores = new FaultyWalStores(cell.stores());
                TidalBuilder failing = builder(data).wal(stores);
                Tidal tidal = failing.open();
                Tenant tenant = tidal.createTenant(config(TENANT));
                stores.fail(fault, nth);
                List<Long> acknowledged = new ArrayList<>();
                List<Long> refused = new ArrayList<>();
                for (long entity = 0; entity < 8; entity++) {
                    try {
                        tenant.record("view", entity, 1);
                        acknowledged.add(entity);
                    } catch (TidalException e) {
                        if (e.outcome() == Outcome.NOT_APPLIED) {
                            refused.add(entity);
                        }
                    }
                }
                stores.fail(fault, 0);
                assertThat(acknowledged.size()).isLessThan(8);
                tidal.close();
                try (Tidal again = failing.open()) {
                    Tenant same = again.tenant(TENANT).orElseThrow();
                    assertThat(acknowledged)
                            .allMatch(entity -> same.read("view", entity, ReadOptions.DEFAULT)
                                            .count()
                                    == 1);
                    assertThat(refused)
                            .allMatch(entity -> same.read("view", entity, ReadOptions.DEFAULT)
                                            .count()
                                    == 0);
                    same.record("view", 99, 1);
                }
            }
        }
    }

    @Test
    @DisplayName(
            "R-13: every writer has an answer when the instance is closed under it, and what was acknowledged is there")
    void closeUnderLoad() {
        for (int round = 0; round < 4; round++) {
            Path data = directory.resolve("round" + round);
            Tidal tidal = builder(data).open();
            Tenant tenant = tidal.createTenant(config(TENANT));
            List<CompletableFuture<?>> writes = new ArrayList<>();
            for (int i = 0; i < 2_000; i++) {
                writes.add(tenant.recordAsync("view", i, 1).toCompletableFuture());
            }
            if (round % 2 == 0) {
                tidal.close();
            } else {
                tidal.abandon();
            }
            long acknowledged = 0;
            for (CompletableFuture<?> write : writes) {
                try {
                    write.join();
                    acknowledged++;
                } catch (CompletionException e) {
                    assertThat(e.getCause())
                            .isInstanceOfSatisfying(
                                    TidalException.class,
                                    refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.CLOSED));
                }
            }
            try (Tidal again = builder(data).open()) {
                assertThat(again.tenant(TENANT).orElseThrow().total("view")).isEqualTo(acknowledged);
            }
        }
    }
}
