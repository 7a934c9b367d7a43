package io.tidaldb.core.quota;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Spreads the waits of many callers that one limiter refused, so that they come back one after another and not all at once for the same
 * permit. The first gets the exact wait, each that follows the time at which its own permits will have come after those of all before it.
 *
 * <p>Waits are spread over at most {@value #MOST} requests, then it begins again at the exact wait: callers that ignore what they are told
 * push nobody's wait further than that.
 *
 * <p>Any number of threads, without allocation. A race between two callers costs them their order, never a permit.
 */
public final class StaggeredWaits {

    private static final int MOST = 256;

    /** When the permits of everybody told so far will have come. */
    private final AtomicLong promisedNanos;

    /** Creates an empty line of callers. */
    public StaggeredWaits(long nowNanos) {
        promisedNanos = new AtomicLong(nowNanos);
    }

    /**
     * Returns how long a refused caller should wait, at least the exact wait.
     *
     * @param exactNanos when the request would fit if it were the only one
     * @param refillNanos how long the rate takes to bring the permits of this request
     */
    public long next(long exactNanos, long refillNanos, long nowNanos) {
        long most = refillNanos > Long.MAX_VALUE / 4 / MOST ? Long.MAX_VALUE / 4 : refillNanos * MOST;
        long behind = promisedNanos.get() + refillNanos - nowNanos;
        long wait = behind > exactNanos && behind - exactNanos <= most ? behind : exactNanos;
        promisedNanos.set(nowNanos + wait);
        return wait;
    }
}
