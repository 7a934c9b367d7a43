package io.tidaldb.testkit;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A disk of {@link LossyWalStores}. It outlives the stores that are opened on it, one at a time. Undisturbed it has room for everything and
 * loses exactly what was not synced.
 *
 * <p>Used by the thread that uses its store.
 */
public final class LossyDisk {

    private static final DiskFaults NONE = new DiskFaults() {};

    private final SortedMap<LogId, LossyLog> logs = new TreeMap<>();

    /**
     * The logs of the batches that are not durable, in the order of their appends: a log's first entry is its oldest such batch.
     * Invariant: no log has more entries than batches that are not durable, and no fewer.
     */
    private final List<LossyLog> unsynced = new ArrayList<>();

    private DiskFaults faults = NONE;
    private @Nullable RandomGenerator survival;
    private @Nullable LossyStore store;
    private long capacityBytes = Long.MAX_VALUE;
    private boolean fullAtSync;
    private long bytes;
    private int rotten;

    LossyDisk() {}

    /** Sets who decides what happens from now on. */
    public void faults(DiskFaults decide) {
        faults = decide;
    }

    /**
     * Sets how much batches may take. An append that does not fit is refused; a disk that is larger than its new capacity refuses the
     * next sync, and takes back what was not durable.
     *
     * @param noticedAtSync whether appends are taken as if there were room, as by file systems that allocate late, and the sync is refused
     */
    public void capacity(long newCapacityBytes, boolean noticedAtSync) {
        capacityBytes = newCapacityBytes;
        fullAtSync = noticedAtSync;
    }

    /**
     * Lets what was not synced survive a crash by chance: everything that was appended up to some byte, over all logs; a batch that was cut
     * is gone. Without this nothing survives that was not synced.
     */
    public void survival(RandomGenerator random) {
        survival = random;
    }

    /**
     * Turns one bit of a batch at rest; turned twice, it is as it was. A store that is open finds it when it reads the batch, others when
     * they are opened.
     *
     * @param seqno any seqno of the batch
     * @param bit counted from the start of the batch, modulo its length
     */
    public void flip(LogId log, long seqno, long bit) {
        LossyLog found = logs.get(log);
        if (found == null) {
            throw TidalException.invalid("there is no log " + log + " on this disk");
        }
        found.flip(seqno, bit);
    }

    /**
     * Turns a bit of some durable batch at rest, if there is one.
     *
     * @param which the logs that it may be in
     * @return the log that it is in
     */
    public Optional<LogId> rot(Predicate<LogId> which, RandomGenerator random) {
        List<LossyLog> candidates = logs.values().stream()
                .filter(log -> log.isDurable() && which.test(log.id()))
                .toList();
        if (candidates.isEmpty()) {
            return Optional.empty();
        }
        LossyLog log = candidates.get(random.nextInt(candidates.size()));
        log.rot(random);
        rotten++;
        return Optional.of(log.id());
    }

    /** Returns whether it has durable batches of a log, and all bits of those that it has are as they were written. */
    public boolean isWhole(LogId log) {
        LossyLog found = logs.get(log);
        return found != null && found.isDurable() && found.isWhole();
    }

    /** Returns how often {@link #rot} has turned a bit. */
    public int rotten() {
        return rotten;
    }

    /** Ends the store that is open, as a crash of its machine does: it is good for nothing, and closing it makes nothing durable. */
    public void crash() {
        store = null;
    }

    /** What was durable on a disk at a moment. */
    public static final class Image {

        private final List<LossyLog> logs;

        private Image(List<LossyLog> logs) {
            this.logs = logs;
        }
    }

    /** Returns what is durable. */
    public Image image() {
        return new Image(logs.values().stream()
                .map(LossyLog::durableCopy)
                .filter(log -> !log.isUnknown())
                .toList());
    }

    /** Puts an image in the place of all that is on the disk, which no store uses. */
    public void restore(Image image) {
        logs.clear();
        unsynced.clear();
        image.logs.forEach(log -> logs.put(log.id(), log.durableCopy()));
        bytes = logs.values().stream().mapToLong(LossyLog::bytes).sum();
    }

