package io.tidaldb.wal.rocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.testkit.BatchSequence;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.RocksDBException;

@DisplayName("Damage in a database")
class DamageTest {

    private static final LogId FIRST = Stores.log(7);
    private static final LogId SECOND = Stores.log(8);

    @TempDir
    Path home;

    @TempDir
    Path crashed;

    @Test
    @DisplayName(
            "a flipped bit in a table refuses the log whose block it is in, names the file, and lets the others be")
    void aFlipInATableRefusesItsLog() {
        WalStore store = Stores.open(home);
        Stores.append(store, FIRST, 400, 20);
        BatchSequence second = Stores.append(store, SECOND, 400, 20);
        store.close();
        Path table = tableWith(FIRST, 200);
        Stores.flip(table, Stores.find(table, encoded(FIRST, 200)) + 100);

        WalStore again = Stores.open(home);
        CorruptLogException found = catchThrowableOfType(CorruptLogException.class, () -> Stores.read(again, FIRST));
        assertThat(found.file()).isEqualTo("rocks/" + table.getFileName());
        assertThat(found.expected()).startsWith("block checksum ");
        assertThat(Stores.read(again, SECOND)).isEqualTo(Stores.encoded(second));
        again.append(SECOND, second.next(1));
        again.sync();
        again.close();

        // What was found once is known to whoever opens it next.
        WalStore later = Stores.open(home);
        assertThat(later.status(FIRST).damage()).hasMessage(found.getMessage());
        assertThat(catchThrowable(() -> later.append(FIRST, new BatchSequence(FIRST, 8001, 0).next(1))))
                .isInstanceOf(CorruptLogException.class);
        assertThat(Stores.read(later, SECOND)).isEqualTo(Stores.encoded(second));
        later.delete(FIRST);
        BatchSequence anew = Stores.append(later, FIRST, 3, 2);
        later.close();
        WalStore last = Stores.open(home);
        assertThat(Stores.read(last, FIRST)).isEqualTo(Stores.encoded(anew));
        assertThat(Stores.read(last, SECOND)).isEqualTo(Stores.encoded(second));
        last.close();
    }

    @Test
    @DisplayName("is told by an inspection, with what can be read before and after it")
    void inspectionGoesOnAfterAFlip() {
        WalStore store = Stores.open(home);
        BatchSequence first = Stores.append(store, FIRST, 400, 20);
        BatchSequence second = Stores.append(store, SECOND, 400, 20);
        store.close();
        Path table = tableWith(FIRST, 200);
        Stores.flip(table, Stores.find(table, encoded(FIRST, 200)) + 100);

        Stores.Report report = Stores.inspect(home);
        assertThat(report.damages)
                .singleElement()
                .satisfies(damage -> assertThat(damage.file()).isEqualTo("rocks/" + table.getFileName()));
        assertThat(report.batches.get(SECOND)).isEqualTo(Stores.encoded(second));
        List<ByteBuffer> all = Stores.encoded(first);
        List<ByteBuffer> told = report.batches.getOrDefault(FIRST, List.of());
        List<Integer> indexes = told.stream().map(all::indexOf).toList();
        assertThat(indexes).isSorted().doesNotContain(-1, 200).contains(0, 399).hasSizeGreaterThan(350);
    }

    @Test
    @DisplayName(
            "a missing batch is found when the log is read, and when it is the first or the last already when it is opened")
    void aGapIsFound() throws RocksDBException {
        for (int missing : List.of(0, 5, 9)) {
            Path node = home.resolve("node-" + missing);
            node.toFile().mkdir();
            WalStore store = Stores.open(node);
            Stores.append(store, FIRST, 10, 2);
            BatchSequence second = Stores.append(store, SECOND, 10, 2);
            store.close();
            drop(node, FIRST, 1 + 2L * missing, 2 + 2L * missing);

            assertThat(Stores.inspect(node).damages).hasSize(1);
            WalStore again = Stores.open(node);
            assertThat(again.status(FIRST).damage() != null).isEqualTo(missing != 5);
            assertThat(catchThrowable(() -> Stores.read(again, FIRST)))
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining("at key 0000");
            assertThat(Stores.read(again, SECOND)).isEqualTo(Stores.encoded(second));
            again.close();
        }
    }

