package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.SeqnoRanges;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
import java.util.NavigableSet;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Writes that were accepted under one idempotency key by replicas which did not know of each other: which of them are to be taken back, and
 * what was. Of two the one with the lower stamp and origin stays. A function of what was folded, in whatever order it came.
 *
 * <p>Loop-confined.
 */
final class Duplicates {

    /** Records that were taken back, by the origin in whose log they are. */
    private final SortedMap<Origin, SeqnoRanges> voided = new TreeMap<>();

    /** The last seqnos of writes that count twice until they are taken back. */
    private final SortedMap<Origin, NavigableSet<Long>> due = new TreeMap<>();

    /** Two writes have one key. */
    void met(KeyMemory.Result known, KeyMemory.Result other) {
        KeyMemory.Result loser = KeyMemory.BY_STAMP.compare(known, other) < 0 ? other : known;
        if (!voided(loser.origin()).contains(loser.lastSeqno())) {
            due.computeIfAbsent(loser.origin(), each -> new TreeSet<>(Long::compareUnsigned))
                    .add(loser.lastSeqno());
        }
    }

    /** Records were taken back; returns whether they were not before. */
    boolean voided(ControlRecord.Voided voids) {
        SeqnoRanges known = voided(voids.origin());
        if (known.contains(voids.firstSeqno())) {
            return false;
        }
        voided.put(voids.origin(), known.plus(voids.firstSeqno(), voids.lastSeqno()));
        NavigableSet<Long> ends = due.get(voids.origin());
        if (ends != null) {
            ends.removeIf(end -> voided(voids.origin()).contains(end));
            if (ends.isEmpty()) {
                due.remove(voids.origin());
            }
        }
        return true;
    }

    /** Returns the records of an origin that were taken back. */
    SeqnoRanges voided(Origin origin) {
        return voided.getOrDefault(origin, SeqnoRanges.NONE);
    }

    /** Returns the last seqno of a write of a replica that is to be taken back; null if there is none. */
    Map.@Nullable Entry<Origin, Long> due(ReplicaId replica) {
        return due.entrySet().stream()
                .filter(each -> each.getKey().replica().equals(replica))
                .findFirst()
                .map(each -> Map.entry(each.getKey(), each.getValue().first()))
                .orElse(null);
    }

    /** Returns whether a write of a replica is to be taken back. */
    boolean isDue(ReplicaId replica) {
        return due(replica) != null;
    }

    /** Returns how many writes of each origin count twice. */
    Map<Origin, Integer> counts() {
        Map<Origin, Integer> counts = new TreeMap<>();
        due.forEach((origin, ends) -> counts.put(origin, ends.size()));
        return counts;
    }

    /** Returns how many writes count twice. */
    int count() {
        int count = 0;
        for (NavigableSet<Long> ends : due.values()) {
            count += ends.size();
        }
        return count;
    }

    boolean isEmpty() {
        return voided.isEmpty() && due.isEmpty();
    }

    /** Takes over what another one has. */
    void replaceBy(Duplicates other) {
        voided.clear();
        voided.putAll(other.voided);
        due.clear();
        other.due.forEach((origin, ends) -> due.put(origin, new TreeSet<>(ends)));
    }

    void writeTo(DataOutput out) throws IOException {
        out.writeInt(voided.size());
        for (Map.Entry<Origin, SeqnoRanges> each : voided.entrySet()) {
            Checkpoint.writeOrigin(out, each.getKey());
            byte[] ranges = each.getValue().encode(each.getKey().startSeqno());
            out.writeInt(ranges.length);
            out.write(ranges);
        }
        out.writeInt(due.size());
        for (Map.Entry<Origin, NavigableSet<Long>> each : due.entrySet()) {
            Checkpoint.writeOrigin(out, each.getKey());
            out.writeInt(each.getValue().size());
            for (long end : each.getValue()) {
                out.writeLong(end);
            }
        }
    }

    void readFrom(DataInput in) throws IOException {
        for (int i = in.readInt(); i > 0; i--) {
            Origin origin = Checkpoint.readOrigin(in);
            voided.put(origin, SeqnoRanges.decode(Checkpoint.readBody(in), origin.startSeqno(), lastOf(origin)));
        }
        for (int i = in.readInt(); i > 0; i--) {
            Origin origin = Checkpoint.readOrigin(in);
            NavigableSet<Long> ends = new TreeSet<>(Long::compareUnsigned);
            for (int j = in.readInt(); j > 0; j--) {
                ends.add(in.readLong());
            }
            due.put(origin, ends);
        }
    }

    private static long lastOf(Origin origin) {
        return origin.startSeqno() + Seqno.MAX_COUNTER;
    }
}
