package io.tidaldb.core.ingest;

import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.OverloadedException;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.core.codec.RenamedOrigins;
import io.tidaldb.core.codec.SessionRecord;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.crdt.Hlc;
import io.tidaldb.core.ledger.StateDigest;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of a slot. A write is there once, however often and through whomever it came: under one number and one key the one with the
 * lowest stamp and name stays. Two writes under one number with different keys, which both sides of a cut have taken, are both there.
 *
 * <p>A session that nobody wrote to for {@value #KEPT_MILLIS} ms, by the stamps of the slot's batches, is forgotten; one that is idle for
 * {@value #OPEN_MILLIS} ms takes no more writes, so that what is forgotten is whole. Written by the commit loop alone, read by any thread.
 */
final class SessionTable {

    /** Most writes of one session, its start and end among them. */
    static final int MAX_WRITES = 10_000;

    /** Most writes that a slot remembers, of all its sessions. */
    private static final int MAX_ENTRIES = 1_000_000;

    private static final long OPEN_MILLIS = 24 * 3_600_000L;
    private static final long KEPT_MILLIS = 7 * 24 * 3_600_000L;

    /** Half-way, so that replicas which do not forget at the same moment have equal digests. */
    private static final long COMPARED_MILLIS = 3 * 24 * 3_600_000L;

    private static final long SWEEP_MILLIS = 3_600_000L;

    /** A write of a session as a log has it. */
    record Entry(
            SessionRecord record,
            WalSegmentId name,
            long hlc,
            @Nullable IdempotencyKey key) {

        private boolean isSame(Entry other) {
            return record.number() == other.record.number() && key != null && key.equals(other.key);
        }
    }

    /** By number; of several with one number, by stamp and name. */
    static final Comparator<Entry> ORDER = Comparator.<Entry>comparingLong(each -> each.record.number())
            .thenComparingLong(Entry::hlc)
            .thenComparing(Entry::name);

    /**
     * What is known of a session. Immutable.
     *
     * @param entries in order
     * @param mark the highest number up to which all are here
     */
    record State(List<Entry> entries, long mark, long lastHlc) {

        static final State NONE = new State(List.of(), 0, 0);

        /** Returns whether a write that ends it is here. */
        boolean isClosed() {
            return entries.stream().anyMatch(each -> each.record.content() instanceof SessionRecord.Close);
        }
    }

    /** One that is written to. */
    private static final class Growing {

        private final List<Entry> entries = new ArrayList<>();
        private long mark;
        private long lastHlc;
        private boolean closed;
    }

    private final Map<Long, Growing> sessions = new ConcurrentHashMap<>();
    private long newestMillis;
    private long sweptMillis;
    private int count;

    /** Folds a record. */
    void fold(Entry entry) {
        newestMillis = Math.max(newestMillis, Hlc.millis(entry.hlc));
        Growing session = sessions.computeIfAbsent(entry.record.session(), each -> new Growing());
        synchronized (session) {
            count -= session.entries.size();
            add(session, entry);
            count += session.entries.size();
        }
    }

    /** Forgets what is old. Not to be called in the middle of a recovery, which has seen but a part of the logs. */
    void forget() {
        if (newestMillis - sweptMillis >= SWEEP_MILLIS) {
            sweep();
        }
    }

    private static void add(Growing session, Entry entry) {
        session.lastHlc = Math.max(session.lastHlc, entry.hlc);
        session.closed |= entry.record.content() instanceof SessionRecord.Close;
        int at = session.entries.size();
        while (at > 0 && session.entries.get(at - 1).record.number() >= entry.record.number()) {
            at--;
        }
        for (int i = at;
                i < session.entries.size() && session.entries.get(i).record.number() == entry.record.number();
                i++) {
            Entry known = session.entries.get(i);
            if (known.isSame(entry)) {
                if (ORDER.compare(known, entry) <= 0) {
                    return;
                }
                session.entries.remove(i);
                break;
            }
        }
        while (at < session.entries.size() && ORDER.compare(session.entries.get(at), entry) < 0) {
            at++;
        }
        session.entries.add(at, entry);
        for (int i = at;
                i < session.entries.size() && session.entries.get(i).record.number() <= session.mark + 1;
                i++) {
            session.mark = Math.max(session.mark, session.entries.get(i).record.number());
        }
    }

    /** Returns the sessions in which an entity takes part, as user or otherwise. */
    SortedSet<Long> with(long entity) {
        SortedSet<Long> found = new TreeSet<>();
        sessions.forEach((session, state) -> {
            if (state.entries.stream()
                    .anyMatch(each -> Arrays.stream(each.record.entities()).anyMatch(named -> named == entity))) {
                found.add(session);
            }
        });
        return found;
    }

    /** Removes the records of some sessions that are ruled out. */
    void erase(Collection<Long> erased, Predicate<WalSegmentId> ruledOut) {
        for (long session : erased) {
            Growing known = sessions.remove(session);
            if (known != null) {
                count -= known.entries.size();
                known.entries.stream().filter(each -> !ruledOut.test(each.name)).forEach(this::fold);
            }
        }
    }

    private void sweep() {
        sweptMillis = newestMillis;
        sessions.values().removeIf(each -> {
            boolean old = Hlc.millis(each.lastHlc) < newestMillis - KEPT_MILLIS;
            count -= old ? each.entries.size() : 0;
            return old;
        });
    }

    /** Returns what is known of a session. */
    State of(long session) {
        Growing known = sessions.get(session);
        if (known == null) {
            return State.NONE;
        }
        synchronized (known) {
            return new State(List.copyOf(known.entries), known.mark, known.lastHlc);
        }
    }

    /** Returns the highest number up to which all writes of a session are here. */
    long mark(long session) {
        Growing known = sessions.get(session);
        if (known == null) {
            return 0;
        }
        synchronized (known) {
            return known.mark;
        }
    }

    /** Returns the write of which this one is a retry, however long ago it was; or null. */
    @Nullable
    Entry first(SessionRecord record, IdempotencyKey key) {
        for (Entry each : of(record.session()).entries) {
            if (each.record.number() == record.number()
                    && key.equals(each.key)
                    && each.record.identity() == record.identity()) {
                return each;
            }
        }
        return null;
    }

    /** Returns why a write can't be taken, which is no retry; or null. */
    @Nullable
    TidalException refusal(SessionRecord record, boolean staged, long nowMillis) {
        Growing known = sessions.get(record.session());
        String session = Long.toUnsignedString(record.session());
        if (count >= MAX_ENTRIES) {
            return new OverloadedException("the slot holds as many writes of sessions as it may, " + MAX_ENTRIES
                    + ": sessions are forgotten " + KEPT_MILLIS / 3_600_000 + " hours after their last write");
        }
        long mark = mark(record.session());
        if (staged || record.number() != mark + 1) {
            return outOfOrder(record, mark);
        }
        if (known == null) {
            return null;
        }
        synchronized (known) {
            if (known.closed) {
                return new TidalException(
                        ErrorCode.SESSION_CLOSED, "session " + session + " is closed: start another one");
            }
            if (nowMillis - Hlc.millis(known.lastHlc) > OPEN_MILLIS) {
                return new TidalException(
                        ErrorCode.SESSION_CLOSED,
                        "session " + session + " was idle for more than " + OPEN_MILLIS / 3_600_000
                                + " hours and takes no more writes: start another one");
            }
        }
        if (record.number() > MAX_WRITES
                || record.number() == MAX_WRITES && !(record.content() instanceof SessionRecord.Close)) {
            return new TidalException(
                    ErrorCode.SESSION_CLOSED,
                    "session " + session + " has " + mark + " writes and takes at most " + MAX_WRITES
                            + ", its end among them: close it and start another one");
        }
        return null;
    }

    static TidalException outOfOrder(SessionRecord record, long mark) {
        String session = Long.toUnsignedString(record.session());
        return new TidalException(
                ErrorCode.SESSION_OUT_OF_ORDER,
                record.number() <= mark + 1
                        ? "number " + record.number() + " of session " + session
                                + " was another write: a retry needs its idempotency key and its content, a new write number "
                                + (mark + 1)
                        : "number " + record.number() + " of session " + session + " can't be taken yet: "
                                + (mark == 0 ? "none is here, and 1 starts it" : "1 to " + mark + " are here")
                                + "; send those before it again, or wait until they come");
    }

    /** Adds a digest of all sessions but those that may be forgotten soon, in the buckets of their numbers. */
    StateDigest digest(StateDigest.Pieces pieces) {
        sessions.forEach((session, state) -> {
            if (Hlc.millis(state.lastHlc) >= newestMillis - COMPARED_MILLIS) {
                for (Entry each : state.entries) {
                    pieces.add(
                            session,
                            Hashing.xxh3_64()
                                    .hashStream()
                                    .putLong(each.record.identity())
                                    .putLong(each.record.eventNanos())
                                    .putInt(each.name.region().value())
                                    .putInt(each.name.shard().value())
                                    .putLong(each.name.seqno())
                                    .putLong(each.hlc)
                                    .getAsLong());
                }
            }
        });
        return pieces.sum();
    }

    /** Makes the records be called as they are in another slot. */
    void rename(RenamedOrigins names) {
        List<Entry> before = image();
        sessions.clear();
        count = 0;
        before.forEach(each -> fold(new Entry(each.record, names.of(each.name), each.hlc, each.key)));
    }

    boolean isEmpty() {
        return sessions.isEmpty();
    }

    /** Returns all writes that are remembered. */
    List<Entry> image() {
        List<Entry> all = new ArrayList<>(count);
        sessions.values().forEach(each -> all.addAll(each.entries));
        return all;
    }

    static void write(List<Entry> image, DataOutput out) throws IOException {
        List<Entry> sorted = new ArrayList<>(image);
        sorted.sort(Comparator.comparing(Entry::name));
        out.writeInt(sorted.size());
        for (Entry each : sorted) {
            NegativeTable.writeName(out, each.name);
            out.writeLong(each.hlc);
            IdempotencyKey key = each.key;
            out.writeBoolean(key != null);
            if (key != null) {
                out.writeLong(key.high());
                out.writeLong(key.low());
            }
            byte[] body = each.record.encode();
            out.writeInt(body.length);
            out.write(body);
        }
    }

    void readFrom(DataInput in) throws IOException {
        for (int i = in.readInt(); i > 0; i--) {
            WalSegmentId name = NegativeTable.readName(in);
            long hlc = in.readLong();
            IdempotencyKey key = in.readBoolean() ? new IdempotencyKey(in.readLong(), in.readLong()) : null;
            ByteBuffer little = Checkpoint.readBody(in);
            fold(new Entry((SessionRecord) UserRecord.decode(RecordKind.SESSIONS, little), name, hlc, key));
        }
    }
}
