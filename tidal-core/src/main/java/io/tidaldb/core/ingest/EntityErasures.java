package io.tidaldb.core.ingest;

import com.dynatrace.hash4j.hashing.HashStream64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.Origin;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.OriginSet;
import io.tidaldb.core.codec.SeqnoRanges;
import io.tidaldb.core.codec.SessionRecord;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.control.ClosedLogs;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
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
     * @param sessions those in which it takes part
     * @param found more of them that were found since, by the logs that they are in
     */
    record Note(
            long number,
            long mark,
            Origin writer,
            long seqno,
            OriginSet origins,
            SortedSet<Long> sessions,
            SortedMap<Origin, SortedSet<Long>> found) {

        /** Returns whether it rules out a record that names the entity. */
        boolean covers(Origin origin, long recordSeqno) {
            return origins.contains(origin) || origin.equals(writer) && Long.compareUnsigned(recordSeqno, seqno) < 0;
        }

        /** Takes note of a session in an origin's log in which the entity takes part. */
        void found(Origin origin, long session) {
            found.computeIfAbsent(origin, of -> new TreeSet<>()).add(session);
        }

        /** Returns whether the entity takes part in a session in an origin's log. */
        boolean takesPartIn(Origin origin, long session) {
            return sessions.contains(session)
                    || found.getOrDefault(origin, Collections.emptySortedSet()).contains(session);
        }

        /** Returns a copy that does not change with what is found afterwards. */
        Note copy() {
            SortedMap<Origin, SortedSet<Long>> since = new TreeMap<>();
            found.forEach((origin, those) -> since.put(origin, new TreeSet<>(those)));
            return new Note(number, mark, writer, seqno, origins, sessions, since);
        }

        WalSegmentId position() {
            return WalSegmentId.of(writer, seqno);
        }

        /** Returns how far those logs are of which it rules out everything, given how far all are. */
        ClosedLogs closed(SortedMap<Origin, Long> positions) {
            HashStream64 digest = Hashing.xxh3_64().hashStream();
            long records = 0;
            for (Map.Entry<Origin, Long> each : positions.entrySet()) {
                Origin origin = each.getKey();
                long held = each.getValue() - origin.startSeqno();
                if (held != 0 && origins.contains(origin)) {
                    records += held;
                    digest.putInt(origin.region().value())
                            .putInt(origin.shard().value())
                            .putLong(each.getValue());
                }
            }
            return new ClosedLogs(records, digest.getAsLong());
        }
    }

    private final long seed;
    private final SortedMap<Long, Note> notes = new TreeMap<>();

    /** Of the origins that were asked for, what is erased from their logs, by the marks of the entities. */
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

    /** Returns an erasure, if it is here. */
    Optional<Note> note(long number) {
        return Optional.ofNullable(notes.get(number));
    }

    /** Returns where an erasure stands in the logs, if it is here. */
    Optional<WalSegmentId> position(long number) {
        return note(number).map(Note::position);
    }

    /** Returns where the erasures stand in the logs that are here. */
    Map<Long, WalSegmentId> positions() {
        Map<Long, WalSegmentId> positions = new HashMap<>();
        notes.forEach((number, note) -> positions.put(number, note.position()));
        return positions;
    }

    /**
     * Returns whether an erasure was logged again by who has closed the log of this writer: that one rules out all that this one does, in whatever
     * order they come.
     */
    boolean isLoggedAgain(long number, Origin writer) {
        return note(number).filter(note -> note.origins.contains(writer)).isPresent();
    }

    /** Takes note of an erasure; of one that was logged twice the last counts, which covers the first. */
    Note add(Origin writer, long seqno, ControlRecord.Erase erase) {
        SortedSet<Long> sessions = new TreeSet<>(erase.sessions());
        SortedMap<Origin, SortedSet<Long>> found = new TreeMap<>();
        Note before = notes.get(erase.number());
        if (before != null) {
            sessions.addAll(before.sessions);
            found.putAll(before.found);
        }
        Note note = new Note(erase.number(), mark(erase.entity()), writer, seqno, erase.origins(), sessions, found);
        add(note);
        return note;
    }

    private void add(Note note) {
        notes.put(note.number, note);
        byOrigin.clear();
    }

    /** Returns what is erased from an origin's log, by the marks of the entities. */
    private Map<Long, Note> erasedFrom(Origin origin) {
        return notes.isEmpty() ? Collections.emptyMap() : byOrigin.computeIfAbsent(origin, this::find);
    }

    private Map<Long, Note> find(Origin origin) {
        Map<Long, Note> found = new HashMap<>();
        notes.values().stream()
                .filter(note -> note.origins.contains(origin))
                .forEach(note -> found.put(note.mark, note));
        return found;
    }

    /** Returns whether a name of an entity that stands in an origin's log is erased. */
    boolean isErased(Origin origin, long entity) {
        Map<Long, Note> erased = erasedFrom(origin);
        return !erased.isEmpty() && erased.containsKey(mark(entity));
    }

    /**
     * Adds the records of a batch that are erased to those that are void for another reason.
     *
     * @param start where its first record begins, if it is one of signals
     */
    SeqnoRanges voids(WalBatch batch, SeqnoRanges others, int start) {
        Map<Long, Note> erased = erasedFrom(batch.origin());
        if (erased.isEmpty()) {
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
            note.found(origin, session.session());
        }
        return erased.values().stream().anyMatch(each -> each.takesPartIn(origin, session.session()));
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
            byte[] origins = each.origins.encode();
            out.writeInt(origins.length);
            out.write(origins);
            write(each.sessions, out);
            out.writeInt(each.found.size());
            for (Map.Entry<Origin, SortedSet<Long>> found : each.found.entrySet()) {
                Checkpoint.writeOrigin(out, found.getKey());
                write(found.getValue(), out);
            }
        }
    }

    private static void write(SortedSet<Long> sessions, DataOutput out) throws IOException {
        out.writeInt(sessions.size());
        for (long session : sessions) {
            out.writeLong(session);
        }
    }

    void readFrom(DataInput in) throws IOException {
        for (int i = in.readInt(); i > 0; i--) {
            long number = in.readLong();
            long mark = in.readLong();
            Origin writer = Checkpoint.readOrigin(in);
            long seqno = in.readLong();
            OriginSet origins = OriginSet.decode(Checkpoint.readBody(in));
            SortedSet<Long> sessions = readSessions(in);
            SortedMap<Origin, SortedSet<Long>> found = new TreeMap<>();
            for (int j = in.readInt(); j > 0; j--) {
                found.put(Checkpoint.readOrigin(in), readSessions(in));
            }
            add(new Note(number, mark, writer, seqno, origins, sessions, found));
        }
    }

    private static SortedSet<Long> readSessions(DataInput in) throws IOException {
        SortedSet<Long> sessions = new TreeSet<>();
        for (int i = in.readInt(); i > 0; i--) {
            sessions.add(in.readLong());
        }
        return sessions;
    }

    /** Returns a copy that does not change with what is folded afterwards. */
    List<Note> image() {
        return notes.values().stream().map(Note::copy).toList();
    }
}
