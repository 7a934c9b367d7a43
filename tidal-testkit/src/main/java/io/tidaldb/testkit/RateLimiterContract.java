package io.tidaldb.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tidaldb.api.Spi;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.limit.RateLimiter;
import io.tidaldb.api.limit.RateLimiterContext;
import io.tidaldb.api.limit.RateLimiterFactory;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What every {@link RateLimiter} promises, in virtual time. */
@Tag("R-21")
public abstract class RateLimiterContract {

    private static final long SECOND = 1_000_000_000L;
    private static final long MILLISECOND = 1_000_000L;
    // Monotonic clocks may begin anywhere, below zero too.
    private static final long START = -5_000_000_000_000L;

    /** Creates the suite. */
    protected RateLimiterContract() {}

    /** Returns the factory under test. */
    protected abstract RateLimiterFactory factory();

    @Test
    void factoryHasAProperNameAndStatesItsVersions() {
        assertThat(factory().name()).matches("[a-z0-9-]{1,32}");
        assertThat(factory().spiVersion()).isEqualTo(Spi.VERSION);
        assertThat(factory().version()).isNotBlank();
    }

    @Test
    @DisplayName(
            "R-21: at 100/s with a burst of 200, 200 pass at once, the 201st is refused, one more passes after 10 ms")
    void holdsItsBurstAndRefillsAtItsRate() {
        RateLimiter limiter = limiter(100, 200);
        for (int i = 0; i < 200; i++) {
            assertThat(limiter.tryAcquire(1, START)).isEqualTo(RateLimiter.GRANTED);
        }
        assertThat(limiter.tryAcquire(1, START)).isEqualTo(10 * MILLISECOND);
        assertThat(limiter.tryAcquire(1, START + 10 * MILLISECOND - 1)).isEqualTo(1);
        assertThat(limiter.tryAcquire(1, START + 10 * MILLISECOND)).isEqualTo(RateLimiter.GRANTED);
        assertThat(limiter.tryAcquire(1, START + 10 * MILLISECOND)).isEqualTo(10 * MILLISECOND);
    }

    @Test
    @DisplayName("R-21: the bucket is full at creation and never holds more than its burst")
    void neverHoldsMoreThanItsBurst() {
        RateLimiter limiter = limiter(100, 50);
        assertThat(limiter.available(START)).isCloseTo(50, within(1e-6));
        assertThat(grants(limiter, START, 100)).isEqualTo(50);
        assertThat(grants(limiter, START + 3_600 * SECOND, 100)).isEqualTo(50);
        assertThat(limiter.available(START + 3_600 * SECOND)).isCloseTo(0, within(1e-6));
    }

    @Test
    @DisplayName("R-21: permits are taken all or none")
    void takesAllOrNone() {
        RateLimiter limiter = limiter(10, 10);
        assertThat(limiter.tryAcquire(7, START)).isEqualTo(RateLimiter.GRANTED);
        assertThat(limiter.tryAcquire(4, START)).isEqualTo(SECOND / 10);
        assertThat(limiter.tryAcquire(3, START)).isEqualTo(RateLimiter.GRANTED);
    }

    @Test
    void refusalTakesNothing() {
        RateLimiter limiter = limiter(100, 10);
        grants(limiter, START, 10);
        for (int i = 0; i < 1_000; i++) {
            assertThat(limiter.tryAcquire(10, START)).isEqualTo(100 * MILLISECOND);
        }
        assertThat(limiter.tryAcquire(10, START + 100 * MILLISECOND)).isEqualTo(RateLimiter.GRANTED);
    }

