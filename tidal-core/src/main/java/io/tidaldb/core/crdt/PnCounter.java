package io.tidaldb.core.crdt;

import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A number that several origins raise and lower at the same time: each counts both by itself, and of two counts of one origin the greater is
 * the newer. Merging is commutative, associative and idempotent.
 *
 * <p>Immutable.
 *
 * @param raised by how much each origin has raised it, in order of origins; never negative
 * @param lowered by how much each has lowered it
 */
public record PnCounter(SortedMap<Origin, Long> raised, SortedMap<Origin, Long> lowered) {

    /** Nobody has counted. */
    public static final PnCounter ZERO = new PnCounter(Collections.emptySortedMap(), Collections.emptySortedMap());

    /** Copies the maps. @throws TidalException INVALID_ARGUMENT if a count is negative */
    public PnCounter {
        raised = checked(raised);
        lowered = checked(lowered);
    }

    private static SortedMap<Origin, Long> checked(SortedMap<Origin, Long> counts) {
        counts.forEach((origin, count) -> {
            if (count < 0) {
                throw TidalException.invalid("count " + count + " of " + origin + " is negative: expected 0 or more");
            }
        });
        return Collections.unmodifiableSortedMap(new TreeMap<>(counts));
    }

    /**
     * Returns this raised by an origin, or lowered.
     *
     * @param by negative to lower it
     * @throws ArithmeticException if the origin's count would exceed 2^63 - 1
     */
    public PnCounter plus(Origin origin, long by) {
        return by < 0
                ? new PnCounter(raised, with(lowered, origin, Math.negateExact(by)))
                : new PnCounter(with(raised, origin, by), lowered);
    }

    private static SortedMap<Origin, Long> with(SortedMap<Origin, Long> counts, Origin origin, long by) {
        SortedMap<Origin, Long> changed = new TreeMap<>(counts);
        changed.merge(origin, by, Math::addExact);
        return changed;
    }

    /** Returns what both know. */
    public PnCounter merge(PnCounter other) {
        return new PnCounter(merged(raised, other.raised), merged(lowered, other.lowered));
    }

    private static SortedMap<Origin, Long> merged(SortedMap<Origin, Long> one, SortedMap<Origin, Long> other) {
        SortedMap<Origin, Long> all = new TreeMap<>(one);
        other.forEach((origin, count) -> all.merge(origin, count, Math::max));
        return all;
    }

    /** Returns the number. Sums wrap beyond 2^63, the same way on every replica. */
    public long value() {
        return sum(raised) - sum(lowered);
    }

    private static long sum(SortedMap<Origin, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }
}
