package io.tidaldb.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every {@link WalStore} promises, durable or not. */
public abstract class WalStoreContract {

    /** Segments this small roll often. */
    static final long SMALL_SEGMENT_BYTES = 4 << 10;

    static final TenantId TENANT = TenantId.of(42);
    static final Origin ORIGIN = new Origin(RegionId.of(0), ShardId.of(0), 0);
    static final LogId LOG = LogId.own(TENANT, ORIGIN);

    @TempDir
    Path temporary;

    private final List<WalStore> opened = new ArrayList<>();
    int copies;

    /** Creates the suite. */
    @SuppressWarnings("NullAway.Init") // JUnit fills the temporary directory in
    protected WalStoreContract() {}

    /** Returns the factory under test. */
    protected abstract WalStoreFactory factory();

    @AfterEach
    void closeStores() {
        opened.forEach(WalStore::close);
    }

    // The factory

    @Test
    void factoryHasAProperNameAndStatesItsVersions() {
        assertThat(factory().name()).matches("[a-z0-9-]{1,32}");
        assertThat(factory().spiVersion()).isEqualTo(Spi.VERSION);
        assertThat(factory().version()).isNotBlank();
    }

    // Unknown logs

    @Test
    void newStoreHasNoLogs() {
        assertThat(open(home()).logs()).isEmpty();
    }

    @Test
    void unknownLogIsEmptyAtItsOriginsStart() {
        LogId second = LogId.own(TENANT, new Origin(RegionId.of(3), ShardId.of(7), 2));
        WalStore store = open(home());
        assertPosition(store.status(second), Seqno.of(2, 1), Seqno.of(2, 0), 0);
        assertThat(store.status(second).isEmpty()).isTrue();
        assertThat(store.status(second).damage()).isNull();
        assertThat(store.logs()).isEmpty();
    }

    @Test
    void unknownLogReadsAsEmpty() {
        assertThat(read(open(home()), LOG, 1)).isEmpty();
    }

    @Test
    void deletingAnUnknownLogDoesNothing() {
        WalStore store = open(home());
        store.delete(LOG);
        assertThat(store.logs()).isEmpty();
    }

    // Append and read

    @Test
    void readsBackByteForByteWhatWasAppended() {
        WalStore store = open(home());
        BatchSequence batches = append(store, LOG, 1, 5, 100);
        assertHolds(store, batches);
        assertPosition(store.status(LOG), 1, 106, 0);
        assertThat(store.status(LOG).bytes()).isPositive();
        assertThat(store.status(LOG).log()).isEqualTo(LOG);
        assertThat(store.status(LOG).isEmpty()).isFalse();
    }

    @Test
    void cursorSeesAppendsThatWereNotSynced() {
        WalStore store = open(home());
        BatchSequence batches = append(store, LOG, 2);
        store.sync();
        store.append(LOG, batches.next(3));
        assertHolds(store, batches);
    }

    @Test
    void appendCopiesTheBatch() {
        WalStore store = open(home());
        ByteBuffer buffer = copyOf(new BatchSequence(LOG).next(4));
        store.append(LOG, WalBatch.of(buffer, 0));
        java.util.Arrays.fill(buffer.array(), (byte) 0);
        assertThat(encoded(read(store, LOG, 1))).isEqualTo(encoded(List.of(new BatchSequence(LOG).next(4))));
    }

    @Test
    void readsFromTheBatchThatHoldsTheSeqno() {
        WalStore store = open(home());
        List<WalBatch> batches = append(store, LOG, 10, 10, 10).batches();
        assertThat(encoded(read(store, LOG, 11))).isEqualTo(encoded(batches.subList(1, 3)));
        assertThat(encoded(read(store, LOG, 15))).isEqualTo(encoded(batches.subList(1, 3)));
        assertThat(encoded(read(store, LOG, 20))).isEqualTo(encoded(batches.subList(1, 3)));
        assertThat(encoded(read(store, LOG, 21))).isEqualTo(encoded(batches.subList(2, 3)));
        assertThat(encoded(read(store, LOG, 30))).isEqualTo(encoded(batches.subList(2, 3)));
    }

    @Test
    void readsFromTheFirstBatchIfTheSeqnoLiesBeforeIt() {
        WalStore store = open(home());
        BatchSequence batches = append(store, LOG, 10, 10, 10);
        assertThat(encoded(read(store, LOG, 0))).isEqualTo(encoded(batches.batches()));
        store.truncateBefore(LOG, 11, batches.batches().get(0).chain());
        assertThat(encoded(read(store, LOG, 1)))
                .isEqualTo(encoded(batches.batches().subList(1, 3)));
    }

