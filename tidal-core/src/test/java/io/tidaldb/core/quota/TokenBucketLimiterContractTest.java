package io.tidaldb.core.quota;

import io.tidaldb.api.limit.RateLimiterFactory;
import io.tidaldb.testkit.RateLimiterContract;

class TokenBucketLimiterContractTest extends RateLimiterContract {

    @Override
    protected RateLimiterFactory factory() {
        return new TokenBucketLimiterFactory();
    }
}
