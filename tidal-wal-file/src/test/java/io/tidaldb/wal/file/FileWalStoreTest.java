package io.tidaldb.wal.file;

import static io.tidaldb.wal.file.Batches.append;
import static io.tidaldb.wal.file.Batches.fill;
import static io.tidaldb.wal.file.Batches.log;
import static io.tidaldb.wal.file.Batches.read;
import static io.tidaldb.wal.file.Batches.seqnos;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileWalStoreTest {

    private static final LogId LOG = log(0);

    @TempDir
    Path directory;

    private static List<Long> upTo(long last) {
        return LongStream.rangeClosed(1, last).boxed().toList();
    }

    @Test
    void readsWhatWasAppendedBeforeAndAfterSyncAndReopening() {
        try (WalStore store = Stores.open(directory)) {
            fill(store, LOG, 100, 100);
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(100));
            store.sync();
            fill(store, LOG, 120, 100);
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(120));
        }
        try (WalStore store = Stores.open(directory)) {
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(120));
            WalBatch last = read(store, LOG, 120).get(0);
            assertThat(last.encoded()).isEqualTo(Batches.batch(LOG, 120, 1, 100).encoded());
            append(store, LOG, 121, 5);
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(121));
        }
        assertThat(Stores.inspect(directory).batches).hasSize(121);
    }

    @Test
    void readsFromEverySeqnoThroughSegmentsAndTail() {
        try (WalStore store = Stores.open(directory)) {
            for (long seqno = 1; seqno < 300; seqno += 3) {
                store.append(LOG, Batches.batch(LOG, seqno, 3, 200));
                if (seqno % 30 == 1) {
                    store.sync();
                }
            }
            for (long seqno = 0; seqno <= 300; seqno++) {
                long first = seqno == 0 ? 1 : (seqno - 1) / 3 * 3 + 1;
                assertThat(read(store, LOG, seqno).get(0).firstSeqno()).isEqualTo(first);
            }
            assertThat(read(store, LOG, 301)).isEmpty();
        }
    }

    @Test
    @DisplayName("R-11: segments are named by shard and first seqno and rolled by size")
    void namesAndRollsSegments() throws IOException {
        LogId other = log(0, 0, 7);
        try (WalStore store = Stores.open(directory)) {
            fill(store, LOG, 100, 100);
            fill(store, other, 3, 100);
        }
        assertThat(directory.resolve("wal/wal-00000000000000000001.seg")).exists();
        assertThat(directory.resolve("wal/wal-00000000000000000025.seg")).exists();
        assertThat(directory.resolve("wal/wal-s00007-00000000000000000001.seg")).exists();
        for (Path segment : Stores.files(directory, ".seg")) {
            assertThat(Files.size(segment)).isLessThanOrEqualTo(4096);
        }
    }

    @Test
    @DisplayName("R-12: each tenant, region and holder has its own directory, made of numbers alone")
    void separatesDirectories() {
        LogId tenant = log(42);
        LogId received = log(42, 3, 0);
        LogId held = new LogId(ShardId.of(2), TenantId.of(42), new Origin(RegionId.of(0), ShardId.of(1), 0));
        LogId heldReceived = new LogId(ShardId.of(2), TenantId.of(-1), new Origin(RegionId.of(9), ShardId.of(1), 0));
        List<LogId> logs = List.of(LOG, tenant, received, held, heldReceived);
        try (WalStore store = Stores.open(directory)) {
            logs.forEach(log -> fill(store, log, 3, 20));
        }
        assertThat(directory.resolve("wal/wal-00000000000000000001.seg")).exists();
        assertThat(directory.resolve("tenants/42/wal/wal-00000000000000000001.seg"))
                .exists();
        assertThat(directory.resolve("tenants/42/wal/r00003/wal-00000000000000000001.seg"))
                .exists();
        assertThat(directory.resolve("tenants/42/wal/h00002/wal-s00001-00000000000000000001.seg"))
                .exists();
        assertThat(directory.resolve(
                        "tenants/18446744073709551615/wal/h00002/r00009/wal-s00001-00000000000000000001.seg"))
                .exists();
        try (WalStore store = Stores.open(directory)) {
            assertThat(store.logs()).hasSize(5);
            logs.forEach(log -> assertThat(seqnos(store, log)).isEqualTo(upTo(3)));
        }
        assertThat(Stores.inspect(directory).batches).hasSize(15);
        assertThat(Stores.inspect(directory).damages).isEmpty();
    }

    @Test
    void keepsIncarnationsOfAnOriginApartInOneDirectory() {
        LogId second = LogId.own(TenantId.DEFAULT, new Origin(RegionId.of(0), ShardId.of(0), 2));
        long start = Seqno.of(2, 1);
        try (WalStore store = Stores.open(directory)) {
            fill(store, LOG, 3, 20);
            append(store, second, start, 20);
        }
        try (WalStore store = Stores.open(directory)) {
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(3));
            assertThat(seqnos(store, second)).containsExactly(start);
            store.delete(LOG);
            assertThat(seqnos(store, second)).containsExactly(start);
        }
    }

    @Test
    @DisplayName("R-13: one sync makes the batches of many logs durable, with few files open")
    void syncsMoreLogsThanThereAreHandles() throws IOException {
        Path killed;
        try (WalStore store = Stores.open(directory)) {
            for (long round = 1; round <= 20; round++) {
                for (long tenant = 0; tenant < 40; tenant++) {
                    fill(store, log(tenant), 2 * round, 300);
                }
                store.sync();
            }
            killed = Stores.copy(directory, directory.resolveSibling("killed"));
        }
        try (WalStore store = Stores.open(killed)) {
            for (long tenant = 0; tenant < 40; tenant++) {
                assertThat(seqnos(store, log(tenant))).isEqualTo(upTo(40));
            }
        }
    }

    @Test
    @DisplayName("R-14: a checkpoint bounds the journal, and its files are used again")
    void recyclesTheJournal() throws IOException {
        try (WalStore store = Stores.open(directory)) {
            for (long seqno = 1; seqno <= 2000; seqno++) {
                append(store, LOG, seqno, 500);
                store.sync();
            }
            long bytes = 0;
            for (Path file : Stores.files(directory.resolve("journal"), ".jnl")) {
                bytes += Files.size(file);
            }
            assertThat(bytes).isLessThan(10 * 64 << 10);
            Stores.Report report = Stores.inspect(directory);
            assertThat(report.damages).isEmpty();
            assertThat(report.torn).isEmpty();
            assertThat(report.batches).hasSize(2000).doesNotHaveDuplicates();
        }
    }

    @Test
    void takesBatchesLargerThanAJournalFile() throws IOException {
        Path killed = directory.resolveSibling("killed-large");
        try (WalStore store = Stores.open(directory)) {
            append(store, LOG, 1, 300 << 10);
            append(store, LOG, 2, 10);
            store.sync();
            append(store, LOG, 3, 200 << 10);
            store.sync();
            Stores.copy(directory, killed);
        }
        for (Path each : List.of(directory, killed)) {
            try (WalStore store = Stores.open(each)) {
                assertThat(seqnos(store, LOG)).isEqualTo(upTo(3));
            }
        }
    }

    @Test
    void takesTheLargestBatch() {
        try (WalStore store = Stores.open(directory, Limits.DEFAULT)) {
            append(store, LOG, 1, WalBatch.MAX_PAYLOAD_BYTES);
            store.sync();
        }
        try (WalStore store = Stores.open(directory, Limits.DEFAULT)) {
            assertThat(read(store, LOG).get(0).length()).isEqualTo(WalBatch.MAX_PAYLOAD_BYTES + 64);
        }
    }

    @Test
    void refusesGapsAndStrangers() {
        try (WalStore store = Stores.open(directory)) {
            fill(store, LOG, 3, 10);
            assertThatThrownBy(() -> append(store, LOG, 5, 10))
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.WAL_GAP));
            assertThatThrownBy(() -> append(store, log(9), 2, 10))
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.WAL_GAP));
            assertThatThrownBy(() -> store.append(LOG, Batches.batch(log(1), 4, 1, 10)))
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT));
            assertThat(store.logs()).hasSize(1);
        }
    }

    @Test
    void refusesEverythingAfterClose() {
        WalStore store = Stores.open(directory);
        store.close();
        store.close();
        assertThatThrownBy(store::sync)
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CLOSED));
    }

    @Test
    void survivesAnInterruptedCaller() {
        try (WalStore store = Stores.open(directory)) {
            Thread.currentThread().interrupt();
            fill(store, LOG, 50, 500);
            store.sync();
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(50));
            store.flush(LOG);
            assertThat(Thread.interrupted()).isTrue();
            fill(store, LOG, 60, 500);
        }
        try (WalStore store = Stores.open(directory)) {
            assertThat(seqnos(store, LOG)).isEqualTo(upTo(60));
        }
    }

    @Test
    @DisplayName("R-12: after flush a tenant's directory can be copied as it is")
    void flushCompletesTheLogsOwnFiles() throws IOException {
        LogId tenant = log(42);
        Path other = Files.createDirectory(directory.resolve("other"));
        try (WalStore store = Stores.open(directory)) {
            fill(store, tenant, 30, 300);
            store.flush(tenant);
            Stores.copy(directory.resolve("tenants"), other.resolve("tenants"));
        }
        try (WalStore store = Stores.open(other)) {
            assertThat(seqnos(store, tenant)).isEqualTo(upTo(30));
        }
    }
}
