package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.runtime.ThreadLoops;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The write path")
class WritePathTest extends OneTenant {

    private static final List<Signal> ONE = List.of(Signal.of("view", 1, 1));

    private CompletableFuture<Position> async(List<Signal> signals) {
        return tenant.recordAllAsync(signals, WriteOptions.DEFAULT).toCompletableFuture();
    }

    @Test
    @DisplayName("R-16: an acknowledged write is seen by the next read")
    void readsItsOwnWrites() {
        for (int i = 1; i <= 100; i++) {
            Position position = tenant.record("view", 1, 1);
            Reading reading = tenant.read("view", 1, ReadOptions.DEFAULT.atLeast(position));
            assertThat(reading.count()).isEqualTo(i);
            assertThat(reading.score()).isEqualTo(i);
        }
    }

    @Test
    @DisplayName("R-13: writes that wait become one batch of gapless seqnos, in their order")
    void oneCommit() {
        drill.loops.hold();
        List<CompletableFuture<Position>> writes = IntStream.range(0, 50)
                .mapToObj(i -> async(List.of(Signal.of("view", i, 1), Signal.of("like", i, 1))))
                .toList();
        assertThat(writes).noneMatch(CompletableFuture::isDone);
        drill.loops.release();
        for (int i = 0; i < 50; i++) {
            // The schema's two entries come first.
            assertThat(Drill.get(writes.get(i)).toString()).isEqualTo("r0:s0:" + (2 + 2 * (i + 1)));
        }
        List<Long> stamps = new ArrayList<>();
        tenant.export(signal -> stamps.add(signal.hlc()));
        assertThat(stamps).hasSize(100).containsOnly(stamps.get(0));
    }

    @Test
    @DisplayName("writes of several tenants that share a commit are acknowledged in the order in which they were made")
    void acknowledgedInOrder() {
        Tenant other = tidal.createTenant(TenantConfig.builder(TenantId.of(43)).build());
        List<Integer> acknowledged = Collections.synchronizedList(new ArrayList<>());
        drill.loops.hold();
        List<CompletableFuture<Void>> writes = IntStream.range(0, 300)
                .mapToObj(i -> {
                    drill.clock.advance(Duration.ofNanos(1));
                    return (i % 3 == 0 ? other : tenant)
                            .recordAllAsync(ONE, WriteOptions.DEFAULT)
                            .thenRun(() -> acknowledged.add(i))
                            .toCompletableFuture();
                })
                .toList();
        drill.loops.release();
        writes.forEach(CompletableFuture::join);
        assertThat(acknowledged)
                .containsExactlyElementsOf(IntStream.range(0, 300).boxed().toList());
    }

    @Test
    @DisplayName("R-40: stamps rise over restarts and clocks that jump back")
    void stampsRise() {
        for (Runnable end : List.<Runnable>of(() -> {}, () -> tidal.abandon(), () -> tidal.close(), () -> {
            tidal.checkpoint();
            tidal.abandon();
        })) {
            end.run();
            if (tidalIsClosed()) {
                drill.clock.jumpTo(drill.clock.now().minus(Duration.ofHours(3)));
                tidal = drill.open();
                tenant = tidal.tenant(Drill.TENANT).orElseThrow();
            }
            tenant.record("view", 1, 1);
        }
        drill.clock.advance(Duration.ofDays(1));
        tenant.record("view", 1, 1);
        List<Long> stamps = new ArrayList<>();
        tenant.export(signal -> stamps.add(signal.hlc()));
        assertThat(stamps).hasSize(5).isSorted().doesNotHaveDuplicates();
        assertThat(stamps.get(4) >>> 16).isEqualTo(drill.clock.now().toEpochMilli());
    }

    private boolean tidalIsClosed() {
        try {
            tidal.tenants();
            return false;
        } catch (TidalException e) {
            return e.code() == ErrorCode.CLOSED;
        }
    }

