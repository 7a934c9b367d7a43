package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.testkit.FaultyWalStores.Fault;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-13: a write that is retried under its idempotency key happens once")
class IdempotencyTest extends OneTenant {

    private static final List<Signal> WRITE = List.of(Signal.of("view", 1, 2), Signal.of("like", 2, 3));

    private static void happenedOnce(Tenant tenant) {
        assertThat(tenant.total("view")).isOne();
        assertThat(tenant.total("like")).isOne();
    }

    @Test
    void retryAfterTheCommitReturnsTheFirstResult() {
        Position first = tenant.recordAll(WRITE, Drill.keyed(1));
        tenant.record("view", 9, 1);

        drill.clock.advance(Duration.ofSeconds(3));
        assertThat(tenant.recordAll(WRITE, Drill.keyed(1))).isEqualTo(first);

        assertThat(tenant.total("view")).isEqualTo(2);
    }

    @Test
    void retryDuringTheCommitSharesItsFate() {
        drill.loops.hold();
        CompletableFuture<Position> first =
                tenant.recordAllAsync(WRITE, Drill.keyed(1)).toCompletableFuture();
        CompletableFuture<Position> retry =
                tenant.recordAllAsync(WRITE, Drill.keyed(1)).toCompletableFuture();
        CompletableFuture<Position> reuse =
                tenant.recordAllAsync(WRITE.subList(0, 1), Drill.keyed(1)).toCompletableFuture();
        assertThat(retry).isNotDone();
        drill.loops.release();

        assertThat(retry.join()).isEqualTo(first.join());
        Drill.fails(ErrorCode.IDEMPOTENCY_KEY_REUSED, () -> Drill.get(reuse));
        happenedOnce(tenant);
    }

    @Test
    void retryDuringACommitThatFailsFailsToo() {
        drill.stores.fail(Fault.FULL, 2); // the first append takes the schema
        drill.loops.hold();
        CompletableFuture<Position> first =
                tenant.recordAllAsync(WRITE, Drill.keyed(1)).toCompletableFuture();
        CompletableFuture<Position> retry =
                tenant.recordAllAsync(WRITE, Drill.keyed(1)).toCompletableFuture();
        drill.loops.release();

        Drill.fails(ErrorCode.STORAGE_FULL, () -> Drill.get(first));
        Drill.fails(ErrorCode.STORAGE_FULL, () -> Drill.get(retry));
        tenant.recordAll(WRITE, Drill.keyed(1));
        happenedOnce(tenant);
    }

    @Test
    void retryAfterACleanRestart() {
        Position first = tenant.recordAll(WRITE, Drill.keyed(1));
        reopen(tidal::close);
        assertThat(tenant.recordAll(WRITE, Drill.keyed(1))).isEqualTo(first);
        happenedOnce(tenant);
    }

    @Test
    void retryAfterACrash() {
        Position first = tenant.recordAll(WRITE, Drill.keyed(1));
        reopen(tidal::abandon);
        assertThat(tenant.recordAll(WRITE, Drill.keyed(1))).isEqualTo(first);
        happenedOnce(tenant);
    }

    @Test
    void retryWhenOnlyTheCheckpointRemembers() {
        tidal.close();
        tidal = drill.durable().retention(Duration.ZERO).open();
        tenant = tidal.tenant(Drill.TENANT).orElseThrow();
        Position first = tenant.recordAll(WRITE, Drill.keyed(1));
        drill.clock.advance(Duration.ofMinutes(1));
        tidal.checkpoint();
        assertThat(exported(tenant)).isZero();
        reopen(tidal::abandon);
        assertThat(tenant.recordAll(WRITE, Drill.keyed(1))).isEqualTo(first);
        happenedOnce(tenant);
    }

    private static long exported(Tenant tenant) {
        long[] count = {0};
        tenant.export(signal -> count[0]++);
        return count[0];
    }

    @Test
    void retryOfAWriteWhoseOutcomeIsUnknownCountsOnceWhateverHappened() {
        for (int nth = 1; nth <= 3; nth++) {
            int key = nth;
            drill.stores.fail(Fault.SYNC, 1);
            Drill.fails(
                    ErrorCode.STORE_FAILED,
                    () -> tenant.recordAll(List.of(Signal.of("view", 100 + key, 1)), Drill.keyed(100 + key)));
            reopen(tidal::close);
            tenant.recordAll(List.of(Signal.of("view", 100 + key, 1)), Drill.keyed(100 + key));
            tenant.recordAll(List.of(Signal.of("view", 100 + key, 1)), Drill.keyed(100 + key));
            assertThat(tenant.total("view")).isEqualTo(nth);
        }
    }

    @Test
    void anotherPayloadUnderTheSameKeyIsRefused() {
        tenant.recordAll(WRITE, Drill.keyed(1));
        for (List<Signal> other : List.of(
                WRITE.subList(0, 1),
                List.of(WRITE.get(1), WRITE.get(0)),
                List.of(Signal.of("view", 1, 2.5), WRITE.get(1)),
                List.of(Signal.of("view", 3, 2), WRITE.get(1)),
                List.of(Signal.of("like", 1, 2), WRITE.get(1)))) {
            Drill.fails(ErrorCode.IDEMPOTENCY_KEY_REUSED, () -> tenant.recordAll(other, Drill.keyed(1)));
        }
        reopen(tidal::abandon);
        Drill.fails(ErrorCode.IDEMPOTENCY_KEY_REUSED, () -> tenant.recordAll(WRITE.subList(0, 1), Drill.keyed(1)));
        happenedOnce(tenant);
    }

