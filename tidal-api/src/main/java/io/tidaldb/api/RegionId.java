package io.tidaldb.api;

/**
 * A region: a place in the sense of residency, holding any number of nodes, an unsigned 16-bit number that prints {@code r1}.
 *
 * <p>Immutable; ordered by number.
 *
 * @param value 0 to 65,535
 */
public record RegionId(int value) implements Comparable<RegionId> {

    private static final int MAX = 0xFFFF;

    /** @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the value does not fit in 16 bits */
    public RegionId {
        if (value < 0 || value > MAX) {
            throw TidalException.invalid("region id " + value + " is out of range: expected 0 to " + MAX);
        }
    }

    /** Returns the identity with this number. */
    public static RegionId of(int value) {
        return new RegionId(value);
    }

    /**
     * Reads {@code r1} or the bare number.
     *
     * @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the text is neither
     */
    public static RegionId parse(String text) {
        return new RegionId(IdentityText.unsigned16("region", 'r', text));
    }

    @Override
    public int compareTo(RegionId other) {
        return Integer.compare(value, other.value);
    }

    @Override
    public String toString() {
        return "r" + value;
    }
}
