package io.tidaldb.core.quota;

import io.tidaldb.api.Spi;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.limit.RateLimiter;
import io.tidaldb.api.limit.RateLimiterContext;
import io.tidaldb.api.limit.RateLimiterFactory;

/** Makes token buckets. */
public final class TokenBucketLimiterFactory implements RateLimiterFactory {

    /** For the service loader. */
    public TokenBucketLimiterFactory() {}

    @Override
    public String name() {
        return "token-bucket";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    /** @throws TidalException INVALID_ARGUMENT if the rate is not a number above 0 or the burst is below 1 */
    @Override
    public RateLimiter create(RateLimiterContext context) {
        double rate = context.permitsPerSecond();
        double burst = context.burst();
        if (!(rate > 0 && rate <= TokenScale.MAX_RATE) || !(burst >= 1 && burst <= TokenScale.MAX_BURST)) {
            throw TidalException.invalid("rate " + rate + "/s with burst " + burst + " of tenant " + context.tenant()
                    + " is out of range: expected a rate above 0 up to " + TokenScale.MAX_RATE
                    + " and a burst from 1 to "
                    + TokenScale.MAX_BURST);
        }
        return new TokenBucketLimiter(TokenScale.of(rate, burst), context.nowNanos());
    }
}
