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
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.stream.LongStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The disk refuses writes although there seemed to be room: somebody else filled it, a quota or a limit of the system's was reached. */
@DisplayName("A disk that takes no write")
class FullDiskTest {

    private static final LogId LOG = log(0);
    private static final LogId OTHER = log(1);

    @TempDir
    Path temp;

    private final FaultyDisk disk = new FaultyDisk();
    private final Queue<Runnable> tasks = new ArrayDeque<>();

    private WalStore open() {
        return Stores.open(temp.resolve("live"), disk, tasks::add);
    }

    private void runTasks() {
        while (!tasks.isEmpty()) {
            tasks.remove().run();
        }
    }

    private static List<Long> upTo(long last) {
        return LongStream.rangeClosed(1, last).boxed().toList();
    }

    private void isFull(ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(TidalException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL);
            assertThat(e.getMessage()).contains(temp.toString(), "bytes left", "expected", "free some space");
        });
    }

    /** Appends and syncs one by one until the background has got segments to write. */
    private long untilSegmentsAreDue(WalStore store) {
        long last = store.status(LOG).lastSeqno();
        // The next file of the journal is ready after that.
        for (int i = 0; i < 10; i++) {
            append(store, LOG, ++last, 500);
            store.sync();
            runTasks();
        }
        while (tasks.isEmpty()) {
            append(store, LOG, ++last, 500);
            store.sync();
        }
        return last;
    }

    @Test
    @DisplayName("F-05: refuses the commit and takes all of it back; the same store goes on once there is room")
    void takesACommitBack() throws IOException {
        try (WalStore store = open()) {
            fill(store, LOG, 5, 100);
            store.sync();
            for (int round = 1; round <= 3; round++) {
                disk.full = true;
                fill(store, LOG, 5L * round + 40, 500);
                fill(store, OTHER, 5L * round, 100);
                isFull(store::sync);
                assertThat(store.status(LOG).lastSeqno()).isEqualTo(5L * round);
                assertThat(seqnos(store, LOG)).isEqualTo(upTo(5L * round));
                assertThat(seqnos(store, OTHER)).isEqualTo(upTo(5L * (round - 1)));
                store.sync();

                Path killed = Stores.copy(temp.resolve("live"), temp.resolve("killed" + round));
                assertThat(Stores.inspect(killed).damages).isEmpty();
                assertThat(Stores.inspect(killed).torn)
                        .as("nothing of it is left")
                        .isEmpty();
                try (WalStore again = Stores.open(killed)) {
                    assertThat(seqnos(again, LOG)).isEqualTo(upTo(5L * round));
                }

                disk.full = false;
                fill(store, LOG, 5L * round + 5, 100);
                fill(store, OTHER, 5L * round, 100);
                store.sync();
            }
        }
        try (WalStore store = open()) {
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(20));
            assertThat(seqnos(store, OTHER)).isEqualTo(upTo(15));
        }
    }

    @Test
    void aLogThatBeganWithTheRefusedCommitIsUnknown() {
        try (WalStore store = open()) {
            disk.full = true;
            append(store, OTHER, 1, 100);
            isFull(store::sync);
            assertThat(store.logs()).extracting(LogStatus::log).doesNotContain(OTHER);
        }
    }

    @Test
    @DisplayName("what can't be taken back fails the store: nobody knows what the disk holds")
    void failsIfTheCommitCantBeTakenBack() {
        try (WalStore store = open()) {
            append(store, LOG, 1, 100);
            disk.full = true;
            disk.failNextForce = true;
            assertThatThrownBy(store::sync)
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_FAILED));
            disk.full = false;
            assertThatThrownBy(() -> append(store, LOG, 2, 100))
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_FAILED));
        }
    }

    @Test
    @DisplayName(
            "F-05: segments that can't be written refuse further appends, bounded in memory, and are written later")
    void writesSegmentsLater() throws IOException {
        long last;
        try (WalStore store = open()) {
            fill(store, OTHER, 3, 100);
            last = untilSegmentsAreDue(store);
            disk.full = true;
            runTasks();
            isFull(() -> append(store, LOG, store.status(LOG).lastSeqno() + 1, 100));
            isFull(() -> append(store, OTHER, 4, 100));
            assertThat(store.status(LOG).lastSeqno()).isEqualTo(last);
            store.sync();
            Path killed = Stores.copy(temp.resolve("live"), temp.resolve("killed"));
            try (WalStore again = Stores.open(killed)) {
                assertThat(seqnos(again, LOG)).isEqualTo(upTo(last));
            }
            disk.full = false;
            append(store, LOG, ++last, 100);
            store.sync();
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(last));
        }
        assertThat(Stores.inspect(temp.resolve("live")).damages).isEmpty();
        try (WalStore store = open()) {
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(last));
        }
    }

    @Test
    @DisplayName("F-05: a log can be deleted and truncated while its segments can't be written, and does not come back")
    void deletesAtAFullDisk() throws IOException {
        for (boolean truncated : new boolean[] {false, true}) {
            Path live = temp.resolve("deleted" + truncated);
            tasks.clear();
            try (WalStore store = Stores.open(live, disk, tasks::add)) {
                fill(store, OTHER, 3, 100);
                long last = untilSegmentsAreDue(store);
                disk.full = true;
                runTasks();
                // The journal was prepared; only what is new finds no room.
                disk.full = false;
                if (truncated) {
                    store.truncateBefore(LOG, last + 1, 77);
                } else {
                    store.delete(LOG);
                }
                assertThat(store.status(LOG).isEmpty()).isTrue();
                append(store, OTHER, 4, 100);
                store.sync();
                runTasks();
                Path killed = Stores.copy(live, temp.resolve("killed" + truncated));
                assertThat(Stores.inspect(killed).damages).isEmpty();
                try (WalStore again = Stores.open(killed)) {
                    assertThat(again.status(LOG).isEmpty()).isTrue();
                    assertThat(again.status(LOG).lastSeqno()).isEqualTo(truncated ? last : 0);
                    assertThat(seqnos(again, OTHER)).isEqualTo(upTo(4));
                }
            }
            assertThat(Stores.inspect(live).damages).isEmpty();
            try (WalStore store = Stores.open(live)) {
                assertThat(store.status(LOG).isEmpty()).isTrue();
                assertThat(seqnos(store, OTHER)).isEqualTo(upTo(4));
            }
        }
    }

    @Test
    @DisplayName("F-05: a checkpoint that finds no room is done again, and frees the journal then")
    void checkpointsLater() throws IOException {
        long last = 0;
        try (WalStore store = open()) {
            for (int round = 0; round < 400; round++) {
                // Whatever is due next fails every seventh time: a file of the journal, segments, a manifest.
                disk.full = round % 7 == 3;
                runTasks();
                disk.full = false;
                append(store, LOG, ++last, 2000);
                store.sync();
            }
            runTasks();
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(last));
            assertThat(journalBytes()).isLessThan(6 * Stores.SMALL.checkpointBytes());
        }
        assertThat(Stores.inspect(temp.resolve("live")).damages).isEmpty();
        try (WalStore store = open()) {
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(last));
        }
    }

    @Test
    @DisplayName("F-05: where room is short, the journal gives its own back before it is due")
    void relievesTheDisk() throws IOException {
        // So little that it is looked at each time.
        disk.usableBytes = 6 << 20;
        try (WalStore store = open()) {
            for (long seqno = 1; seqno <= 20; seqno++) {
                append(store, LOG, seqno, 500);
                store.sync();
            }
            runTasks();
            long before = journalBytes();
            disk.usableBytes = 1000;
            isFull(() -> append(store, LOG, 21, 500));
            runTasks();
            isFull(() -> append(store, LOG, 21, 500));
            runTasks();
            assertThat(journalBytes()).isLessThan(before / 2);
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(20));
            disk.usableBytes = Long.MAX_VALUE / 4;
            append(store, LOG, 21, 500);
            store.sync();
        }
        try (WalStore store = open()) {
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(21));
        }
    }

    private long journalBytes() throws IOException {
        long bytes = 0;
        for (Path file : Stores.files(temp.resolve("live").resolve("journal"), ".jnl")) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    @Test
    @DisplayName("F-05: a store whose disk has no room for a journal file is opened, read and emptied")
    void opensAtAFullDisk() {
        try (WalStore store = open()) {
            fill(store, LOG, 50, 500);
            fill(store, OTHER, 50, 500);
        }
        disk.mostBytes = 8 << 10;
        try (WalStore store = open()) {
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(50));
            store.delete(LOG);
            assertThat(store.status(LOG).isEmpty()).isTrue();
            assertThat(seqnos(store, OTHER)).isEqualTo(upTo(50));
        }
    }
}
