package io.tidaldb.wal.rocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.testkit.BatchSequence;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A disk that fails or is full")
class FailingDiskTest {

    private static final LogId FIRST = Stores.log(7);
    private static final LogId SECOND = Stores.log(8);

    @TempDir
    Path home;

    @TempDir
    Path crashed;

    private final FaultyDisk disk = new FaultyDisk();

    @Test
    @DisplayName(
            "refuses an append while it can be refused: nothing has changed, and it is accepted as soon as there is room")
    void appendIsRefusedBeforeTheDiskIsFull() {
        WalStore store = Stores.open(home, disk);
        disk.usableBytes = 1 << 20;
        BatchSequence batches = new BatchSequence(FIRST);
        WalBatch batch = batches.next(5);
        assertThatThrownBy(() -> store.append(FIRST, batch))
                .hasMessageContaining("1048576 bytes left")
                .hasMessageContaining("free some space");
        assertCode(ErrorCode.STORAGE_FULL, () -> store.append(FIRST, batch));
        assertThat(store.logs()).isEmpty();
        disk.usableBytes = 1L << 30;
        store.append(FIRST, batch);
        store.sync();
        assertThat(Stores.read(store, FIRST)).isEqualTo(Stores.encoded(batches));
        store.close();
    }

    @Test
    @DisplayName(
            "takes back every append since the last sync, surely and for good, if a sync finds no room, and goes on")
    void aRefusedSyncTakesBack() {
        WalStore store = Stores.open(home, disk);
        BatchSequence first = Stores.append(store, FIRST, 2, 5);
        store.sync();
        try (WalCursor other = store.read(FIRST, 1)) {
            assertThat(other.next()).isNotNull();
            Stores.append(store, SECOND, 2, 5);
            disk.failNextWrite = FaultyDisk.NO_SPACE;
            assertCode(ErrorCode.STORAGE_FULL, store::sync);
            // Whoever reads a log that has not changed goes on.
            assertThat(other.next()).isNotNull();
            assertThat(other.next()).isNull();
        }
        assertThat(store.logs()).hasSize(1);
        assertThat(store.status(SECOND).isEmpty()).isTrue();
        Path killed = Stores.copy(home, crashed.resolve("killed"));
        store.append(FIRST, first.next(1));
        BatchSequence second = Stores.append(store, SECOND, 3, 2);
        store.sync();
        store.close();
        WalStore again = Stores.open(home);
        assertThat(Stores.read(again, FIRST)).isEqualTo(Stores.encoded(first));
        assertThat(Stores.read(again, SECOND)).isEqualTo(Stores.encoded(second));
        again.close();
        WalStore survivor = Stores.open(killed);
        assertThat(survivor.logs()).hasSize(1);
        survivor.close();
    }

    @Test
    @DisplayName("counts a write that was refused in words and is there in fact")
    void aRefusalThatTookPlaceIsASuccess() {
        WalStore store = Stores.open(home, disk);
        BatchSequence batches = Stores.append(store, FIRST, 2, 5);
        disk.failNextWrite = FaultyDisk.NO_SPACE;
        disk.failAfterwards = true;
        store.sync();
        store.append(FIRST, batches.next(1));
        store.sync();
        assertThat(Stores.read(store, FIRST)).isEqualTo(Stores.encoded(batches));
        store.close();
    }

    @Test
    @DisplayName("refuses a truncation or deletion as a whole")
    void aRefusedChangeChangesNothing() {
        WalStore store = Stores.open(home, disk);
        BatchSequence batches = Stores.append(store, FIRST, 2, 5);
        store.sync();
        disk.failNextWrite = FaultyDisk.NO_SPACE;
        assertCode(ErrorCode.STORAGE_FULL, () -> store.truncateBefore(FIRST, 6, 0));
        assertThat(Stores.read(store, FIRST)).isEqualTo(Stores.encoded(batches));
        disk.failNextWrite = FaultyDisk.NO_SPACE;
        assertCode(ErrorCode.STORAGE_FULL, () -> store.delete(FIRST));
        assertThat(Stores.read(store, FIRST)).isEqualTo(Stores.encoded(batches));
        store.close();
    }

    @Test
    @DisplayName("ends the store if it can't even be opened again, which says so and is harmless to close")
    void aRefusalThatCannotBeLookedIntoEndsTheStore() {
        WalStore store = Stores.open(home, disk);
        BatchSequence batches = Stores.append(store, FIRST, 2, 5);
        store.sync();
        store.append(FIRST, batches.next(1));
        disk.failNextWrite = FaultyDisk.NO_SPACE;
        disk.failNextOpening = true;
        assertCode(ErrorCode.STORE_FAILED, store::sync);
        assertCode(ErrorCode.STORE_FAILED, () -> store.read(FIRST, 1));
        store.close();
        store.close();
        WalStore again = Stores.open(home);
        assertThat(again.status(FIRST).lastSeqno()).isEqualTo(10);
        again.close();
    }

    @Test
    @DisplayName("is never asked to sync again what it failed to sync")
    void aFailedSyncIsNotRepeated() {
        WalStore store = Stores.open(home, disk);
        Stores.append(store, FIRST, 2, 5);
        disk.failNextWrite = FaultyDisk.SYNC_FAILED;
        assertCode(ErrorCode.STORE_FAILED, store::sync);
        int writes = disk.writes;
        for (ThrowingCallable call : List.<ThrowingCallable>of(store::sync, store::logs, () -> store.delete(FIRST))) {
            assertCode(ErrorCode.STORE_FAILED, call);
        }
        store.close();
        assertThat(disk.writes).isEqualTo(writes);
    }

    @Test
    @DisplayName("does not end the store when a compaction meets damage: the write that is told is made all the same")
    void damageMetByACompactionEndsNothing() {
        WalStore store = Stores.open(home, disk);
        List<BatchSequence> all = new ArrayList<>();
        all.add(Stores.append(store, FIRST, 2, 5));
        store.sync();
        all.add(Stores.append(store, SECOND, 2, 5));
        disk.failNextWrite = FaultyDisk.DAMAGED_TABLE;
        store.sync();
        all.forEach(log -> assertThat(Stores.read(store, log.log())).isEqualTo(Stores.encoded(log)));
        store.close();
        WalStore again = Stores.open(home);
        all.forEach(log -> assertThat(Stores.read(again, log.log())).isEqualTo(Stores.encoded(log)));
        again.close();
    }

    private static void assertCode(ErrorCode code, ThrowingCallable call) {
        TidalException failure = catchThrowableOfType(TidalException.class, call);
        assertThat(failure).isNotNull();
        assertThat(failure.code()).as(failure.getMessage()).isEqualTo(code);
    }
}
