package io.tidaldb.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("F-11 repair of a bucket")
class BucketRepairTest {

    private static final long KEY = 0xD16E57;
    private static final int CHUNK = 4096;
    private static final int SIGNALS = 3;

    @Test
    @DisplayName(
            "F-11 one cell that is another, missing or too many: the digest names its bucket, and replacing it repairs everything")
    void repairsWhatTheDigestNames() throws IOException {
        for (long seed = 1; seed <= 2000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Event> events = Event.random(random, random.nextInt(1, 400), random.nextInt(1, 80), SIGNALS, true);
            SignalLedger source = Event.fold(events);
            SignalLedger damaged = damage(source, random);
            BitSet differing = damaged.digest(KEY).differingBuckets(source.digest(KEY));
            assertThat(differing.cardinality()).as("seed %s", seed).isOne();
            int bucket = differing.nextSetBit(0);

            byte[] before = write(damaged);
            ByteArrayOutputStream image = new ByteArrayOutputStream();
            List<byte[]> chunks = source.extractBucket(bucket, random.nextInt(1, CHUNK));
            try (FrozenLedger frozen = damaged.freeze()) {
                damaged.replaceBucket(bucket, chunks);
                assertSame(damaged, source, events, seed);
                Event.random(random, 50, 80, SIGNALS, true).forEach(each -> {
                    damaged.apply(each.entity(), each.signal(), each.weight(), each.nanos());
                    source.apply(each.entity(), each.signal(), each.weight(), each.nanos());
                });
                frozen.writeTo(new DataOutputStream(image));
            }
            assertThat(image.toByteArray()).as("seed %s: the image", seed).isEqualTo(before);
            assertThat(write(damaged)).as("seed %s", seed).isEqualTo(write(source));
            assertSame(damaged, source, events, seed);
        }
    }

    private static void assertSame(SignalLedger repaired, SignalLedger source, List<Event> events, long seed) {
        assertThat(repaired.digest(KEY)).as("seed %s", seed).isEqualTo(source.digest(KEY));
        assertThat(repaired.distinctEntities()).as("seed %s", seed).isEqualTo(source.distinctEntities());
        for (int signal = 0; signal < SIGNALS + 1; signal++) {
            assertThat(repaired.total(signal)).as("seed %s", seed).isEqualTo(source.total(signal));
            assertThat(repaired.entities(signal)).as("seed %s", seed).isEqualTo(source.entities(signal));
        }
        CellView got = new CellView();
        CellView expected = new CellView();
        for (Event event : events) {
            repaired.read(event.entity(), event.signal(), event.nanos(), got);
            source.read(event.entity(), event.signal(), event.nanos(), expected);
            if (got.score != expected.score || got.count != expected.count || got.lastDay != expected.lastDay) {
                throw new AssertionError("seed " + seed + ", " + event);
            }
        }
    }

    /** Returns a ledger in which one cell is another, is missing, or is too many. */
    private static SignalLedger damage(SignalLedger source, SplittableRandom random) throws IOException {
        SignalLedger copy =
                SignalLedger.readFrom(new DataInputStream(new ByteArrayInputStream(write(source))), Event.DECAYS);
        if (random.nextInt(3) == 0) {
            copy.apply(random.nextLong(), random.nextInt(SIGNALS), 1, Event.START);
            return copy;
        }
        List<Long> entities = new ArrayList<>();
        int signal = random.nextInt(SIGNALS);
        while (source.entities(signal) == 0) {
            signal = (signal + 1) % SIGNALS;
        }
        source.forEachCell(signal, (entity, cell) -> entities.add(entity));
        long victim = entities.get(random.nextInt(entities.size()));
        List<byte[]> cells = new ArrayList<>(copy.extractBucket(StateDigest.bucket(victim), 1));
        for (int i = 0; i < cells.size(); i++) {
            CellState state = new CellState();
            CellCodec.decode(cells.get(i), state);
            if (state.entity == victim && CellCodec.signal(cells.get(i)) == signal) {
                if (random.nextBoolean()) {
                    cells.remove(i);
                } else {
                    // The lowest bits of the score, of which no reading of the value would tell.
                    byte[] flipped = cells.get(i).clone();
                    flipped[20] ^= (byte) (1 << random.nextInt(8));
                    cells.set(i, flipped);
                }
                break;
            }
        }
        copy.replaceBucket(StateDigest.bucket(victim), cells);
        return copy;
    }

