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
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.LongStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackgroundTest {

    private static final LogId LOG = log(0);

    @TempDir
    Path temp;

    private final Queue<Runnable> tasks = new ArrayDeque<>();

    private static List<Long> upTo(long last) {
        return LongStream.rangeClosed(1, last).boxed().toList();
    }

    private void runTasks() {
        while (!tasks.isEmpty()) {
            tasks.remove().run();
        }
    }

    /** Appends and syncs one by one up to a seqno. */
    private static void commit(WalStore store, long lastSeqno) {
        for (long seqno = store.status(LOG).lastSeqno() + 1; seqno <= lastSeqno; seqno++) {
            append(store, LOG, seqno, 500);
            store.sync();
        }
    }

    private static void refuses(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_FAILED));
    }

    @Test
    @DisplayName("R-13: a kill loses nothing that was synced, whether the background has run, lags or never runs")
    void losesNothingWhateverTheBackgroundHasDone() throws IOException {
        Path live = Files.createDirectory(temp.resolve("live"));
        try (WalStore store = Stores.open(live, Disk.REAL, tasks::add)) {
            for (long last = 10; last <= 400; last += 10) {
                commit(store, last);
                Path killed = Stores.copy(live, temp.resolve("killed" + last));
                assertThat(Stores.inspect(killed).damages).isEmpty();
                try (WalStore again = Stores.open(killed)) {
                    assertThat(seqnos(again, LOG)).isEqualTo(upTo(last));
                }
                if (last % 70 == 0) {
                    runTasks();
                }
            }
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(400));
        }
        runTasks();
        assertThat(Stores.inspect(live).damages).isEmpty();
        try (WalStore store = Stores.open(live)) {
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(400));
        }
    }

    @Test
    void doesItselfWhatTheBackgroundRefuses() {
        Stores.open(temp, Disk.REAL, task -> {
                    throw new RejectedExecutionException("full");
                })
                .close();
        try (WalStore store = Stores.open(temp, Disk.REAL, task -> {
            throw new RejectedExecutionException("full");
        })) {
            commit(store, 300);
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(300));
        }
    }

    @Test
    @DisplayName(
            "R-13: a sync that fails in the background fails the store at its next call, and the journal repairs it")
    void aSyncThatFailsInTheBackgroundFailsTheStore() {
        FaultyDisk disk = new FaultyDisk();
        long last = 0;
        try (WalStore store = Stores.open(temp, disk, tasks::add)) {
            disk.failNextFileForce = true;
            while (disk.failNextFileForce) {
                commit(store, ++last);
                runTasks();
            }
            refuses(store::sync);
            refuses(() -> append(store, LOG, store.status(LOG).lastSeqno() + 1, 10));
            refuses(() -> store.read(LOG, 1));
            refuses(store::logs);
        }
        try (WalStore store = Stores.open(temp)) {
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(last));
        }
    }

    @Test
    void aWriteThatTheDiskDidNotTakeInTheBackgroundIsDoneAgain() {
        FaultyDisk disk = new FaultyDisk();
        try (WalStore store = Stores.open(temp, disk, tasks::add)) {
            commit(store, 7);
            runTasks();
            // The tail goes to a segment; the journal needs nothing yet.
            fill(store, LOG, 20, 500);
            store.sync();
            disk.failNextWrite = true;
            runTasks();
            assertThat(disk.failNextWrite).isFalse();
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(20));
        }
        try (WalStore store = Stores.open(temp)) {
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(20));
        }
    }

    @Test
    void aJournalFileThatCantBeMadeReadyFailsNothing() throws IOException {
        FaultyDisk disk = new FaultyDisk();
        Path killed = temp.resolveSibling(temp.getFileName() + "-killed");
        try (WalStore store = Stores.open(temp, disk, tasks::add)) {
            append(store, LOG, 1, 5000);
            store.sync();
            disk.failNextWrite = true;
            tasks.remove().run();
            assertThat(disk.failNextWrite).isFalse();
            for (long last = 50; last <= 300; last += 50) {
                commit(store, last);
                runTasks();
            }
            Stores.copy(temp, killed);
        }
        for (Path each : List.of(temp, killed)) {
            try (WalStore store = Stores.open(each)) {
                assertThat(seqnos(store, LOG)).isEqualTo(upTo(300));
            }
        }
    }

    @Test
    void aCursorFindsItsPlaceAgainWhenTheTailMovesToSegments() {
        try (WalStore store = Stores.open(temp)) {
            fill(store, LOG, 30, 500);
            try (WalCursor cursor = store.read(LOG, 1)) {
                for (long seqno = 1; seqno <= 30; seqno++) {
                    assertThat(Objects.requireNonNull(cursor.next()).firstSeqno())
                            .isEqualTo(seqno);
                    if (seqno == 11) {
                        store.sync();
                    }
                }
                assertThat(cursor.next()).isNull();
            }
            assertThat(Stores.inspect(temp).damages).isEmpty();
        }
    }

    @Test
    void aClosedStoreLeavesNothingToTheBackground() throws IOException {
        try (WalStore store = Stores.open(temp, Disk.REAL, tasks::add)) {
            commit(store, 300);
        }
        List<Path> files = Stores.files(temp, "");
        runTasks();
        assertThat(Stores.files(temp, "")).isEqualTo(files);
        assertThat(Stores.files(temp.resolve("journal"), ".jnl")).hasSize(1);
    }

    @Test
    void servesAllCallsWhileAThreadWorksInTheBackground() throws IOException {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            try (WalStore store = Stores.open(temp, Disk.REAL, thread)) {
                for (long round = 1; round <= 60; round++) {
                    for (long tenant = 0; tenant < 8; tenant++) {
                        fill(store, log(tenant), 10 * round, 300);
                    }
                    store.sync();
                    long tenant = round % 8;
                    assertThat(seqnos(store, log(tenant))).isEqualTo(upTo(10 * round));
                    if (round % 9 == 0) {
                        store.flush(log(tenant));
                    }
                }
                store.delete(log(7));
                store.truncateBefore(log(6), 301, 300);
            }
            assertThat(Stores.inspect(temp).damages).isEmpty();
            try (WalStore store = Stores.open(temp, Disk.REAL, thread)) {
                for (long tenant = 0; tenant < 6; tenant++) {
                    assertThat(seqnos(store, log(tenant))).isEqualTo(upTo(600));
                }
                assertThat(seqnos(store, log(6))).startsWith(301L).hasSize(300);
                assertThat(store.status(log(7)).isEmpty()).isTrue();
            }
        } finally {
            thread.shutdown();
        }
    }
}