    @Test
    void readsNothingFromBeyondTheEnd() {
        WalStore store = open(home());
        append(store, LOG, 10);
        assertThat(read(store, LOG, 11)).isEmpty();
        assertThat(read(store, LOG, 1000)).isEmpty();
    }

    @Test
    void readsManyBatchesOverManySmallSegments() {
        WalStore store = open(home(), SMALL_SEGMENT_BYTES);
        BatchSequence batches = new BatchSequence(LOG);
        for (int i = 0; i < 400; i++) {
            store.append(LOG, batches.next(1 + i % 7));
            if (i % 50 == 49) {
                store.sync();
            }
        }
        assertHolds(store, batches);
        long middle = batches.batches().get(200).firstSeqno();
        assertThat(encoded(read(store, LOG, middle)))
                .isEqualTo(encoded(batches.batches().subList(200, 400)));
    }

    @Test
    void storesABatchFarLargerThanASegment() {
        Path home = home();
        WalStore store = open(home, SMALL_SEGMENT_BYTES);
        BatchSequence batches = append(store, LOG, 1);
        store.append(LOG, batches.nextOfBytes(2 << 20));
        store.append(LOG, batches.next(1));
        store.sync();
        assertHolds(store, batches);
        if (factory().durable()) {
            assertHolds(open(crashed(home), SMALL_SEGMENT_BYTES), batches);
            store.close();
            assertHolds(open(home, SMALL_SEGMENT_BYTES), batches);
        }
    }

    @Test
    void ownAndReceivedAndHeldLogsAreApart() {
        Path home = home();
        WalStore store = open(home);
        List<BatchSequence> all = new ArrayList<>();
        for (TenantId tenant : List.of(TenantId.DEFAULT, TENANT, TenantId.of(-1))) {
            for (int holder : List.of(0, 3)) {
                for (int region : List.of(0, 1)) {
                    for (int shard : List.of(0, 3, 65_535)) {
                        Origin origin = new Origin(RegionId.of(region), ShardId.of(shard), 0);
                        all.add(append(store, new LogId(ShardId.of(holder), tenant, origin), 1 + all.size(), 2));
                    }
                }
            }
        }
        store.sync();
        assertHoldsAll(store, all);
        BatchSequence gone = all.remove(5);
        store.delete(gone.log());
        assertHoldsAll(store, all);
        if (factory().durable()) {
            store.close();
            assertHoldsAll(open(home), all);
        }
    }

    @Test
    void incarnationsOfAnOriginLiveSideBySide() {
        Path home = home();
        WalStore store = open(home);
        List<BatchSequence> all = new ArrayList<>();
        for (int incarnation : List.of(0, 1, 2, 1 << 23, Seqno.MAX_INCARNATION)) {
            Origin origin = new Origin(ORIGIN.region(), ORIGIN.shard(), incarnation);
            BatchSequence batches = append(store, LogId.own(TENANT, origin), 3, 4);
            assertPosition(store.status(batches.log()), Seqno.of(incarnation, 1), Seqno.of(incarnation, 7), 0);
            assertThat(encoded(read(store, batches.log(), Seqno.of(incarnation, 5))))
                    .isEqualTo(encoded(batches.batches().subList(1, 2)));
            all.add(batches);
        }
        store.sync();
        assertHoldsAll(store, all);
        if (factory().durable()) {
            assertHoldsAll(open(crashed(home)), all);
            store.close();
            assertHoldsAll(open(home), all);
        }
    }

    // Refusals

    @Test
    void appendThatLeavesAGapIsRefusedAndChangesNothing() {
        WalStore store = open(home());
        BatchSequence batches = append(store, LOG, 10);
        LogStatus before = store.status(LOG);
        for (long seqno : List.of(12L, 10L, 1L, 0L)) {
            Failures.assertCode(
                    ErrorCode.WAL_GAP, () -> store.append(LOG, BatchSequence.single(TENANT, ORIGIN, seqno)));
        }
        assertThat(store.status(LOG)).isEqualTo(before);
        store.append(LOG, batches.next(1));
        assertHolds(store, batches);
    }

