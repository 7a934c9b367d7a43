package io.tidaldb.wal.file;

import static io.tidaldb.wal.file.Batches.append;
import static io.tidaldb.wal.file.Batches.fill;
import static io.tidaldb.wal.file.Batches.log;
import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Inspects directories that are in use. A directory is right at each moment, for the next could be a kill's; but a reading takes in
 * several moments. So each test lets one and the same thing happen at the first place that a reading looks up, then in another
 * directory at the second, and so on to the last.
 */
class LiveInspectionTest {

    private static final LogId A = log(1);
    private static final LogId B = log(2);
    private static final LogId C = log(3);
    private static final int PAYLOAD_BYTES = 1000;

    // Nothing is cut off from power here.
    private static final Disk QUICK = new Disk() {
        @Override
        void force(FileChannel channel) {}

        @Override
        void forceFile(Path file) {}

        @Override
        void forceDirectory(Path directory) {}
    };

    @TempDir
    Path temp;

    /** What happens while somebody reads. */
    private interface Deed {
        void run(Live live) throws IOException;
    }

    /** A directory in use. */
    private static final class Live implements AutoCloseable {

        private final Path directory;
        private WalStore store;

        Live(Path directory) throws IOException {
            this.directory = Files.createDirectories(directory);
            this.store = Stores.open(directory, Stores.SMALL, QUICK);
        }

        void commit(LogId log, int batches) {
            for (int i = 0; i < batches; i++) {
                append(store, log, store.status(log).lastSeqno() + 1, PAYLOAD_BYTES);
                store.sync();
            }
        }

        /** Writes so much that the journal goes on in other files and at least one checkpoint is published. */
        void checkpoint() {
            for (int i = 0; i < 12; i++) {
                append(store, A, store.status(A).lastSeqno() + 1, 20 * PAYLOAD_BYTES);
                store.sync();
            }
        }

        @Override
        public void close() {
            store.close();
        }

        void reopen() {
            store.close();
            store = Stores.open(directory, Stores.SMALL, QUICK);
        }
    }

    /** A layout in which the deed is done when a certain place is looked up. */
    private static final class Moments extends Layout {

        private final Deed deed;
        private final Live live;
        private int left;

        Moments(Live live, int moment, Deed deed) {
            super(live.directory);
            this.live = live;
            this.left = moment;
            this.deed = deed;
        }

        private void pass() {
            if (left-- == 0) {
                try {
                    deed.run(live);
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }
        }

        boolean cameToTheDeed() {
            return left < 0;
        }

        @Override
        Path journal() {
            pass();
            return super.journal();
        }

        @Override
        Path wal(io.tidaldb.api.TenantId tenant) {
            pass();
            return super.wal(tenant);
        }

        @Override
        String name(Path file) {
            pass();
            return super.name(file);
        }
    }

    /** What was found, where each log must go on without a gap. */
    private static final class Found implements WalInspection {

        private final Map<LogId, Long> last = new HashMap<>();
        private final List<String> wrong = new ArrayList<>();
        private final List<Damage> damages = new ArrayList<>();

        @Override
        public void file(String file, long bytes) {}

        @Override
        public void batch(LogId log, String file, long offset, WalBatch batch) {
            Long before = last.put(log, batch.lastSeqno());
            if (before != null && batch.firstSeqno() != before + 1 && damages.isEmpty()) {
                wrong.add(log + " goes on from " + before + " with " + batch.firstSeqno() + " in " + file);
            }
        }

        @Override
        public void tornTail(String file, long offset, long bytes) {}

        @Override
        public void damage(String file, long offset, String expected, String actual) {
            damages.add(new Damage(file, offset, expected, actual));
        }

        long last(LogId log) {
            return last.getOrDefault(log, 0L);
        }
    }

    private Live begin(String name) throws IOException {
        Live live = new Live(temp.resolve(name));
        fill(live.store, A, 12, PAYLOAD_BYTES);
        fill(live.store, B, 12, PAYLOAD_BYTES);
        live.store.sync();
        live.reopen();
        for (int i = 0; i < 3; i++) {
            live.commit(A, 1);
            live.commit(B, 2);
            live.commit(C, 3);
        }
        return live;
    }

    private void atEachMoment(Deed deed, Consumer<Found> check) throws IOException {
        atEachMoment(live -> {}, deed, check);
    }

    private void atEachMoment(Deed before, Deed deed, Consumer<Found> check) throws IOException {
        boolean came = true;
        for (int moment = 0; came; moment++) {
            try (Live live = begin("at-" + moment)) {
                before.run(live);
                Moments layout = new Moments(live, moment, deed);
                Found found = new Found();
                Inspector.inspect(layout, found);
                String when = "at moment " + moment;
                assertThat(found.wrong).as(when).isEmpty();
                try {
                    check.accept(found);
                } catch (AssertionError e) {
                    throw new AssertionError(when + ": " + e.getMessage(), e);
                }
                came = layout.cameToTheDeed();
            }
            Stores.deleteTree(temp.resolve("at-" + moment));
        }
    }

    private static void undamaged(Found found) {
        assertThat(found.damages).isEmpty();
    }

