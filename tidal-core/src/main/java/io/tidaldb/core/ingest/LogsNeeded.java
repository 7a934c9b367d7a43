package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What other replicas still need of a slot's logs, so that no truncation drops it.
 *
 * <p>Immutable.
 *
 * @param byAnybody whether anybody needs anything
 * @param heldTo up to where whoever needs something holds an origin's log; all of a log that is not in it is needed
 */
public record LogsNeeded(boolean byAnybody, Map<Origin, Long> heldTo) {

    /** Nobody needs anything. */
    public static final LogsNeeded NOTHING = new LogsNeeded(false, Collections.emptyMap());

    /** Somebody may need anything. */
    public static final LogsNeeded EVERYTHING = new LogsNeeded(true, Collections.emptyMap());

    /** Copies the map. */
    public LogsNeeded {
        heldTo = Collections.unmodifiableMap(new TreeMap<>(heldTo));
    }

    /** Returns what is needed in this or in another respect. */
    LogsNeeded and(LogsNeeded other) {
        if (!byAnybody || !other.byAnybody) {
            return byAnybody ? this : other;
        }
        Map<Origin, Long> both = new TreeMap<>();
        heldTo.forEach((origin, seqno) -> {
            Long there = other.heldTo.get(origin);
            if (there != null) {
                both.put(origin, Long.compareUnsigned(there, seqno) < 0 ? there : seqno);
            }
        });
        return new LogsNeeded(true, both);
    }

    /** Returns whether a record of an origin's log is needed. */
    public boolean contains(Origin origin, long seqno) {
        Long held = heldTo.get(origin);
        return byAnybody && (held == null || Long.compareUnsigned(seqno, held) > 0);
    }
}