    @Test
    void firstAppendToAnUnknownLogMustBeItsOriginsFirstSeqno() {
        WalStore store = open(home());
        Failures.assertCode(ErrorCode.WAL_GAP, () -> store.append(LOG, BatchSequence.single(TENANT, ORIGIN, 2)));
        assertThat(store.logs()).isEmpty();
        assertPosition(store.status(LOG), 1, 0, 0);
        assertHolds(store, append(store, LOG, 1));
    }

    @Test
    void batchOfAnotherTenantOrOriginIsRefused() {
        WalStore store = open(home());
        BatchSequence batches = append(store, LOG, 1);
        Origin otherRegion = new Origin(RegionId.of(1), ORIGIN.shard(), 0);
        Origin otherShard = new Origin(ORIGIN.region(), ShardId.of(1), 0);
        for (WalBatch foreign : List.of(
                BatchSequence.single(TenantId.of(43), ORIGIN, 2),
                BatchSequence.single(TENANT, otherRegion, 2),
                BatchSequence.single(TENANT, otherShard, 2),
                BatchSequence.single(TENANT, ORIGIN, Seqno.of(1, 1)))) {
            Failures.assertCode(ErrorCode.INVALID_ARGUMENT, () -> store.append(LOG, foreign));
        }
        assertHolds(store, batches);
    }

    // Logs and status

