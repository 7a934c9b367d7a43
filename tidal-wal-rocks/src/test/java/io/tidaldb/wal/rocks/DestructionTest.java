package io.tidaldb.wal.rocks;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.testkit.BatchSequence;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("What is deleted or truncated")
class DestructionTest {

    private static final LogId GONE = Stores.log(7);
    private static final LogId LEFT = Stores.log(8);
    private static final byte[] CANARY = "canary-4e7a91c2".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] OTHER = "sparrow-77b1d03".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    Path home;

    @TempDir
    Path crashed;

    @Test
    @DisplayName(
            "F-70: is found in no file once a deletion is through, whether it was in tables or in the write-ahead log")
    void deletedBytesAreGone() {
        WalStore store = Stores.open(home);
        for (int i = 0; i < 50; i++) {
            append(store, GONE, 1 + i, CANARY, 20_000);
            append(store, LEFT, 1 + i, OTHER, 20_000);
        }
        store.close();
        assertThat(filesWith(CANARY)).isNotEmpty();
        store = Stores.open(home);
        append(store, GONE, 51, CANARY, 100);
        append(store, LEFT, 51, OTHER, 100);
        store.sync();
        store.delete(GONE);
        assertThat(filesWith(CANARY)).isEmpty();
        assertThat(filesWith(OTHER)).isNotEmpty();
        assertThat(Stores.read(store, LEFT)).hasSize(51);
        store.close();
        assertThat(filesWith(CANARY)).isEmpty();
        WalStore again = Stores.open(home);
        assertThat(again.logs()).extracting(LogStatus::log).containsExactly(LEFT);
        assertThat(Stores.read(again, LEFT)).hasSize(51);
        again.close();
    }

    @Test
    @DisplayName("F-70: is erased by the next process if one was killed after the deletion and before the erasure")
    void anErasureIsTakenUpAgain() {
        Deque<Runnable> late = new ArrayDeque<>();
        WalStore store = open(home, late::add);
        append(store, GONE, 1, CANARY, 100);
        append(store, LEFT, 1, OTHER, 100);
        store.sync();
        store.delete(GONE);
        Path killed = Stores.copy(home, crashed.resolve("killed"));
        assertThat(late).hasSize(1);
        store.close();
        // Too late: the store is closed.
        late.forEach(Runnable::run);

        assertThat(filesWith(killed, CANARY)).isNotEmpty();
        WalStore survivor = Stores.open(killed);
        assertThat(survivor.logs()).extracting(LogStatus::log).containsExactly(LEFT);
        assertThat(filesWith(killed, CANARY)).isEmpty();
        assertThat(Stores.read(survivor, LEFT)).hasSize(1);
        survivor.close();
    }

    @Test
    @DisplayName("does not take with it what a log of the same name holds afterwards")
    void aLogThatBeginsAnewKeepsWhatItHas() {
        Deque<Runnable> late = new ArrayDeque<>();
        WalStore store = open(home, late::add);
        append(store, GONE, 1, CANARY, 100);
        store.delete(GONE);
        append(store, GONE, 1, OTHER, 100);
        store.sync();
        late.forEach(Runnable::run);
        assertThat(filesWith(CANARY)).isEmpty();
        assertThat(Stores.read(store, GONE)).hasSize(1);
        store.delete(GONE);
        append(store, GONE, 1, OTHER, 200);
        late.removeLast().run();
        store.close();
        WalStore again = Stores.open(home);
        assertThat(Stores.read(again, GONE)).hasSize(1);
        again.close();
    }

    @Test
    @DisplayName("gives its space back, while a reader of another log goes on")
    void truncationGivesSpaceBack() {
        WalStore store = Stores.open(home);
        int large = 1 << 20;
        for (int i = 0; i < 40; i++) {
            append(store, GONE, 1 + i, OTHER, large);
            append(store, LEFT, 1 + i, OTHER, 1000);
            store.sync();
        }
        store.close();
        store = Stores.open(home);
        long before = bytes();
        assertThat(before).isGreaterThan(40L << 20);
        try (WalCursor reader = store.read(LEFT, 1)) {
            assertThat(reader.next()).isNotNull();
            store.truncateBefore(GONE, 36, 0);
            for (int i = 1; i < 40; i++) {
                assertThat(reader.next()).isNotNull();
            }
            assertThat(reader.next()).isNull();
        }
        assertThat(store.status(GONE).bytes()).isEqualTo(5 * (WalBatch.HEADER_BYTES + 4L + large));
        assertThat(Stores.read(store, GONE)).hasSize(5);
        store.close();
        Stores.open(home).close();
        assertThat(bytes()).isLessThan(before - (30L << 20));
    }

    @Test
    @DisplayName("is bounded by many truncations of a log that goes on growing")
    void manyTruncationsKeepItSmall() {
        WalStore store = Stores.open(home);
        BatchSequence batches = new BatchSequence(GONE);
        for (int i = 0; i < 200; i++) {
            store.append(GONE, batches.nextOfBytes(256 << 10));
            store.sync();
            if (i % 10 == 9) {
                store.truncateBefore(GONE, batches.nextSeqno(), batches.chain());
            }
        }
        store.close();
        WalStore again = Stores.open(home);
        assertThat(again.status(GONE).bytes()).isZero();
        again.append(GONE, batches.next(1));
        again.close();
        assertThat(bytes()).isLessThan(25L << 20);
    }

    private static WalStore open(Path node, Executor background) {
        return RocksWalStore.open(
                new WalStoreContext(node, RegionId.of(0), WalStoreContext.DEFAULT_SEGMENT_BYTES, background),
                Disk.REAL);
    }

    /** Appends one batch of one record that says a text at its beginning and end. */
    private static void append(WalStore store, LogId log, long seqno, byte[] text, int bytes) {
        int length = Math.max(bytes, 2 * text.length);
        ByteBuffer buffer = ByteBuffer.allocate(WalBatch.HEADER_BYTES + Integer.BYTES + length)
                .order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(WalBatch.HEADER_BYTES, length);
        buffer.put(WalBatch.HEADER_BYTES + Integer.BYTES, text);
        buffer.put(buffer.capacity() - text.length, text);
        WalBatch.writeHeader(
                buffer, RecordKind.CONTROL, 0, seqno, 1, Integer.BYTES + length, log.tenant(), log.origin(), seqno);
        store.append(log, WalBatch.seal(buffer, 0));
    }

    private List<Path> filesWith(byte[] text) {
        return filesWith(home, text);
    }

    private static List<Path> filesWith(Path node, byte[] text) {
        return Stores.files(node, "").stream()
                .filter(file -> Stores.find(file, text) >= 0)
                .toList();
    }

    private long bytes() {
        return Stores.sizes(home).values().stream().mapToLong(Long::longValue).sum();
    }
}