    @Test
    void keysAreForgottenAfterTheHorizonAndNotBefore() {
        tidal.close();
        tidal = drill.durable().idempotencyHorizon(Duration.ofHours(1)).open();
        tenant = tidal.tenant(Drill.TENANT).orElseThrow();
        tenant.recordAll(WRITE, Drill.keyed(1));

        drill.clock.advance(Duration.ofHours(1));
        tenant.recordAll(WRITE, Drill.keyed(1));
        happenedOnce(tenant);

        drill.clock.advance(Duration.ofMillis(1));
        tenant.recordAll(WRITE, Drill.keyed(1));
        assertThat(tenant.total("view")).isEqualTo(2);
        // Remembered anew, from now on.
        drill.clock.advance(Duration.ofMinutes(59));
        tenant.recordAll(WRITE, Drill.keyed(1));
        assertThat(tenant.total("view")).isEqualTo(2);
    }

    @Test
    void keysAreForgottenByAReplayAsWell() {
        tidal.close();
        tidal = drill.durable().idempotencyHorizon(Duration.ofHours(1)).open();
        tidal.tenant(Drill.TENANT).orElseThrow().recordAll(WRITE, Drill.keyed(1));
        tidal.abandon();
        drill.clock.advance(Duration.ofMinutes(61));
        tidal = drill.durable().idempotencyHorizon(Duration.ofHours(1)).open();
        tenant = tidal.tenant(Drill.TENANT).orElseThrow();
        tenant.recordAll(WRITE, Drill.keyed(1));
        assertThat(tenant.total("view")).isEqualTo(2);
    }

    @Test
    void keysAreTheTenantsOwn() {
        Tenant other = tidal.createTenant(
                TenantConfig.builder(io.tidaldb.api.TenantId.of(43)).build());
        tenant.recordAll(WRITE, Drill.keyed(1));
        other.recordAll(WRITE.subList(0, 1), Drill.keyed(1));
        assertThat(other.total("view")).isOne();
    }

    @Test
    void retryOfAWriteToSeveralSlotsCountsOnceInEach() {
        Drill several = new Drill(directory.resolve("several"));
        TenantConfig config = TenantConfig.builder(Drill.TENANT).slots(3).build();
        List<Signal> write =
                IntStream.range(0, 50).mapToObj(i -> Signal.of("view", i, 1)).toList();
        Tidal first = several.durable().topology(Topology.regions(1).shards(3)).open();
        Position position = first.createTenant(config).recordAll(write, Drill.keyed(1));
        assertThat(position.records()).hasSize(3);
        assertThat(first.tenant(Drill.TENANT).orElseThrow().recordAll(write, Drill.keyed(1)))
                .isEqualTo(position);
        first.abandon();

        Tidal second = several.open();
        Tenant again = second.tenant(Drill.TENANT).orElseThrow();
        assertThat(again.recordAll(write, Drill.keyed(1))).isEqualTo(position);
        assertThat(again.total("view")).isEqualTo(50);
        // What differs in one slot only is refused in all.
        Drill.fails(ErrorCode.IDEMPOTENCY_KEY_REUSED, () -> again.recordAll(write.subList(0, 49), Drill.keyed(1)));
        Drill.fails(ErrorCode.IDEMPOTENCY_KEY_REUSED, () -> again.recordAll(write.subList(0, 1), Drill.keyed(1)));
        assertThat(again.total("view")).isEqualTo(50);
        second.close();
    }

    @Test
    void retryCompletesAWriteOfWhichOnlyPartWasApplied() {
        Drill several = new Drill(directory.resolve("partly"));
        List<Signal> write =
                IntStream.range(0, 50).mapToObj(i -> Signal.of("view", i, 1)).toList();
        Tidal first = several.durable().topology(Topology.regions(1).shards(3)).open();
        Tenant spread = first.createTenant(
                TenantConfig.builder(Drill.TENANT).slots(3).maxEntities(50).build());
        // Schema and signals of the first slot, schema of the second; then the disk is full once.
        several.stores.fail(Fault.FULL, 4);
        Drill.fails(ErrorCode.PARTLY_APPLIED, () -> spread.recordAll(write, Drill.keyed(1)));
        assertThat(spread.total("view")).isPositive().isLessThan(50);

        assertThat(spread.recordAll(write, Drill.keyed(1)).records()).hasSize(3);
        assertThat(spread.total("view")).isEqualTo(50);
        assertThat(spread.usage().entities()).isEqualTo(50);
        first.close();
    }

    @Test
    void retryOfAnAsyncWriteThatIsToBeDurableWaitsForTheSync() {
        tenant.record("view", 9, 1);
        tenant.record("like", 9, 1);
        drill.loops.hold();
        var lazy = tenant.recordAllAsync(WRITE, Drill.keyed(1).with(Durability.ASYNC));
        drill.loops.step();
        var durable = tenant.recordAllAsync(WRITE, Drill.keyed(1));
        drill.loops.step();
        assertThat(Drill.get(durable)).isEqualTo(Drill.get(lazy));
        reopen(() -> {
            tidal.abandon();
            drill.loops.release();
        });
        assertThat(tenant.total("view")).isEqualTo(2);
        assertThat(tenant.total("like")).isEqualTo(2);
    }

    @Test
    void retriesOfAnAsyncWriteAreRememberedToo() {
        Position first = tenant.recordAll(WRITE, Drill.keyed(1).with(Durability.ASYNC));
        assertThat(tenant.recordAll(WRITE, Drill.keyed(1))).isEqualTo(first);
        reopen(tidal::abandon);
        assertThat(tenant.recordAll(WRITE, Drill.keyed(1))).isEqualTo(first);
        happenedOnce(tenant);
    }
}
