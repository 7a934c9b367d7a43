package io.tidaldb.it;

import io.tidaldb.api.limit.RateLimiterFactory;
import io.tidaldb.testkit.RateLimiterContract;

class ExactBucketsContractTest extends RateLimiterContract {

    @Override
    protected RateLimiterFactory factory() {
        return new ExactBuckets();
    }
}
