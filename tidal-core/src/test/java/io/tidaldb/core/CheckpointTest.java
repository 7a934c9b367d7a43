package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.embedded.Replicas;
import io.tidaldb.core.ingest.Digests;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.runtime.LoopBody;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopHandle;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.runtime.ThreadLoops;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Checkpoints")
class CheckpointTest {

    @TempDir
    Path directory;

    private static TenantShard slot(Tenant of) {
        return ((EmbeddedTenant) of).state().slots().get(0);
    }

    private static CompletableFuture<Void> begin(Tidal tidal) {
        return Replicas.beginCheckpoint(tidal);
    }

    private static Path file(Drill drill, TenantId of) {
        return drill.directory().resolve("tenants/" + of.value() + "/snapshots/checkpoint-s00000.ckpt");
    }

    private static void recordSome(Drill drill, Tenant on, SplittableRandom random, int writes) {
        for (int i = 0; i < writes; i++) {
            List<Signal> signals = new ArrayList<>();
            for (int n = 1 + random.nextInt(5); n > 0; n--) {
                int entity = random.nextInt(200);
                String type = random.nextBoolean() ? "view" : "like";
                double weight = random.nextDouble() * 10 - 3;
                signals.add((random.nextInt(4) == 0
                                ? Signal.of(type, "entity " + entity, weight)
                                : Signal.of(type, entity, weight))
                        .at(drill.clock.now().minusSeconds(random.nextInt(100_000))));
            }
            on.recordAll(signals, random.nextBoolean() ? Drill.keyed(random.nextLong()) : WriteOptions.DEFAULT);
            drill.clock.advance(Duration.ofSeconds(random.nextInt(100)));
        }
    }

    @Test
    @DisplayName("R-14: a checkpoint holds the state at its position, whatever is committed before it is written")
    void holdsTheStateAtItsPosition() {
        for (int seed = 1; seed <= 30; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Drill drill = new Drill(directory.resolve("seed-" + seed));
            Tidal tidal = drill.durable().retention(Duration.ZERO).open();
            Tenant tenant = tidal.createTenant(Drill.CONFIG);
            recordSome(drill, tenant, random, random.nextInt(1, 40));
            drill.loops.holdBackground();
            for (int round = 0; round < 3; round++) {
                Map<String, String> then = Digests.whole(slot(tenant));
                CompletableFuture<Void> checkpoint = begin(tidal);
                recordSome(drill, tenant, random, random.nextInt(1, 40));
                assertThat(checkpoint).isNotDone();
                assertThat(drill.loops.stepBackground()).isTrue();
                assertThat(checkpoint).isCompleted();
                assertThat(Digests.ofCheckpoint(file(drill, Drill.TENANT), slot(tenant)))
                        .as("seed %s", seed)
                        .isEqualTo(then)
                        .isNotEqualTo(Digests.whole(slot(tenant)));
            }
            Map<String, String> last = Digests.whole(slot(tenant));
            tidal.abandon();
            drill.loops.releaseBackground();
            Tidal again = drill.open();
            Tenant same = again.tenant(Drill.TENANT).orElseThrow();
            assertThat(Digests.whole(slot(same))).as("seed %s", seed).isEqualTo(last);
            assertThat(Digests.replayedBytes(slot(same))).isPositive();
            again.close();
        }
    }

    @Test
    @DisplayName("a slot has one at a time, and one that is asked for meanwhile holds what came meanwhile")
    void oneAtATime() {
        Drill drill = new Drill(directory);
        Tidal tidal = drill.open();
        Tenant tenant = tidal.createTenant(Drill.CONFIG);
        tenant.record("view", 1, 1);
        drill.loops.holdBackground();
        CompletableFuture<Void> first = begin(tidal);
        tenant.record("view", 2, 1);
        CompletableFuture<Void> second = begin(tidal);
        assertThat(drill.loops.stepBackground()).isTrue();
        assertThat(first).isCompleted();
        assertThat(second).isNotDone();
        assertThat(drill.loops.stepBackground()).isTrue();
        assertThat(second).isCompleted();
        assertThat(Digests.ofCheckpoint(file(drill, Drill.TENANT), slot(tenant)))
                .isEqualTo(Digests.whole(slot(tenant)));
        assertThat(drill.loops.stepBackground()).isFalse();
        tidal.close();
    }

    @Test
    @DisplayName("a close writes what was asked for and has not begun")
    void close() {
        Drill drill = new Drill(directory);
        Tidal tidal = drill.open();
        List<Tenant> tenants = List.of(
                tidal.createTenant(Drill.CONFIG),
                tidal.createTenant(TenantConfig.builder(TenantId.of(43)).build()));
        tenants.forEach(each -> each.record("view", 1, 1));
        drill.loops.holdBackground();
        CompletableFuture<Void> checkpoint = begin(tidal);
        tidal.close();
        assertThat(checkpoint).isCompleted();
        drill.loops.releaseBackground();
        Tidal again = drill.open();
        assertThat(again.tenants()).hasSize(2).allSatisfy(each -> {
            assertThat(each.total("view")).isOne();
            assertThat(Digests.replayedBytes(slot(each))).isZero();
        });
        again.close();
    }

