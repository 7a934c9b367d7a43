package io.tidaldb.core;

import io.tidaldb.api.Durability;
import io.tidaldb.api.IdempotencyKey;
import java.time.Duration;
import java.util.Optional;

/**
 * How a write is acknowledged.
 *
 * @param durability when; the tenant's own level if absent
 * @param idempotencyKey names the write, so that a retry has no second effect
 * @param deadline how long the caller waits; after it the outcome is unknown
 */
public record WriteOptions(
        Optional<Durability> durability, Optional<IdempotencyKey> idempotencyKey, Duration deadline) {

    /** The tenant's durability, no key, 10 seconds. */
    public static final WriteOptions DEFAULT =
            new WriteOptions(Optional.empty(), Optional.empty(), Duration.ofSeconds(10));

    /** Returns the same options with this durability. */
    public WriteOptions with(Durability level) {
        return new WriteOptions(Optional.of(level), idempotencyKey, deadline);
    }

    /** Returns the same options with this key. */
    public WriteOptions with(IdempotencyKey key) {
        return new WriteOptions(durability, Optional.of(key), deadline);
    }

    /** Returns the same options with this deadline. */
    public WriteOptions with(Duration limit) {
        return new WriteOptions(durability, idempotencyKey, limit);
    }
}
