package io.tidaldb.core.quota;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.TenantId;
import io.tidaldb.api.limit.RateLimiter;
import io.tidaldb.api.limit.RateLimiterContext;
import java.util.Comparator;
import java.util.PriorityQueue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class StaggeredWaitsTest {

    private static final long SECOND = 1_000_000_000L;

    private final RateLimiter limiter =
            new TokenBucketLimiterFactory().create(new RateLimiterContext(TenantId.of(1), 100, 200, 0));
    private final StaggeredWaits waits = new StaggeredWaits(0);

    @Test
    @Tag("F-02")
    @Tag("R-22")
    void callerThatWaitsAsToldIsNeverRefusedTwice() {
        limiter.tryAcquire(200, 0);
        long now = 0;
        for (int i = 0; i < 10_000; i++) {
            now += waits.next(limiter.tryAcquire(1, now), SECOND / 100, now);
            assertThat(limiter.tryAcquire(1, now)).isEqualTo(RateLimiter.GRANTED);
        }
        assertThat(now).isEqualTo(10_000 * (SECOND / 100));
    }

    @Test
    @Tag("F-02")
    void callersOfOneTenantComeBackOneAfterAnother() {
        limiter.tryAcquire(200, 0);
        PriorityQueue<Caller> callers = new PriorityQueue<>(Comparator.comparingLong(Caller::atNanos));
        for (int i = 0; i < 64; i++) {
            callers.add(new Caller(0, false));
        }
        int told = 0;
        int refusedAgain = 0;
        while (told < 10_000) {
            Caller caller = callers.remove();
            long now = caller.atNanos;
            long exact = limiter.tryAcquire(1, now);
            if (exact == RateLimiter.GRANTED) {
                callers.add(new Caller(now, false));
            } else {
                told++;
                refusedAgain += caller.waited ? 1 : 0;
                callers.add(new Caller(now + waits.next(exact, SECOND / 100, now), true));
            }
        }
        assertThat(refusedAgain).isLessThanOrEqualTo(told / 20);
    }

    @Test
    @Tag("F-02")
    void callersThatDoNotWaitPushNobodyFurtherThanTheBound() {
        limiter.tryAcquire(200, 0);
        for (int i = 0; i < 100_000; i++) {
            long exact = limiter.tryAcquire(1, i);
            assertThat(waits.next(exact, SECOND / 100, i)).isBetween(exact, exact + 256 * (SECOND / 100));
        }
    }

    private record Caller(long atNanos, boolean waited) {}
}
