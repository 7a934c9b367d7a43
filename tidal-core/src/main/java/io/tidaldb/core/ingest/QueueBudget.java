package io.tidaldb.core.ingest;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Memory for writes that wait to be committed, over all tenants: a bound for each tenant and one for all. When all together are at theirs,
 * a tenant still gets its even share, so that a few with full queues keep nobody out; what waits is therefore at most twice the bound.
 *
 * <p>Safe for any number of threads, lock-free.
 */
public final class QueueBudget {

    private final long tenantBound;
    private final long bound;
    private final AtomicLong used = new AtomicLong();
    private final AtomicInteger waiting = new AtomicInteger();

    /**
     * Creates an empty budget.
     *
     * @param tenantBound most bytes of one tenant
     * @param bound most bytes of all tenants before each is held to its share
     */
    public QueueBudget(long tenantBound, long bound) {
        this.tenantBound = tenantBound;
        this.bound = bound;
    }

    /** Returns the most bytes of one tenant that may wait. */
    public long tenantBound() {
        return tenantBound;
    }

    /** Returns the bytes of all tenants that wait. */
    public long used() {
        return used.get();
    }

    /** Takes room for a tenant that has {@code queued} bytes waiting; false if there is not enough, and then none was taken. */
    boolean take(AtomicLong queued, long bytes) {
        long own = queued.addAndGet(bytes);
        long all = used.addAndGet(bytes);
        int tenants = own == bytes ? waiting.incrementAndGet() : waiting.get();
        if (own > tenantBound || all > bound && own > bound / Math.max(1, tenants)) {
            give(queued, bytes);
            return false;
        }
        return true;
    }

    /** Gives back room. */
    void give(AtomicLong queued, long bytes) {
        used.addAndGet(-bytes);
        if (queued.addAndGet(-bytes) == 0) {
            waiting.decrementAndGet();
        }
    }
}
