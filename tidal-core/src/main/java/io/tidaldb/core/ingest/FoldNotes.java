package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.RenamedOrigins;
import io.tidaldb.core.codec.SeqnoRanges;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The takeovers and adoptions in a slot's logs, and which records count by them. A function of the set of notes alone, so that replicas
 * agree in whatever order the logs of different origins reach them:
 *
 * <ul>
 *   <li>A takeover is void if one of a higher epoch closes its writer before it: nobody else knew of it when that epoch began.
 *   <li>Of the others the one with the lowest epoch closes an origin; later ones neither raise nor lower its limit.
 *   <li>An adoption counts unless its writer was closed before it. It raises the limit if it continues it, and its void seqnos do not
 *       count.
 * </ul>
 *
 * All of a log is looked through, counted or not; a takeover or an adoption that was itself adopted stays without effect.
 *
 * <p>Loop-confined.
 */
final class FoldNotes {

    /** A takeover or an adoption, and where it is. */
    record Note(Origin writer, long seqno, ControlRecord record) implements Comparable<Note> {

        private static final Comparator<Note> ORDER =
                Comparator.comparing(Note::writer).thenComparing(Note::seqno, Long::compareUnsigned);

        @Override
        public int compareTo(Note other) {
            return ORDER.compare(this, other);
        }
    }

    private final SortedSet<Note> notes = new TreeSet<>();
    private Map<Origin, FoldLimit> limits = new TreeMap<>();

    /** Returns which records of an origin count. */
    FoldLimit limit(Origin origin) {
        return limits.getOrDefault(origin, FoldLimit.OPEN);
    }

    /**
     * Returns the takeover by which a writer closes the origins that are open: where they are held, or at their start those of which nothing
     * is here, for what was written there may still come. So are those that are heard of only after the writer has begun: their writes may
     * have been made again meanwhile. Null if none is open.
     *
     * @param epoch the writer's
     * @param held how far the log of each origin is here
     * @param former origins under which others may have written before the epoch
     */
    ControlRecord.@Nullable Takeover takeover(
            long epoch, Origin writer, SortedMap<Origin, Long> held, List<Origin> former) {
        boolean begun = held.getOrDefault(writer, writer.startSeqno()) != writer.startSeqno();
        SortedMap<Origin, Long> open = new TreeMap<>();
        former.forEach(each -> open.put(each, each.startSeqno()));
        held.forEach((each, last) -> open.put(each, begun ? each.startSeqno() : last));
        open.remove(writer);
        List<ControlRecord.End> ends = open.entrySet().stream()
                .filter(each -> !limit(each.getKey()).isClosed())
                .map(each -> new ControlRecord.End(each.getKey(), each.getValue()))
                .toList();
        return ends.isEmpty() ? null : new ControlRecord.Takeover(epoch, ends);
    }

    /** Takes notes of a batch of control records, and returns whether there were any that it did not have. */
    boolean add(Origin writer, WalBatch batch) {
        boolean added = false;
        long seqno = batch.firstSeqno();
        for (ByteBuffer body : BodyRecords.decode(batch)) {
            ControlRecord record = ControlRecord.decode(body);
            if (record instanceof ControlRecord.Takeover || record instanceof ControlRecord.Adopt) {
                added |= notes.add(new Note(writer, seqno, record));
            }
            seqno++;
        }
        if (added) {
            limits = compute();
        }
        return added;
    }

    /** Takes these. */
    void addAll(Collection<Note> others) {
        notes.addAll(others);
        limits = compute();
    }

    /** Returns the origins that are closed. */
    Set<Origin> closed() {
        return Collections.unmodifiableSet(limits.keySet());
    }

    /** Makes the notes name the origins as they are called in another slot. */
    void rename(RenamedOrigins names) {
        List<Note> before = notes();
        notes.clear();
        addAll(before.stream()
                .map(each ->
                        new Note(names.of(each.writer), names.seqno(each.writer, each.seqno), names.of(each.record)))
                .toList());
    }

    /** Forgets all and takes over those that another one has. */
    void replaceBy(FoldNotes other) {
        notes.clear();
        addAll(other.notes);
    }

    List<Note> notes() {
        return List.copyOf(notes);
    }

