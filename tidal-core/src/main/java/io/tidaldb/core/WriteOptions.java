package io.tidaldb.core;

import io.tidaldb.api.Durability;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.RegionId;
import java.time.Duration;
import java.util.Optional;

/**
 * How a write is acknowledged.
 *
 * @param durability when; the tenant's own level if absent
 * @param idempotencyKey names the write, so that a retry has no second effect
 * @param deadline how long the caller waits; after it the outcome is unknown
 * @param region the region whose replicas take the write, of a tenant with writes {@code EVERYWHERE}; the nearest if absent: that of the
 *     node, or where all nodes are in one process that of the tenant's first leader
 */
public record WriteOptions(
        Optional<Durability> durability,
        Optional<IdempotencyKey> idempotencyKey,
        Duration deadline,
        Optional<RegionId> region) {

    /** The tenant's durability, no key, 10 seconds. */
    public static final WriteOptions DEFAULT =
            new WriteOptions(Optional.empty(), Optional.empty(), Duration.ofSeconds(10), Optional.empty());

    /** Returns the same options with this durability. */
    public WriteOptions with(Durability level) {
        return new WriteOptions(Optional.of(level), idempotencyKey, deadline, region);
    }

    /** Returns the same options with this key. */
    public WriteOptions with(IdempotencyKey key) {
        return new WriteOptions(durability, Optional.of(key), deadline, region);
    }

    /** Returns the same options with this deadline. */
    public WriteOptions with(Duration limit) {
        return new WriteOptions(durability, idempotencyKey, limit, region);
    }

    /** Returns the same options, taken in this region. */
    public WriteOptions in(RegionId where) {
        return new WriteOptions(durability, idempotencyKey, deadline, Optional.of(where));
    }
}
