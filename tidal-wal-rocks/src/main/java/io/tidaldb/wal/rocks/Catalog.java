package io.tidaldb.wal.rocks;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/**
 * What a database says that there is, read when it is opened and compared with its batches: each log must begin and end where its state
 * says, and nothing may lie outside of known logs. What lies between is compared when it is read.
 */
final class Catalog {

    private static final int VERSION = 1;

    private final Database database;
    private final SortedMap<LogId, RocksLog> logs = new TreeMap<>();
    private final List<LogId> erased = new ArrayList<>();
    private boolean hasVersion;
    private boolean hasDamagedTables;

    private Catalog(Database database) {
        this.database = database;
    }

    /**
     * Reads it.
     *
     * @throws RocksDBException if the states can't be read: nobody knows then which logs there are
     */
    static Catalog read(Database database) throws RocksDBException {
        Catalog catalog = new Catalog(database);
        catalog.readStates();
        catalog.compareWithBatches();
        return catalog;
    }

    /** Returns the value that says how keys and values are written. */
    static byte[] version() {
        return new byte[] {VERSION, 0};
    }

    SortedMap<LogId, RocksLog> logs() {
        return logs;
    }

    /** Returns the deleted logs whose bytes may still be in some file. */
    List<LogId> erased() {
        return erased;
    }

    /** Returns whether the database says how it is written; one that was just made doesn't. */
    boolean hasVersion() {
        return hasVersion;
    }

    /** Returns whether some table can't be read, which no compaction would survive. */
    boolean hasDamagedTables() {
        return hasDamagedTables;
    }

    private void readStates() throws RocksDBException {
        try (RocksIterator states = database.iterateStates()) {
            for (states.seekToFirst(); states.isValid(); states.next()) {
                readState(states.key(), states.value());
            }
            states.status();
        }
        if (!hasVersion && !(logs.isEmpty() && erased.isEmpty())) {
            throw new TidalException(ErrorCode.STORE_FAILED, "there are logs without a version; " + Layout.WAY_OUT);
        }
    }

    private void readState(byte[] key, byte[] value) {
        if (key.length == 1 && key[0] == Commit.VERSION) {
            hasVersion = true;
            checkVersion(value);
            return;
        }
        if (key.length != 1 + Keys.BYTES || key[0] < Commit.STATE || key[0] > Commit.ERASED) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED, "a state has the unknown key " + Keys.print(key) + "; " + Layout.WAY_OUT);
        }
        LogId log = Keys.log(key, 1);
        switch (key[0]) {
            case Commit.STATE -> {
                LogState state = LogState.read(value, log);
                RocksLog known = new RocksLog(log, state == null ? LogState.unknown(log) : state);
                if (state == null) {
                    known.quarantine(Damage.at(key, "a state with its checksum", Keys.print(value)), false);
                }
                logs.put(log, known);
            }
            // Keys of states come before those of damage.
            case Commit.DAMAGE -> logs.computeIfAbsent(log, RocksLog::unknown).quarantine(Damage.decode(value), true);
            default -> erased.add(log);
        }
    }

    private static void checkVersion(byte[] value) {
        if (value.length != 2 || value[0] != VERSION || value[1] != 0) {
            throw new TidalException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "keys and values have version " + Keys.print(value) + ": expected " + Keys.print(version())
                            + ", which this program reads; open it with the version that wrote it");
        }
    }

    private void compareWithBatches() {
        // Logs that nobody knows are found on the way.
        List<RocksLog> known = List.copyOf(logs.values());
        try (BatchScan batches = new BatchScan(database)) {
            batches.seek(new byte[0]);
            for (RocksLog log : known) {
                findUnknown(batches, Keys.start(log.id()));
                Damage damage = compare(batches, log);
                if (damage != null) {
                    log.quarantine(damage, false);
                }
                batches.seek(Keys.end(log.id()));
            }
            findUnknown(batches, null);
        }
    }

    /** Quarantines what lies before a key, or before the end; the iterator is there afterwards, unless it met damage. */
    private void findUnknown(BatchScan batches, byte @Nullable [] before) {
        while (batches.isValid()) {
            byte[] key = batches.key();
            if (before != null && Arrays.compareUnsigned(key, before) >= 0) {
                return;
            }
            LogId log = Keys.log(key, 0);
            RocksLog unknown = RocksLog.unknown(log);
            unknown.quarantine(Damage.at(key, "no batch of a log without a state", "a batch"), false);
            logs.put(log, unknown);
            batches.seek(Keys.end(log));
        }
        noteDamagedTable(batches);
    }

    private @Nullable Damage compare(BatchScan batches, RocksLog log) {
        LogState state = log.durable();
        byte[] first = Keys.of(log.id(), state.firstSeqno());
        if (log.damage() != null) {
            return null;
        }
        batches.seek(Keys.start(log.id()));
        if (state.isEmpty()) {
            return isWithin(batches, log.id())
                    ? Damage.at(first, "no batch", Keys.print(batches.key()))
                    : damageAt(batches, null);
        }
        if (!batches.isAt(first)) {
            return damageAt(batches, first);
        }
        byte[] end = Keys.end(log.id());
        batches.seekForPrev(end);
        if (!isWithin(batches, log.id())) {
            return damageAt(batches, first);
        }
        try {
            WalBatch last = StoredBatch.read(batches.key(), batches.value());
            return last.lastSeqno() == state.lastSeqno() && last.chain() == state.lastChain()
                    ? null
                    : Damage.at(
                            batches.key(),
                            describe(state.lastSeqno(), state.lastChain()),
                            describe(last.lastSeqno(), last.chain()));
        } catch (StoredBatch.Damaged e) {
            return e.damage();
        }
    }

    private static String describe(long lastSeqno, long chain) {
        return "the end at seqno " + Seqno.print(lastSeqno) + " with chain " + Long.toHexString(chain);
    }

    private static boolean isWithin(BatchScan batches, LogId log) {
        return batches.isValid() && Keys.log(batches.key(), 0).equals(log);
    }

    /** Returns why an iterator isn't where it should be; null if it is at its end and may be. */
    private @Nullable Damage damageAt(BatchScan batches, byte @Nullable [] expected) {
        if (batches.isValid()) {
            return expected == null ? null : Damage.at(expected, "a batch", Keys.print(batches.key()));
        }
        Damage damage = noteDamagedTable(batches);
        if (damage != null) {
            return damage;
        }
        return expected == null ? null : Damage.at(expected, "a batch", "the end of the database");
    }

    private @Nullable Damage noteDamagedTable(BatchScan batches) {
        hasDamagedTables |= batches.damage() != null;
        return batches.damage();
    }
}
