package io.tidaldb.core.ingest;

import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.Origin;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.SeqnoRanges;
import io.tidaldb.core.codec.SessionRecord;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.codec.UserRecord;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The entities that were erased from a slot. What an erasure rules out is a function of the logs, whatever order they come in: in its own log
 * all before it, which has been folded by then; in the logs of closed origins all, whether it was here before or comes afterwards.
 *
 * <p>Loop-confined.
 */
final class EntityErasures {

    /**
     * One erasure.
     *
     * @param mark of the entity, which tells it from others and is not its number: that is gone
     * @param writer in whose log it is
     * @param seqno where
     * @param origins the closed ones in whose logs nothing of the entity counts
     * @param sessions those in which it takes part, also those found since
     */
    record Note(
            long number,
            long mark,
            Origin writer,
            long seqno,
            List<Origin> origins,
            SortedMap<Origin, Set<Long>> sessions) {

        /** Returns whether it rules out a record that names the entity. */
        boolean covers(Origin origin, long recordSeqno) {
            return origins.contains(origin) || origin.equals(writer) && Long.compareUnsigned(recordSeqno, seqno) < 0;
        }
    }

    private final long seed;
    private final SortedMap<Long, Note> notes = new TreeMap<>();
    private final Map<Origin, Map<Long, Note>> byOrigin = new HashMap<>();

    /** Creates it for a tenant with this key of its digests. */
    EntityErasures(long seed) {
        this.seed = seed;
    }

    private long mark(long entity) {
        return Hashing.xxh3_64().hashStream().putLong(seed).putLong(entity).getAsLong();
    }

    /** Returns whether an erasure is here. */
    boolean has(long number) {
        return notes.containsKey(number);
    }

    /** Returns where an erasure stands in the logs, if it is here. */
    Optional<WalSegmentId> position(long number) {
        return Optional.ofNullable(notes.get(number)).map(note -> WalSegmentId.of(note.writer, note.seqno));
    }

    /** Takes note of an erasure; of one that was logged twice the last counts, which covers the first. */
    Note add(Origin writer, long seqno, ControlRecord.Erase erase) {
        SortedMap<Origin, Set<Long>> sessions = new TreeMap<>();
        Note before = notes.get(erase.number());
        for (Origin each : erase.origins()) {
            Set<Long> all = new TreeSet<>(erase.sessions());
            all.addAll(
                    before == null
                            ? Collections.emptySortedSet()
                            : before.sessions.getOrDefault(each, Collections.emptySortedSet()));
            sessions.put(each, all);
        }
        Note note = new Note(erase.number(), mark(erase.entity()), writer, seqno, erase.origins(), sessions);
        add(note);
        return note;
    }

    private void add(Note note) {
        notes.put(note.number, note);
        note.origins.forEach(
                each -> byOrigin.computeIfAbsent(each, of -> new HashMap<>()).put(note.mark, note));
    }

    /** Returns whether a name of an entity that stands in an origin's log is erased. */
    boolean isErased(Origin origin, long entity) {
        return byOrigin.containsKey(origin)
                && byOrigin.getOrDefault(origin, Collections.emptyMap()).containsKey(mark(entity));
    }

    /**
     * Adds the records of a batch that are erased to those that are void for another reason.
     *
     * @param start where its first record begins, if it is one of signals
     */
    SeqnoRanges voids(WalBatch batch, SeqnoRanges others, int start) {
        Map<Long, Note> erased = byOrigin.isEmpty() ? null : byOrigin.get(batch.origin());
        if (erased == null) {
            return others;
        }
        return batch.kind() == RecordKind.SIGNALS
                ? voidSignals(batch, others, start, erased.keySet())
                : voidRecords(batch, others, erased);
    }

    private SeqnoRanges voidSignals(WalBatch batch, SeqnoRanges others, int start, Set<Long> erased) {
        SeqnoRanges voids = others;
        ByteBuffer payload = batch.content();
        for (int i = 0; i < batch.count(); i++) {
            if (erased.contains(mark(SignalRecords.entity(payload, start + i * SignalRecords.BYTES)))) {
                voids = voids.plus(batch.firstSeqno() + i, batch.firstSeqno() + i);
            }
        }
        return voids;
    }

    private SeqnoRanges voidRecords(WalBatch batch, SeqnoRanges others, Map<Long, Note> erased) {
        SeqnoRanges voids = others;
        long seqno = batch.firstSeqno();
        for (ByteBuffer body : BodyRecords.decode(batch)) {
            if (isVoid(UserRecord.decode(batch.kind(), body), batch.origin(), erased)) {
                voids = voids.plus(seqno, seqno);
            }
            seqno++;
        }
        return voids;
    }

    private boolean isVoid(UserRecord record, Origin origin, Map<Long, Note> erased) {
        Note note = null;
        for (long entity : record.entities()) {
            note = note == null ? erased.get(mark(entity)) : note;
        }
        if (!(record instanceof SessionRecord session)) {
            return note != null;
        }
        if (note != null) {
            // What follows of it in this log goes as well.
            note.sessions.getOrDefault(origin, new TreeSet<>()).add(session.session());
        }
        return erased.values().stream()
                .anyMatch(each -> each.sessions
                        .getOrDefault(origin, Collections.emptySortedSet())
                        .contains(session.session()));
    }

    void clear() {
        notes.clear();
        byOrigin.clear();
    }

    /** Returns the numbers of the erasures that are here. */
    SortedSet<Long> numbers() {
        return new TreeSet<>(notes.keySet());
    }

    void replaceBy(EntityErasures other) {
        clear();
        other.notes.values().forEach(this::add);
    }

    static void write(List<Note> notes, DataOutput out) throws IOException {
        out.writeInt(notes.size());
        for (Note each : notes) {
            out.writeLong(each.number);
            out.writeLong(each.mark);
            Checkpoint.writeOrigin(out, each.writer);
            out.writeLong(each.seqno);
            out.writeInt(each.origins.size());
            for (Origin origin : each.origins) {
                Checkpoint.writeOrigin(out, origin);
                Set<Long> sessions = each.sessions.getOrDefault(origin, Collections.emptySortedSet());
                out.writeInt(sessions.size());
                for (long session : sessions) {
                    out.writeLong(session);
                }
            }
        }
    }

    void readFrom(DataInput in) throws IOException {
        for (int i = in.readInt(); i > 0; i--) {
            long number = in.readLong();
            long mark = in.readLong();
            Origin writer = Checkpoint.readOrigin(in);
            long seqno = in.readLong();
            List<Origin> origins = new ArrayList<>();
            SortedMap<Origin, Set<Long>> sessions = new TreeMap<>();
            for (int j = in.readInt(); j > 0; j--) {
                Origin origin = Checkpoint.readOrigin(in);
                Set<Long> known = new TreeSet<>();
                for (int k = in.readInt(); k > 0; k--) {
                    known.add(in.readLong());
                }
                origins.add(origin);
                sessions.put(origin, known);
            }
            add(new Note(number, mark, writer, seqno, List.copyOf(origins), sessions));
        }
    }

    /** Returns a copy that does not change with what is folded afterwards. */
    List<Note> image() {
        return notes.values().stream()
                .map(each -> {
                    SortedMap<Origin, Set<Long>> sessions = new TreeMap<>();
                    each.sessions.forEach((origin, known) -> sessions.put(origin, new TreeSet<>(known)));
                    return new Note(each.number, each.mark, each.writer, each.seqno, each.origins, sessions);
                })
                .toList();
    }
}
