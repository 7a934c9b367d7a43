package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.OriginSet;
import io.tidaldb.core.codec.RenamedOrigins;
import io.tidaldb.core.codec.SeqnoRanges;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

    /** Of the origins that a note names or that were asked for. */
    private Map<Origin, FoldLimit> limits = new TreeMap<>();

    /** The takeovers that close origins of which nothing was there, by their epochs. */
    private List<ControlRecord.Takeover> unheard = new ArrayList<>();

    private OriginSet closed = OriginSet.NONE;

    /** Returns which records of an origin count. */
    FoldLimit limit(Origin origin) {
        return limits.computeIfAbsent(origin, this::unnamed);
    }

    private FoldLimit unnamed(Origin origin) {
        for (ControlRecord.Takeover each : unheard) {
            if (each.unheard().contains(origin)) {
                return FoldLimit.closed(each.epoch(), origin.startSeqno());
            }
        }
        return FoldLimit.OPEN;
    }

    /**
     * Returns the takeover by which a writer closes the origins that are open: where they are held, or at their start those of which nothing
     * is here, for what was written there may still come. So are those that are heard of only after the writer has begun: their writes may
     * have been made again meanwhile. Null if none is open.
     *
     * @param epoch the writer's
     * @param held how far the log of each origin is here
     * @param former origins under which the slot may have been written before the epoch
     */
    ControlRecord.@Nullable Takeover takeover(
            long epoch, Origin writer, SortedMap<Origin, Long> held, OriginSet former) {
        boolean begun = held.getOrDefault(writer, writer.startSeqno()) != writer.startSeqno();
        List<ControlRecord.End> ends = held.entrySet().stream()
                .filter(each -> !each.getKey().equals(writer) && !closed.contains(each.getKey()))
                .map(each -> new ControlRecord.End(
                        each.getKey(), begun ? each.getKey().startSeqno() : each.getValue()))
                .toList();
        OriginSet others =
                former.minus(closed).minus(OriginSet.of(held.keySet())).minus(OriginSet.of(List.of(writer)));
        return ends.isEmpty() && others.isEmpty() ? null : new ControlRecord.Takeover(epoch, ends, others);
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
            compute();
        }
        return added;
    }

    /** Takes these. */
    void addAll(Collection<Note> others) {
        notes.addAll(others);
        compute();
    }

    /** Returns the origins that are closed. */
    OriginSet closed() {
        return closed;
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

    private void compute() {
        List<ControlRecord.Takeover> valid = validTakeovers();
        unheard = valid.stream()
                .filter(each -> !each.unheard().isEmpty())
                .sorted(Comparator.comparing(ControlRecord.Takeover::epoch, Long::compareUnsigned))
                .toList();
        Map<Origin, FoldLimit> closings = new TreeMap<>();
        named().forEach(each -> closings.put(each, unnamed(each)));
        for (ControlRecord.Takeover takeover : valid) {
            for (ControlRecord.End end : takeover.positions()) {
                FoldLimit closing = FoldLimit.closed(takeover.epoch(), end.lastSeqno());
                closings.merge(end.origin(), closing, FoldNotes::first);
            }
        }
        Map<Origin, List<ControlRecord.Adopt>> adoptions = adoptions(closings);
        limits = new TreeMap<>();
        closings.forEach((origin, closing) -> limits.put(
                origin, closing.isClosed() ? adopt(closing, adoptions.getOrDefault(origin, List.of())) : closing));
        closed = OriginSet.of(
                limits.keySet().stream().filter(each -> limit(each).isClosed()).toList());
        unheard.forEach(each -> closed = closed.plus(each.unheard()));
    }

    /** Returns the origins that a note is of or names, but for those that are closed together with others. */
    private SortedSet<Origin> named() {
        SortedSet<Origin> named = new TreeSet<>();
        for (Note note : notes) {
            named.add(note.writer);
            if (note.record instanceof ControlRecord.Takeover takeover) {
                takeover.positions().forEach(end -> named.add(end.origin()));
            } else if (note.record instanceof ControlRecord.Adopt adopt) {
                named.add(adopt.origin());
            }
        }
        return named;
    }

    private static FoldLimit first(FoldLimit one, FoldLimit other) {
        if (!one.isClosed() || !other.isClosed()) {
            return one.isClosed() ? one : other;
        }
        int order = Long.compareUnsigned(one.epoch(), other.epoch());
        boolean earlier = order < 0 || order == 0 && Long.compareUnsigned(one.closedAt(), other.closedAt()) <= 0;
        return earlier ? one : other;
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
        OriginSet unheardLater = OriginSet.NONE;
        for (List<Note> epoch : byEpoch.descendingMap().values()) {
            int before = valid.size();
            for (Note note : epoch) {
                Long end = closedLater.get(note.writer);
                boolean within = end == null || Long.compareUnsigned(note.seqno, end) <= 0;
                if (within && !unheardLater.contains(note.writer)) {
                    valid.add((ControlRecord.Takeover) note.record);
                }
            }
            for (ControlRecord.Takeover takeover : valid.subList(before, valid.size())) {
                takeover.positions()
                        .forEach(end -> closedLater.merge(
                                end.origin(), end.lastSeqno(), (a, b) -> Long.compareUnsigned(a, b) < 0 ? a : b));
                unheardLater = unheardLater.plus(takeover.unheard());
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
        compute();
    }
}
