package io.tidaldb.bench;

import io.tidaldb.api.TenantId;
import io.tidaldb.api.limit.RateLimiter;
import io.tidaldb.api.limit.RateLimiterContext;
import io.tidaldb.core.quota.TokenBucketLimiterFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One bucket, shared by all threads, asked with a time that the caller has. Hypothesis: a permit costs about two compare-and-swaps and less
 * than reading the clock would; a refusal writes nothing, so that threads do not get into each other's way; nothing is allocated.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class RateLimiterBenchmark {

    private static final double MOST = 1e12;

    private final AtomicLong word = new AtomicLong();
    private RateLimiter open = limiter(MOST, MOST);
    private RateLimiter empty = limiter(1, 1);

    /** A thread's own time. */
    @State(Scope.Thread)
    public static class Time {

        private long nanos;
    }

    /** Fills one bucket, empties the other. */
    @Setup(Level.Iteration)
    public void fill() {
        open = limiter(MOST, MOST);
        empty = limiter(1, 1);
        empty.tryAcquire(1, 0);
    }

    private static RateLimiter limiter(double rate, double burst) {
        return new TokenBucketLimiterFactory().create(new RateLimiterContext(TenantId.of(1), rate, burst, 0));
    }

    /** The limit of a limiter that reads the clock. */
    @Benchmark
    public long nanoTime() {
        return System.nanoTime();
    }

    /** The limit of a limiter that keeps one shared word. */
    @Benchmark
    public long compareAndSet() {
        long before = word.get();
        while (!word.compareAndSet(before, before + 1)) {
            before = word.get();
        }
        return before;
    }

    /** A permit at a time that others asked with before, as in a batch that reads the clock once. */
    @Benchmark
    public long grantAtTheSameTime() {
        return open.tryAcquire(1, 0);
    }

    /** A permit at a time that has moved on. */
    @Benchmark
    public long grantAsTimePasses(Time time) {
        return open.tryAcquire(1, ++time.nanos);
    }

    /** A refusal, with the wait computed. */
    @Benchmark
    public long refuse() {
        return empty.tryAcquire(1, 1000);
    }
}
