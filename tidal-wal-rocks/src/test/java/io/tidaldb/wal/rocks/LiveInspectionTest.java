package io.tidaldb.wal.rocks;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.testkit.BatchSequence;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("An inspection")
class LiveInspectionTest {

    private static final LogId FIRST = Stores.log(7);
    private static final LogId SECOND = Stores.log(8);

    @TempDir
    Path home;

    @TempDir
    Path crashed;

    @Test
    @DisplayName("of a directory without a database finds nothing")
    void nothingIsFoundInNothing() {
        assertThat(Stores.inspect(home).files).isEmpty();
    }

    @Test
    @DisplayName("of a store in use tells everything that was synced, writes nothing and leaves nothing behind")
    void aStoreInUseIsRead() throws IOException {
        WalStore store = Stores.open(home);
        BatchSequence first = Stores.append(store, FIRST, 20, 5);
        store.sync();
        var before = Stores.sizes(home);
        long temporary = temporaryDirectories();
        Stores.Report report = Stores.inspect(home);
        assertThat(Stores.sizes(home)).isEqualTo(before);
        assertThat(temporaryDirectories()).isEqualTo(temporary);
        assertThat(report.damages).isEmpty();
        assertThat(report.torn).isEmpty();
        assertThat(report.batches.get(FIRST)).isEqualTo(Stores.encoded(first));
        assertThat(report.files).allMatch(file -> file.startsWith("rocks/"));
        store.append(FIRST, first.next(1));
        store.close();
        assertThat(Stores.inspect(home).batches.get(FIRST)).isEqualTo(Stores.encoded(first));
    }

    @Test
    @DisplayName(
            "of a store that flushes, compacts, truncates and deletes never sees damage, nor less than was synced before")
    void aBusyStoreIsNotTakenForADamagedOne() throws InterruptedException, ExecutionException {
        WalStore store = Stores.open(home);
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger synced = new AtomicInteger();
        FutureTask<BatchSequence> writing = new FutureTask<>(() -> write(store, stop, synced));
        Thread writer = new Thread(writing, "test-writer");
        writer.start();
        for (int i = 0; i < 12; i++) {
            int before = synced.get();
            Stores.Report report = Stores.inspect(home);
            assertThat(report.damages).isEmpty();
            List<ByteBuffer> told = report.batches.getOrDefault(FIRST, List.of());
            assertThat(told).hasSizeGreaterThanOrEqualTo(before);
        }
        stop.set(true);
        BatchSequence first = writing.get();
        store.close();
        assertThat(Stores.inspect(home).batches.get(FIRST)).isEqualTo(Stores.encoded(first));
    }

    @Test
    @DisplayName("of a store that was opened again, or was killed, tells what is only in the write-ahead log as well")
    void theWriteAheadLogIsRead() {
        BatchSequence first = new BatchSequence(FIRST);
        for (int i = 0; i < 4; i++) {
            WalStore store = Stores.open(home);
            assertThat(Stores.inspect(home).batches.getOrDefault(FIRST, List.of()))
                    .isEqualTo(Stores.encoded(first));
            store.append(FIRST, first.next(2));
            store.sync();
            store.append(FIRST, first.next(1));
            store.sync();
            assertThat(Stores.inspect(home).batches.get(FIRST)).isEqualTo(Stores.encoded(first));
            Path killed = Stores.copy(home, crashed.resolve("killed-" + i));
            assertThat(Stores.inspect(killed).batches.get(FIRST)).isEqualTo(Stores.encoded(first));
            WalStore survivor = Stores.open(killed);
            assertThat(Stores.read(survivor, FIRST)).isEqualTo(Stores.encoded(first));
            survivor.close();
            store.close();
        }
    }

    private static BatchSequence write(WalStore store, AtomicBoolean stop, AtomicInteger synced) {
        BatchSequence first = new BatchSequence(FIRST);
        BatchSequence second = new BatchSequence(SECOND);
        for (int i = 0; !stop.get(); i++) {
            if (first.batches().size() < 2_000) {
                store.append(FIRST, first.next(3));
            }
            store.append(SECOND, second.nextOfBytes(100_000));
            store.sync();
            synced.set(first.batches().size());
            if (i % 40 == 39) {
                store.truncateBefore(SECOND, second.nextSeqno(), second.chain());
            }
            if (i % 200 == 199) {
                store.delete(SECOND);
                second = new BatchSequence(SECOND);
            }
        }
        return first;
    }

    private static long temporaryDirectories() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(file -> file.getFileName().toString().startsWith("tidal-rocks-"))
                    .count();
        }
    }
}
