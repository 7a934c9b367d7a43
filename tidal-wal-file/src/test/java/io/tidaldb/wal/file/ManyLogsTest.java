package io.tidaldb.wal.file;

import static io.tidaldb.wal.file.Batches.append;
import static io.tidaldb.wal.file.Batches.log;
import static io.tidaldb.wal.file.Batches.seqnos;
import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManyLogsTest {

    private static final int LOGS = 2_000;
    private static final int ROUNDS = 3;
    private static final int OPEN_FILES = 50;
    // Those of the journal and whatever the JVM opens meanwhile.
    private static final int OTHERS = 20;
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    // It is files that are counted here, and not what a disk keeps of them.
    private static final Disk WITHOUT_SYNC = new Disk() {
        @Override
        void force(FileChannel channel) {}

        @Override
        void forceFile(Path file) {}

        @Override
        void forceDirectory(Path directory) {}
    };

    @TempDir
    Path directory;

    private static long descriptors() throws IOException {
        try (Stream<Path> open = Files.list(DESCRIPTORS)) {
            return open.count();
        }
    }

    @Test
    @DisplayName("R-12: 2,000 logs are written and read in turn with as many descriptors as are allowed, and no more")
    void descriptorsAreBounded() throws IOException {
        Assumptions.assumeTrue(Files.isDirectory(DESCRIPTORS), "skipped: " + DESCRIPTORS + " is not possible here");
        Limits limits = new Limits(1 << 20, 64 << 10, 8 << 20, 1 << 20, 1 << 10, 256 << 10, OPEN_FILES);
        List<Long> expected = LongStream.rangeClosed(1, ROUNDS).boxed().toList();
        long most = 0;
        long before = descriptors();
        try (WalStore store = Stores.open(directory, limits, WITHOUT_SYNC)) {
            for (long seqno = 1; seqno <= ROUNDS; seqno++) {
                for (long tenant = 1; tenant <= LOGS; tenant++) {
                    append(store, log(tenant), seqno, 100);
                    if (tenant % 100 == 0) {
                        store.sync();
                        most = Math.max(most, descriptors() - before);
                    }
                }
            }
        }
        try (WalStore store = Stores.open(directory, limits, WITHOUT_SYNC)) {
            List<WalCursor> cursors = new ArrayList<>();
            for (LogId log :
                    LongStream.rangeClosed(1, LOGS).mapToObj(Batches::log).toList()) {
                assertThat(seqnos(store, log)).isEqualTo(expected);
                // A cursor may be left where it is, too.
                WalCursor cursor = store.read(log, 1);
                cursor.next();
                cursors.add(cursor);
                most = Math.max(most, descriptors() - before);
            }
            for (WalCursor cursor : cursors) {
                assertThat(cursor.next()).isNotNull();
                cursor.close();
            }
            most = Math.max(most, descriptors() - before);
            assertThat(descriptors() - before).as("the bound was reached").isGreaterThanOrEqualTo(OPEN_FILES);
        }
        assertThat(most).isLessThan(OPEN_FILES + OTHERS);
        assertThat(descriptors() - before).isLessThan(OTHERS);
    }
}