    @Test
    @DisplayName("the queue of a tenant is bounded, is the tenant's own, and empties")
    void boundedQueue() {
        tidal.close();
        tidal = drill.durable().queueBytesPerTenant(64 << 10).open();
        tenant = tidal.tenant(Drill.TENANT).orElseThrow();
        Tenant other = tidal.createTenant(TenantConfig.builder(TenantId.of(43)).build());
        drill.loops.hold();
        List<CompletableFuture<Position>> waiting = new ArrayList<>();
        CompletableFuture<Position> refused = async(ONE);
        while (!refused.isDone()) {
            waiting.add(refused);
            refused = async(ONE);
        }
        CompletableFuture<Position> last = refused;
        TidalException refusal = Drill.fails(ErrorCode.OVERLOADED, () -> Drill.get(last));
        assertThat(refusal.isRetryable()).isTrue();
        assertThat(waiting.size()).isBetween(400, 450);
        CompletableFuture<Position> others =
                other.recordAllAsync(ONE, WriteOptions.DEFAULT).toCompletableFuture();
        assertThat(others).isNotDone();
        drill.loops.release();
        waiting.forEach(Drill::get);
        Drill.get(others);
        tenant.recordAll(ONE);
        assertThat(tenant.total("view")).isEqualTo(waiting.size() + 1);
    }

    @Test
    @DisplayName("a write that can never fit the queue is refused as such")
    void tooLarge() {
        tidal.close();
        tidal = drill.durable().queueBytesPerTenant(64 << 10).open();
        tenant = tidal.tenant(Drill.TENANT).orElseThrow();
        List<Signal> large =
                IntStream.range(0, 4_000).mapToObj(i -> Signal.of("view", i, 1)).toList();
        Drill.fails(ErrorCode.INVALID_ARGUMENT, () -> tenant.recordAll(large));
        assertThat(tenant.total("view")).isZero();
        tenant.recordAll(large.subList(0, 3_000));
    }

