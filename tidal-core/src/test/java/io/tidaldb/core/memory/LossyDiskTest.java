package io.tidaldb.core.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.testkit.BatchSequence;
import io.tidaldb.testkit.DiskFaults;
import io.tidaldb.testkit.LossyDisk;
import io.tidaldb.testkit.LossyWalStores;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A disk that is told to fail")
class LossyDiskTest {

    private static final LogId A = log(1);
    private static final LogId B = log(2);
    private static final WalStoreContext CONTEXT = new WalStoreContext(
            Path.of("played"), RegionId.of(0), WalStoreContext.DEFAULT_SEGMENT_BYTES, Runnable::run);

    private final LossyWalStores stores = new LossyWalStores();
    private final LossyDisk disk = stores.disk(CONTEXT.directory());
    private final BatchSequence a = new BatchSequence(A);
    private final BatchSequence b = new BatchSequence(B);

    /** Stands for the end of a machine. */
    private static final class PowerCut extends Error {
        private static final long serialVersionUID = 1L;
    }

    private static LogId log(int tenant) {
        return LogId.own(TenantId.of(tenant), new Origin(RegionId.of(0), ShardId.of(0), 0));
    }

    private WalStore open() {
        return stores.create(CONTEXT);
    }

    private static void append(WalStore store, BatchSequence batches, int signals) {
        store.append(batches.log(), batches.next(signals));
    }

    private static void fails(ErrorCode code, ThrowingCallable call) {
        Throwable failure = catchThrowable(call);
        assertThat(failure).isInstanceOf(TidalException.class);
        assertThat(((TidalException) failure).code()).isEqualTo(code);
    }

    private static long last(WalStore store, LogId log) {
        return store.status(log).lastSeqno();
    }

    private static List<Long> read(WalStore store, LogId log, long from) {
        List<Long> seqnos = new ArrayList<>();
        try (WalCursor cursor = store.read(log, from)) {
            for (WalBatch batch = cursor.next(); batch != null; batch = cursor.next()) {
                seqnos.add(batch.firstSeqno());
            }
        }
        return seqnos;
    }

    @Test
    @DisplayName("an append that does not fit is refused and changes nothing, and the store goes on")
    void fullAtAppend() {
        WalStore store = open();
        append(store, a, 1);
        store.sync();
        disk.capacity(disk.bytes() + 100, false);
        WalBatch tooLarge = new BatchSequence(A, a.nextSeqno(), a.chain()).next(5);
        fails(ErrorCode.STORAGE_FULL, () -> store.append(A, tooLarge));
        fails(ErrorCode.STORAGE_FULL, () -> store.append(B, new BatchSequence(B).next(5)));
        assertThat(store.logs()).extracting(LogStatus::log).containsExactly(A);
        assertThat(last(store, A)).isEqualTo(1);
        append(store, a, 1);
        store.sync();
        assertThat(last(open(), A)).isEqualTo(2);
    }

    @Test
    @DisplayName("a sync that the full disk refuses takes every append since the last one back, for good")
    void fullAtSync() {
        disk.survival(new SplittableRandom(1));
        WalStore store = open();
        append(store, a, 1);
        store.sync();
        disk.capacity(disk.bytes(), true);
        store.append(A, new BatchSequence(A, a.nextSeqno(), a.chain()).next(5));
        append(store, b, 5);
        fails(ErrorCode.STORAGE_FULL, store::sync);
        assertThat(store.logs()).extracting(LogStatus::log).containsExactly(A);
        assertThat(disk.unsyncedBatches()).isZero();
        store.sync();
        disk.capacity(Long.MAX_VALUE, true);
        append(store, a, 2);
        store.sync();
        assertThat(read(open(), A, 0)).containsExactly(1L, 2L);
    }

    @Test
    @DisplayName("after a failed sync the store refuses everything, and what it lost may be there again or not")
    void failedSync() {
        TreeSet<Long> seen = new TreeSet<>();
        disk.survival(new SplittableRandom(1));
        WalStore store = open();
        for (int i = 0; i < 50; i++) {
            WalStore failing = store;
            BatchSequence batches = new BatchSequence(log(10 + i));
            append(failing, batches, 1);
            failing.sync();
            append(failing, batches, 1);
            disk.faults(new DiskFaults() {
                @Override
                public void sync() {
                    throw new TidalException(ErrorCode.STORE_FAILED, "as asked for");
                }
            });
            fails(ErrorCode.STORE_FAILED, failing::sync);
            disk.faults(new DiskFaults() {});
            fails(ErrorCode.STORE_FAILED, failing::sync);
            fails(ErrorCode.STORE_FAILED, failing::logs);
            failing.close();
            store = open();
            seen.add(last(store, batches.log()));
        }
        assertThat(seen).containsExactly(1L, 2L);
    }

