package io.tidaldb.core.crdt;

import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ledger.LedgerSum;
import io.tidaldb.core.ledger.SignalLedger;
import io.tidaldb.core.ledger.StateDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The signals of one slot as several origins have written them: for each origin a ledger, and how far of its log is in there. A ledger is
 * folded from its origin's log alone, so of two the one that is further holds the other; sums go over origins in their order. Hence merging
 * is commutative, associative and idempotent to the bit, though sums of floating-point numbers are not.
 *
 * <p>Immutable as long as nobody writes to the ledgers.
 *
 * @param parts by origin
 */
public record CrdtSignalState(SortedMap<Origin, Part> parts) {

    /** Nobody has written. */
    public static final CrdtSignalState EMPTY = new CrdtSignalState(Collections.emptySortedMap());

    /**
     * What one origin has written.
     *
     * @param seqno up to where its log is folded
     * @param ledger its signals
     * @param voids signals that it has taken back, of its own or of an incarnation before it; null if none
     */
    public record Part(
            long seqno, SignalLedger ledger, @Nullable SignalLedger voids) {}

    /** Copies the map. @throws TidalException INVALID_ARGUMENT if a position is another origin's */
    public CrdtSignalState {
        parts.forEach((origin, part) -> {
            if (!Origin.of(origin.region(), origin.shard(), part.seqno).equals(origin)) {
                throw TidalException.invalid("seqno " + Long.toUnsignedString(part.seqno) + " is not one of " + origin);
            }
        });
        parts = Collections.unmodifiableSortedMap(new TreeMap<>(parts));
    }

    /** Returns the state with another part of an origin. */
    public CrdtSignalState with(Origin origin, Part part) {
        SortedMap<Origin, Part> changed = new TreeMap<>(parts);
        changed.put(origin, part);
        return new CrdtSignalState(changed);
    }

    /** Returns what both know. */
    public CrdtSignalState merge(CrdtSignalState other) {
        SortedMap<Origin, Part> merged = new TreeMap<>(parts);
        other.parts.forEach((origin, part) -> merged.merge(
                origin, part, (mine, theirs) -> Long.compareUnsigned(mine.seqno, theirs.seqno) < 0 ? theirs : mine));
        return new CrdtSignalState(merged);
    }

    /**
     * Returns what readers see.
     *
     * @param base the sum of origins that were compacted, and what is to be taken from it; null where there is none
     */
    public LedgerSum sum(@Nullable Part base) {
        List<SignalLedger> ledgers = new ArrayList<>();
        List<SignalLedger> voids = new ArrayList<>();
        if (base != null) {
            add(base, ledgers, voids);
        }
        parts.values().forEach(part -> add(part, ledgers, voids));
        return new LedgerSum(ledgers, voids);
    }

    private static void add(Part part, List<SignalLedger> ledgers, List<SignalLedger> voids) {
        ledgers.add(part.ledger);
        if (part.voids != null) {
            voids.add(part.voids);
        }
    }

    /** Returns the digest of everything: equal if and only if what is in the parts is. */
    public StateDigest digest(long seed) {
        StateDigest sum = StateDigest.empty(seed);
        for (Map.Entry<Origin, Part> each : parts.entrySet()) {
            SignalLedger voids = each.getValue().voids;
            sum = sum.plus(each.getValue().ledger.digest(seed, each.getKey()));
            sum = voids == null ? sum : sum.plus(voids.voidsDigest(seed, each.getKey()));
        }
        return sum;
    }
}