    @Test
    @DisplayName("a deadline that passes leaves the outcome unknown, and the write may still happen")
    void deadline() {
        drill.loops.hold();
        TidalException late = Drill.fails(
                ErrorCode.DEADLINE_EXCEEDED,
                () -> tenant.recordAll(ONE, Drill.keyed(1).with(Duration.ZERO)));
        assertThat(late.outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(late.isRetryable()).isTrue();
        assertThat(tenant.total("view")).isZero();
        drill.loops.release();
        tenant.recordAll(ONE, Drill.keyed(1));
        assertThat(tenant.total("view")).isOne();
    }

    @Test
    @DisplayName("an interrupted caller is told that the outcome is unknown, stays interrupted, and breaks nothing")
    void interruptedWriter() {
        drill.loops.hold();
        Thread.currentThread().interrupt();
        Drill.fails(ErrorCode.DEADLINE_EXCEEDED, () -> tenant.recordAll(ONE, Drill.keyed(1)));
        assertThat(Thread.interrupted()).isTrue();
        drill.loops.release();
        tenant.recordAll(ONE, Drill.keyed(1));
        assertThat(tenant.total("view")).isOne();
    }

    @Test
    @DisplayName("an interrupted caller creates, checkpoints, deletes and closes all the same")
    void interruptedOperator() {
        tidal.close();
        tidal = drill.durableOn(new ThreadLoops()).open();
        TenantId other = TenantId.of(43);
        Thread.currentThread().interrupt();
        tidal.createTenant(TenantConfig.builder(other).label("other").build());
        tidal.declareSignal("share", Duration.ofDays(1));
        tidal.checkpoint();
        tidal.deleteTenant(Drill.TENANT);
        tidal.close();
        assertThat(Thread.interrupted()).isTrue();

        tidal = drill.open();
        assertThat(tidal.tenants()).extracting(Tenant::id).containsExactly(other);
        assertThat(tidal.signals()).extracting(SignalType::name).containsExactly("view", "like", "share");
    }

    @Test
    @DisplayName("close commits what waits, answers everybody, and afterwards everything says CLOSED")
    void closes() {
        drill.loops.hold();
        CompletableFuture<Position> waiting = async(ONE);
        tidal.close();
        Drill.get(waiting);
        Drill.fails(ErrorCode.CLOSED, () -> tenant.recordAll(ONE));
        Drill.fails(ErrorCode.CLOSED, () -> Drill.get(async(ONE)));
        Drill.fails(ErrorCode.CLOSED, () -> tenant.score("view", 1));
        Drill.fails(ErrorCode.CLOSED, () -> tenant.readAll("view", List.of(), ReadOptions.DEFAULT));
        Drill.fails(ErrorCode.CLOSED, () -> tenant.top("view", 1));
        Drill.fails(ErrorCode.CLOSED, () -> tenant.total("view"));
        Drill.fails(ErrorCode.CLOSED, () -> tenant.entities("view"));
        Drill.fails(ErrorCode.CLOSED, () -> tenant.usage());
        Drill.fails(ErrorCode.CLOSED, () -> tenant.config());
        Drill.fails(ErrorCode.CLOSED, () -> tenant.export(signal -> {}));
        Drill.fails(ErrorCode.CLOSED, () -> tidal.createTenant(Drill.CONFIG));
        Drill.fails(ErrorCode.CLOSED, () -> tidal.updateTenant(Drill.CONFIG));
        Drill.fails(ErrorCode.CLOSED, () -> tidal.deleteTenant(Drill.TENANT));
        Drill.fails(ErrorCode.CLOSED, () -> tidal.declareSignal("x", Duration.ofDays(1)));
        Drill.fails(ErrorCode.CLOSED, () -> tidal.tenant(Drill.TENANT));
        Drill.fails(ErrorCode.CLOSED, () -> tidal.tenantLabelled("x"));
        Drill.fails(ErrorCode.CLOSED, tidal::tenants);
        Drill.fails(ErrorCode.CLOSED, tidal::signals);
        Drill.fails(ErrorCode.CLOSED, tidal::health);
        Drill.fails(ErrorCode.CLOSED, tidal::checkpoint);
        tidal.close();
        tidal.abandon();
        drill.loops.release();
        assertThat(drill.open().tenant(Drill.TENANT).orElseThrow().total("view"))
                .isOne();
    }

    @Test
    @DisplayName("abandoning refuses what waits")
    void abandons() {
        drill.loops.hold();
        CompletableFuture<Position> waiting = async(ONE);
        tidal.abandon();
        drill.loops.release();
        TidalException refusal = Drill.fails(ErrorCode.CLOSED, () -> Drill.get(waiting));
        assertThat(refusal.outcome()).isEqualTo(Outcome.NOT_APPLIED);
        assertThat(drill.open().tenant(Drill.TENANT).orElseThrow().total("view"))
                .isZero();
    }

    @Test
    @DisplayName("R-13: while writers write, close answers every one of them, and what was acknowledged is there")
    void closesUnderLoad() throws Exception {
        for (int round = 0; round < 8; round++) {
            Drill loaded = new Drill(directory.resolve("round" + round));
            Tidal busy = loaded.durableOn(new ThreadLoops()).open();
            Tenant target = busy.createTenant(Drill.CONFIG);
            AtomicLong acknowledged = new AtomicLong();
            CountDownLatch running = new CountDownLatch(8);
            ExecutorService writers = Executors.newFixedThreadPool(8);
            List<Future<TidalException>> ends = new ArrayList<>();
            for (int writer = 0; writer < 8; writer++) {
                boolean waits = writer % 2 == 0;
                ends.add(writers.submit(() -> writeUntilRefused(target, waits, running, acknowledged)));
            }
            running.await();
            if (round % 2 == 0) {
                busy.close();
            } else {
                busy.abandon();
            }
            for (Future<TidalException> end : ends) {
                assertThat(end.get().code()).isEqualTo(ErrorCode.CLOSED);
            }
            writers.shutdown();
            Tidal again = loaded.open();
            assertThat(again.tenant(Drill.TENANT).orElseThrow().total("view")).isEqualTo(acknowledged.get());
            again.close();
        }
    }

    private static TidalException writeUntilRefused(
            Tenant target, boolean waits, CountDownLatch running, AtomicLong acknowledged) {
        try {
            while (true) {
                if (waits) {
                    target.recordAll(ONE);
                } else {
                    Drill.join(target.recordAllAsync(ONE, WriteOptions.DEFAULT));
                }
                acknowledged.incrementAndGet();
                running.countDown();
            }
        } catch (TidalException e) {
            return e;
        }
    }

    @Test
    @DisplayName("stages complete on a callback thread, from which the application may write again")
    void callbacks() throws Exception {
        tidal.close();
        tidal = drill.durableOn(new ThreadLoops()).open();
        tenant = tidal.tenant(Drill.TENANT).orElseThrow();
        CompletableFuture<String> thread = tenant.recordAllAsync(ONE, WriteOptions.DEFAULT)
                .thenApply(position -> {
                    tenant.recordAll(ONE);
                    return Thread.currentThread().getName();
                })
                .toCompletableFuture();
        assertThat(thread.get()).isIn("tidal-callback", Thread.currentThread().getName());
        assertThat(tenant.total("view")).isEqualTo(2);
        tidal.close();
    }
}
