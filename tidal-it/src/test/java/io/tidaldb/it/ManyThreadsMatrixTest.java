package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@EveryCell
@DisplayName("R-81: many threads on one instance")
class ManyThreadsMatrixTest {

    private static final int WRITERS = 8;
    private static final int TENANTS = 6;
    private static final int WRITES = 150;

    @TempDir
    Path directory;

    private final Cell cell;
    private final AtomicLongArray written = new AtomicLongArray(TENANTS);
    private final AtomicBoolean done = new AtomicBoolean();

    ManyThreadsMatrixTest(Cell cell) {
        this.cell = cell;
    }

    @Test
    @DisplayName(
            "R-13, R-16: totals are exact while others read, checkpoint, and create and delete tenants; also after a crash")
    void totalsAreExact() throws Exception {
        TidalBuilder builder =
                cell.builder(directory).topology(Topology.regions(2).shards(4)).signal("view", Duration.ofDays(7));
        Tidal tidal = builder.open();
        for (int id = 0; id < TENANTS; id++) {
            tidal.createTenant(
                    TenantConfig.builder(TenantId.of(id)).slots(1 + id % 4).build());
        }
        ExecutorService threads = Executors.newFixedThreadPool(WRITERS + 3);
        List<Future<?>> writers = new ArrayList<>();
        for (int writer = 0; writer < WRITERS; writer++) {
            int seed = writer;
            writers.add(threads.submit(() -> write(tidal, seed)));
        }
        List<Future<?>> others = List.of(
                threads.submit(until(() -> read(tidal))),
                threads.submit(until(() -> comeAndGo(tidal))),
                threads.submit(until(() -> tidal.checkpoint())));
        for (Future<?> writer : writers) {
            writer.get();
        }
        done.set(true);
        for (Future<?> other : others) {
            other.get();
        }
        threads.shutdown();

        assertTotals(tidal);
        tidal.abandon();
        try (Tidal again = builder.open()) {
            assertTotals(again);
        }
    }

    private Callable<Integer> until(Runnable action) {
        return () -> {
            int rounds = 0;
            do {
                action.run();
                rounds++;
            } while (!done.get());
            return rounds;
        };
    }

    private int write(Tidal tidal, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < WRITES; i++) {
            int id = random.nextInt(TENANTS);
            Tenant tenant = tidal.tenant(TenantId.of(id)).orElseThrow();
            List<Signal> signals = new ArrayList<>();
            for (int n = random.nextInt(1, 6); n > 0; n--) {
                signals.add(Signal.of("view", random.nextInt(50), 1));
            }
            WriteOptions options = WriteOptions.DEFAULT.with(new IdempotencyKey(seed, i));
            Position position = tenant.recordAll(signals, options);
            long entity = signals.get(0).entity().value();
            assertThat(tenant.read("view", entity, ReadOptions.DEFAULT.atLeast(position))
                            .count())
                    .isPositive();
            if (i % 5 == 0) {
                assertThat(tenant.recordAll(signals, options)).isEqualTo(position);
            }
            written.addAndGet(id, signals.size());
        }
        return WRITES;
    }

    private void read(Tidal tidal) {
        for (Tenant tenant : tidal.tenants()) {
            try {
                long before = tenant.total("view");
                assertThat(tenant.top("view", 10)).isSortedAccordingTo((a, b) -> Double.compare(b.score(), a.score()));
                assertThat(tenant.total("view")).isGreaterThanOrEqualTo(before);
            } catch (TidalException e) {
                // One of those that come and go.
                assertThat(e.code()).isEqualTo(ErrorCode.TENANT_NOT_FOUND);
            }
        }
        assertThat(tidal.health().tenants()).hasSizeGreaterThanOrEqualTo(TENANTS);
    }

    private void comeAndGo(Tidal tidal) {
        TenantId id = TenantId.of(100);
        Tenant tenant = tidal.createTenant(
                TenantConfig.builder(id).slots(3).label("comes and goes").build());
        assertThat(tenant.total("view")).isZero();
        tenant.recordAll(List.of(Signal.of("view", 1, 1), Signal.of("view", 2, 1), Signal.of("view", 3, 1)));
        assertThat(tenant.total("view")).isEqualTo(3);
        tidal.deleteTenant(id);
    }

    private void assertTotals(Tidal tidal) {
        for (int id = 0; id < TENANTS; id++) {
            Tenant tenant = tidal.tenant(TenantId.of(id)).orElseThrow();
            assertThat(tenant.total("view")).as("tenant %d", id).isEqualTo(written.get(id));
            long sum = 0;
            for (long entity = 0; entity < 50; entity++) {
                sum += tenant.read("view", entity, ReadOptions.DEFAULT).count();
            }
            assertThat(sum).as("tenant %d", id).isEqualTo(written.get(id));
        }
    }
}
