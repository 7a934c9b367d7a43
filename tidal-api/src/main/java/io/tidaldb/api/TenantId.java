package io.tidaldb.api;

/**
 * A tenant, an unsigned 64-bit number that prints {@code t42}.
 *
 * <p>Immutable; ordered as unsigned.
 *
 * @param value all 64 bits, unsigned
 */
public record TenantId(long value) implements Comparable<TenantId> {

    /** Tenant 0: what an application uses that has no tenants. */
    public static final TenantId DEFAULT = new TenantId(0);

    /** Returns the identity with these 64 bits. */
    public static TenantId of(long value) {
        return new TenantId(value);
    }

    /**
     * Reads {@code t42} or the bare decimal number.
     *
     * @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the text is not an unsigned 64-bit decimal
     */
    public static TenantId parse(String text) {
        return new TenantId(IdentityText.unsigned64("tenant", 't', text));
    }

    @Override
    public int compareTo(TenantId other) {
        return Long.compareUnsigned(value, other.value);
    }

    @Override
    public String toString() {
        return "t" + Long.toUnsignedString(value);
    }
}
