package io.tidaldb.bench;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.routing.ShardRouter;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Entity to slot, tenant and entity to shard. Hypothesis: a hash and a division, a few nanoseconds at any number of slots; a tenant adds one
 * look-up, which costs what its cache misses cost and not more steps with more tenants; nothing is allocated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class RouterBenchmark {

    private static final long STRIDE = 0x9E3779B97F4A7C15L;
    private static final int TENANT_SLOTS = 3;
    private static final int DRAWN = 1 << 16;
    private static final int BATCH = 1_000;

    private long entity;

    /** Routers of one tenant. */
    @State(Scope.Thread)
    public static class Slots {

        /** Slots, and ranges of equal size. */
        @Param({"1", "3", "1024"})
        public int slots;

        private ShardRouter hashed = ShardRouter.single();
        private ShardRouter ranges = ShardRouter.single();

        /** Makes both routers. */
        @Setup
        public void route() {
            hashed = ShardRouter.hashed(slots);
            long width = Long.divideUnsigned(-1, slots);
            ranges = ShardRouter.ranges(IntStream.range(0, slots)
                    .mapToObj(slot ->
                            new ShardRouter.Range(slot * width, slot == slots - 1 ? -1 : (slot + 1) * width - 1, slot))
                    .toList());
        }
    }

    /** Tenants of one instance, in memory. */
    @State(Scope.Thread)
    public static class Tenants {

        /** How many. */
        @Param({"10", "1000", "100000"})
        public int tenants;

        private final ShardRouter router = ShardRouter.hashed(TENANT_SLOTS);
        private final Tidal tidal = Tidal.builder().open();
        private TenantId[] drawn = {};
        private int next;

        /**
         * Creates them, and draws by Zipf's law whose turn it is. The ids that are looked up are not the objects that the tenants have, as
         * they would not be when parsed.
         */
        @Setup
        public void create() {
            for (int first = 1; first <= tenants; first += BATCH) {
                tidal.createTenants(LongStream.range(first, Math.min(first + BATCH, tenants + 1L))
                        .mapToObj(id -> TenantConfig.builder(TenantId.of(id)).build())
                        .toList());
            }
            double[] cumulative = new double[tenants];
            for (int i = 0; i < tenants; i++) {
                cumulative[i] = (i == 0 ? 0 : cumulative[i - 1]) + 1.0 / (i + 1);
            }
            SplittableRandom random = new SplittableRandom(42);
            drawn = new TenantId[DRAWN];
            for (int i = 0; i < DRAWN; i++) {
                int found = Arrays.binarySearch(cumulative, random.nextDouble() * cumulative[tenants - 1]);
                drawn[i] = TenantId.of(1L + Math.min(tenants - 1, found < 0 ? -found - 1 : found));
            }
        }

        /** Closes the instance. */
        @TearDown
        public void close() {
            tidal.close();
        }

        private TenantId next() {
            next = (next + 1) % DRAWN;
            return drawn[next];
        }
    }

    /** What the loop around the others costs. */
    @Benchmark
    public long nothing() {
        return nextEntity();
    }

    /** By hash. */
    @Benchmark
    public int hashed(Slots router) {
        return router.hashed.slot(nextEntity());
    }

    /** By ranges. */
    @Benchmark
    public int ranges(Slots router) {
        return router.ranges.slot(nextEntity());
    }

    /** Tenant as an application finds it, and entity to one of three slots by hash. */
    @Benchmark
    public int tenant(Tenants tenants) {
        Tenant found = tenants.tidal.tenant(tenants.next()).orElseThrow();
        return found.placement().size() + tenants.router.slot(nextEntity());
    }

    private long nextEntity() {
        entity += STRIDE;
        return entity;
    }
}
