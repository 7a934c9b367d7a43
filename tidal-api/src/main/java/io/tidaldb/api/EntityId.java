package io.tidaldb.api;

/**
 * An entity: what a signal is about. An unsigned 64-bit number that prints in decimal.
 *
 * <p>Immutable; ordered as unsigned.
 *
 * @param value all 64 bits, unsigned
 */
public record EntityId(long value) implements Comparable<EntityId> {

    /** Returns the identity with these 64 bits. */
    public static EntityId of(long value) {
        return new EntityId(value);
    }

    /**
     * Reads the decimal number.
     *
     * @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the text is not an unsigned 64-bit decimal
     */
    public static EntityId parse(String text) {
        return new EntityId(IdentityText.unsigned64("entity", IdentityText.NO_PREFIX, text));
    }

    @Override
    public int compareTo(EntityId other) {
        return Long.compareUnsigned(value, other.value);
    }

    @Override
    public String toString() {
        return Long.toUnsignedString(value);
    }
}
