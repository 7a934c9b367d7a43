package io.tidaldb.core.ingest;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.core.key.KeyRing;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What the shards of a tenant in this process share. Safe for any number of threads. */
public final class TenantState {

    private final long digestSeed;
    private final QueueBudget queue;
    private final AtomicLong queuedBytes = new AtomicLong();
    private final LongAdder throttled = new LongAdder();
    private final RateMeter meter = new RateMeter();
    private final Caps caps = new Caps(this);
    private volatile TenantConfig config;
    private volatile RateQuota rates;
    private volatile KeyRing keys = KeyRing.NONE;
    private volatile List<TenantShard> slots = List.of();
    private volatile List<TenantShard> held = List.of();
    private volatile @Nullable TenantShard[] leading = {};
    private volatile boolean deleted;

    /**
     * Creates the state of a tenant.
     *
     * @param digestSeed the key of the tenant's digests
     * @param queue where the tenant's writes take room while they wait
     */
    public TenantState(TenantConfig config, RateQuota rates, long digestSeed, QueueBudget queue) {
        this.digestSeed = digestSeed;
        this.config = config;
        this.rates = rates;
        this.queue = queue;
    }

    /** Returns the key of the tenant's digests. */
    long digestSeed() {
        return digestSeed;
    }

    /** Returns the configuration as of now. */
    public TenantConfig config() {
        return config;
    }

    /** Replaces configuration and rates. */
    public void configure(TenantConfig next, RateQuota nextRates) {
        config = next;
        rates = nextRates;
    }

    /** Returns what seals what is stored of the tenant. */
    public KeyRing keys() {
        return keys;
    }

    /** Replaces what seals what is stored. */
    public void keys(KeyRing next) {
        keys = next;
    }

    /** Returns how fast the tenant may write. */
    public RateQuota rates() {
        return rates;
    }

    /** Returns the replicas here that lead a slot, in order of slot. */
    public List<TenantShard> slots() {
        return slots;
    }

    /** Returns the replica here that leads a slot; null if it is led elsewhere. */
    public @Nullable TenantShard leading(int slot) {
        @Nullable TenantShard[] leaders = leading;
        return slot < leaders.length ? leaders[slot] : null;
    }

    /** Returns one replica of each slot that has any here, in order of slot: the one that leads, if it is here. */
    public List<TenantShard> held() {
        return held;
    }

    /**
     * Sets the replicas.
     *
     * @param leaders those that lead, one for each slot, null where it is led elsewhere
     * @param replicas as {@link #held}
     */
    public void assemble(@Nullable TenantShard[] leaders, List<TenantShard> replicas) {
        leading = leaders.clone();
        slots = Arrays.stream(leaders).filter(Objects::nonNull).toList();
        held = List.copyOf(replicas);
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

    /** Returns distinct entities over all slots, as far as they are known here; a slot's entities are its own. */
    public long entities() {
        return held.stream().mapToLong(TenantShard::entityCount).sum();
    }

    /** Returns bytes of log and snapshots over all slots, as far as they are known here. */
    public long storageBytes() {
        return held.stream().mapToLong(TenantShard::storageBytes).sum();
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
        return queue.take(queuedBytes, bytes);
    }

    /** Returns the most bytes that may wait. */
    public long queueBound() {
        return queue.tenantBound();
    }

    /** Gives back room in the queue. */
    public void dequeue(long bytes) {
        queue.give(queuedBytes, bytes);
    }

    /** Gives back permits of a write that was refused after it had passed the limiter. */
    public void refund(long signals) {
        rates.refund(signals);
    }
}