    @Test
    @DisplayName("batches of a log that nobody knows are not taken for its beginning")
    void batchesWithoutAStateAreRefused() throws RocksDBException {
        WalStore store = Stores.open(home);
        BatchSequence second = Stores.append(store, SECOND, 10, 2);
        store.close();
        try (Database database = Database.open(Layout.database(home));
                Commit commit = new Commit(database)) {
            commit.batch(FIRST, 1, encoded(FIRST, 0));
            commit.write(database, Disk.REAL);
        }
        WalStore again = Stores.open(home);
        assertThat(again.logs()).extracting(LogStatus::log).containsExactly(FIRST, SECOND);
        assertThat(catchThrowable(() -> Stores.append(again, FIRST, 1, 1))).isInstanceOf(CorruptLogException.class);
        assertThat(Stores.read(again, SECOND)).isEqualTo(Stores.encoded(second));
        again.delete(FIRST);
        assertThat(Stores.append(again, FIRST, 1, 1).batches()).hasSize(1);
        again.close();
    }

    @Test
    @DisplayName("a flipped bit in the manifest refuses the store, changes nothing and says the way out")
    void aFlipInTheManifestRefusesTheStore() {
        closedStore();
        Path manifest = Stores.files(home, "").stream()
                .filter(file -> file.getFileName().toString().startsWith("MANIFEST"))
                .findFirst()
                .orElseThrow();
        Stores.flip(manifest, manifest.toFile().length() / 2);
        refused("MANIFEST");
    }

    @Test
    @DisplayName("a flipped bit in CURRENT, or no CURRENT at all, refuses the store and says the way out")
    void aFlipInCurrentRefusesTheStore() throws IOException {
        closedStore();
        Path current = Layout.database(home).resolve("CURRENT");
        byte[] content = Files.readAllBytes(current);
        Stores.flip(current, 2);
        refused("CURRENT");
        Files.delete(current);
        refused("CURRENT");
        Files.write(current, content);
        WalStore store = Stores.open(home);
        assertThat(Stores.read(store, FIRST)).hasSize(10);
        store.close();
    }

    @Test
    @DisplayName(
            "a flipped bit anywhere in the write-ahead log of a killed process refuses the store rather than lose what was synced")
    void aFlipInTheWriteAheadLogRefusesTheStore() {
        WalStore store = Stores.open(home);
        for (int i = 0; i < 5; i++) {
            store.append(FIRST, new BatchSequence(FIRST, 1 + 3L * i, 0).next(3));
            store.sync();
        }
        Path killed = Stores.copy(home, crashed.resolve("killed"));
        store.close();
        Path log = Stores.files(killed, ".log").stream()
                .filter(file -> file.toFile().length() > 0)
                .findFirst()
                .orElseThrow();
        long length = log.toFile().length();
        for (long offset = 0; offset < length; offset += 13) {
            Stores.flip(log, offset);
            assertRefused(killed, log.getFileName().toString());
            Stores.flip(log, offset);
        }
        WalStore again = Stores.open(killed);
        assertThat(Stores.read(again, FIRST)).hasSize(5);
        again.close();
    }

    @Test
    @DisplayName(
            "the write-ahead log of a killed process may end in the middle of a record, at any byte, which was not acknowledged")
    void aTornTailIsCutOff() throws IOException {
        WalStore store = Stores.open(home);
        store.append(FIRST, new BatchSequence(FIRST).next(3));
        store.sync();
        long synced = log(home).toFile().length();
        store.append(FIRST, new BatchSequence(FIRST, 4, 0).next(3));
        store.sync();
        long whole = log(home).toFile().length();
        Path killed = Stores.copy(home, crashed.resolve("torn"));
        store.close();
        byte[] bytes = Files.readAllBytes(log(killed));
        for (long end = synced; end < whole; end += 7) {
            Path torn = Stores.copy(killed, crashed.resolve("torn-" + end));
            try (FileChannel channel = FileChannel.open(log(torn), StandardOpenOption.WRITE)) {
                channel.truncate(end);
            }
            WalStore again = Stores.open(torn);
            assertThat(again.status(FIRST).lastSeqno())
                    .as("cut at %d of %d", end, bytes.length)
                    .isEqualTo(3);
            again.close();
        }
    }