    @Test
    @DisplayName("commits that are written while a directory is read are no damage")
    void commits() throws IOException {
        atEachMoment(live -> live.commit(B, 3), found -> {
            undamaged(found);
            assertThat(found.last(A)).isEqualTo(15);
            assertThat(found.last(B)).isBetween(18L, 21L);
            assertThat(found.last(C)).isEqualTo(9);
        });
    }

    @Test
    void aCheckpointAndJournalFilesThatAreUsedAgain() throws IOException {
        atEachMoment(Live::checkpoint, found -> {
            undamaged(found);
            assertThat(found.last(A)).isGreaterThanOrEqualTo(15);
            assertThat(found.last(B)).isEqualTo(18);
            assertThat(found.last(C)).isEqualTo(9);
        });
    }

    @Test
    void aFileThatIsUsedAgainForTheSecondTime() throws IOException {
        atEachMoment(Live::checkpoint, Live::checkpoint, found -> {
            undamaged(found);
            assertThat(found.last(B)).isEqualTo(18);
        });
    }

    @Test
    void aLogThatIsTruncatedOrDeletedOrBeginsAnew() throws IOException {
        Deed deed = live -> {
            live.store.truncateBefore(A, 7, 7);
            live.store.delete(B);
            live.store.delete(C);
            live.commit(C, 1);
        };
        atEachMoment(deed, LiveInspectionTest::undamaged);
        atEachMoment(
                live -> {
                    deed.run(live);
                    live.checkpoint();
                },
                LiveInspectionTest::undamaged);
    }

    @Test
    void aStoreThatIsClosedAndOpenedAgain() throws IOException {
        for (Deed deed : List.<Deed>of(live -> live.store.close(), Live::reopen, live -> {
            live.reopen();
            live.commit(A, 20);
            live.commit(B, 20);
        })) {
            atEachMoment(deed, found -> {
                undamaged(found);
                assertThat(found.last(B)).isGreaterThanOrEqualTo(18);
            });
        }
    }

    @Test
    void aClosedStoreThatIsOpened() throws IOException {
        atEachMoment(
                live -> live.store.close(),
                live -> {
                    live.reopen();
                    live.commit(A, 20);
                    live.commit(B, 20);
                    live.store.delete(C);
                },
                found -> {
                    undamaged(found);
                    assertThat(found.last(B)).isGreaterThanOrEqualTo(18);
                });
    }

    @Test
    @DisplayName("damage is found in a directory in use, too, whatever happens meanwhile")
    void damageStaysDamage() throws IOException {
        Deed flip = live -> Stores.flip(segment(live, 2), 100);
        for (Deed deed : List.<Deed>of(live -> live.commit(B, 3), Live::checkpoint, live -> live.store.delete(A))) {
            atEachMoment(flip, deed, found -> {
                assertThat(found.damages).hasSize(1);
                assertThat(found.damages.get(0).file()).startsWith("tenants/2/wal/wal-");
                assertThat(found.damages.get(0).offset()).isZero();
                assertThat(found.last(B)).isGreaterThanOrEqualTo(18);
            });
        }
    }

    private static Path segment(Live live, long tenant) throws IOException {
        return Stores.files(live.directory.resolve("tenants/" + tenant), ".seg").get(1);
    }

    @Test
    void aDamagedCommitStaysDamaged() throws IOException {
        // In the second commit, a header of a frame: whose it was, the commit after it tells.
        Deed flip = live -> Stores.flip(
                Stores.files(live.directory.resolve("journal"), ".jnl").get(0), 4096 + 8 + 64 + 48 + 70);
        atEachMoment(flip, live -> live.commit(B, 3), found -> {
            assertThat(found.damages).hasSize(1);
            assertThat(found.damages.get(0).file()).startsWith("journal/").endsWith(".jnl");
            assertThat(found.last(A)).isEqualTo(15);
        });
    }

    @Test
    @DisplayName("reading again and again finds no damage while a thread writes all the time")
    void readsWhileAThreadWrites() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        // Odd while logs are cut: of those less may be told.
        AtomicInteger cuts = new AtomicInteger();
        try (Live live = begin("threads")) {
            Thread writer = new Thread(
                    () -> {
                        for (int round = 0; !done.get(); round++) {
                            live.commit(A, 1);
                            live.commit(B, 1);
                            live.commit(C, 2);
                            if (round % 50 == 49) {
                                long first = live.store.status(A).lastSeqno() + 1;
                                cuts.incrementAndGet();
                                live.store.truncateBefore(A, first, first);
                                live.store.truncateBefore(B, first - 30, first);
                                live.store.delete(C);
                                cuts.incrementAndGet();
                            }
                        }
                    },
                    "writer");
            writer.start();
            try {
                for (int pass = 0; pass < 500; pass++) {
                    Found found = new Found();
                    int before = cuts.get();
                    new FileWalStoreFactory().inspect(live.directory, found);
                    assertThat(found.wrong).isEmpty();
                    undamaged(found);
                    if (before % 2 == 0 && cuts.get() == before) {
                        assertThat(found.last(B)).isGreaterThanOrEqualTo(18);
                    }
                }
            } finally {
                done.set(true);
                writer.join();
            }
        }
    }
}