    /** Returns what batches take, durable or not. */
    public long bytes() {
        return bytes;
    }

    /** Returns how many batches are not durable. */
    public int unsyncedBatches() {
        return unsynced.size();
    }

    /** Returns the last seqno of a log that a crash would leave whatever happens, or the position before its first. */
    public long durableSeqno(LogId id) {
        LossyLog log = logs.get(id);
        return log == null ? id.origin().startSeqno() : log.durableSeqno();
    }

    Collection<LossyLog> logs() {
        return logs.values();
    }

    @Nullable
    LossyLog log(LogId id) {
        return logs.get(id);
    }

    boolean isOpenedBy(LossyStore by) {
        return store == by;
    }

    /** Gives the disk to a store, as a crash and the recovery after it leave it. */
    void open(LossyStore by) {
        store = by;
        loseUnsynced(cut());
        logs.values().forEach(LossyLog::scan);
    }

    /** Returns how many of the bytes that are not durable are there after a crash. Nothing and everything are as likely as all between. */
    private long cut() {
        if (survival == null || unsynced.isEmpty()) {
            return 0;
        }
        long all =
                unsynced.stream().distinct().mapToLong(LossyLog::unsyncedBytes).sum();
        return switch ((int) (survival.nextLong() >>> 62)) {
            case 0 -> 0;
            case 1 -> all;
            default -> Long.remainderUnsigned(survival.nextLong(), all);
        };
    }

    private void loseUnsynced(long keptBytes) {
        long left = keptBytes;
        int kept = 0;
        while (kept < unsynced.size() && unsynced.get(kept).nextUnsyncedBytes() <= left) {
            left -= unsynced.get(kept++).syncNext();
        }
        for (int i = unsynced.size() - 1; i >= kept; i--) {
            undo(unsynced.get(i));
        }
        unsynced.clear();
    }

    private void undo(LossyLog log) {
        long before = log.bytes();
        log.undoLast();
        bytes -= before - log.bytes();
        if (log.isUnknown()) {
            logs.remove(log.id());
        }
    }

    void append(LogId id, WalBatch batch) {
        LossyLog known = logs.get(id);
        LossyLog log = known == null ? new LossyLog(id) : known;
        if (!fullAtSync && batch.length() > capacityBytes - bytes) {
            log.checkSound();
            throw full();
        }
        log.append(batch);
        logs.putIfAbsent(id, log);
        bytes += batch.length();
        unsynced.add(log);
        try {
            faults.append(id, batch);
        } catch (TidalException e) {
            if (e.code() == ErrorCode.STORAGE_FULL) {
                unsynced.remove(unsynced.size() - 1);
                undo(log);
            }
            throw e;
        }
    }

    void sync() {
        try {
            faults.sync();
            if (bytes > capacityBytes && !unsynced.isEmpty()) {
                throw full();
            }
        } catch (TidalException e) {
            if (e.code() == ErrorCode.STORAGE_FULL) {
                loseUnsynced(0);
            }
            throw e;
        }
        unsynced.forEach(LossyLog::syncNext);
        unsynced.clear();
    }

    void truncateBefore(LogId id, long seqno, long chain) {
        faults.change(id);
        LossyLog known = logs.get(id);
        LossyLog log = known == null ? new LossyLog(id) : known;
        long before = log.bytes();
        int lost = log.truncateBefore(seqno, chain);
        for (int i = 0; i < lost; i++) {
            unsynced.remove(log);
        }
        bytes -= before - log.bytes();
        logs.putIfAbsent(id, log);
    }

    void delete(LogId id) {
        faults.change(id);
        LossyLog log = logs.remove(id);
        if (log != null) {
            unsynced.removeIf(each -> each == log);
            bytes -= log.bytes();
        }
    }

    private TidalException full() {
        return new TidalException(
                ErrorCode.STORAGE_FULL,
                "the disk is full: it has " + capacityBytes + " bytes, as a test has asked for");
    }
}
