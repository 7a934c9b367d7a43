package io.tidaldb.core.backup;

import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.crdt.Hlc;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Up to where a tenant is restored: what of each log counts.
 *
 * @param seqnos the last seqno of each origin that is named; the logs of others count whole
 * @param millis what was committed later does not count, in milliseconds since 1970 of the hybrid logical clock
 */
public record RestorePoint(SortedMap<Origin, Long> seqnos, long millis) {

    /** All that the backup has. */
    public static final RestorePoint NEWEST = new RestorePoint(new TreeMap<>(), Long.MAX_VALUE);

    /** Copies the map. */
    public RestorePoint {
        seqnos = Collections.unmodifiableSortedMap(new TreeMap<>(seqnos));
    }

    /**
     * Returns the point right after these records.
     *
     * @throws TidalException INVALID_ARGUMENT if an origin is named twice
     */
    public static RestorePoint after(Collection<WalSegmentId> records) {
        SortedMap<Origin, Long> seqnos = new TreeMap<>();
        for (WalSegmentId record : records) {
            if (seqnos.put(record.origin(), record.seqno()) != null) {
                throw TidalException.invalid("position " + record + " names " + record.origin() + " a second time");
            }
        }
        return new RestorePoint(seqnos, Long.MAX_VALUE);
    }

    /**
     * Reads positions such as {@code r0:s0:42,r1:s0:2.7}, or a time in ISO-8601 with a zone.
     *
     * @throws TidalException INVALID_ARGUMENT if the text is neither
     */
    public static RestorePoint parse(String text) {
        if (text.startsWith("r")) {
            return after(
                    Arrays.stream(text.split(",", -1)).map(WalSegmentId::parse).toList());
        }
        try {
            return at(Instant.parse(text));
        } catch (DateTimeParseException e) {
            throw TidalException.invalid(
                    "\"" + text.substring(0, Math.min(text.length(), 64)).replaceAll("[^ -~]", "?")
                            + "\" is neither a position nor a time: expected r0:s0:42,r1:s0:7 or 2026-11-21T10:00:00Z");
        }
    }

    /** Returns the point that has all that was committed up to a time. */
    public static RestorePoint at(Instant time) {
        return new RestorePoint(new TreeMap<>(), time.toEpochMilli());
    }

    /** Returns how many records of a batch count, from its first. */
    int records(WalBatch batch) {
        if (Hlc.millis(batch.hlc()) > millis) {
            return 0;
        }
        Long last = seqnos.get(batch.origin());
        if (last == null) {
            return batch.count();
        }
        long counted = Seqno.counter(last) - Seqno.counter(batch.firstSeqno()) + 1;
        return (int) Math.max(0, Math.min(batch.count(), counted));
    }
}
