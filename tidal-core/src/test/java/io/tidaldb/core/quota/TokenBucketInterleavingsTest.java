package io.tidaldb.core.quota;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.limit.RateLimiter;
import io.tidaldb.core.Interleavings;
import org.jetbrains.kotlinx.lincheck.annotations.Operation;
import org.jetbrains.kotlinx.lincheck.annotations.Param;
import org.jetbrains.kotlinx.lincheck.paramgen.IntGen;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A token bucket")
class TokenBucketInterleavingsTest {

    /** What threads do with one of five permits at a moment at which none comes back by itself. */
    public static class Operations {

        private final TokenBucketLimiter bucket = new TokenBucketLimiter(TokenScale.of(1, 5), 0);

        @Operation
        public long acquire(@Param(gen = IntGen.class, conf = "1:3") int permits) {
            return bucket.tryAcquire(permits, 0);
        }

        @Operation
        public double available() {
            return bucket.available(0);
        }
    }

    /** What one thread is answered. */
    public static class OneThread {

        private int taken;

        public long acquire(int permits) {
            if (taken + permits > 5) {
                return (taken + permits - 5) * TokenBucketLimiter.SECOND;
            }
            taken += permits;
            return RateLimiter.GRANTED;
        }

        public double available() {
            return 5 - taken;
        }
    }

    /** The same with one that looks and takes in two steps. */
    public static class BrokenOperations {

        private volatile int left = 5;

        @Operation
        public boolean acquire(@Param(gen = IntGen.class, conf = "1:3") int permits) {
            int seen = left;
            if (seen < permits) {
                return false;
            }
            left = seen - permits;
            return true;
        }
    }

    @Test
    @DisplayName("grants what one thread after the other would have been granted, and says the same wait")
    void hasAnOrder() throws Exception {
        Interleavings.check(Operations.class, OneThread.class);
    }

    @Test
    @DisplayName("control: one that looks and takes in two steps is found out")
    void findsABrokenOne() throws Exception {
        assertThat(Interleavings.isFound(BrokenOperations.class)).isTrue();
    }
}
