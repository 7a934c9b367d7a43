package io.tidaldb.core.backup;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.crdt.Hlc;
import java.time.Instant;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Goes through a backup before anything of it is used: every part is whole and continues the one before, every log continues its hash chain.
 * A part that continues nothing begins the backup anew.
 *
 * <p>Confined to one thread.
 */
public final class BackupScan implements BackupReader.Visitor {

    private final RestorePoint target;
    private final Chain chain = new Chain();
    private final SortedMap<Integer, SortedMap<Origin, Log>> slots = new TreeMap<>();
    private @Nullable BackupHead newest;
    private BackupPoint reached = BackupPoint.NOTHING;
    private BackupBase base = BackupBase.NONE;
    private int parts;
    private int firstPart;

    /** When the first and the last of what is there beyond the checkpoints were committed. */
    private long firstMillis = Long.MAX_VALUE;

    private long lastMillis = Long.MIN_VALUE;

    /** How far a log was gone through, and how far it counts. */
    private static final class Log {
        private long last;
        private long chain;
        private long counted;
        private boolean cut;

        private Log(Origin origin) {
            this(origin.startSeqno(), Chain.START);
        }

        private Log(long last, long chain) {
            this.last = last;
            this.counted = last;
            this.chain = chain;
        }
    }

    /**
     * Begins.
     *
     * @param target up to where the backup is to be used
     */
    public BackupScan(RestorePoint target) {
        this.target = target;
    }

    @Override
    public void head(BackupHead head) {
        BackupHead before = newest;
        if (head.after().equals(BackupPoint.NOTHING)) {
            slots.clear();
            firstMillis = Long.MAX_VALUE;
            base = head.base();
            Stream.concat(base.logs().logs().stream(), base.merged().logs().stream())
                    .forEach(log -> slots.computeIfAbsent(log.slot(), each -> new TreeMap<>())
                            .put(log.origin(), new Log(log.lastSeqno(), log.chain())));
            firstPart = parts;
        } else if (before == null || before.life() != head.life() || !reached.equals(head.after())) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "part " + (parts + 1) + " of the backup continues one that ends at " + head.after()
                            + (before == null
                                    ? ", and there is none before it"
                                    : ", and the one before it is not that one")
                            + ": expected all parts of one backup, in order");
        }
        newest = head;
    }

    @Override
    public void batch(int slot, WalBatch batch) {
        Log log = slots.computeIfAbsent(slot, each -> new TreeMap<>()).computeIfAbsent(batch.origin(), Log::new);
        long next = chain.next(log.chain, batch);
        BackupHead head = head();
        boolean continues = batch.firstSeqno() == log.last + 1
                && (batch.version() == 1 || next == batch.chain())
                && batch.tenant().equals(head.config().id())
                && slot < head.config().slots();
        if (!continues) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "the batch at " + WalSegmentId.of(batch.origin(), batch.firstSeqno()) + " of slot " + slot
                            + " does not continue its log in the backup: expected one of tenant "
                            + head.config().id() + " from seqno " + Seqno.print(log.last + 1) + " on, after chain "
                            + Long.toHexString(log.chain) + "; use another copy of the backup");
        }
        log.last = batch.lastSeqno();
        log.chain = next;
        long millis = Hlc.millis(batch.hlc());
        firstMillis = Math.min(firstMillis, millis);
        lastMillis = Math.max(lastMillis, millis);
        int records = log.cut ? 0 : target.records(batch);
        log.counted += records;
        log.cut = records < batch.count();
    }

    @Override
    public void base(int slot, byte[] bytes) {
        // The head says how far it goes; whoever installs it compares that with what is in it.
    }

    @Override
    public void end(BackupPoint point) {
        slots.forEach((slot, logs) -> logs.forEach((origin, log) -> {
            BackedUpLog found = new BackedUpLog(slot, origin, log.last, log.chain);
            if (!point.logs().contains(found)) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        "part " + (parts + 1) + " of the backup ends at " + point + ", but its batches at " + found);
            }
        }));
        reached = point;
        parts++;
    }

    /** Returns what the newest part says of the tenant. */
    public BackupHead head() {
        BackupHead head = newest;
        if (head == null) {
            throw new IllegalStateException("a scan begins with a head");
        }
        return head;
    }

    /** Returns what the checkpoints hold with which the backup begins. */
    public BackupBase base() {
        return base;
    }

    /** Returns how far the backup goes. */
    public BackupPoint reached() {
        return reached;
    }

    /** Returns the first part that is used: those before were begun anew. */
    int firstPart() {
        return firstPart;
    }

    /**
     * Returns for each slot the origins of which something counts, in order, with the last seqno that does.
     *
     * @throws TidalException POSITION_UNKNOWN if the backup does not reach to where it is to be used
     */
    public SortedMap<Integer, SortedMap<Origin, Long>> counted() {
        SortedMap<Integer, SortedMap<Origin, Long>> counted = new TreeMap<>();
        slots.forEach((slot, logs) -> logs.forEach((origin, log) -> {
            if (log.counted != origin.startSeqno()) {
                counted.computeIfAbsent(slot, each -> new TreeMap<>()).put(origin, log.counted);
            }
        }));
        target.seqnos().forEach((origin, seqno) -> requireReached(origin, seqno, counted));
        requireHeld(target.millis());
        return Collections.unmodifiableSortedMap(counted);
    }

    private void requireHeld(long millis) {
        long latest = Math.max(head().takenMillis(), lastMillis);
        if (millis < base.millis()) {
            throw new TidalException(
                    ErrorCode.POSITION_UNKNOWN,
                    "the backup begins with what the tenant was at " + Instant.ofEpochMilli(base.millis())
                            + ", as older logs were gone when it was begun: expected that time or a later one");
        } else if (base.equals(BackupBase.NONE) && millis < firstMillis && firstMillis <= lastMillis) {
            throw new TidalException(
                    ErrorCode.POSITION_UNKNOWN,
                    "the backup holds nothing up to " + Instant.ofEpochMilli(millis) + ": expected "
                            + Instant.ofEpochMilli(firstMillis)
                            + ", when its first record was committed, or a later time");
        } else if (millis > latest && millis != RestorePoint.NEWEST.millis()) {
            throw new TidalException(
                    ErrorCode.POSITION_UNKNOWN,
                    "the backup does not know what was written up to " + Instant.ofEpochMilli(millis)
                            + ": expected a time up to " + Instant.ofEpochMilli(latest)
                            + ", when its last part was taken, or none for all that it has");
        }
    }

    private void requireReached(Origin origin, long seqno, SortedMap<Integer, SortedMap<Origin, Long>> counted) {
        boolean there = seqno == origin.startSeqno()
                || counted.values().stream()
                        .anyMatch(logs -> Long.valueOf(seqno).equals(logs.get(origin)));
        if (!there) {
            throw new TidalException(
                    ErrorCode.POSITION_UNKNOWN,
                    "the backup does not reach " + WalSegmentId.of(origin, seqno) + ": expected positions "
                            + (base.equals(BackupBase.NONE) ? "" : "from " + base.logs() + " ") + "up to " + reached);
        }
    }
}
