package io.tidaldb.api;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A quota refused a write: which, why, by how much, and when to come back. Nothing was recorded. */
public final class QuotaExceededException extends TidalException {

    private static final long serialVersionUID = 1L;

    /** Which quota. */
    public enum Quota {
        /** Signals a second. */
        SIGNALS_PER_SECOND,
        /** Distinct entities. */
        ENTITIES,
        /** Bytes of log and snapshots. */
        STORAGE_BYTES
    }

    /** Why it refused. */
    public enum Cause {
        /** The bucket is empty; it refills. */
        RATE,
        /** The bucket holds too few permits for this write at once; it refills. */
        BURST,
        /** The entity cap is reached. */
        ENTITIES,
        /** The storage cap is reached. */
        STORAGE,
        /** The write is larger than the quota ever allows. */
        NEVER
    }

    private final TenantId tenant;
    private final Quota quota;
    private final Cause cause;
    private final double limit;
    private final double burst;
    private final long requested;
    private final double observed;
    private final @Nullable Duration retryAfter;

    /**
     * Creates a refusal.
     *
     * @param limit the configured limit, in the quota's unit
     * @param burst what the bucket holds at most; for a cap, the limit
     * @param requested what the write asked for
     * @param observed what was available (rate), or is used (caps)
     * @param retryAfter when the same write fits, or null if time alone does not help
     */
    public QuotaExceededException(
            TenantId tenant,
            Quota quota,
            Cause cause,
            double limit,
            double burst,
            long requested,
            double observed,
            @Nullable Duration retryAfter) {
        super(ErrorCode.QUOTA_EXCEEDED, "", false);
        this.tenant = tenant;
        this.quota = quota;
        this.cause = cause;
        this.limit = limit;
        this.burst = burst;
        this.requested = requested;
        this.observed = observed;
        this.retryAfter = retryAfter;
    }

    // Composed when somebody reads it: a refused caller under a flood pays for no text.
    @Override
    public String getMessage() {
        String wait = retryAfter == null
                ? (cause == Cause.NEVER ? "it can never fit: split the write" : "raise the quota or delete data")
                : "retry after " + (retryAfter.toNanos() + 999_999) / 1_000_000 + " ms";
        return "tenant " + tenant + " exceeds its quota " + quota + " (" + cause + "): requested " + requested
                + ", limit " + number(limit) + ", burst " + number(burst) + ", observed " + number(observed) + "; "
                + wait;
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    /** Returns the tenant that was refused. */
    public TenantId tenant() {
        return tenant;
    }

    /** Returns the quota that refused. */
    public Quota quota() {
        return quota;
    }

    /** Returns why it refused. */
    public Cause cause() {
        return cause;
    }

    /** Returns the configured limit, in the quota's unit. */
    public double limit() {
        return limit;
    }

    /** Returns the most that the bucket holds; for a cap, the limit. */
    public double burst() {
        return burst;
    }

    /** Returns how much the write asked for. */
    public long requested() {
        return requested;
    }

    /** Returns what was available (rate) or is used (caps). */
    public double observed() {
        return observed;
    }

    /** Returns when the same write fits, or null if time alone does not help. */
    public @Nullable Duration retryAfter() {
        return retryAfter;
    }

    @Override
    public boolean isRetryable() {
        return retryAfter != null;
    }
}
