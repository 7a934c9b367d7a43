package io.tidaldb.api.limit;

import io.tidaldb.api.TenantId;

/**
 * What a limiter is to enforce.
 *
 * @param permitsPerSecond above 0
 * @param burst the most permits that the bucket holds, 1 or more; it is full at creation
 * @param nowNanos the monotonic time of creation
 */
public record RateLimiterContext(TenantId tenant, double permitsPerSecond, double burst, long nowNanos) {}