    @Test
    @DisplayName("R-21: the wait that a refusal names is exact")
    void namedWaitIsExact() {
        for (double rate : List.of(0.001, 0.1, 1.0 / 3, 1.0, 7.0, 100.0, 12_345.678, 1e6, 1e9, 3e9, 1e12)) {
            RateLimiter limiter = limiter(rate, Math.max(1, rate));
            Random random = new Random(1);
            long most = (long) Math.max(1, rate);
            long now = START;
            for (int i = 0; i < 200; i++) {
                long permits = 1 + Math.floorMod(random.nextLong(), most);
                long wait = limiter.tryAcquire(permits, now);
                if (wait == RateLimiter.GRANTED) {
                    continue;
                }
                assertThat(wait).as("rate %s", rate).isPositive().isLessThan(RateLimiter.NEVER);
                if (wait > 100) {
                    // "Not much earlier": a part in a million, or the rounding of rates above one permit a nanosecond.
                    assertThat(limiter.tryAcquire(permits, now + wait - wait / 1_000_000 - 2))
                            .as("rate %s", rate)
                            .isPositive();
                }
                now += wait;
                assertThat(limiter.tryAcquire(permits, now)).as("rate %s", rate).isEqualTo(RateLimiter.GRANTED);
            }
        }
    }

    @Test
    @DisplayName("R-21: never grants more than the burst plus the rate times the time")
    void neverGrantsMoreThanItsBound() {
        for (double rate : List.of(0.001, 0.3, 1.0 / 3, 1.0, 99.9, 1e5, 123_456.789, 1e9, 1e12)) {
            for (double burst : List.of(1.0, 1.5, 200.0, 1e9)) {
                RateLimiter limiter = limiter(rate, burst);
                Random random = new Random(7);
                long now = START;
                long granted = 0;
                for (int i = 0; i < 2_000; i++) {
                    now += (long) (random.nextDouble() * 3 * SECOND / Math.max(rate, 1e-3));
                    long permits = 1 + (long) (random.nextDouble() * Math.min(burst, 1e6) / 3);
                    if (limiter.tryAcquire(permits, now) == RateLimiter.GRANTED) {
                        granted += permits;
                    }
                    BigDecimal bound = new BigDecimal(Double.toString(rate))
                            .multiply(BigDecimal.valueOf(now - START))
                            .movePointLeft(9)
                            .add(new BigDecimal(burst));
                    assertThat(new BigDecimal(granted))
                            .as("rate %s burst %s", rate, burst)
                            .isLessThanOrEqualTo(bound);
                }
            }
        }
    }

    @Test
    @DisplayName("R-21: a steady caller gets the whole rate over a long time")
    void losesNothingOverALongTime() {
        RateLimiter limiter = limiter(1_000, 1);
        long granted = 0;
        for (int i = 0; i < 100_000; i++) {
            granted += limiter.tryAcquire(1, START + i * MILLISECOND) == RateLimiter.GRANTED ? 1 : 0;
        }
        assertThat(granted).isEqualTo(100_000);
    }

    @Test
    @DisplayName("R-21: exact under contention: eight threads obtain what the bucket holds, not one more or less")
    void exactUnderContention() throws Exception {
        RateLimiter limiter = limiter(1_000, 50_000);
        AtomicLong granted = new AtomicLong();
        inThreads(8, () -> {
            for (int i = 0; i < 20_000; i++) {
                if (limiter.tryAcquire(1, START) == RateLimiter.GRANTED) {
                    granted.incrementAndGet();
                }
            }
        });
        assertThat(granted).hasValue(50_000);
    }

    @Test
    @DisplayName("R-21: exact under contention while the time goes on")
    void exactUnderContentionWhileTimeGoesOn() throws Exception {
        RateLimiter limiter = limiter(1_000_000, 100);
        AtomicLong clock = new AtomicLong(START);
        AtomicLong granted = new AtomicLong();
        inThreads(8, () -> {
            for (int i = 0; i < 20_000; i++) {
                if (limiter.tryAcquire(1, clock.addAndGet(100)) == RateLimiter.GRANTED) {
                    granted.incrementAndGet();
                }
            }
        });
        // 160,000 steps of 100 ns at one permit per 1,000 ns.
        assertThat(granted.get()).isBetween(15_900L, 16_100L);
    }

