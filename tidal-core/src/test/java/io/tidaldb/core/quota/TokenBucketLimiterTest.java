package io.tidaldb.core.quota;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.limit.RateLimiter;
import io.tidaldb.api.limit.RateLimiterContext;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class TokenBucketLimiterTest {

    @Test
    @DisplayName("R-22: neither a grant nor a refusal allocates")
    void allocatesNothing() {
        RateLimiter limiter = limiter(1_000, 10);
        long granted = run(limiter, 200_000);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        granted += run(limiter, 100_000);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(granted).isPositive();
        assertThat(allocated).isLessThan(100_000);
    }

    @Test
    void writtenRatesAreExact() {
        assertThat(TokenScale.of(0.1, 1)).isEqualTo(new TokenScale(10_000_000_010L, 1_000_000_001L, 10_000_000_010L));
        for (double rate : new double[] {0.001, 0.1, 1, 100, 12_345.678, 1e9, 1e12}) {
            TokenScale scale = TokenScale.of(rate, 1);
            assertThat((double) scale.unitsPerSecond() / scale.permitUnits()).isEqualTo(rate);
        }
    }

    @Test
    void refusesRatesAndBurstsThatMeanNothing() {
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> limiter(bad, 1)).isInstanceOf(TidalException.class);
            assertThatThrownBy(() -> limiter(1, bad)).isInstanceOf(TidalException.class);
        }
    }

    private static RateLimiter limiter(double rate, double burst) {
        return new TokenBucketLimiterFactory().create(new RateLimiterContext(TenantId.of(1), rate, burst, 0));
    }

    private static long run(RateLimiter limiter, int times) {
        long granted = 0;
        for (int i = 0; i < times; i++) {
            granted += limiter.tryAcquire(1 + i % 3, i * 100_000L) == RateLimiter.GRANTED ? 1 : 0;
        }
        return granted;
    }
}
