package io.tidaldb.api.limit;

import io.tidaldb.api.PluginFactory;

/** Makes rate limiters, one for each tenant that has a rate. */
public interface RateLimiterFactory extends PluginFactory {

    /** Returns a new limiter, its bucket full. */
    RateLimiter create(RateLimiterContext context);
}