    @Test
    @DisplayName("a crash keeps what was synced and any prefix, over all logs, of what was appended since")
    void prefixSurvives() {
        TreeSet<String> seen = new TreeSet<>();
        for (int seed = 0; seed < 200; seed++) {
            LossyWalStores own = new LossyWalStores();
            own.disk(CONTEXT.directory()).survival(new SplittableRandom(seed));
            WalStore crashing = own.create(CONTEXT);
            BatchSequence one = new BatchSequence(A);
            BatchSequence other = new BatchSequence(B);
            append(crashing, one, 1);
            crashing.sync();
            append(crashing, other, 1);
            append(crashing, one, 1);
            append(crashing, other, 1);
            WalStore survivor = own.create(CONTEXT);
            seen.add(last(survivor, A) + " " + last(survivor, B));
            List<LogStatus> found = survivor.logs();
            assertThat(own.create(CONTEXT).logs())
                    .as("what was found is durable")
                    .isEqualTo(found);
        }
        assertThat(seen).containsExactly("1 0", "1 1", "2 1", "2 2");
    }

    @Test
    @DisplayName("a crash inside an append or a sync ends the store, and closing it saves nothing")
    void crashInside() {
        WalStore store = open();
        append(store, a, 1);
        disk.faults(new DiskFaults() {
            @Override
            public void append(LogId log, WalBatch batch) {
                throw new PowerCut();
            }

            @Override
            public void sync() {
                throw new PowerCut();
            }
        });
        assertThat(catchThrowable(() -> append(store, b, 1))).isInstanceOf(PowerCut.class);
        store.close();
        WalStore second = open();
        assertThat(second.logs()).isEmpty();
        disk.faults(new DiskFaults() {});
        second.append(A, a.batches().get(0));
        disk.faults(new DiskFaults() {
            @Override
            public void sync() {
                throw new PowerCut();
            }
        });
        assertThat(catchThrowable(second::sync)).isInstanceOf(PowerCut.class);
        fails(ErrorCode.STORE_FAILED, second::sync);
        assertThat(open().logs()).isEmpty();
    }

    @Test
    @DisplayName("a store that was left open when the disk was opened again can do no harm")
    void staleStore() {
        WalStore stale = open();
        append(stale, a, 1);
        stale.sync();
        WalStore store = open();
        fails(ErrorCode.STORE_FAILED, () -> stale.append(A, a.next(1)));
        store.append(B, b.next(1));
        stale.close();
        assertThat(disk.unsyncedBatches()).isEqualTo(1);
        assertThat(open().logs()).extracting(LogStatus::log).containsExactly(A);
    }

    @Test
    @DisplayName("what was truncated or deleted before its sync does not come back")
    void truncatedBeforeSync() {
        disk.survival(new SplittableRandom(3));
        for (int i = 0; i < 20; i++) {
            WalStore store = open();
            BatchSequence gone = new BatchSequence(log(100 + i));
            BatchSequence cut = new BatchSequence(log(200 + i));
            append(store, cut, 1);
            append(store, gone, 1);
            append(store, cut, 1);
            append(store, gone, 1);
            store.truncateBefore(cut.log(), 2, 7);
            store.delete(gone.log());
            WalStore survivor = open();
            assertThat(survivor.status(gone.log()).isEmpty()).isTrue();
            assertThat(survivor.status(cut.log()).firstSeqno()).isEqualTo(2);
            assertThat(last(survivor, cut.log())).isBetween(1L, 2L);
        }
        assertThat(disk.bytes())
                .isEqualTo(open().logs().stream().mapToLong(LogStatus::bytes).sum());
    }

    @Test
    @DisplayName("a bit that has turned is found by whoever reads it and by the next open, wherever it lies")
    void flippedBits() {
        WalStore store = open();
        append(store, a, 2);
        append(store, a, 2);
        append(store, a, 2);
        append(store, b, 1);
        store.sync();
        int bits = a.batches().get(1).length() * Byte.SIZE;
        for (int bit = 0; bit < bits; bit++) {
            WalStore open = open();
            disk.flip(A, 4, bit);
            try (WalCursor cursor = open.read(A, 1)) {
                cursor.next();
                assertThat(catchThrowable(cursor::next)).isInstanceOf(CorruptLogException.class);
            }
            assertThat(open.status(A).damage()).isNotNull();
            WalStore again = open();
            assertThat(again.status(A).damage())
                    .isNotNull()
                    .satisfies(damage -> assertThat(damage.offset())
                            .isEqualTo(a.batches().get(0).length()));
            assertThat(catchThrowable(() -> again.append(A, a.batches().get(0))))
                    .isInstanceOf(CorruptLogException.class);
            assertThat(again.status(B).damage()).isNull();
            disk.flip(A, 3, bit);
        }
        assertThat(read(open(), A, 4)).containsExactly(3L, 5L);
        fails(ErrorCode.INVALID_ARGUMENT, () -> disk.flip(A, 7, 0));
        fails(ErrorCode.INVALID_ARGUMENT, () -> disk.flip(log(9), 1, 0));
    }

    @Test
    @DisplayName("a damaged log that is deleted can start anew")
    void deletedDamage() {
        WalStore store = open();
        append(store, a, 1);
        store.sync();
        disk.flip(A, 1, 700);
        WalStore again = open();
        again.delete(A);
        append(again, new BatchSequence(A), 1);
        again.sync();
        assertThat(read(open(), A, 0)).containsExactly(1L);
    }
}
