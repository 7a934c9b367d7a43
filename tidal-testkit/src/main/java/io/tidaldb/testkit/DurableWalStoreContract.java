package io.tidaldb.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What every {@link WalStore} promises whose factory says that it is durable. A crash is played by copying the directory of an open store
 * and opening the copy; that keeps what the operating system holds, so losing unsynced bytes themselves is for the backend's own tests.
 */
public abstract class DurableWalStoreContract extends WalStoreContract {

    /** Creates the suite. */
    protected DurableWalStoreContract() {}

    /** Opens a store whose next sync fails as a broken disk makes it fail. */
    protected abstract WalStore openWithFailingSync(WalStoreContext context);

    /**
     * Changes stored bytes of the log's first batch, in every place that holds it. The store is closed. Overridden by stores whose
     * inspection does not name plain files.
     */
    protected void damageFirstBatch(Path directory, LogId log) {
        Found found = inspect(directory);
        long first = found.places.stream()
                .filter(place -> place.log.equals(log))
                .mapToLong(Place::firstSeqno)
                .min()
                .orElseThrow();
        for (Place place : found.places) {
            if (place.log.equals(log) && place.firstSeqno == first) {
                flipByte(directory.resolve(place.file), place.offset + WalBatch.HEADER_BYTES + 3);
            }
        }
    }

    @Test
    void factorySaysThatItIsDurable() {
        assertThat(factory().durable()).isTrue();
    }

    @Test
    void oneSyncIsDurableForAllLogs() {
        Path home = home();
        WalStore store = open(home);
        List<BatchSequence> all = new ArrayList<>();
        for (int tenant = 0; tenant < 300; tenant++) {
            all.add(append(store, LogId.own(TenantId.of(tenant), ORIGIN), 1 + tenant % 3, 2));
        }
        store.sync();
        assertHoldsAll(store, all);
        assertHoldsAll(open(crashed(home)), all);
        store.close();
        assertHoldsAll(open(home), all);
    }

    @Test
    void closeMakesEverythingDurable() {
        Path home = home();
        WalStore store = open(home);
        BatchSequence batches = append(store, LOG, 3, 4, 5);
        store.close();
        assertHolds(open(home), batches);
    }

    @Test
    void abandonedStoreIsReleasedAndHasWhatWasSynced() {
        Path home = home();
        WalStore store = open(home);
        BatchSequence batches = append(store, LOG, 3, 4);
        store.sync();
        store.append(LOG, batches.next(5));
        store.abandon();
        Failures.assertCode(ErrorCode.CLOSED, () -> store.status(LOG));
        store.abandon();
        store.close();
        WalStore again = open(home);
        List<WalBatch> left = read(again, LOG, 0);
        assertThat(left).hasSizeBetween(2, 3);
        assertThat(encoded(left)).isEqualTo(encoded(batches.batches().subList(0, left.size())));
    }

    @Test
    void whatIsTruncatedAfterARollOverIsInNoFileOnceItIsPurged() throws IOException {
        Path home = home();
        WalStore store = open(home);
        BatchSequence batches = append(store, LOG, 3, 4);
        store.sync();
        store.rollOver(LOG);
        long chain = batches.chain();
        WalBatch kept = batches.next(5);
        store.append(LOG, kept);
        store.sync();
        store.truncateBefore(LOG, kept.firstSeqno(), chain);
        long begunNanos = System.nanoTime();
        while (!store.purge()) {
            assertThat(System.nanoTime() - begunNanos).isLessThan(60_000_000_000L);
            Thread.onSpinWait();
        }
        assertThat(encoded(read(store, LOG, 0))).isEqualTo(encoded(List.of(kept)));
        for (WalBatch gone : batches.batches().subList(0, 2)) {
            assertThat(holding(home, gone)).isEmpty();
        }
        assertThat(encoded(read(open(crashed(home)), LOG, 0))).isEqualTo(encoded(List.of(kept)));
    }

