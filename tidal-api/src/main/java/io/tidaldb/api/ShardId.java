package io.tidaldb.api;

/**
 * A shard: one part of the entity space, an unsigned 16-bit number that prints {@code s3}.
 *
 * <p>Immutable; ordered by number.
 *
 * @param value 0 to 65,535
 */
public record ShardId(int value) implements Comparable<ShardId> {

    private static final int MAX = 0xFFFF;

    /** @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the value does not fit in 16 bits */
    public ShardId {
        if (value < 0 || value > MAX) {
            throw TidalException.invalid("shard id " + value + " is out of range: expected 0 to " + MAX);
        }
    }

    /** Returns the identity with this number. */
    public static ShardId of(int value) {
        return new ShardId(value);
    }

    /**
     * Reads {@code s3} or the bare number.
     *
     * @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the text is neither
     */
    public static ShardId parse(String text) {
        return new ShardId(IdentityText.unsigned16("shard", 's', text));
    }

    @Override
    public int compareTo(ShardId other) {
        return Integer.compare(value, other.value);
    }

    @Override
    public String toString() {
        return "s" + value;
    }
}
