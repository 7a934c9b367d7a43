package io.tidaldb.core.ledger;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import java.io.DataInput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;

/**
 * The state folded from one origin's log, or the sum of the ledgers of compacted origins: for each pair of entity and signal type a decayed
 * score, a count and windowed counts.
 *
 * <ul>
 *   <li>State is a function of the records and their order alone, to the bit, on every machine; up to rounding of the scores it does not
 *       depend on the order either. Reads change nothing.
 *   <li>A pair is answered as of the time asked for or of its last event, whichever is later.
 *   <li>Scores of non-negative weights are never negative and never rise without an event.
 * </ul>
 *
 * Guarded by its own lock: written by one thread at a time, read by any. A read of a pair takes no lock unless a write comes between.
 */
public final class SignalLedger {

    /** Signal types are numbered below this. */
    public static final int SIGNALS = 256;

    /** Where a {@link #scan} begins. */
    public static final int SCAN_START = Integer.MAX_VALUE;

    /** How long a signal record is in {@link #applyAll}. */
    public static final int RECORD_BYTES = SignalRecords.BYTES;

    /** Records folded under one hold of the lock: about half a millisecond in which reads wait. */
    private static final int APPLY_CHUNK = 4096;

    /** Records whose memory is touched before the first of them is folded: more than a processor's outstanding misses. */
    private static final int RUN = 32;

    private final DecayTable decays;
    private final StampedLock lock = new StampedLock();
    private final Scratch scratch = new Scratch();

    /** By signal type, up to the highest that has an event: most tenants use few, and many tenants are idle. */
    private @Nullable CellTable[] tables = {};

    /** By signal type as far as they were needed, else 0; only for whoever writes. */
    private double[] halfLives = {};

    private long distinctEntities;
    private boolean frozen;

    /** How often pairs got other slots. Written under the lock. */
    private volatile long repairs;

    /** Keeps the compiler from dropping the touching as dead code; never read. */
    @SuppressWarnings("UnusedVariable")
    private long touched;

    /** Creates an empty ledger. */
    public SignalLedger(DecayTable decays) {
        this.decays = decays;
    }

