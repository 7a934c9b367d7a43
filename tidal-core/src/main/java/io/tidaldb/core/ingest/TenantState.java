package io.tidaldb.core.ingest;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.limit.RateLimiter;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What the shards of a tenant in this process share. Safe for any number of threads. */
public final class TenantState {

    private final long queueBound;
    private final AtomicLong queuedBytes = new AtomicLong();
    private final LongAdder throttled = new LongAdder();
    private final RateMeter meter = new RateMeter();
    private final Caps caps = new Caps(this);
    private volatile TenantConfig config;
    private volatile @Nullable RateLimiter limiter;
    private volatile List<TenantShard> slots = List.of();
    private volatile boolean deleted;

    /**
     * Creates the state of a tenant.
     *
     * @param limiter null if the tenant has no rate
     * @param queueBound most bytes that may wait to be committed
     */
    public TenantState(TenantConfig config, @Nullable RateLimiter limiter, long queueBound) {
        this.config = config;
        this.limiter = limiter;
        this.queueBound = queueBound;
    }

    /** Returns the configuration as of now. */
    public TenantConfig config() {
        return config;
    }

    /** Replaces configuration and limiter. */
    public void configure(TenantConfig next, @Nullable RateLimiter nextLimiter) {
        config = next;
        limiter = nextLimiter;
    }

    /** Returns the limiter, or null if the tenant has no rate. */
    public @Nullable RateLimiter limiter() {
        return limiter;
    }

    /** Returns the shards, one for each slot. */
    public List<TenantShard> slots() {
        return slots;
    }

    /** Sets the shards, once, when the tenant is assembled. */
    public void assemble(List<TenantShard> shards) {
        slots = List.copyOf(shards);
    }

    /** Returns what holds the tenant to its caps. */
    public Caps caps() {
        return caps;
    }

    /** Returns whether the tenant was deleted. */
    public boolean isDeleted() {
        return deleted;
    }

    /** Marks the tenant as deleted: what is queued is refused. */
    public void delete() {
        deleted = true;
    }

    /** Returns distinct entities over all slots; a slot's entities are its own. */
    public long entities() {
        return slots.stream().mapToLong(TenantShard::entityCount).sum();
    }

    /** Returns bytes of log and snapshots over all slots. */
    public long storageBytes() {
        return slots.stream().mapToLong(TenantShard::storageBytes).sum();
    }

    /** Counts signals that the rate limit refused. */
    public void throttled(long signals) {
        throttled.add(signals);
    }

    /** Returns signals that the rate limit refused since this instance was opened. */
    public long throttled() {
        return throttled.sum();
    }

    /** Counts signals that were acknowledged. Called by the loops of the tenant's shards. */
    void accepted(long signals, long nowNanos) {
        meter.mark(signals, nowNanos);
    }

    /** Returns a moving average of acknowledged signals a second. */
    public double rate(long nowNanos) {
        return meter.perSecond(nowNanos);
    }

    /** Takes room in the queue; false if there is not enough, and then none was taken. */
    public boolean enqueue(long bytes) {
        if (queuedBytes.addAndGet(bytes) > queueBound) {
            queuedBytes.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    /** Returns the most bytes that may wait. */
    public long queueBound() {
        return queueBound;
    }

    /** Gives back room in the queue. */
    public void dequeue(long bytes) {
        queuedBytes.addAndGet(-bytes);
    }

    /** Gives back permits of a write that was refused after it had passed the limiter. */
    public void refund(long signals) {
        RateLimiter current = limiter;
        if (current != null) {
            current.refund(signals);
        }
    }
}
