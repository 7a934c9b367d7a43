package io.tidaldb.core.crdt;

import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import java.util.Comparator;

/**
 * A value of which the last write wins: by hybrid logical clock, of equal ones by origin, then by seqno. No two records agree in all three,
 * so the winner does not depend on who compares, nor in which order. The stamp is that of the record that wrote it and never changes.
 *
 * <p>Immutable if the value is.
 *
 * @param value what was written
 * @param hlc the stamp of the batch that wrote it
 * @param origin under which it was written
 * @param seqno of the record, unsigned
 * @param <V> the type of the value
 */
public record LwwRegister<V>(V value, long hlc, Origin origin, long seqno) {

    private static final Comparator<LwwRegister<?>> ORDER = Comparator.<LwwRegister<?>>comparingLong(LwwRegister::hlc)
            .thenComparing(LwwRegister::origin)
            .thenComparing(LwwRegister::seqno, Long::compareUnsigned);

    /** @throws TidalException INVALID_ARGUMENT if the seqno is another origin's, or the stamp is negative */
    public LwwRegister {
        if (hlc < 0 || !Origin.of(origin.region(), origin.shard(), seqno).equals(origin)) {
            throw TidalException.invalid("a register written at stamp " + hlc + " with seqno "
                    + Long.toUnsignedString(seqno) + " of " + origin
                    + ": expected a stamp that is not negative, and a seqno of that origin");
        }
    }

    /** Returns whether this was written after the other. */
    public boolean isAfter(LwwRegister<?> other) {
        return ORDER.compare(this, other) > 0;
    }

    /** Returns the one that was written last. */
    public LwwRegister<V> merge(LwwRegister<V> other) {
        return other.isAfter(this) ? other : this;
    }
}
