package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.QuotaExceededException.Cause;
import io.tidaldb.api.QuotaExceededException.Quota;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.testkit.FaultyWalStores.Fault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Quotas of a tenant")
class QuotaTest {

    @TempDir
    Path directory;

    private Drill drill;
    private Tidal tidal;

    @BeforeEach
    void open() {
        drill = new Drill(directory);
        tidal = drill.open();
    }

    private static TenantConfig.Builder config() {
        return TenantConfig.builder(Drill.TENANT);
    }

    private static QuotaExceededException refused(ThrowingCallable write) {
        QuotaExceededException refusal = catchThrowableOfType(QuotaExceededException.class, write);
        assertThat(refusal).as("a refusal").isNotNull();
        return refusal;
    }

    private static Duration pause(QuotaExceededException refusal) {
        return Objects.requireNonNull(refusal.retryAfter());
    }

    private static List<Signal> views(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> Signal.of("view", i, 1)).toList();
    }

    private Tenant reopen(Runnable end) {
        end.run();
        tidal = drill.open();
        return tidal.tenant(Drill.TENANT).orElseThrow();
    }

    // Rate

    @Test
    @DisplayName("R-21: 200 signals pass at once at 100/s, the 201st is refused, and one more passes after 10 ms")
    void burstOfTwoSeconds() {
        Tenant tenant = tidal.createTenant(config().maxSignalsPerSecond(100).build());
        for (int i = 0; i < 200; i++) {
            tenant.record("view", i, 1);
        }
        QuotaExceededException refusal = refused(() -> tenant.record("view", 1, 1));
        assertThat(refusal.code()).isEqualTo(ErrorCode.QUOTA_EXCEEDED);
        assertThat(refusal.quota()).isEqualTo(Quota.SIGNALS_PER_SECOND);
        assertThat(refusal.getCause()).isNull();
        assertThat(refusal.cause()).isEqualTo(Cause.RATE);
        assertThat(refusal.limit()).isEqualTo(100);
        assertThat(refusal.burst()).isEqualTo(200);
        assertThat(refusal.requested()).isOne();
        assertThat(refusal.observed()).isZero();
        assertThat(refusal.retryAfter()).isEqualTo(Duration.ofMillis(10));
        assertThat(refusal.isRetryable()).isTrue();
        drill.clock.advance(pause(refusal));
        tenant.record("view", 1, 1);
        refused(() -> tenant.record("view", 1, 1));
        assertThat(tenant.usage().throttled()).isEqualTo(2);
        assertThat(tenant.total("view")).isEqualTo(201);
    }

    @Test
    @DisplayName("R-22, F-02: who waits as long as a refusal says, succeeds; a nanosecond less is not enough")
    void namedWaitIsExact() {
        Tenant tenant = tidal.createTenant(config().maxSignalsPerSecond(7).build());
        for (int i = 0; i < 500; i++) {
            List<Signal> write = views(0, 1 + i % 14);
            QuotaExceededException refusal =
                    catchThrowableOfType(QuotaExceededException.class, () -> tenant.recordAll(write));
            if (refusal != null) {
                assertThat(refusal.cause()).isIn(Cause.RATE, Cause.BURST);
                drill.clock.advance(pause(refusal));
                tenant.recordAll(write);
            }
        }
        QuotaExceededException last = refused(() -> tenant.recordAll(views(0, 14)));
        drill.clock.advanceNanos(pause(last).toNanos() - 1);
        refused(() -> tenant.recordAll(views(0, 14)));
        drill.clock.advanceNanos(1);
        tenant.recordAll(views(0, 14));
    }

    @Test
    @DisplayName("F-02: many callers of one tenant are told to come back one after another, and are not refused again")
    void callersComeBackOneAfterAnother() {
        Tenant tenant = tidal.createTenant(config().maxSignalsPerSecond(100).build());
        tenant.recordAll(views(0, 200));
        List<Duration> waits = new ArrayList<>();
        for (int caller = 0; caller < 64; caller++) {
            waits.add(pause(refused(() -> tenant.record("view", 1, 1))));
        }
        assertThat(waits).doesNotHaveDuplicates().isSorted();
        Duration waited = Duration.ZERO;
        for (Duration wait : waits) {
            drill.clock.advance(wait.minus(waited));
            waited = wait;
            tenant.record("view", 1, 1);
        }
        assertThat(waited).isEqualTo(Duration.ofMillis(640));
    }

    @Test
    @DisplayName(
            "F-03: reserves that a node can't keep together are refused, and one above the tenant's own limit as well")
    void reservesFitTheNode() {
        tidal.close();
        tidal = drill.durable().capacitySignalsPerSecond(1000).open();
        tidal.createTenant(TenantConfig.builder(TenantId.of(1))
                .reservedSignalsPerSecond(600)
                .build());
        TenantConfig.Builder second = TenantConfig.builder(TenantId.of(2));
        Drill.fails(
                ErrorCode.INVALID_ARGUMENT,
                () -> tidal.createTenant(second.reservedSignalsPerSecond(401).build()));
        tidal.createTenant(second.reservedSignalsPerSecond(400).build());
        Drill.fails(
                ErrorCode.INVALID_ARGUMENT,
                () -> tidal.updateTenant(second.reservedSignalsPerSecond(500).build()));
        Drill.fails(
                ErrorCode.INVALID_ARGUMENT,
                () -> second.reservedSignalsPerSecond(10).maxSignalsPerSecond(9).build());
        assertThat(tidal.tenant(TenantId.of(2)).orElseThrow().config().reservedSignalsPerSecond())
                .hasValue(400);
    }

    @Test
    @DisplayName("R-22: a write larger than the burst can never pass, and says so")
    void neverFits() {
        Tenant tenant =
                tidal.createTenant(config().maxSignalsPerSecond(10).burst(5).build());
        QuotaExceededException refusal = refused(() -> tenant.recordAll(views(0, 6)));
        assertThat(refusal.cause()).isEqualTo(Cause.NEVER);
        assertThat(refusal.retryAfter()).isNull();
        assertThat(refusal.isRetryable()).isFalse();
        tenant.recordAll(views(0, 5));
    }

    @Test
    @DisplayName("R-21: what was refused for another reason costs no permit")
    void refunds() {
        Tenant tenant = tidal.createTenant(
                config().maxSignalsPerSecond(10).burst(10).maxEntities(3).build());
        tenant.recordAll(views(0, 3), Drill.keyed(1));
        refused(() -> tenant.recordAll(views(10, 15)));
        tenant.recordAll(views(0, 3), Drill.keyed(1));
        Drill.fails(ErrorCode.IDEMPOTENCY_KEY_REUSED, () -> tenant.recordAll(views(0, 2), Drill.keyed(1)));
        drill.stores.fail(Fault.FULL, 1);
        Drill.fails(ErrorCode.STORAGE_FULL, () -> tenant.recordAll(views(0, 3)));
        tenant.recordAll(views(0, 3));
        tenant.recordAll(views(0, 3));
        QuotaExceededException refusal = refused(() -> tenant.recordAll(views(0, 2)));
        assertThat(refusal.cause()).isEqualTo(Cause.BURST);
        assertThat(refusal.observed()).isEqualTo(1);
    }

    @Test
    @DisplayName("R-20: limits can be changed while writes go on, and are kept over a restart")
    void changes() {
        Tenant tenant =
                tidal.createTenant(config().maxSignalsPerSecond(1).burst(1).build());
        tenant.record("view", 1, 1);
        refused(() -> tenant.record("view", 1, 1));
        // The same rate goes on with the same bucket: a new label is no way to a full one.
        tidal.updateTenant(
                config().maxSignalsPerSecond(1).burst(1).label("renamed").build());
        refused(() -> tenant.record("view", 1, 1));
        tidal.updateTenant(config().build());
        tenant.recordAll(views(0, 1000));
        tidal.updateTenant(config().maxSignalsPerSecond(5).build());
        Tenant again = reopen(tidal::abandon);
        assertThat(again.config().maxSignalsPerSecond()).hasValue(5);
        assertThat(refused(() -> again.recordAll(views(0, 11))).burst()).isEqualTo(10);
    }

    @Test
    @DisplayName("R-25: exhausting one tenant's limiter a thousand times changes nothing for another")
    void independent() {
        Tenant noisy = tidal.createTenant(config().maxSignalsPerSecond(1).build());
        Tenant quiet = tidal.createTenant(
                TenantConfig.builder(TenantId.of(43)).maxSignalsPerSecond(100).build());
        noisy.recordAll(views(0, 2));
        for (int i = 0; i < 1000; i++) {
            refused(() -> noisy.record("view", 1, 1));
        }
        quiet.recordAll(views(0, 200));
        assertThat(quiet.usage().throttled()).isZero();
        assertThat(noisy.usage().throttled()).isEqualTo(1000);
    }

    @Test
    @DisplayName(
            "R-23: a tenant that bursts is throttled to its rate; a well-behaved one on the same shard sees no refusal")
    void noisyNeighbour() {
        Tenant noisy = tidal.createTenant(config().maxSignalsPerSecond(100).build());
        Tenant quiet = tidal.createTenant(
                TenantConfig.builder(TenantId.of(43)).maxSignalsPerSecond(100).build());
        int accepted = 0;
        for (int millis = 0; millis < 2_000; millis++) {
            for (int i = 0; i < 100; i++) {
                accepted += catchThrowableOfType(QuotaExceededException.class, () -> noisy.record("view", 1, 1)) == null
                        ? 1
                        : 0;
            }
            if (millis % 10 == 0) {
                quiet.record("view", 1, 1);
            }
            drill.clock.advance(Duration.ofMillis(1));
        }
        assertThat(accepted).isBetween(399, 400);
        assertThat(quiet.total("view")).isEqualTo(200);
        assertThat(quiet.usage().throttled()).isZero();
    }

    // Entities

    @Test
    @DisplayName("R-24: the cap on entities is exact, counts an id once, and holds over a restart")
    void entities() {
        Tenant tenant = tidal.createTenant(config().maxEntities(3).build());
        tenant.record("view", 1, 1);
        tenant.record("like", 1, 1);
        tenant.record("view", "a name", 1);
        tenant.record("view", 3, 1);
        for (Runnable end : List.<Runnable>of(() -> {}, tidal::checkpoint)) {
            end.run();
            QuotaExceededException refusal = refused(() -> tenant.record("view", 4, 1));
            assertThat(refusal.quota()).isEqualTo(Quota.ENTITIES);
            assertThat(refusal.cause()).isEqualTo(Cause.ENTITIES);
            assertThat(refusal.limit()).isEqualTo(3);
            assertThat(refusal.observed()).isEqualTo(3);
            assertThat(refusal.requested()).isOne();
            assertThat(refusal.retryAfter()).isNull();
        }
        Tenant again = reopen(tidal::abandon);
        refused(() -> again.record("view", 4, 1));
        again.record("like", "a name", 1);
        again.record("like", 3, 1);
        assertThat(again.usage().entities()).isEqualTo(3);
        assertThat(refused(() -> again.recordAll(views(10, 14))).cause()).isEqualTo(Cause.NEVER);
    }

    @Test
    @DisplayName("R-24: writes that wait in one commit share what is left of a cap")
    void entitiesInOneCommit() {
        Tenant tenant = tidal.createTenant(config().maxEntities(5).build());
        drill.loops.hold();
        List<CompletableFuture<Position>> writes = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            writes.add(
                    tenant.recordAllAsync(views(i, i + 2), WriteOptions.DEFAULT).toCompletableFuture());
        }
        drill.loops.release();
        long accepted = writes.stream()
                .filter(write -> !write.isCompletedExceptionally())
                .count();
        assertThat(accepted).isEqualTo(4);
        assertThat(tenant.usage().entities()).isEqualTo(5);
        refused(() -> Drill.get(writes.get(9)));
    }

    @Test
    @DisplayName("R-24: a write to several slots is admitted by the caps whole or not at all")
    void entitiesOverSeveralSlots() {
        Tidal spread = new Drill(directory.resolve("spread"))
                .durable()
                .topology(Topology.regions(1).shards(4))
                .open();
        Tenant tenant = spread.createTenant(config().slots(4).maxEntities(100).build());
        tenant.recordAll(views(0, 90));
        QuotaExceededException refusal = refused(() -> tenant.recordAll(views(80, 101)));
        assertThat(refusal.observed()).isEqualTo(90);
        assertThat(refusal.requested()).isEqualTo(11);
        assertThat(tenant.total("view")).isEqualTo(90);
        tenant.recordAll(views(80, 100));
        assertThat(tenant.usage().entities()).isEqualTo(100);
        refused(() -> tenant.record("view", 1000, 1));
        spread.close();
    }

    @Test
    @DisplayName("R-24: a refused or failed write leaves nothing reserved")
    void reservationsAreGivenBack() {
        Drill other = new Drill(directory.resolve("spread"));
        Tidal spread = other.durable().topology(Topology.regions(1).shards(2)).open();
        Tenant tenant = spread.createTenant(config().slots(2).maxEntities(40).build());
        tenant.recordAll(views(0, 10));
        for (int i = 0; i < 20; i++) {
            int from = 100 + i * 20;
            other.stores.fail(Fault.FULL, 1);
            // The first slot has no room; the other one takes its part.
            Drill.fails(
                    ErrorCode.PARTLY_APPLIED,
                    () -> tenant.recordAll(
                            List.of(Signal.of("view", ofSlot(0, 2, from), 1), Signal.of("view", ofSlot(1, 2, 0), 1))));
        }
        assertThat(tenant.usage().entities()).isLessThanOrEqualTo(11);
        tenant.recordAll(views(10, 39));
        assertThat(tenant.usage().entities()).isBetween(39L, 40L);
        spread.close();
    }

    private static long ofSlot(int slot, int slots, long from) {
        long entity = from;
        while (io.tidaldb.core.routing.ShardRouter.hashed(slots).slot(entity) != slot) {
            entity++;
        }
        return entity;
    }

    @Test
    @DisplayName("R-24: a cap below what is there refuses growth and nothing else")
    void loweredCap() {
        Tenant tenant = tidal.createTenant(config().build());
        tenant.recordAll(views(0, 10));
        tidal.updateTenant(config().maxEntities(5).build());
        tenant.recordAll(views(0, 10));
        assertThat(refused(() -> tenant.record("view", 99, 1)).observed()).isEqualTo(10);
        tidal.checkpoint();
        tidal.updateTenant(config().maxEntities(11).build());
        tenant.record("view", 99, 1);
        refused(() -> tenant.record("view", 100, 1));
    }

    // Storage

    @Test
    @DisplayName("R-24: the cap on bytes is checked on write, never exceeded by a write, and kept over a restart")
    void storage() {
        long cap = 5_000;
        Tenant tenant = tidal.createTenant(config().maxStorageBytes(cap).build());
        int accepted = 0;
        while (catchThrowableOfType(QuotaExceededException.class, () -> tenant.recordAll(views(0, 7))) == null) {
            accepted++;
        }
        assertThat(accepted).isBetween(15, 5_000 / (64 + 7 * 21));
        assertThat(tenant.usage().storageBytes()).isBetween(cap - 400, cap);
        QuotaExceededException refusal = refused(() -> tenant.recordAll(views(0, 7)));
        assertThat(refusal.quota()).isEqualTo(Quota.STORAGE_BYTES);
        assertThat(refusal.cause()).isEqualTo(Cause.STORAGE);
        assertThat(refusal.limit()).isEqualTo((double) cap);
        assertThat(refusal.observed()).isEqualTo((double) tenant.usage().storageBytes());
        assertThat(refused(() -> tenant.recordAll(views(0, 300))).cause()).isEqualTo(Cause.NEVER);
        Tenant again = reopen(tidal::abandon);
        refused(() -> again.recordAll(views(0, 7)));
        // A checkpoint is always allowed, and is charged.
        tidal.checkpoint();
        assertThat(again.usage().storageBytes()).isGreaterThan(cap - 400);
        tidal.updateTenant(config().maxStorageBytes(100 * cap).build());
        again.recordAll(views(0, 7));
    }

    @Test
    @DisplayName("R-24: a write to several slots is admitted by the cap on bytes whole or not at all")
    void storageOverSeveralSlots() {
        Tidal spread = new Drill(directory.resolve("spread"))
                .durable()
                .topology(Topology.regions(1).shards(4))
                .open();
        Tenant tenant =
                spread.createTenant(config().slots(4).maxStorageBytes(4_000).build());
        int accepted = 0;
        while (catchThrowableOfType(QuotaExceededException.class, () -> tenant.recordAll(views(0, 40))) == null) {
            accepted++;
        }
        assertThat(accepted).isPositive();
        assertThat(tenant.total("view")).isEqualTo(40L * accepted);
        assertThat(tenant.usage().storageBytes()).isBetween(4_000L - 40 * 21 - 4 * 64, 4_000L);
        // What fits one slot alone still goes in.
        tenant.record("view", 1, 1);
        spread.close();
    }

    @Test
    @DisplayName("R-24: truncation gives bytes back")
    void truncationGivesBytesBack() {
        tidal.close();
        tidal = drill.durable().retention(Duration.ZERO).open();
        Tenant tenant = tidal.createTenant(config().maxStorageBytes(5_000).build());
        while (catchThrowableOfType(QuotaExceededException.class, () -> tenant.recordAll(views(0, 7))) == null) {
            drill.clock.advance(Duration.ofSeconds(1));
        }
        tidal.checkpoint();
        assertThat(tenant.usage().storageBytes()).isLessThan(2_000);
        tenant.recordAll(views(0, 7));
    }

    @Test
    @DisplayName("R-24: bytes of names count")
    void namesCount() {
        Tenant tenant = tidal.createTenant(config().maxStorageBytes(2_000).build());
        tenant.record("view", "n".repeat(1000), 1);
        assertThat(tenant.usage().storageBytes()).isGreaterThan(1_000);
        refused(() -> tenant.record("view", "m".repeat(1000), 1));
        tenant.record("view", "n".repeat(1000), 1);
    }
}