    @Test
    @DisplayName(
            "the write-ahead log of a machine that lost its power may end in a record of which any sectors are zero, which was not acknowledged; one that others follow was, and refuses the store")
    void aTailThatNeverReachedTheDisk() throws IOException {
        WalStore store = Stores.open(home);
        store.append(FIRST, new BatchSequence(FIRST).next(3));
        store.sync();
        int synced = (int) log(home).toFile().length();
        store.append(FIRST, new BatchSequence(FIRST, 4, 0).next(100));
        store.sync();
        int whole = (int) log(home).toFile().length();
        Path killed = Stores.copy(home, crashed.resolve("killed"));
        store.append(FIRST, new BatchSequence(FIRST, 104, 0).next(3));
        store.sync();
        Path followed = Stores.copy(home, crashed.resolve("followed"));
        store.close();
        for (int sector = (synced / 512 + 1) * 512; sector + 512 <= whole; sector += 512) {
            Path cut = Stores.copy(killed, crashed.resolve("cut-" + sector));
            unwritten(log(cut), sector);
            WalStore again = Stores.open(cut);
            assertThat(again.status(FIRST).lastSeqno())
                    .as("without sector at %d", sector)
                    .isEqualTo(3);
            assertThat(Stores.append(again, Stores.log(9), 1, 1)).isNotNull();
            again.sync();
            again.close();
            Path damaged = Stores.copy(followed, crashed.resolve("followed-" + sector));
            unwritten(log(damaged), sector);
            assertRefused(damaged, log(damaged).getFileName().toString());
        }
    }

    private static void unwritten(Path log, int sector) throws IOException {
        byte[] bytes = Files.readAllBytes(log);
        Arrays.fill(bytes, sector, sector + 512, (byte) 0);
        Files.write(log, bytes);
    }

    private static Path log(Path node) {
        List<Path> logs = Stores.files(node, ".log");
        return logs.get(logs.size() - 1);
    }

    private void closedStore() {
        WalStore store = Stores.open(home);
        Stores.append(store, FIRST, 10, 2);
        store.close();
    }

    private void refused(String named) {
        assertRefused(home, named);
        assertThat(Stores.inspect(home).damages).isNotEmpty();
    }

    private static void assertRefused(Path node, String named) {
        var before = Stores.sizes(node);
        TidalException refusal = catchThrowableOfType(
                TidalException.class, () -> Stores.open(node).close());
        assertThat(refusal).as("opening").isNotNull();
        assertThat(refusal.code()).isEqualTo(ErrorCode.STORE_FAILED);
        assertThat(refusal).hasMessageContaining(named).hasMessageContaining("restore the directory from a copy");
        assertThat(Stores.sizes(node)).isEqualTo(before);
    }

    private Path tableWith(LogId log, int batch) {
        return Stores.files(home, ".sst").stream()
                .filter(file -> Stores.find(file, encoded(log, batch)) >= 0)
                .findFirst()
                .orElseThrow();
    }

    /** Returns the bytes of a batch of {@link Stores#append} with batches of 20 signals. */
    private static byte[] encoded(LogId log, int index) {
        BatchSequence batches = new BatchSequence(log);
        for (int i = 0; i <= index; i++) {
            batches.next(20);
        }
        byte[] bytes = new byte[batches.batches().get(index).length()];
        batches.batches().get(index).encoded().get(bytes);
        return bytes;
    }

    private static void drop(Path node, LogId log, long from, long to) throws RocksDBException {
        try (Database database = Database.open(Layout.database(node));
                Commit commit = new Commit(database)) {
            commit.drop(Keys.of(log, from), Keys.of(log, to));
            commit.write(database, Disk.REAL);
        }
    }
}
