package io.tidaldb.api.limit;

/**
 * Admits a tenant's signals at a rate.
 *
 * <ul>
 *   <li>At no time have more permits been granted, less those refunded, than the burst plus the rate times the time since creation.
 *   <li>A refusal takes nothing. The wait it names is exact for one caller: if nobody else asks meanwhile, the same request succeeds
 *       then, and not much earlier.
 *   <li>Safe for any number of threads; never blocks, takes no lock, does no I/O. Should allocate nothing.
 *   <li>Reads no clock: the caller passes a monotonic time. A time before one that was passed earlier counts as that earlier time.
 * </ul>
 *
 * {@code RateLimiterContract} in the testkit checks each line above.
 */
public interface RateLimiter {

    /** What {@link #tryAcquire} answers when the permits were granted. */
    long GRANTED = 0;

    /** What {@link #tryAcquire} answers when the request can never be granted, whatever the wait. */
    long NEVER = Long.MAX_VALUE;

    /**
     * Takes permits, all or none.
     *
     * @param permits 1 or more
     * @param nowNanos a monotonic time
     * @return {@link #GRANTED}, {@link #NEVER}, or the nanoseconds (above 0) to wait until the same request fits
     */
    long tryAcquire(long permits, long nowNanos);

    /** Gives back permits of a request that was refused later for another reason; never lifts the bucket over its burst. */
    void refund(long permits);

    /** Returns how many permits could be taken now. For display; 0 or more. */
    double available(long nowNanos);
}
