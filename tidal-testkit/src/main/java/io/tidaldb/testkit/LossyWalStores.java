package io.tidaldb.testkit;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Log stores that play a disk on the heap: what was synced outlives the store, what was not is lost unless the store is closed. A crash is
 * to open the directory again without closing it.
 *
 * <p>Disks belong to the factory and are told apart by directory. The stores it makes are confined to the thread that uses them.
 */
public final class LossyWalStores implements WalStoreFactory {

    private final Map<Path, SortedMap<LogId, Log>> disks = new ConcurrentHashMap<>();

    /** Creates a factory without disks. */
    public LossyWalStores() {}

    @Override
    public String name() {
        return "lossy";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public boolean durable() {
        return true;
    }

    @Override
    public WalStore create(WalStoreContext context) {
        SortedMap<LogId, Log> disk = disks.computeIfAbsent(context.directory(), path -> new TreeMap<>());
        disk.values().forEach(Log::loseUnsynced);
        disk.values().removeIf(Log::isUnknown);
        return new Store(disk);
    }

    @Override
    public void inspect(Path directory, WalInspection inspection) {
        disks.getOrDefault(directory, new TreeMap<>()).forEach((id, log) -> {
            inspection.file(id.toString(), log.bytes());
            long offset = 0;
            for (WalBatch batch : log.batches) {
                inspection.batch(id, id.toString(), offset, batch);
                offset += batch.length();
            }
        });
    }

    /** Invariant: the first {@code synced} batches are durable, and so is the position that the log begins at. */
    private static final class Log {

        private final LogId id;
        private List<WalBatch> batches = new ArrayList<>();
        private int synced;
        private long firstSeqno;
        private long baseChain;
        private boolean positioned;

        Log(LogId id) {
            this.id = id;
            this.firstSeqno = id.origin().startSeqno() + 1;
        }

        void loseUnsynced() {
            batches = new ArrayList<>(batches.subList(0, synced));
        }

        boolean isUnknown() {
            return batches.isEmpty() && !positioned;
        }

        long lastSeqno() {
            return batches.isEmpty()
                    ? firstSeqno - 1
                    : batches.get(batches.size() - 1).lastSeqno();
        }

        long bytes() {
            return batches.stream().mapToLong(WalBatch::length).sum();
        }

        LogStatus status() {
            return new LogStatus(id, firstSeqno, lastSeqno(), baseChain, bytes(), null);
        }

        void append(WalBatch batch) {
            if (!batch.tenant().equals(id.tenant()) || !batch.origin().equals(id.origin())) {
                throw TidalException.invalid(
                        "batch of " + batch.tenant() + "/" + batch.origin() + " does not belong to log " + id);
            }
            if (batch.firstSeqno() != lastSeqno() + 1) {
                throw new TidalException(
                        ErrorCode.WAL_GAP,
                        "batch at seqno " + Seqno.print(batch.firstSeqno()) + " does not continue log " + id
                                + ": expected " + Seqno.print(lastSeqno() + 1));
            }
            ByteBuffer copy = ByteBuffer.allocate(batch.length());
            batch.copyTo(copy);
            batches.add(WalBatch.of(copy.flip(), 0));
        }

        void truncateBefore(long seqno, long chain) {
            int kept = 0;
            while (kept < batches.size() && batches.get(kept).firstSeqno() != seqno) {
                kept++;
            }
            boolean inIncarnation = Seqno.counter(seqno) > 0
                    && Seqno.incarnation(seqno) == id.origin().incarnation();
            if (kept == batches.size() && (batches.isEmpty() ? !inIncarnation : seqno != lastSeqno() + 1)) {
                throw TidalException.invalid("seqno " + Seqno.print(seqno) + " is no boundary of log " + id);
            }
            // Replaced rather than shrunk: a cursor that is open goes on with what it had.
            batches = new ArrayList<>(batches.subList(kept, batches.size()));
            synced = Math.max(0, synced - kept);
            firstSeqno = seqno;
            baseChain = chain;
            positioned = true;
        }
    }

    private static final class Store implements WalStore {

        private final SortedMap<LogId, Log> logs;
        private boolean closed;

        Store(SortedMap<LogId, Log> logs) {
            this.logs = logs;
        }

        @Override
        public List<LogStatus> logs() {
            checkOpen();
            return logs.values().stream().map(Log::status).toList();
        }

        @Override
        public LogStatus status(LogId log) {
            return known(log).status();
        }

        @Override
        public void append(LogId log, WalBatch batch) {
            Log target = known(log);
            target.append(batch);
            logs.putIfAbsent(log, target);
        }

        @Override
        public void sync() {
            checkOpen();
            logs.values().forEach(log -> log.synced = log.batches.size());
        }

        @Override
        public WalCursor read(LogId log, long fromSeqno) {
            return new Cursor(List.copyOf(known(log).batches).stream()
                    .filter(batch -> Long.compareUnsigned(batch.lastSeqno(), fromSeqno) >= 0)
                    .iterator());
        }

        @Override
        public void flush(LogId log) {
            checkOpen();
        }

        @Override
        public void truncateBefore(LogId log, long seqno, long chain) {
            Log target = known(log);
            target.truncateBefore(seqno, chain);
            logs.putIfAbsent(log, target);
        }

        @Override
        public void delete(LogId log) {
            checkOpen();
            logs.remove(log);
        }

        @Override
        public void close() {
            if (!closed) {
                sync();
                closed = true;
            }
        }

        private Log known(LogId log) {
            checkOpen();
            Log found = logs.get(log);
            return found == null ? new Log(log) : found;
        }

        private void checkOpen() {
            if (closed) {
                throw new TidalException(ErrorCode.CLOSED, "log store \"lossy\" is closed: open it again");
            }
        }
    }

    private record Cursor(Iterator<WalBatch> rest) implements WalCursor {

        @Override
        public @Nullable WalBatch next() {
            return rest.hasNext() ? rest.next() : null;
        }

        @Override
        public void close() {}
    }
}