    @Test
    @DisplayName("F-11 bucket by bucket a ledger becomes another one, whatever either holds")
    void becomesAnotherLedger() throws IOException {
        for (long seed = 1; seed <= 60; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            SignalLedger source = Event.fold(Event.random(random, 6_000, random.nextInt(1, 3_000), SIGNALS, true));
            SignalLedger target = Event.fold(
                    Event.random(random, random.nextInt(12_000), random.nextInt(1, 9_000), SIGNALS + 1, true));
            for (int bucket = 0; bucket < StateDigest.BUCKETS; bucket++) {
                List<byte[]> chunks = source.extractBucket(bucket, CHUNK);
                assertThat(chunks).allSatisfy(chunk -> assertThat(chunk.length).isLessThanOrEqualTo(CHUNK));
                target.replaceBucket(bucket, chunks);
            }
            assertThat(write(target)).as("seed %s", seed).isEqualTo(write(source));
            assertSame(target, source, List.of(), seed);
            assertThat(target.retainedBytes()).isLessThan(64 << 20);
        }
    }

    @Test
    void pairsOfMoreThanFourThousandMillionEventsAreReplacedToo() {
        SignalLedger source = new SignalLedger(Event.DECAYS);
        CellState state = new CellState();
        for (int entity = 0; entity < 600; entity++) {
            state.setSingle(entity, 1, Event.START);
            state.count = entity % 3 == 0 ? 7L << 32 | entity : entity + 1;
            SignalLedger one = new SignalLedger(Event.DECAYS);
            byte[] bytes = new byte[CellCodec.MAX_BYTES];
            byte[] cell = Arrays.copyOf(bytes, CellCodec.encode(0, state, bytes));
            one.replaceBucket(StateDigest.bucket(entity), List.of(cell));
            source.merge(one);
        }
        SignalLedger target = Event.fold(Event.random(new SplittableRandom(1), 600, 600, 1, true));
        target.merge(source);
        for (int bucket = 0; bucket < StateDigest.BUCKETS; bucket++) {
            target.replaceBucket(bucket, source.extractBucket(bucket, CHUNK));
        }
        assertThat(target.digest(KEY)).isEqualTo(source.digest(KEY));
        assertThat(target.total(0)).isEqualTo(source.total(0));
    }

