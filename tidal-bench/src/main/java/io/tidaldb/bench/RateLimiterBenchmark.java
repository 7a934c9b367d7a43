package io.tidaldb.bench;

import com.google.common.util.concurrent.RateLimiter;
import io.github.bucket4j.Bucket;
import io.github.resilience4j.ratelimiter.RateLimiterConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.limit.RateLimiterContext;
import io.tidaldb.core.quota.TokenBucketLimiterFactory;
import java.time.Duration;
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
 * One bucket, shared by all threads, asked with a time that the caller has, or with the clock; and its peers, which read the clock
 * themselves. Hypothesis: a permit costs about a compare-and-swap and less than reading the clock would; a refusal writes nothing, so
 * that threads do not get into each other's way; nothing is allocated.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class RateLimiterBenchmark {

    private static final double MOST = 1e12;
    /** Bucket4j adds a token a nanosecond at most. */
    private static final long MOST_OF_PEERS = 1_000_000_000;

    private static final Duration LONG = Duration.ofDays(1);

    private final AtomicLong word = new AtomicLong();
    private io.tidaldb.api.limit.RateLimiter open = limiter(MOST, MOST);
    private io.tidaldb.api.limit.RateLimiter empty = limiter(1, 1);
    private Bucket openBucket4j = bucket4j(MOST_OF_PEERS, Duration.ofSeconds(1));
    private Bucket emptyBucket4j = bucket4j(1, LONG);
    private RateLimiter openGuava = RateLimiter.create(MOST_OF_PEERS);
    private RateLimiter emptyGuava = RateLimiter.create(1.0 / LONG.toSeconds());
    private io.github.resilience4j.ratelimiter.RateLimiter openResilience4j =
            resilience4j(Integer.MAX_VALUE, Duration.ofSeconds(1));
    private io.github.resilience4j.ratelimiter.RateLimiter emptyResilience4j = resilience4j(1, LONG);

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
        openBucket4j = bucket4j(MOST_OF_PEERS, Duration.ofSeconds(1));
        emptyBucket4j = bucket4j(1, LONG);
        openGuava = RateLimiter.create(MOST_OF_PEERS);
        emptyGuava = RateLimiter.create(1.0 / LONG.toSeconds());
        openResilience4j = resilience4j(Integer.MAX_VALUE, Duration.ofSeconds(1));
        emptyResilience4j = resilience4j(1, LONG);
        if (!emptyBucket4j.tryConsume(1) || !emptyGuava.tryAcquire() || !emptyResilience4j.acquirePermission()) {
            throw new IllegalStateException("a full bucket refuses");
        }
    }

    private static io.tidaldb.api.limit.RateLimiter limiter(double rate, double burst) {
        return new TokenBucketLimiterFactory().create(new RateLimiterContext(TenantId.of(1), rate, burst, 0));
    }

    private static Bucket bucket4j(long tokens, Duration period) {
        return Bucket.builder()
                .withNanosecondPrecision()
                .addLimit(limit -> limit.capacity(tokens).refillGreedy(tokens, period))
                .build();
    }

    private static io.github.resilience4j.ratelimiter.RateLimiter resilience4j(int permits, Duration period) {
        return io.github.resilience4j.ratelimiter.RateLimiter.of(
                "bench",
                RateLimiterConfig.custom()
                        .limitForPeriod(permits)
                        .limitRefreshPeriod(period)
                        .timeoutDuration(Duration.ZERO)
                        .build());
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

    /** The limit of a limiter that reads the clock and keeps one shared word. */
    @Benchmark
    public long clockAndCompareAndSet() {
        long now = System.nanoTime();
        long before = word.get();
        while (!word.compareAndSet(before, now)) {
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

    /** A permit now. */
    @Benchmark
    public long grantByClock() {
        return open.tryAcquire(1, System.nanoTime());
    }

    /** A permit of Bucket4j's lock-free bucket. */
    @Benchmark
    public boolean grantBucket4j() {
        return openBucket4j.tryConsume(1);
    }

    /** A permit of Guava's. */
    @Benchmark
    public boolean grantGuava() {
        return openGuava.tryAcquire();
    }

    /** A permit of Resilience4j's. */
    @Benchmark
    public boolean grantResilience4j() {
        return openResilience4j.acquirePermission();
    }

    /** A refusal, with the wait computed. */
    @Benchmark
    public long refuse() {
        return empty.tryAcquire(1, 1000);
    }

    /** A refusal of Bucket4j's lock-free bucket, without the wait. */
    @Benchmark
    public boolean refuseBucket4j() {
        return emptyBucket4j.tryConsume(1);
    }

    /** A refusal of Guava's. */
    @Benchmark
    public boolean refuseGuava() {
        return emptyGuava.tryAcquire();
    }

    /** A refusal of Resilience4j's. */
    @Benchmark
    public boolean refuseResilience4j() {
        return emptyResilience4j.acquirePermission();
    }
}