    @Test
    @DisplayName("a deletion waits for it, and nothing of the tenant comes back")
    void deletion() {
        GatedLoops loops = new GatedLoops();
        Drill drill = new Drill(directory);
        Tidal tidal = drill.durableOn(loops).open();
        Tenant tenant = tidal.createTenant(Drill.CONFIG);
        Drill.join(tenant.recordAllAsync(List.of(Signal.of("view", 1, 1)), WriteOptions.DEFAULT));
        CompletableFuture<Void> checkpoint = begin(tidal);
        loops.entered.join();
        CompletableFuture<Void> deletion = CompletableFuture.runAsync(() -> tidal.deleteTenant(Drill.TENANT));
        while (tidal.tenant(Drill.TENANT).isPresent()) {
            Thread.onSpinWait();
        }
        loops.gate.complete(null);
        deletion.join();
        checkpoint.join();
        assertThat(directory.resolve("tenants/42")).doesNotExist();
        tidal.close();
        assertThat(directory.resolve("tenants/42")).doesNotExist();
    }

    /** Threads, of which those in the background stop before their first work until they are let go. */
    private static final class GatedLoops implements LoopFactory {

        private final LoopFactory threads = new ThreadLoops();
        private final CompletableFuture<Void> entered = new CompletableFuture<>();
        private final CompletableFuture<Void> gate = new CompletableFuture<>();

        @Override
        public LoopHandle start(String role, LoopBody body) {
            return threads.start(role, body);
        }

        @Override
        public CallbackExecutor callbacks(String role) {
            return threads.callbacks(role);
        }

        @Override
        public LoopScheduler scheduler(String role) {
            return threads.scheduler(role);
        }

        @Override
        public BackgroundExecutor background(String role) {
            BackgroundExecutor thread = threads.background(role);
            return new BackgroundExecutor() {
                @Override
                public void execute(Runnable task) {
                    thread.execute(() -> {
                        entered.complete(null);
                        gate.join();
                        task.run();
                    });
                }

                @Override
                public void close() {
                    thread.close();
                }
            };
        }
    }

    @Test
    @DisplayName("a crash drops it, and whoever waits is told")
    void abandon() {
        Drill drill = new Drill(directory);
        Tidal tidal = drill.open();
        Tenant tenant = tidal.createTenant(Drill.CONFIG);
        tenant.record("view", 1, 1);
        drill.loops.holdBackground();
        CompletableFuture<Void> checkpoint = begin(tidal);
        tidal.abandon();
        Drill.fails(ErrorCode.CLOSED, () -> ((Instance) tidal).await(checkpoint));
        drill.loops.releaseBackground();
        assertThat(file(drill, Drill.TENANT)).doesNotExist();
        Tidal again = drill.open();
        assertThat(again.tenant(Drill.TENANT).orElseThrow().total("view")).isOne();
        again.close();
    }

    @Test
    @DisplayName("a write that fails leaves the slot as it is, gives its space back, and can be tried again")
    void failedWrite() throws IOException {
        Drill drill = new Drill(directory);
        Tidal tidal = drill.open();
        Tenant tenant = tidal.createTenant(Drill.CONFIG);
        tenant.record("view", 1, 1);
        Path temporary = file(drill, Drill.TENANT).resolveSibling("checkpoint-s00000.ckpt.tmp");
        Files.createDirectories(temporary.resolve("in-the-way"));
        Drill.fails(ErrorCode.STORAGE_FULL, tidal::checkpoint);
        tenant.record("view", 2, 1);
        Files.delete(temporary.resolve("in-the-way"));
        Files.delete(temporary);
        tidal.checkpoint();
        assertThat(Digests.ofCheckpoint(file(drill, Drill.TENANT), slot(tenant)))
                .isEqualTo(Digests.whole(slot(tenant)));
        assertThat(temporary).doesNotExist();
        tidal.close();
    }

    @Test
    @DisplayName("one is due when the log has grown, and after a failure when it has grown as much again")
    void automatic() throws IOException {
        Drill drill = new Drill(directory);
        Tidal tidal = drill.open();
        Tenant tenant = tidal.createTenant(Drill.CONFIG);
        Path file = file(drill, Drill.TENANT);
        Path inTheWay = file.resolveSibling("checkpoint-s00000.ckpt.tmp").resolve("in-the-way");
        Files.createDirectories(inTheWay);
        grow(tenant);
        assertThat(file).doesNotExist();
        Files.delete(inTheWay);
        Files.delete(inTheWay.getParent());
        tenant.record("view", 1, 1);
        assertThat(file).doesNotExist();
        grow(tenant);
        assertThat(file).exists();
        tidal.abandon();
    }

    /** Writes a little more than the growth after which a checkpoint is due. */
    private static void grow(Tenant tenant) {
        List<Signal> signals = new ArrayList<>();
        for (int i = 0; i < 50_000; i++) {
            signals.add(Signal.of("view", i, 1));
        }
        long end = tenant.usage().storageBytes() + (64 << 20);
        while (tenant.usage().storageBytes() < end) {
            tenant.recordAll(signals, WriteOptions.DEFAULT);
        }
    }
}
