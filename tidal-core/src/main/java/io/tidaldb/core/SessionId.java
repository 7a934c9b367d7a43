package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TidalException;

/**
 * A session of a tenant's user. An unsigned 64-bit number, chosen by whoever starts the session, that prints in decimal.
 *
 * <p>Immutable; ordered as unsigned.
 *
 * @param value all 64 bits, unsigned
 */
public record SessionId(long value) implements Comparable<SessionId> {

    /** Returns the identity with these 64 bits. */
    public static SessionId of(long value) {
        return new SessionId(value);
    }

    /**
     * Reads the decimal number.
     *
     * @throws TidalException INVALID_ARGUMENT if the text is not an unsigned 64-bit decimal
     */
    public static SessionId parse(String text) {
        try {
            return new SessionId(EntityId.parse(text).value());
        } catch (TidalException e) {
            throw TidalException.invalid(String.valueOf(e.getMessage()).replace("entity", "session"));
        }
    }

    @Override
    public int compareTo(SessionId other) {
        return Long.compareUnsigned(value, other.value);
    }

    @Override
    public String toString() {
        return Long.toUnsignedString(value);
    }
}
