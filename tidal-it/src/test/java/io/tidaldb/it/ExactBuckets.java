package io.tidaldb.it;

import io.tidaldb.api.Spi;
import io.tidaldb.api.limit.RateLimiter;
import io.tidaldb.api.limit.RateLimiterContext;
import io.tidaldb.api.limit.RateLimiterFactory;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

/** The rate limiter "exact-bucket", another than the built-in one: a bucket that counts in decimal fractions, slowly and without rounding. */
public final class ExactBuckets implements RateLimiterFactory {

    static final String NAME = "exact-bucket";

    /** For the service loader. */
    public ExactBuckets() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public RateLimiter create(RateLimiterContext context) {
        return new Bucket(context);
    }

    /** What is in the bucket at a time. */
    private record Level(BigDecimal permits, long nanos) {}

    private static final class Bucket implements RateLimiter {

        private final BigDecimal perNano;
        private final BigDecimal burst;
        private final AtomicReference<Level> level;

        Bucket(RateLimiterContext context) {
            perNano = new BigDecimal(Double.toString(context.permitsPerSecond())).movePointLeft(9);
            burst = new BigDecimal(context.burst());
            level = new AtomicReference<>(new Level(burst, context.nowNanos()));
        }

        private Level at(Level before, long nowNanos) {
            long passed = nowNanos - before.nanos;
            return passed <= 0
                    ? before
                    : new Level(
                            before.permits
                                    .add(perNano.multiply(BigDecimal.valueOf(passed)))
                                    .min(burst),
                            nowNanos);
        }

        @Override
        public long tryAcquire(long permits, long nowNanos) {
            BigDecimal wanted = BigDecimal.valueOf(permits);
            if (wanted.compareTo(burst) > 0) {
                return NEVER;
            }
            while (true) {
                Level before = Objects.requireNonNull(level.get());
                Level now = at(before, nowNanos);
                BigDecimal left = now.permits.subtract(wanted);
                Level next = left.signum() < 0 ? now : new Level(left, now.nanos);
                if (level.compareAndSet(before, next)) {
                    return left.signum() >= 0
                            ? GRANTED
                            : left.negate()
                                    .divide(perNano, 0, RoundingMode.CEILING)
                                    .min(BigDecimal.valueOf(NEVER - 1))
                                    .longValueExact();
                }
            }
        }

        @Override
        public void refund(long permits) {
            level.updateAndGet(before ->
                    new Level(before.permits.add(BigDecimal.valueOf(permits)).min(burst), before.nanos));
        }

        @Override
        public double available(long nowNanos) {
            return at(Objects.requireNonNull(level.get()), nowNanos).permits.doubleValue();
        }
    }
}
