package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A session as a replica has it.
 *
 * @param user whose it is
 * @param highWaterMark the highest number up to which all writes are there; what is beyond is not among the entries
 * @param writtenBy the highest number that each origin has written
 * @param preferences the latest value of each
 * @param entries in order of their numbers; two with the same number were written on both sides of a cut
 * @param replica which one has answered
 * @param staleness for how long writes may be missing, {@link Reading#UNKNOWN_STALENESS} if that is not known
 */
public record Session(
        SessionId id,
        EntityId user,
        SessionSeqNo highWaterMark,
        Map<Origin, SessionSeqNo> writtenBy,
        boolean closed,
        SortedMap<String, String> preferences,
        List<SessionEntry> entries,
        ReplicaId replica,
        Duration staleness) {

    /** Copies the collections. */
    public Session {
        writtenBy = Collections.unmodifiableMap(new TreeMap<>(writtenBy));
        preferences = Collections.unmodifiableSortedMap(new TreeMap<>(preferences));
        entries = List.copyOf(entries);
    }
}