    /** Returns the files that hold the payload of a batch. */
    private static List<Path> holding(Path home, WalBatch batch) throws IOException {
        byte[] payload = new byte[batch.payload().remaining()];
        batch.payload().get(payload);
        String wanted = new String(payload, StandardCharsets.ISO_8859_1);
        try (Stream<Path> files = Files.walk(home)) {
            List<Path> found = new ArrayList<>();
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(wanted)) {
                    found.add(file);
                }
            }
            return found;
        }
    }

    @Test
    void appendsContinueAfterReopen() {
        Path home = home();
        BatchSequence batches = new BatchSequence(LOG);
        for (int i = 0; i < 6; i++) {
            WalStore store = open(home, SMALL_SEGMENT_BYTES);
            Failures.assertCode(
                    ErrorCode.WAL_GAP, () -> store.append(LOG, BatchSequence.single(TENANT, ORIGIN, 9_999)));
            store.append(LOG, batches.next(40));
            store.append(LOG, batches.next(40));
            store.close();
        }
        assertHolds(open(home, SMALL_SEGMENT_BYTES), batches);
    }

    @Test
    void crashLeavesAPrefixOfWholeBatchesWithAllThatWasSynced() {
        for (long seed = 1; seed <= 5; seed++) {
            long seedInUse = seed;
            Random random = new Random(seedInUse);
            Path home = home();
            WalStore store = open(home, SMALL_SEGMENT_BYTES);
            Map<LogId, BatchSequence> all = new LinkedHashMap<>();
            Map<LogId, Long> synced = new LinkedHashMap<>();
            for (int step = 0; step < 120; step++) {
                LogId log = LogId.own(TenantId.of(random.nextInt(4)), ORIGIN);
                BatchSequence batches = all.computeIfAbsent(log, BatchSequence::new);
                store.append(log, batches.next(1 + random.nextInt(60)));
                if (random.nextInt(5) == 0) {
                    store.sync();
                    all.forEach((id, sequence) -> synced.put(id, sequence.nextSeqno() - 1));
                }
                if (step % 30 == 17) {
                    WalStore survivor = open(crashed(home), SMALL_SEGMENT_BYTES);
                    all.values().forEach(sequence -> {
                        List<WalBatch> left = read(survivor, sequence.log(), 0);
                        assertThat(encoded(left))
                                .as("seed %d, log %s", seedInUse, sequence.log())
                                .isEqualTo(encoded(sequence.batches().subList(0, left.size())));
                        assertThat(survivor.status(sequence.log()).lastSeqno())
                                .isGreaterThanOrEqualTo(synced.getOrDefault(sequence.log(), 0L));
                    });
                    survivor.close();
                }
            }
            store.close();
        }
    }

    @Test
    void survivesCrashAfterCrash() {
        Path home = home();
        BatchSequence batches = new BatchSequence(LOG);
        for (int i = 0; i < 5; i++) {
            WalStore store = open(home, SMALL_SEGMENT_BYTES);
            assertHolds(store, batches);
            store.append(LOG, batches.next(70));
            store.sync();
            home = crashed(home);
        }
        assertHolds(open(home, SMALL_SEGMENT_BYTES), batches);
    }

    @Test
    void afterAFailedSyncEverythingIsRefusedUntilReopened() {
        Path home = home();
        WalStore store = openWithFailingSync(context(home, WalStoreContext.DEFAULT_SEGMENT_BYTES));
        BatchSequence batches = append(store, LOG, 1);
        Failures.assertCode(ErrorCode.STORE_FAILED, store::sync);
        Failures.assertCode(ErrorCode.STORE_FAILED, store::sync);
        Failures.assertCode(ErrorCode.STORE_FAILED, () -> store.append(LOG, batches.next(1)));
        Failures.assertCode(ErrorCode.STORE_FAILED, () -> store.truncateBefore(LOG, 2, 0));
        Failures.assertCode(ErrorCode.STORE_FAILED, () -> store.delete(LOG));
        store.close();
        WalStore again = open(home);
        BatchSequence anew = new BatchSequence(LOG, again.status(LOG).lastSeqno() + 1, 0);
        again.append(LOG, anew.next(1));
        again.sync();
    }

    @Test
    void deletedLogIsNotResurrectedByACrash() {
        Path home = home();
        WalStore store = open(home);
        append(store, LOG, 5);
        BatchSequence other = append(store, LogId.own(TenantId.of(7), ORIGIN), 5);
        store.sync();
        append(store, LogId.own(TENANT, new Origin(RegionId.of(0), ShardId.of(1), 0)), 5);
        store.delete(LOG);
        store.delete(LogId.own(TENANT, new Origin(RegionId.of(0), ShardId.of(1), 0)));
        Path crashed = crashed(home);
        WalStore survivor = open(crashed);
        assertHoldsAll(survivor, List.of(other));
        survivor.close();
        assertHoldsAll(open(crashed), List.of(other));
    }

    @Test
    void damageQuarantinesItsLogAndNoOther() {
        Path home = home();
        WalStore store = open(home);
        BatchSequence damaged = append(store, LOG, 5, 6, 7);
        BatchSequence other = append(store, LogId.own(TenantId.of(7), ORIGIN), 5, 6);
        store.close();
        damageFirstBatch(home, LOG);

        WalStore again = open(home);
        assertThat(catchThrowable(() -> read(again, LOG, 1))).isInstanceOf(CorruptLogException.class);
        assertThat(catchThrowable(() -> again.append(LOG, damaged.next(1)))).isInstanceOf(CorruptLogException.class);
        assertThat(catchThrowable(() -> read(again, LOG, 6))).isInstanceOf(CorruptLogException.class);
        assertThat(catchThrowable(() -> again.truncateBefore(LOG, 6, 0))).isInstanceOf(CorruptLogException.class);
        CorruptLogException damage = again.status(LOG).damage();
        assertThat(damage).isNotNull().extracting(CorruptLogException::file).isNotEqualTo("");
        assertThat(again.logs()).extracting(LogStatus::log).containsExactly(other.log(), LOG);

        assertHolds(again, other);
        again.append(other.log(), other.next(1));
        again.sync();
        assertHolds(again, other);

        again.delete(LOG);
        BatchSequence anew = append(again, LOG, 2);
        again.close();
        assertHoldsAll(open(home), List.of(other, anew));
    }

    @Test
    void inspectionReportsEveryBatchInOrderAndChangesNothing() {
        Path home = home();
        WalStore store = open(home, SMALL_SEGMENT_BYTES);
        BatchSequence first = append(store, LOG, 5, 60, 70, 80);
        BatchSequence second = append(store, LogId.own(TenantId.of(7), ORIGIN), 5, 6);
        store.close();
        Map<String, String> before = DirectoryCopy.fingerprint(home);
        Found found = inspect(home);
        assertThat(DirectoryCopy.fingerprint(home)).isEqualTo(before);
        assertThat(found.damages).isEmpty();
        for (BatchSequence batches : List.of(first, second)) {
            List<WalBatch> reported = found.batches.getOrDefault(batches.log(), List.of());
            assertThat(encoded(reported)).containsAll(encoded(batches.batches()));
        }
        assertThat(found.batches.keySet()).containsExactlyInAnyOrder(first.log(), second.log());
    }

    @Test
    void inspectionReportsDamage() {
        Path home = home();
        WalStore store = open(home);
        append(store, LOG, 5, 6, 7);
        store.close();
        damageFirstBatch(home, LOG);
        assertThat(inspect(home).damages).isNotEmpty();
    }

    // The tools of the suite

    private Found inspect(Path home) {
        Found found = new Found();
        factory().inspect(home, found);
        return found;
    }

    private static void flipByte(Path file, long offset) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, offset);
            one.put(0, (byte) ~one.get(0)).rewind();
            channel.write(one, offset);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private record Place(LogId log, long firstSeqno, String file, long offset) {}

    private static final class Found implements WalInspection {

        private final Map<LogId, List<WalBatch>> batches = new LinkedHashMap<>();
        private final List<Place> places = new ArrayList<>();
        private final List<String> damages = new ArrayList<>();

        @Override
        public void file(String file, long bytes) {}

        @Override
        public void batch(LogId log, String file, long offset, WalBatch batch) {
            batches.computeIfAbsent(log, id -> new ArrayList<>()).add(WalBatch.of(copyOf(batch), 0));
            places.add(new Place(log, batch.firstSeqno(), file, offset));
        }

        @Override
        public void tornTail(String file, long offset, long bytes) {}

        @Override
        public void damage(String file, long offset, String expected, String actual) {
            damages.add(file + "@" + offset);
        }
    }
}