    @Test
    void requestBeyondTheBurstCanNeverBeGranted() {
        RateLimiter limiter = limiter(100, 200);
        assertThat(limiter.tryAcquire(201, START)).isEqualTo(RateLimiter.NEVER);
        assertThat(limiter.tryAcquire(Long.MAX_VALUE, START)).isEqualTo(RateLimiter.NEVER);
        assertThat(limiter.tryAcquire(200, START)).isEqualTo(RateLimiter.GRANTED);
    }

    @Test
    void refundGivesBackAndNeverLiftsOverTheBurst() {
        RateLimiter limiter = limiter(100, 10);
        grants(limiter, START, 10);
        limiter.refund(4);
        assertThat(grants(limiter, START, 10)).isEqualTo(4);
        limiter.refund(10);
        limiter.refund(10);
        assertThat(grants(limiter, START, 100)).isEqualTo(10);
        limiter.refund(3);
        assertThat(grants(limiter, START + SECOND, 100)).isEqualTo(10);
    }

    @Test
    void earlierTimeCountsAsTheLatestPassed() {
        RateLimiter limiter = limiter(100, 10);
        grants(limiter, START, 10);
        assertThat(limiter.tryAcquire(1, START - SECOND)).isEqualTo(10 * MILLISECOND);
        assertThat(limiter.tryAcquire(1, START + 50 * MILLISECOND)).isEqualTo(RateLimiter.GRANTED);
        assertThat(grants(limiter, START, 10)).isEqualTo(4);
        assertThat(limiter.tryAcquire(1, START)).isEqualTo(10 * MILLISECOND);
    }

    @Test
    void availableShowsWhatCanBeTakenAndTakesNothing() {
        RateLimiter limiter = limiter(10, 10);
        grants(limiter, START, 10);
        assertThat(limiter.available(START)).isCloseTo(0, within(1e-6));
        assertThat(limiter.available(START + SECOND / 2)).isCloseTo(5, within(1e-6));
        assertThat(limiter.available(START + 100 * SECOND)).isCloseTo(10, within(1e-6));
        assertThat(limiter.tryAcquire(10, START + SECOND)).isEqualTo(RateLimiter.GRANTED);
    }

    @Test
    void fullAfterALongIdleTime() {
        for (double rate : List.of(0.001, 100.0, 1e9, 1e12)) {
            RateLimiter limiter = limiter(rate, 100);
            assertThat(grants(limiter, START, 100)).isEqualTo(100);
            long century = 100L * 365 * 86_400 * SECOND;
            assertThat(grants(limiter, START + century, 100))
                    .as("rate %s", rate)
                    .isEqualTo(100);
            assertThat(limiter.available(START + century)).isCloseTo(0, within(1e-3));
        }
    }

    @Test
    @DisplayName("R-25: exhausting one tenant's limiter a thousand times changes nothing for another's")
    void limitersAreIndependent() {
        RateLimiter noisy = limiter(10, 10);
        RateLimiter quiet = limiter(10, 10);
        for (int i = 0; i < 1_000; i++) {
            grants(noisy, START, 11);
        }
        assertThat(quiet.available(START)).isCloseTo(10, within(1e-6));
        assertThat(grants(quiet, START, 11)).isEqualTo(10);
    }

    private RateLimiter limiter(double rate, double burst) {
        return factory().create(new RateLimiterContext(TenantId.of(1), rate, burst, START));
    }

    private static long grants(RateLimiter limiter, long now, int attempts) {
        long granted = 0;
        for (int i = 0; i < attempts; i++) {
            granted += limiter.tryAcquire(1, now) == RateLimiter.GRANTED ? 1 : 0;
        }
        return granted;
    }

    private static void inThreads(int count, Runnable work) throws InterruptedException, ExecutionException {
        ExecutorService threads = Executors.newFixedThreadPool(count);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                running.add(threads.submit(work));
            }
            for (Future<?> thread : running) {
                thread.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
