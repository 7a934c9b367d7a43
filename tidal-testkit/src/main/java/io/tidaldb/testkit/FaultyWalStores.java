package io.tidaldb.testkit;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Another factory's log stores, with faults: the n-th operation of a kind fails as a broken or full disk makes it fail. A store that failed
 * refuses everything until it is opened again, and is abandoned underneath, since closing would make durable what was lost.
 *
 * <p>Faults may be set by any thread, and hold for all stores of this factory.
 */
public final class FaultyWalStores implements WalStoreFactory {

    /** What fails. */
    public enum Fault {
        /** An append finds no room; nothing changed. */
        FULL,
        /** An append fails, and the store with it. */
        APPEND,
        /** An append ends with an {@link Error} before it has changed anything. */
        ERROR,
        /** A sync fails, and the store with it. */
        SYNC,
        /** A truncation fails before it has changed anything, and the store with it. */
        TRUNCATE,
        /** A deletion fails before it has changed anything, and the store with it. */
        DELETE
    }

    private final WalStoreFactory real;
    private final Map<Fault, AtomicInteger> left = new ConcurrentHashMap<>();

    /** Creates a factory without faults. */
    public FaultyWalStores(WalStoreFactory real) {
        this.real = real;
    }

    /** Makes the n-th operation of a kind from now on fail, once; n = 1 is the next. 0 takes the fault back. */
    public void fail(Fault fault, int nth) {
        left.put(fault, new AtomicInteger(nth));
    }

    private boolean strikes(Fault fault) {
        AtomicInteger counter = left.get(fault);
        return counter != null && counter.getAndDecrement() == 1;
    }

    @Override
    public String name() {
        return real.name();
    }

    @Override
    public int spiVersion() {
        return real.spiVersion();
    }

    @Override
    public boolean durable() {
        return real.durable();
    }

    @Override
    public WalStore create(WalStoreContext context) {
        return new Store(real.create(context));
    }

    @Override
    public void inspect(Path directory, WalInspection inspection) {
        real.inspect(directory, inspection);
    }

    private final class Store implements WalStore {

        private final WalStore real;
        private boolean failed;

        Store(WalStore real) {
            this.real = real;
        }

        private void strike(Fault fault) {
            checkWorking();
            if (strikes(fault)) {
                failed = true;
                throw failure();
            }
        }

        private void checkWorking() {
            if (failed) {
                throw failure();
            }
        }

        private TidalException failure() {
            return new TidalException(ErrorCode.STORE_FAILED, "the disk failed, as a test has asked for");
        }

        @Override
        public boolean purge() {
            checkWorking();
            return real.purge();
        }

        @Override
        public List<LogStatus> logs() {
            checkWorking();
            return real.logs();
        }

        @Override
        public LogStatus status(LogId log) {
            checkWorking();
            return real.status(log);
        }

        @Override
        public void append(LogId log, WalBatch batch) {
            strike(Fault.APPEND);
            if (strikes(Fault.FULL)) {
                throw new TidalException(ErrorCode.STORAGE_FULL, "the disk is full, as a test has asked for");
            }
            if (strikes(Fault.ERROR)) {
                throw new StackOverflowError("as a test has asked for");
            }
            real.append(log, batch);
        }

        @Override
        public void sync() {
            strike(Fault.SYNC);
            real.sync();
        }

        @Override
        public WalCursor read(LogId log, long fromSeqno) {
            checkWorking();
            return real.read(log, fromSeqno);
        }

        @Override
        public void flush(LogId log) {
            checkWorking();
            real.flush(log);
        }

        @Override
        public void truncateBefore(LogId log, long seqno, long chain) {
            strike(Fault.TRUNCATE);
            real.truncateBefore(log, seqno, chain);
        }

        @Override
        public void rollOver(LogId log) {
            checkWorking();
            real.rollOver(log);
        }

        @Override
        public void delete(LogId log) {
            strike(Fault.DELETE);
            real.delete(log);
        }

        @Override
        public void close() {
            if (failed) {
                real.abandon();
            } else {
                real.close();
            }
        }

        @Override
        public void abandon() {
            real.abandon();
        }
    }
}
