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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DestructionTest {

    private static final LogId LOG = log(5);

    @TempDir
    Path temp;

    private Path live;

    @BeforeEach
    void create() throws IOException {
        live = Files.createDirectory(temp.resolve("live"));
    }

    private interface Check {
        void run(WalStore store);
    }

    /** What was ordered holds at once, after a kill at this moment, and after a clean close. */
    private void holds(WalStore store, Check check) throws IOException {
        check.run(store);
        Path killed = Stores.copy(live, temp.resolve("killed"));
        for (int open = 0; open < 2; open++) {
            try (WalStore again = Stores.open(killed)) {
                check.run(again);
            }
            assertThat(Stores.inspect(killed).damages).isEmpty();
        }
        Stores.deleteTree(killed);
    }

    @Test
    @DisplayName("R-14: truncation drops whole segments, keeps the exact base and survives a kill")
    void truncates() throws IOException {
        try (WalStore store = Stores.open(live)) {
            fill(store, LOG, 100, 300);
            store.flush(LOG);
            int before = Stores.files(live, ".seg").size();
            store.truncateBefore(LOG, 58, 4711);
            assertThat(Stores.files(live, ".seg")).hasSizeLessThan(before);
            holds(store, s -> {
                assertThat(seqnos(s, LOG)).startsWith(58L).endsWith(100L);
                assertThat(s.status(LOG).firstSeqno()).isEqualTo(58);
                assertThat(s.status(LOG).baseChain()).isEqualTo(4711);
            });
        }
        try (WalStore store = Stores.open(live)) {
            assertThat(seqnos(store, LOG)).startsWith(58L).endsWith(100L);
        }
    }

    @Test
    void continuesAfterTruncatingEverything() throws IOException {
        try (WalStore store = Stores.open(live)) {
            fill(store, LOG, 30, 300);
            store.truncateBefore(LOG, 31, 99);
            holds(store, s -> {
                LogStatus status = s.status(LOG);
                assertThat(status.isEmpty()).isTrue();
                assertThat(status.lastSeqno()).isEqualTo(30);
                assertThat(status.baseChain()).isEqualTo(99);
                assertThat(status.bytes()).isZero();
            });
            append(store, LOG, 31, 10);
            store.sync();
            holds(store, s -> assertThat(seqnos(s, LOG)).containsExactly(31L));
        }
        try (WalStore store = Stores.open(live)) {
            assertThat(seqnos(store, LOG)).containsExactly(31L);
        }
    }

    @Test
    void setsThePositionOfAnUnknownOrEmptyLog() throws IOException {
        try (WalStore store = Stores.open(live)) {
            store.truncateBefore(LOG, 1000, 7);
            holds(store, s -> assertThat(s.status(LOG).lastSeqno()).isEqualTo(999));
            store.truncateBefore(LOG, 500, 8);
            append(store, LOG, 500, 10);
            store.sync();
            holds(store, s -> assertThat(seqnos(s, LOG)).containsExactly(500L));
        }
        try (WalStore store = Stores.open(live)) {
            assertThat(seqnos(store, LOG)).containsExactly(500L);
        }
    }

    @Test
    void refusesToTruncateInsideABatch() {
        try (WalStore store = Stores.open(live)) {
            store.append(LOG, Batches.batch(LOG, 1, 10, 210));
            store.append(LOG, Batches.batch(LOG, 11, 10, 210));
            for (int synced = 0; synced < 2; synced++) {
                for (long seqno : new long[] {0, 2, 12, 20, 22}) {
                    assertThatThrownBy(() -> store.truncateBefore(LOG, seqno, 0))
                            .isInstanceOfSatisfying(
                                    TidalException.class,
                                    e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT));
                }
                store.flush(LOG);
            }
            store.truncateBefore(LOG, 11, 0);
            assertThat(seqnos(store, LOG)).containsExactly(11L);
        }
    }

    @Test
    void nothingDeletedComesBack() throws IOException {
        try (WalStore store = Stores.open(live)) {
            fill(store, LOG, 60, 300);
            fill(store, log(6), 3, 10);
            store.flush(LOG);
            fill(store, LOG, 70, 300);
            store.delete(LOG);
            holds(store, s -> {
                assertThat(s.logs()).extracting(LogStatus::log).containsExactly(log(6));
                assertThat(s.status(LOG).lastSeqno()).isZero();
            });
            assertThat(Stores.files(live.resolve("tenants/5"), ".seg")).isEmpty();
            fill(store, LOG, 2, 10);
            store.sync();
            holds(store, s -> assertThat(seqnos(s, LOG)).containsExactly(1L, 2L));
        }
    }

    @Test
    void filesThatAKillLeftOfADeletedLogAreRemoved() throws IOException {
        Path killed = temp.resolve("killed");
        try (WalStore store = Stores.open(live)) {
            fill(store, LOG, 60, 300);
            store.flush(LOG);
        }
        try (WalStore store = Stores.open(live)) {
            Path before = Stores.copy(live.resolve("tenants"), temp.resolve("before"));
            store.delete(LOG);
            Stores.copy(live, killed);
            // As if the kill had come between the frame and the removal of files.
            Stores.copy(before, killed.resolve("tenants"));
        }
        assertThat(Stores.inspect(killed).batches).isEmpty();
        try (WalStore store = Stores.open(killed)) {
            assertThat(store.logs()).isEmpty();
        }
        assertThat(Stores.files(killed, ".seg")).isEmpty();
    }
}