    @Test
    @DisplayName("refuses what is not the bucket's, out of order or cut off, and changes nothing")
    void refusesWhatIsNotTheBuckets() {
        SignalLedger source = Event.fold(Event.random(new SplittableRandom(3), 4_000, 2_000, 2, true));
        SignalLedger target = Event.fold(Event.random(new SplittableRandom(4), 4_000, 2_000, 2, true));
        StateDigest before = target.digest(KEY);
        List<byte[]> cells = source.extractBucket(7, 1);
        assertThat(cells).hasSizeGreaterThan(3);
        List<byte[]> swapped = new ArrayList<>(cells);
        swapped.set(0, cells.get(1));
        swapped.set(1, cells.get(0));
        List<byte[]> twice = new ArrayList<>(cells);
        twice.add(1, cells.get(0));
        byte[] first = cells.get(0);
        List<List<byte[]>> wrong = new ArrayList<>(List.of(swapped, twice, source.extractBucket(8, CHUNK)));
        for (int length = 1; length < first.length; length++) {
            wrong.add(List.of(Arrays.copyOf(first, length)));
        }
        for (List<byte[]> chunks : wrong) {
            assertThatThrownBy(() -> target.replaceBucket(7, chunks))
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT_DATA));
        }
        assertThat(target.digest(KEY)).isEqualTo(before);
    }

    @Test
    @Timeout(60)
    @DisplayName("readers see a bucket as it was or as it will be, and never half of it")
    void readersSeeTheWholeBucketOrNone() throws Exception {
        // All entities of one bucket have weight 1 in one ledger and 2 in the other.
        List<Long> entities = new ArrayList<>();
        for (long entity = 0; entities.size() < 3000; entity++) {
            if (StateDigest.bucket(entity) == 9) {
                entities.add(entity);
            }
        }
        List<List<byte[]>> versions = new ArrayList<>();
        for (int weight = 1; weight <= 2; weight++) {
            SignalLedger ledger = new SignalLedger(signal -> 1e30);
            // The second has fewer, so that pairs get other slots.
            for (long entity : entities.subList(0, 3000 / weight)) {
                ledger.apply(entity, 0, weight, Event.START);
            }
            versions.add(ledger.extractBucket(9, CHUNK));
        }
        SignalLedger ledger = new SignalLedger(signal -> 1e30);
        ledger.replaceBucket(9, versions.get(0));
        LedgerSum sum = new LedgerSum(List.of(ledger, new SignalLedger(signal -> 1e30)));
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger reads = new AtomicInteger();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread reader = new Thread(() -> {
            try {
                CellView view = new CellView();
                while (!done.get()) {
                    TopK top = sum.top(0, 0, 4000);
                    assertThat(top.size()).isEqualTo(top.score(0) == 1 ? 3000 : 1500);
                    assertThat(top.score(top.size() - 1)).isEqualTo(top.score(0));
                    assertThat(ledger.read(entities.get(7), 0, 0, view)).isTrue();
                    assertThat(view.score()).isIn(1.0, 2.0);
                    long total = ledger.total(0);
                    assertThat(total).isIn(3000L, 1500L);
                    reads.incrementAndGet();
                }
            } catch (Throwable e) {
                failure.set(e);
            }
        });
        reader.start();
        for (int i = 1; i < 300 || reads.get() < 20 && failure.get() == null; i++) {
            ledger.replaceBucket(9, versions.get(i % 2));
            if (i % 10 == 0) {
                int seen = reads.get();
                while (reads.get() == seen && failure.get() == null) {
                    Thread.onSpinWait();
                }
            }
        }
        done.set(true);
        reader.join();
        assertThat(failure.get()).isNull();
    }

    @Test
    @DisplayName("F-11 digests of a slot's ledgers add up to one, which tells whose a cell is")
    void addsUpOverOrigins() {
        Origin a = new Origin(RegionId.of(0), ShardId.of(1), 0);
        List<Origin> others = List.of(
                new Origin(RegionId.of(1), ShardId.of(0), 0),
                new Origin(RegionId.of(0), ShardId.of(1), 1),
                new Origin(RegionId.of(0), ShardId.of(2), 0));
        for (long seed = 1; seed <= 100; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            SignalLedger one = Event.fold(Event.random(random, 100, 30, 2, true));
            SignalLedger two = Event.fold(Event.random(random, 100, 30, 2, true));
            assertThat(one.digest(KEY, null)).isEqualTo(one.digest(KEY));
            for (Origin b : others) {
                StateDigest sum = one.digest(KEY, a).plus(two.digest(KEY, b));
                assertThat(two.digest(KEY, b).plus(one.digest(KEY, a))).isEqualTo(sum);
                assertThat(one.digest(KEY, b).plus(two.digest(KEY, a))).isNotEqualTo(sum);
                assertThat(one.digest(KEY).plus(two.digest(KEY, b))).isNotEqualTo(sum);
                // The same twice does not cancel out either.
                assertThat(one.digest(KEY, a).plus(one.digest(KEY, b))).isNotEqualTo(StateDigest.empty(KEY));
                try (FrozenLedger frozen = two.freeze()) {
                    assertThat(frozen.digest(KEY, b)).isEqualTo(two.digest(KEY, b));
                    assertThat(frozen.extractBucket(3, CHUNK))
                            .usingElementComparator(Arrays::compare)
                            .isEqualTo(two.extractBucket(3, CHUNK));
                }
            }
            assertThat(one.digest(KEY).plus(StateDigest.empty(KEY))).isEqualTo(one.digest(KEY));
        }
        assertThatThrownBy(() -> StateDigest.empty(1).plus(StateDigest.empty(2)))
                .isInstanceOf(TidalException.class);
    }

    private static byte[] write(SignalLedger ledger) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (FrozenLedger frozen = ledger.freeze()) {
            frozen.writeTo(new DataOutputStream(out));
        }
        return out.toByteArray();
    }
}
