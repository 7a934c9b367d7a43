package io.tidaldb.wal.file;

import static io.tidaldb.wal.file.Batches.append;
import static io.tidaldb.wal.file.Batches.fill;
import static io.tidaldb.wal.file.Batches.log;
import static io.tidaldb.wal.file.Batches.seqnos;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalStore;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FailingDiskTest {

    private static final LogId LOG = log(0);

    @TempDir
    Path directory;

    private static void fails(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    @DisplayName("R-13: after a failed sync nothing is acknowledged until the store is opened again")
    void refusesEverythingAfterAFailedSync() {
        FaultyDisk disk = new FaultyDisk();
        try (WalStore store = Stores.open(directory, Stores.SMALL, disk)) {
            fill(store, LOG, 5, 100);
            store.sync();
            fill(store, LOG, 8, 100);
            disk.failNextForce = true;
            fails(ErrorCode.STORE_FAILED, store::sync);
            int forces = disk.forces;
            fails(ErrorCode.STORE_FAILED, store::sync);
            assertThat(disk.forces).as("a sync that failed is not tried again").isEqualTo(forces);
            fails(ErrorCode.STORE_FAILED, () -> append(store, LOG, 9, 10));
            fails(ErrorCode.STORE_FAILED, () -> store.read(LOG, 1));
            fails(ErrorCode.STORE_FAILED, store::logs);
        }
        try (WalStore store = Stores.open(directory)) {
            assertThat(seqnos(store, LOG)).startsWith(1L, 2L, 3L, 4L, 5L);
        }
    }

    @Test
    void aSegmentThatCantBeSyncedIsRepairedFromTheJournalWhenOpenedAgain() {
        FaultyDisk disk = new FaultyDisk();
        try (WalStore store = Stores.open(directory, Stores.SMALL, disk)) {
            fill(store, LOG, 50, 100);
            store.sync();
            disk.failNextFileForce = true;
            fails(ErrorCode.STORE_FAILED, () -> store.flush(LOG));
            fails(ErrorCode.STORE_FAILED, store::sync);
        }
        try (WalStore store = Stores.open(directory)) {
            assertThat(seqnos(store, LOG)).hasSize(50);
        }
    }

    @Test
    void refusesAppendsWhileThereIsNoRoomAndChangesNothing() {
        FaultyDisk disk = new FaultyDisk();
        try (WalStore store = Stores.open(directory, Stores.SMALL, disk)) {
            fill(store, LOG, 5, 100);
            disk.usableBytes = 1000;
            fails(ErrorCode.STORAGE_FULL, () -> fill(store, LOG, 200_000, 1000));
            long last = store.status(LOG).lastSeqno();
            store.sync();
            disk.usableBytes = Long.MAX_VALUE / 4;
            append(store, LOG, last + 1, 100);
            assertThat(seqnos(store, LOG)).hasSize((int) last + 1);
        }
    }
}
