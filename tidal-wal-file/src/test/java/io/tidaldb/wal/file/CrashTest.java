package io.tidaldb.wal.file;

import static io.tidaldb.wal.file.Batches.append;
import static io.tidaldb.wal.file.Batches.fill;
import static io.tidaldb.wal.file.Batches.log;
import static io.tidaldb.wal.file.Batches.seqnos;
import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalStore;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CrashTest {

    private static final LogId A = log(1);
    private static final LogId B = log(2);

    @TempDir
    Path temp;

    private static List<Long> upTo(long last) {
        return LongStream.rangeClosed(1, last).boxed().toList();
    }

    @Test
    @DisplayName("R-13: what was synced survives a kill, what was not is lost from the end only")
    void losesOnlyWhatWasNotSynced() throws IOException {
        Path live = Files.createDirectory(temp.resolve("live"));
        Path killed = temp.resolve("killed");
        try (WalStore store = Stores.open(live)) {
            fill(store, A, 50, 200);
            fill(store, B, 20, 200);
            store.sync();
            fill(store, A, 90, 200);
            Stores.copy(live, killed);
        }
        Stores.Report report = Stores.inspect(killed);
        assertThat(report.damages).isEmpty();
        assertThat(report.batches).hasSize(70);
        try (WalStore store = Stores.open(killed)) {
            assertThat(seqnos(store, A)).isEqualTo(upTo(50));
            assertThat(seqnos(store, B)).isEqualTo(upTo(20));
            fill(store, A, 60, 200);
        }
        try (WalStore store = Stores.open(killed)) {
            assertThat(seqnos(store, A)).isEqualTo(upTo(60));
        }
    }

    @Test
    @DisplayName("R-13: a journal cut at any byte of its last commit recovers to the commit before")
    void recoversFromACutAtEveryByteOfTheLastCommit() throws IOException {
        Path live = Files.createDirectory(temp.resolve("live"));
        Path killed = temp.resolve("killed");
        long start;
        long end;
        try (WalStore store = Stores.open(live)) {
            fill(store, A, 3, 50);
            store.sync();
            start = 4096;
            append(store, A, 4, 3000);
            append(store, B, 1, 2500);
            store.sync();
            end = start + 2 * 4096;
            Stores.copy(live, killed);
        }
        Path journal = Stores.files(killed.resolve("journal"), ".jnl").get(0);
        byte[] whole = Files.readAllBytes(journal);
        for (long length = end - 1; length >= start; length -= length > end - 20 || length < start + 100 ? 1 : 13) {
            Path each = temp.resolve("each");
            Stores.deleteTree(each);
            Stores.copy(killed, each);
            Path file = each.resolve(killed.relativize(journal).toString());
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(length);
            }
            Stores.Report report = Stores.inspect(each);
            assertThat(report.damages).as("cut at " + length).isEmpty();
            // With less than the first stamp left nothing shows that there was a commit.
            assertThat(report.torn).as("cut at " + length).hasSizeBetween(length < start + 8 ? 0 : 1, 1);
            try (WalStore store = Stores.open(each)) {
                assertThat(seqnos(store, A)).as("cut at " + length).isEqualTo(upTo(3));
                assertThat(store.status(B).isEmpty()).isTrue();
            }
        }
        assertThat(whole.length).isGreaterThan((int) end);
    }

    @Test
    void aBlockThatWasNeverWrittenTearsTheLastCommit() throws IOException {
        Path live = Files.createDirectory(temp.resolve("live"));
        Path killed = temp.resolve("killed");
        try (WalStore store = Stores.open(live)) {
            fill(store, A, 3, 50);
            store.sync();
            append(store, A, 4, 10000);
            store.sync();
            Stores.copy(live, killed);
        }
        for (int block = 1; block <= 3; block++) {
            Path each = Stores.copy(killed, temp.resolve("each" + block));
            Path file = Stores.files(each.resolve("journal"), ".jnl").get(0);
            byte[] bytes = Files.readAllBytes(file);
            java.util.Arrays.fill(bytes, block * 4096, (block + 1) * 4096, (byte) 0);
            Files.write(file, bytes);
            assertThat(Stores.inspect(each).torn).hasSize(1);
            try (WalStore store = Stores.open(each)) {
                assertThat(store.status(A).damage()).isNull();
                assertThat(seqnos(store, A)).isEqualTo(upTo(3));
            }
        }
    }

    @Test
    void anyMomentOfARandomHistoryCanBeTheLast() throws IOException {
        anyMomentCanBeTheLast(Runnable::run, () -> {});
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 20, 1000})
    void anyMomentCanBeTheLastWhileTheBackgroundLagsBehind(int lag) throws IOException {
        Random random = new Random(lag);
        ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        anyMomentCanBeTheLast(tasks::add, () -> {
            if (random.nextInt(lag) == 0 && !tasks.isEmpty()) {
                tasks.remove().run();
            }
        });
    }

    private void anyMomentCanBeTheLast(Executor background, Runnable eachStep) throws IOException {
        Random random = new Random(42);
        Path live = Files.createDirectory(temp.resolve("live"));
        long[] appended = new long[6];
        long[] synced = new long[6];
        long[] base = new long[6];
        try (WalStore store = Stores.open(live, Disk.REAL, background)) {
            for (int step = 0; step < 1500; step++) {
                eachStep.run();
                int tenant = random.nextInt(6);
                LogId log = log(tenant);
                switch (random.nextInt(30)) {
                    case 0 -> {
                        store.delete(log);
                        appended[tenant] = 0;
                        base[tenant] = 0;
                        System.arraycopy(appended, 0, synced, 0, 6);
                    }
                    case 1 -> {
                        if (appended[tenant] > 0) {
                            long keep = base[tenant] + random.nextLong(appended[tenant] - base[tenant] + 1);
                            store.truncateBefore(log, keep + 1, keep);
                            base[tenant] = keep;
                            System.arraycopy(appended, 0, synced, 0, 6);
                        }
                    }
                    case 2, 3, 4, 5, 6 -> {
                        store.sync();
                        System.arraycopy(appended, 0, synced, 0, 6);
                    }
                    case 7 -> store.flush(log);
                    default -> append(store, log, ++appended[tenant], random.nextInt(900));
                }
                if (step % 50 == 49) {
                    store.sync();
                    System.arraycopy(appended, 0, synced, 0, 6);
                    verify(Stores.copy(live, temp.resolve("killed" + step)), synced, base);
                    Stores.deleteTree(temp.resolve("killed" + step));
                }
            }
        }
        verify(live, appended, base);
    }

    private static void verify(Path directory, long[] synced, long[] base) {
        Stores.Report report = Stores.inspect(directory);
        assertThat(report.damages).isEmpty();
        assertThat(report.batches).doesNotHaveDuplicates();
        long total = 0;
        try (WalStore store = Stores.open(directory)) {
            for (int tenant = 0; tenant < synced.length; tenant++) {
                List<Long> expected = LongStream.rangeClosed(base[tenant] + 1, synced[tenant])
                        .boxed()
                        .toList();
                assertThat(seqnos(store, log(tenant))).isEqualTo(expected);
                assertThat(store.status(log(tenant)).lastSeqno()).isEqualTo(synced[tenant]);
                total += expected.size();
            }
        }
        assertThat(report.batches).hasSize((int) total);
    }
}
