package io.tidaldb.core.ingest;

import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.limit.RateLimiter;
import io.tidaldb.api.limit.RateLimiterContext;
import io.tidaldb.api.limit.RateLimiterFactory;
import io.tidaldb.core.quota.StaggeredWaits;
import java.time.Duration;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * How fast a tenant may write: at most its rate, and at least its reserve when a node has more to do than it can. Safe for any number of
 * threads.
 */
public final class RateQuota {

    private static final double DEFAULT_BURST_SECONDS = 2;
    private static final double NANOS_PER_SECOND = 1e9;

    private final TenantId tenant;
    private final OptionalDouble rate;
    private final OptionalDouble reservedRate;
    private final double burst;
    private final @Nullable RateLimiter limiter;
    private final @Nullable RateLimiter reserve;
    private final StaggeredWaits waits;

    /** Creates the buckets of a tenant, full. */
    public RateQuota(TenantConfig config, RateLimiterFactory limiters, long nowNanos) {
        tenant = config.id();
        rate = config.maxSignalsPerSecond();
        reservedRate = config.reservedSignalsPerSecond();
        burst = burst(config);
        limiter = rate.isEmpty()
                ? null
                : limiters.create(new RateLimiterContext(tenant, rate.getAsDouble(), burst, nowNanos));
        // Holds one second, so that a tenant that writes at its reserve is covered however its writes are bunched.
        reserve = reservedRate.isEmpty()
                ? null
                : limiters.create(new RateLimiterContext(
                        tenant, reservedRate.getAsDouble(), Math.max(1, reservedRate.getAsDouble()), nowNanos));
        waits = new StaggeredWaits(nowNanos);
    }

    private static double burst(TenantConfig config) {
        return config.burst()
                .orElse(Math.max(
                        1, DEFAULT_BURST_SECONDS * config.maxSignalsPerSecond().orElse(0)));
    }

    /** Returns whether a configuration asks for these very quotas, so that their buckets can stay as full as they are. */
    public boolean serves(TenantConfig config) {
        return rate.equals(config.maxSignalsPerSecond())
                && reservedRate.equals(config.reservedSignalsPerSecond())
                && burst == burst(config);
    }

    /** Takes permits for a write, all of them; otherwise takes none and returns why and when to come back. */
    public @Nullable QuotaExceededException take(long signals, long nowNanos) {
        if (limiter == null) {
            return null;
        }
        long wait = limiter.tryAcquire(signals, nowNanos);
        return wait == RateLimiter.GRANTED ? null : refusal(limiter, signals, wait, nowNanos);
    }

    private QuotaExceededException refusal(RateLimiter by, long signals, long wait, long nowNanos) {
        double available = by.available(nowNanos);
        double limit = rate.orElse(0);
        boolean never = wait == RateLimiter.NEVER;
        QuotaExceededException.Cause cause = never
                ? QuotaExceededException.Cause.NEVER
                : available >= 1 ? QuotaExceededException.Cause.BURST : QuotaExceededException.Cause.RATE;
        return new QuotaExceededException(
                tenant,
                QuotaExceededException.Quota.SIGNALS_PER_SECOND,
                cause,
                limit,
                burst,
                signals,
                available,
                never
                        ? null
                        : Duration.ofNanos(waits.next(wait, (long) (signals * NANOS_PER_SECOND / limit), nowNanos)));
    }

    /** Takes what there is: another node has counted until now, and may have granted it. */
    public void drain(long nowNanos) {
        if (limiter != null) {
            var unused = limiter.tryAcquire(Math.max(1, (long) limiter.available(nowNanos)), nowNanos);
        }
    }

    /** Gives back permits of a write that was refused after it had passed. */
    public void refund(long signals) {
        if (limiter != null) {
            limiter.refund(signals);
        }
    }

    /** Returns whether the tenant's reserve covers a write, and if so takes it from there. */
    boolean reserves(long signals, long nowNanos) {
        return reserve != null && reserve.tryAcquire(signals, nowNanos) == RateLimiter.GRANTED;
    }
}
