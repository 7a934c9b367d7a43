package io.tidaldb.api;

import java.util.UUID;

/**
 * 128 bits that name a write, chosen by the writer: a retry under the same key has no second effect and returns the first result.
 *
 * @param high the upper 64 bits
 * @param low the lower 64 bits
 */
public record IdempotencyKey(long high, long low) implements Comparable<IdempotencyKey> {

    /** Returns the key with a UUID's 128 bits. */
    public static IdempotencyKey of(UUID uuid) {
        return new IdempotencyKey(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
    }

    @Override
    public int compareTo(IdempotencyKey other) {
        int byHigh = Long.compareUnsigned(high, other.high);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
    }

    /** Returns the key in the form of a UUID. */
    @Override
    public String toString() {
        return new UUID(high, low).toString();
    }
}