    /** Folds one event. Refuses, with {@code CORRUPT_DATA}, a weight that is not finite and a negative time. */
    public void apply(long entity, int signal, float weight, long eventNanos) {
        SignalRecords.check(weight, eventNanos);
        long stamp = lock.writeLock();
        try {
            fold(entity, signal, weight, eventNanos);
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /**
     * Folds signal records of 21 bytes: entity u64, signal type u8, weight f32, event time u64 ns, little-endian. All are checked before the
     * first is folded; readers may see a long run of records in part.
     *
     * @param from index of the first record's first byte
     * @param count how many records
     */
    public void applyAll(ByteBuffer records, int from, int count) {
        SignalRecords.check(records, from, count);
        SignalRun run = new SignalRun(Math.min(count, RUN));
        int at = from;
        int end = from + count * SignalRecords.BYTES;
        while (at < end) {
            int chunkEnd = Math.min(end, at + APPLY_CHUNK * SignalRecords.BYTES);
            long stamp = lock.writeLock();
            try {
                while (at < chunkEnd) {
                    int runEnd = Math.min(chunkEnd, at + RUN * SignalRecords.BYTES);
                    run.read(records, at, runEnd);
                    fold(run);
                    at = runEnd;
                }
            } finally {
                lock.unlockWrite(stamp);
            }
        }
    }

    /**
     * Folds some records in steps, each of which reads for all of them what the next one needs, so that their cache misses overlap instead of
     * queueing up: slots of the index, cells, blocks of windows.
     */
    private void fold(SignalRun run) {
        int size = run.size();
        for (int i = 0; i < size; i++) {
            tableForWrite(run.signal(i));
        }
        CellTable[] known = tables;
        long seen = 0;
        for (int i = 0; i < size; i++) {
            seen ^= known[run.signal(i)].touchSlot(run.hash(i));
        }
        for (int i = 0; i < size; i++) {
            CellTable table = known[run.signal(i)];
            int cell = table.likelyCell(run.hash(i));
            run.cell(i, cell);
            seen ^= cell < 0 ? 0 : table.touchCell(cell);
        }
        for (int i = 0; i < size; i++) {
            CellTable table = known[run.signal(i)];
            seen ^= run.cell(i) >= 0 && table.hasBlocks() ? table.touchWindows(run.cell(i)) : 0;
        }
        touched = seen;
        for (int i = 0; i < size; i++) {
            CellTable table = known[run.signal(i)];
            int cell = run.cell(i);
            if (cell >= 0 && table.entity(cell) == run.entity(i)) {
                table.record(cell, run.weight(i), run.eventNanos(i), keptHalfLifeNanos(run.signal(i)));
            } else {
                fold(run.entity(i), run.signal(i), run.weight(i), run.eventNanos(i));
            }
        }
    }

    private void fold(long entity, int signal, float weight, long eventNanos) {
        CellTable table = tableForWrite(signal);
        int cell = table.find(entity);
        if (cell >= 0) {
            table.record(cell, weight, eventNanos, keptHalfLifeNanos(signal));
            return;
        }
        if (!knows(entity, table)) {
            distinctEntities++;
        }
        table.add(entity, weight, eventNanos);
    }

    private double keptHalfLifeNanos(int signal) {
        double known = halfLives[signal];
        if (known == 0) {
            known = decays.halfLifeNanos(signal);
            halfLives[signal] = known;
        }
        return known;
    }

    private CellTable tableForWrite(int signal) {
        CellTable table = table(signal);
        if (table == null) {
            table = new CellTable(scratch);
            if (signal >= tables.length) {
                tables = Arrays.copyOf(tables, signal + 1);
                halfLives = Arrays.copyOf(halfLives, signal + 1);
            }
            tables[signal] = table;
        }
        return table;
    }

    private @Nullable CellTable table(int signal) {
        // Read once: a reader without the lock may look while the array is replaced.
        CellTable[] known = tables;
        return signal < known.length ? known[signal] : null;
    }

    private boolean knows(long entity, @Nullable CellTable except) {
        for (CellTable table : tables) {
            if (table != null && table != except && table.find(entity) >= 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * Reads a pair as of a time or of its last event, whichever is later.
     *
     * @param out filled; all zero and as of the time asked for if the pair has no event
     * @return whether the pair has an event
     */
    public boolean read(long entity, int signal, long atNanos, CellView out) {
        long stamp = lock.tryOptimisticRead();
        if (stamp != 0) {
            try {
                boolean found = readUnguarded(entity, signal, atNanos, out);
                if (lock.validate(stamp)) {
                    return found;
                }
            } catch (IndexOutOfBoundsException | NullPointerException torn) {
                // A write came between and showed us one array with the other's index. The locked read below gets it
                // right, or
                // throws the same again if it was no such race.
            }
        }
        stamp = lock.readLock();
        try {
            return readUnguarded(entity, signal, atNanos, out);
        } finally {
            lock.unlockRead(stamp);
        }
    }

    private boolean readUnguarded(long entity, int signal, long atNanos, CellView out) {
        out.clear(atNanos);
        CellTable table = table(signal);
        int cell = table == null ? -1 : table.find(entity);
        if (table == null || cell < 0) {
            return false;
        }
        table.read(cell, atNanos, decays.halfLifeNanos(signal), out);
        return true;
    }

    double halfLifeNanos(int signal) {
        return decays.halfLifeNanos(signal);
    }

    /** Returns all events ever of a signal type. */
    public long total(int signal) {
        long stamp = lock.readLock();
        try {
            CellTable table = table(signal);
            return table == null ? 0 : table.total();
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** Returns how many entities have an event of a signal type. */
    public long entities(int signal) {
        long stamp = lock.readLock();
        try {
            CellTable table = table(signal);
            return table == null ? 0 : table.size();
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** Returns how many entities have an event of any signal type. */
    public long distinctEntities() {
        long stamp = lock.readLock();
        try {
            return distinctEntities;
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** Returns whether an entity has an event of any signal type. */
    public boolean containsEntity(long entity) {
        long stamp = lock.tryOptimisticRead();
        if (stamp != 0) {
            try {
                boolean known = knows(entity, null);
                if (lock.validate(stamp)) {
                    return known;
                }
            } catch (IndexOutOfBoundsException | NullPointerException torn) {
                // As in read.
            }
        }
        stamp = lock.readLock();
        try {
            return knows(entity, null);
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** Visits every pair of a signal type as of its last event, under one hold of the read lock. */
    public void forEachCell(int signal, CellVisitor visitor) {
        CellView view = new CellView();
        long stamp = lock.readLock();
        try {
            CellTable table = table(signal);
            for (int cell = 0; table != null && cell < table.size(); cell++) {
                table.read(cell, 0, decays.halfLifeNanos(signal), view);
                visitor.visit(table.entity(cell), view);
            }
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /**
     * Visits the scores of a run of pairs of a signal type that the visitor wants to see, under one hold of the read lock. Slots keep their
     * pairs while events are folded between two calls, so a scan in chunks meets each pair that was there when it began exactly once and no
     * other one, unless {@link #repairs} says that a bucket was replaced meanwhile. The newest pairs come first: of those with the same
     * weights they have the highest scores, and what comes after these need not be looked at closely.
     *
     * @param beforeSlot {@link #SCAN_START} at first, then what the last call returned
     * @param maxSlots how many pairs at most; positive
     * @return where to go on, or 0 at the end
     */
    public int scan(int beforeSlot, int maxSlots, int signal, long atNanos, ScoreVisitor visitor) {
        double halfLifeNanos = decays.halfLifeNanos(signal);
        long stamp = lock.readLock();
        try {
            CellTable table = table(signal);
            if (table == null) {
                return 0;
            }
            int end = Math.min(beforeSlot, table.size());
            int from = Math.max(0, end - maxSlots);
            table.visitScores(from, end, atNanos, halfLifeNanos, visitor);
            return from;
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** Returns the slot in which a scan meets an entity, or −1. */
    int slot(long entity, int signal) {
        long stamp = lock.readLock();
        try {
            CellTable table = table(signal);
            return table == null ? -1 : table.find(entity);
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** Returns the digest of everything stored, under one hold of the read lock: about a tenth of a microsecond a pair. */
    public StateDigest digest(long seed) {
        return digest(seed, null);
    }

    /**
     * Returns the digest of everything stored as one origin's part of a slot: those of a slot's ledgers can be added.
     *
     * @param origin whose ledger it is; null for the base
     */
    public StateDigest digest(long seed, @Nullable Origin origin) {
        long stamp = lock.readLock();
        try {
            return StateDigest.of(tables, seed, origin);
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /** As {@link #digest(long, Origin)}, for a ledger of what is taken away: what lies in it instead of in the origin's own changes the sum. */
    public StateDigest voidsDigest(long seed, @Nullable Origin origin) {
        return digest(~seed, origin).under(seed);
    }

    /**
     * Returns the pairs of one of the digest's buckets, to be put into another ledger: chunks of whole cells as {@link CellCodec} has them,
     * by signal type and then entity (unsigned), under one hold of the read lock.
     *
     * @param chunkBytes how long a chunk is at most; a single pair that is longer is a chunk of its own
     */
    public List<byte[]> extractBucket(int bucket, int chunkBytes) {
        long stamp = lock.readLock();
        try {
            return BucketCells.of(tables, bucket, chunkBytes);
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /**
     * Replaces one of the digest's buckets by another ledger's, at once for readers: the digests of the bucket are equal afterwards, and
     * the same further events lead to the same bits. Frozen views stay as they are. Called by the writer.
     *
     * @param chunks what {@link #extractBucket} returned; nobody may write to them meanwhile
     * @throws TidalException CORRUPT_DATA if they are anything else, and then nothing changed
     */
    public void replaceBucket(int bucket, List<byte[]> chunks) {
        BucketCells cells = new BucketCells(bucket, chunks);
        long newEntities = cells.distinctEntities();
        // Nobody else writes, so what is to go can be looked for before readers have to wait.
        long[][] old = BucketCells.entities(tables, bucket);
        Set<Long> oldEntities = new HashSet<>();
        for (long[] entities : old) {
            Arrays.stream(entities).forEach(oldEntities::add);
        }
        long stamp = lock.writeLock();
        try {
            // Only the writer changes it, so nothing comes between.
            long before = repairs;
            repairs = before + 1;
            for (int signal = 0; signal < old.length; signal++) {
                CellTable table = table(signal);
                for (int i = 0; table != null && i < old[signal].length; i++) {
                    table.remove(table.find(old[signal][i]));
                }
            }
            cells.forEach((signal, state) -> tableForWrite(signal).add(state));
            distinctEntities += newEntities - oldEntities.size();
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /** Removes all pairs of an entity, at once for readers; returns whether there were any. */
    public boolean erase(long entity) {
        long stamp = lock.writeLock();
        try {
            boolean erased = false;
            for (CellTable table : tables) {
                int cell = table == null ? -1 : table.find(entity);
                if (table != null && cell >= 0) {
                    table.remove(cell);
                    erased = true;
                }
            }
            if (erased) {
                // Only the writer changes it, so nothing comes between.
                long before = repairs;
                repairs = before + 1;
                distinctEntities--;
            }
            return erased;
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /** Returns a number that is another one once pairs have got other slots: a scan in chunks that began before must begin again. */
    public long repairs() {
        return repairs;
    }

    /**
     * Adds everything another ledger holds, at once for readers: scores are decayed to the later of two last events and summed, counts and
     * windows summed. The other is left as it is; nobody may write to it meanwhile.
     */
    public void merge(SignalLedger other) {
        if (other == this) {
            throw TidalException.invalid("A ledger cannot be merged into itself.");
        }
        CellState state = new CellState();
        long stamp = lock.writeLock();
        long otherStamp = other.lock.readLock();
        try {
            for (int signal = 0; signal < other.tables.length; signal++) {
                CellTable table = other.table(signal);
                for (int cell = 0; table != null && cell < table.size(); cell++) {
                    table.load(cell, state);
                    mergeCell(signal, state);
                }
            }
        } finally {
            other.lock.unlockRead(otherStamp);
            lock.unlockWrite(stamp);
        }
    }

    private void mergeCell(int signal, CellState state) {
        CellTable table = tableForWrite(signal);
        int cell = table.find(state.entity);
        if (cell >= 0) {
            table.merge(cell, state, keptHalfLifeNanos(signal));
            return;
        }
        if (!knows(state.entity, table)) {
            distinctEntities++;
        }
        table.add(state);
    }

    /**
     * Returns everything as it is now, for a snapshot that is written while this ledger goes on: a pointer is copied for each page of 128 or
     * 64 KiB. Nobody may freeze it again before that is closed.
     */
    public FrozenLedger freeze() {
        @Nullable CellTable[] copies;
        long stamp = lock.writeLock();
        try {
            if (frozen) {
                throw new TidalException(ErrorCode.INTERNAL, "A ledger was frozen twice; close the first view.");
            }
            frozen = true;
            copies = new CellTable[tables.length];
            for (int signal = 0; signal < tables.length; signal++) {
                CellTable table = table(signal);
                copies[signal] = table == null ? null : table.freeze();
            }
        } finally {
            lock.unlockWrite(stamp);
        }
        return new FrozenLedger(copies, this::thaw);
    }

    private void thaw() {
        long stamp = lock.writeLock();
        try {
            frozen = false;
            for (CellTable table : tables) {
                if (table != null) {
                    table.thaw();
                }
            }
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /**
     * Reads a snapshot. The ledger is what the written one was: equal digests, and the same bits after the same further events. Anything that
     * was not written so is refused with {@code CORRUPT_DATA}, a later format with {@code FORMAT_TOO_NEW}.
     */
    public static SignalLedger readFrom(DataInput in, DecayTable decays) throws IOException {
        SignalLedger ledger = new SignalLedger(decays);
        LedgerSnapshot snapshot = new LedgerSnapshot();
        CellState state = new CellState();
        int lastSignal = -1;
        long lastEntity = 0;
        for (long cells = snapshot.readHeader(in); cells > 0; cells--) {
            int signal = snapshot.readCell(in, state);
            boolean ascending =
                    signal > lastSignal || signal == lastSignal && Long.compareUnsigned(state.entity, lastEntity) > 0;
            if (!ascending) {
                throw LedgerSnapshot.corrupt("has its cells out of order at entity "
                        + Long.toUnsignedString(state.entity) + " of signal type " + signal);
            }
            ledger.mergeCell(signal, state);
            lastSignal = signal;
            lastEntity = state.entity;
        }
        snapshot.readTrailer(in);
        return ledger;
    }

    /** Returns the bytes of memory that pairs and windows take. */
    public long retainedBytes() {
        long stamp = lock.readLock();
        try {
            long bytes = 0;
            for (CellTable table : tables) {
                bytes += table == null ? 0 : table.retainedBytes();
            }
            return bytes;
        } finally {
            lock.unlockRead(stamp);
        }
    }
}