    private Map<Origin, FoldLimit> compute() {
        Map<Origin, FoldLimit> closed = new TreeMap<>();
        validTakeovers()
                .forEach(takeover -> takeover.positions().forEach(end -> {
                    FoldLimit known = closed.get(end.origin());
                    boolean earlier = known == null
                            || Long.compareUnsigned(takeover.epoch(), known.epoch()) < 0
                            || takeover.epoch() == known.epoch()
                                    && Long.compareUnsigned(end.lastSeqno(), known.closedAt()) < 0;
                    if (earlier) {
                        closed.put(
                                end.origin(),
                                new FoldLimit(takeover.epoch(), end.lastSeqno(), end.lastSeqno(), SeqnoRanges.NONE));
                    }
                }));
        Map<Origin, List<ControlRecord.Adopt>> adoptions = adoptions(closed);
        Map<Origin, FoldLimit> adopted = new TreeMap<>();
        closed.forEach((origin, limit) -> adopted.put(origin, adopt(limit, adoptions.getOrDefault(origin, List.of()))));
        return adopted;
    }

    /** Returns the adoptions that count, by what they adopt. */
    private Map<Origin, List<ControlRecord.Adopt>> adoptions(Map<Origin, FoldLimit> closings) {
        Map<Origin, List<ControlRecord.Adopt>> adoptions = new TreeMap<>();
        for (Note note : notes) {
            if (note.record instanceof ControlRecord.Adopt adopt
                    && Long.compareUnsigned(
                                    note.seqno,
                                    closings.getOrDefault(note.writer, FoldLimit.OPEN)
                                            .closedAt())
                            <= 0) {
                adoptions
                        .computeIfAbsent(adopt.origin(), origin -> new ArrayList<>())
                        .add(adopt);
            }
        }
        adoptions
                .values()
                .forEach(
                        each -> each.sort(Comparator.comparing(ControlRecord.Adopt::fromSeqno, Long::compareUnsigned)));
        return adoptions;
    }

    private List<ControlRecord.Takeover> validTakeovers() {
        TreeMap<Long, List<Note>> byEpoch = new TreeMap<>(Long::compareUnsigned);
        for (Note note : notes) {
            if (note.record instanceof ControlRecord.Takeover takeover) {
                byEpoch.computeIfAbsent(takeover.epoch(), epoch -> new ArrayList<>())
                        .add(note);
            }
        }
        List<ControlRecord.Takeover> valid = new ArrayList<>();
        Map<Origin, Long> closedLater = new HashMap<>();
        for (List<Note> epoch : byEpoch.descendingMap().values()) {
            int before = valid.size();
            for (Note note : epoch) {
                Long end = closedLater.get(note.writer);
                if (end == null || Long.compareUnsigned(note.seqno, end) <= 0) {
                    valid.add((ControlRecord.Takeover) note.record);
                }
            }
            for (ControlRecord.Takeover takeover : valid.subList(before, valid.size())) {
                takeover.positions()
                        .forEach(end -> closedLater.merge(
                                end.origin(), end.lastSeqno(), (a, b) -> Long.compareUnsigned(a, b) < 0 ? a : b));
            }
        }
        return valid;
    }

    private static FoldLimit adopt(FoldLimit closed, List<ControlRecord.Adopt> adoptions) {
        long end = closed.closedAt();
        SeqnoRanges voids = SeqnoRanges.NONE;
        for (ControlRecord.Adopt adopt : adoptions) {
            if (Long.compareUnsigned(adopt.fromSeqno(), end + 1) > 0) {
                break;
            }
            end = Long.compareUnsigned(adopt.toSeqno(), end) > 0 ? adopt.toSeqno() : end;
            voids = voids.plus(adopt.voids());
        }
        return new FoldLimit(closed.epoch(), closed.closedAt(), end, voids.within(closed.closedAt() + 1, end));
    }

    static void write(List<Note> notes, DataOutput out) throws IOException {
        out.writeInt(notes.size());
        for (Note note : notes) {
            Checkpoint.writeOrigin(out, note.writer);
            out.writeLong(note.seqno);
            byte[] body = note.record.encode();
            out.writeInt(body.length);
            out.write(body);
        }
    }

    void readFrom(DataInput in) throws IOException {
        for (int i = in.readInt(); i > 0; i--) {
            Origin writer = Checkpoint.readOrigin(in);
            long seqno = in.readLong();
            ByteBuffer little = Checkpoint.readBody(in);
            notes.add(new Note(writer, seqno, ControlRecord.decode(little)));
        }
        limits = compute();
    }
}