    @Test
    void logsAreListedInOrder() {
        WalStore store = open(home());
        List<LogId> ids = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            Origin origin = new Origin(RegionId.of(i % 2), ShardId.of(i / 2 % 3), i % 4);
            ids.add(new LogId(ShardId.of(i % 3), TenantId.of(i % 5 == 4 ? -1 : i % 5), origin));
        }
        Collections.shuffle(ids, new Random(1));
        ids.forEach(id -> append(store, id, 1));
        assertThat(store.logs().stream().map(LogStatus::log).toList())
                .isEqualTo(ids.stream().sorted().distinct().toList());
        assertThat(store.logs())
                .isEqualTo(ids.stream().sorted().distinct().map(store::status).toList());
    }

    @Test
    void bytesGrowWithAppendsAndAreGivenBack() {
        WalStore store = open(home(), SMALL_SEGMENT_BYTES);
        BatchSequence batches = append(store, LOG, 1);
        long small = store.status(LOG).bytes();
        for (int i = 0; i < 100; i++) {
            store.append(LOG, batches.next(200));
        }
        store.sync();
        long large = store.status(LOG).bytes();
        assertThat(large).isGreaterThan(small);
        store.truncateBefore(LOG, batches.nextSeqno(), batches.chain());
        assertThat(store.status(LOG).bytes()).isLessThan(large);
        store.delete(LOG);
        assertThat(store.status(LOG).bytes()).isZero();
    }

    // Durability

    @Test
    void holdsManyLogs() {
        WalStore store = open(home());
        List<BatchSequence> all = new ArrayList<>();
        for (int tenant = 0; tenant < 300; tenant++) {
            all.add(append(store, LogId.own(TenantId.of(tenant), ORIGIN), 1));
        }
        for (BatchSequence batches : all) {
            store.append(batches.log(), batches.next(2));
        }
        store.sync();
        assertHoldsAll(store, all);
    }

    @Test
    void flushKeepsAllOfALogAndTheOthers() {
        Path home = home();
        WalStore store = open(home);
        BatchSequence batches = append(store, LOG, 3, 4);
        BatchSequence other = append(store, LogId.own(TenantId.of(7), ORIGIN), 5);
        store.sync();
        store.flush(LOG);
        assertHoldsAll(store, List.of(other, batches));
        if (factory().durable()) {
            assertHoldsAll(open(crashed(home)), List.of(other, batches));
        }
    }

    // Truncation

    @Test
    void truncationDropsExactlyWhatLiesBeforeTheSeqno() {
        Path home = home();
        WalStore store = open(home, SMALL_SEGMENT_BYTES);
        BatchSequence batches = new BatchSequence(LOG);
        for (int i = 0; i < 100; i++) {
            store.append(LOG, batches.next(20));
        }
        BatchSequence other = append(store, LogId.own(TenantId.of(7), ORIGIN), 5);
        store.sync();
        for (int cut : List.of(0, 1, 2, 30, 31, 77, 99)) {
            List<WalBatch> left = batches.batches().subList(cut, 100);
            long chain = cut == 0 ? 0 : batches.batches().get(cut - 1).chain();
            store.truncateBefore(LOG, left.get(0).firstSeqno(), chain);
            assertPosition(store.status(LOG), left.get(0).firstSeqno(), 2000, chain);
            assertThat(encoded(read(store, LOG, 0))).isEqualTo(encoded(left));
            assertHolds(store, other);
            if (factory().durable()) {
                WalStore copy = open(crashed(home), SMALL_SEGMENT_BYTES);
                assertPosition(copy.status(LOG), left.get(0).firstSeqno(), 2000, chain);
                assertThat(encoded(read(copy, LOG, 0))).isEqualTo(encoded(left));
                assertHolds(copy, other);
            }
        }
    }

    @Test
    void truncatingEverythingKeepsThePositionAndTheChain() {
        Path home = home();
        WalStore store = open(home);
        BatchSequence batches = append(store, LOG, 10, 10);
        store.sync();
        store.truncateBefore(LOG, 21, batches.chain());
        assertEmptyAt(store, 21, batches.chain());
        Failures.assertCode(ErrorCode.WAL_GAP, () -> store.append(LOG, BatchSequence.single(TENANT, ORIGIN, 1)));
        Failures.assertCode(ErrorCode.WAL_GAP, () -> store.append(LOG, BatchSequence.single(TENANT, ORIGIN, 22)));
        if (factory().durable()) {
            assertEmptyAt(open(crashed(home)), 21, batches.chain());
            store.close();
            assertEmptyAt(open(home), 21, batches.chain());
        }
        WalStore again = factory().durable() ? opened.get(opened.size() - 1) : store;
        WalBatch next = batches.next(3);
        again.append(LOG, next);
        again.sync();
        assertPosition(again.status(LOG), 21, 23, batches.batches().get(1).chain());
        assertThat(encoded(read(again, LOG, 0))).isEqualTo(encoded(List.of(next)));
        if (factory().durable()) {
            again.close();
            assertThat(encoded(read(open(home), LOG, 0))).isEqualTo(encoded(List.of(next)));
        }
    }

    @Test
    void truncatingWhatWasNeverSyncedKeepsThePosition() {
        Path home = home();
        WalStore store = open(home);
        BatchSequence batches = append(store, LOG, 10);
        store.truncateBefore(LOG, 11, batches.chain());
        assertEmptyAt(store, 11, batches.chain());
        if (factory().durable()) {
            assertEmptyAt(open(crashed(home)), 11, batches.chain());
        }
    }

    @Test
    void truncationOfAnUnknownLogSetsThePositionToContinueFrom() {
        Path home = home();
        WalStore store = open(home);
        store.truncateBefore(LOG, 1001, 77);
        assertEmptyAt(store, 1001, 77);
        assertThat(store.logs()).containsExactly(store.status(LOG));
        store.truncateBefore(LOG, 2001, 78);
        assertEmptyAt(store, 2001, 78);
        if (factory().durable()) {
            assertEmptyAt(open(crashed(home)), 2001, 78);
        }
        WalBatch next = new BatchSequence(LOG, 2001, 78).next(2);
        store.append(LOG, next);
        store.sync();
        assertPosition(store.status(LOG), 2001, 2002, 78);
        if (factory().durable()) {
            WalStore copy = open(crashed(home));
            assertPosition(copy.status(LOG), 2001, 2002, 78);
            assertThat(encoded(read(copy, LOG, 0))).isEqualTo(encoded(List.of(next)));
        }
    }

    @Test
    void truncationAtWhatIsNoBoundaryIsRefused() {
        WalStore store = open(home());
        BatchSequence batches = append(store, LOG, 10, 10);
        for (long seqno : List.of(2L, 10L, 12L, 20L, 22L, 1000L, 0L)) {
            Failures.assertCode(ErrorCode.INVALID_ARGUMENT, () -> store.truncateBefore(LOG, seqno, 5));
        }
        assertPosition(store.status(LOG), 1, 20, 0);
        assertHolds(store, batches);
    }

    // Deletion

    @Test
    void deletedLogIsUnknownAndCanStartAnew() {
        Path home = home();
        WalStore store = open(home);
        append(store, LOG, 5, 6);
        BatchSequence other = append(store, LogId.own(TenantId.of(7), ORIGIN), 5);
        store.sync();
        store.delete(LOG);
        assertThat(store.logs()).containsExactly(store.status(other.log()));
        assertPosition(store.status(LOG), 1, 0, 0);
        assertThat(read(store, LOG, 0)).isEmpty();
        BatchSequence anew = new BatchSequence(LOG);
        store.append(LOG, anew.nextOfBytes(50));
        store.append(LOG, anew.next(2));
        store.sync();
        assertHoldsAll(store, List.of(other, anew));
        if (factory().durable()) {
            assertHoldsAll(open(crashed(home)), List.of(other, anew));
            store.close();
            assertHoldsAll(open(home), List.of(other, anew));
        }
    }

    @Test
    void deletionForgetsABasePosition() {
        Path home = home();
        WalStore store = open(home);
        store.truncateBefore(LOG, 1001, 77);
        store.delete(LOG);
        assertPosition(store.status(LOG), 1, 0, 0);
        assertThat(store.logs()).isEmpty();
        if (factory().durable()) {
            assertThat(open(crashed(home)).logs()).isEmpty();
        }
    }

    // Closing

    @Test
    void closedStoreRefusesEverything() {
        WalStore store = open(home());
        BatchSequence batches = append(store, LOG, 5);
        store.close();
        for (ThrowingCallable call : List.<ThrowingCallable>of(
                store::logs,
                () -> store.status(LOG),
                () -> store.append(LOG, batches.next(1)),
                store::sync,
                () -> store.read(LOG, 1),
                () -> store.flush(LOG),
                () -> store.truncateBefore(LOG, 6, 0),
                () -> store.delete(LOG))) {
            Failures.assertCode(ErrorCode.CLOSED, call);
        }
    }

    @Test
    void secondCloseDoesNothing() {
        WalStore store = open(home());
        append(store, LOG, 5);
        store.close();
        store.close();
    }

    // The tools of the suite

    Path home() {
        try {
            return Files.createDirectory(temporary.resolve("node-" + copies++));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path crashed(Path home) {
        return DirectoryCopy.copy(home, temporary.resolve("crashed-" + copies++));
    }

    WalStore open(Path home) {
        return open(home, WalStoreContext.DEFAULT_SEGMENT_BYTES);
    }

    WalStore open(Path home, long segmentBytes) {
        WalStore store = factory().create(context(home, segmentBytes));
        opened.add(store);
        return store;
    }

    static WalStoreContext context(Path home, long segmentBytes) {
        return new WalStoreContext(home, ORIGIN.region(), segmentBytes, Runnable::run);
    }

    /** Appends one batch for each number of signals. */
    static BatchSequence append(WalStore store, LogId log, int... signals) {
        BatchSequence batches = new BatchSequence(log);
        for (int count : signals) {
            store.append(log, batches.next(count));
        }
        return batches;
    }

    static List<WalBatch> read(WalStore store, LogId log, long fromSeqno) {
        List<WalBatch> batches = new ArrayList<>();
        try (WalCursor cursor = store.read(log, fromSeqno)) {
            for (WalBatch batch = cursor.next(); batch != null; batch = cursor.next()) {
                // A cursor may hand out a view of a buffer that it uses again.
                batches.add(WalBatch.of(copyOf(batch), 0));
            }
        }
        return batches;
    }

    static ByteBuffer copyOf(WalBatch batch) {
        ByteBuffer copy = ByteBuffer.allocate(batch.length()).order(ByteOrder.LITTLE_ENDIAN);
        batch.copyTo(copy);
        return copy.flip();
    }

    static List<ByteBuffer> encoded(List<WalBatch> batches) {
        return batches.stream().map(WalBatch::encoded).toList();
    }

    static void assertHolds(WalStore store, BatchSequence batches) {
        assertThat(encoded(read(store, batches.log(), 0)))
                .as("batches of %s", batches.log())
                .isEqualTo(encoded(batches.batches()));
        long start = batches.log().origin().startSeqno();
        assertPosition(store.status(batches.log()), start + 1, batches.nextSeqno() - 1, 0);
    }

    static void assertHoldsAll(WalStore store, List<BatchSequence> all) {
        assertThat(store.logs().stream().map(LogStatus::log).toList())
                .isEqualTo(all.stream().map(BatchSequence::log).sorted().toList());
        all.forEach(batches -> assertHolds(store, batches));
    }

    static void assertEmptyAt(WalStore store, long seqno, long chain) {
        assertPosition(store.status(LOG), seqno, seqno - 1, chain);
        assertThat(store.status(LOG).isEmpty()).isTrue();
        assertThat(read(store, LOG, 0)).isEmpty();
    }

    static void assertPosition(LogStatus status, long first, long last, long baseChain) {
        assertThat(status.damage()).isNull();
        assertThat(List.of(status.firstSeqno(), status.lastSeqno(), status.baseChain()))
                .as("first and last seqno and base chain of %s", status.log())
                .isEqualTo(List.of(first, last, baseChain));
    }
}
