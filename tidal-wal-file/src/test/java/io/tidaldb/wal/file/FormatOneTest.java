package io.tidaldb.wal.file;

import static io.tidaldb.wal.file.Batches.append;
import static io.tidaldb.wal.file.Batches.log;
import static io.tidaldb.wal.file.Batches.read;
import static io.tidaldb.wal.file.Batches.seqnos;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FormatOneTest {

    private static final LogId LOG = log(0);
    private static final String FIRST = "wal/wal-00000000000000000001.seg";
    private static final String SECOND = "wal/wal-00000000000000000112.seg";

    @TempDir
    Path temp;

    private Path golden(String name) throws IOException {
        return Stores.copy(Path.of("src/test/resources/wal-v1", name), temp.resolve(name));
    }

    @Test
    @DisplayName("R-10: version 1 segments stay readable and a log may hold both versions")
    void readsVersionOneAndContinuesItInVersionTwo() throws IOException {
        Path directory = golden("clean");
        byte[] before = Files.readAllBytes(directory.resolve(FIRST));
        try (WalStore store = Stores.open(directory)) {
            assertThat(seqnos(store, LOG)).containsExactly(1L, 11L, 12L, 112L, 162L);
            assertThat(store.status(LOG).lastSeqno()).isEqualTo(164);
            append(store, LOG, 165, 21);
            store.sync();
            assertThat(read(store, LOG)).extracting(WalBatch::version).containsExactly(1, 1, 1, 1, 1, 2);
        }
        try (WalStore store = Stores.open(directory)) {
            assertThat(seqnos(store, LOG)).containsExactly(1L, 11L, 12L, 112L, 162L, 165L);
        }
        assertThat(Files.readAllBytes(directory.resolve(FIRST))).isEqualTo(before);
        assertThat(Stores.inspect(directory).batches).hasSize(6);
        assertThat(Stores.inspect(directory).damages).isEmpty();
    }

    @Test
    @DisplayName("R-10: an incomplete last batch of version 1 is torn, and cut off")
    void cutsATornTail() throws IOException {
        Path directory = golden("torn");
        Stores.Report report = Stores.inspect(directory);
        assertThat(report.torn).containsExactly(SECOND + "@1114+120");
        assertThat(report.damages).isEmpty();
        assertThat(report.batches).hasSize(4);
        assertThat(Files.size(directory.resolve(SECOND))).isEqualTo(1234);
        try (WalStore store = Stores.open(directory)) {
            assertThat(store.status(LOG).lastSeqno()).isEqualTo(161);
            append(store, LOG, 162, 21);
        }
        try (WalStore store = Stores.open(directory)) {
            assertThat(seqnos(store, LOG)).containsExactly(1L, 11L, 12L, 112L, 162L);
        }
    }

    @Test
    @DisplayName("R-10: a complete batch of version 1 with a bad checksum is corruption, named with file and offset")
    void refusesADamagedBatch() throws IOException {
        Path directory = golden("damaged");
        Stores.Report report = Stores.inspect(directory);
        assertThat(report.damages).hasSize(1);
        assertThat(report.damages.get(0).file()).isEqualTo(FIRST);
        assertThat(report.damages.get(0).offset()).isEqualTo(274);
        assertThat(report.batches).hasSize(4);
        try (WalStore store = Stores.open(directory)) {
            assertThatThrownBy(() -> seqnos(store, LOG)).isInstanceOfSatisfying(CorruptLogException.class, e -> {
                assertThat(e.file()).isEqualTo(FIRST);
                assertThat(e.offset()).isEqualTo(274);
            });
            append(store, log(1), 1, 10);
        }
    }
}
