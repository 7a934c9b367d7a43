package io.tidaldb.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.TidalException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class SignalLedgerTest {

    private static final CellView VIEW = new CellView();

    @Test
    @DisplayName("R-15: scores and windows equal the analytic ones over 10,000 random sequences, in any order")
    void equalsTheAnalyticAnswers() {
        for (long seed = 1; seed <= 10_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Event> events = Event.random(random, 1 + random.nextInt(60), 2, 6, true);
            SignalLedger ledger = Event.fold(events);
            List<Event> shuffled = new ArrayList<>(events);
            Collections.shuffle(shuffled, new Random(seed));
            SignalLedger other = Event.fold(shuffled);
            long end = events.get(events.size() - 1).nanos();
            long at = end + (random.nextBoolean() ? -random.nextLong(Event.DAY) : random.nextLong(8 * Event.DAY));
            for (Event pair : pairs(events)) {
                CellView expected = Event.expected(events, pair.entity(), pair.signal(), at);
                assertReads(ledger, pair, at, expected, seed);
                assertReads(other, pair, at, expected, seed);
            }
        }
    }

    @Test
    @DisplayName("R-15: windows of long sequences equal the brute-force counts, in any order")
    void countsWindowsOfBusyPairs() {
        for (long seed = 1; seed <= 60; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Event> events = Event.random(random, 3_000, 2, 1, false);
            SignalLedger ledger = new SignalLedger(Event.DECAYS);
            for (int i = 0; i < events.size(); i++) {
                Event e = events.get(i);
                ledger.apply(e.entity(), e.signal(), e.weight(), e.nanos());
                if (random.nextInt(100) == 0) {
                    long at = e.nanos() + random.nextLong(2 * Event.HOUR);
                    assertReads(ledger, e, at, Event.expected(events.subList(0, i + 1), e.entity(), 0, at), seed);
                }
            }
            List<Event> shuffled = new ArrayList<>(events);
            Collections.shuffle(shuffled, new Random(seed));
            SignalLedger other = Event.fold(shuffled);
            for (Event pair : pairs(events)) {
                for (long at = Event.START; at < Event.START + 30 * Event.DAY; at += 7 * Event.HOUR) {
                    CellView expected = Event.expected(events, pair.entity(), 0, at);
                    assertReads(ledger, pair, at, expected, seed);
                    assertReads(other, pair, at, expected, seed);
                }
            }
        }
    }

    @Test
    @DisplayName("R-15: scores of non-negative weights are never negative and never rise without events")
    void neverNegativeNeverRising() {
        for (long seed = 1; seed <= 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Event> events = Event.random(random, 40, 1, 6, false);
            SignalLedger ledger = Event.fold(events);
            for (Event pair : pairs(events)) {
                double before = Double.POSITIVE_INFINITY;
                long at = Event.START;
                for (int i = 0; i < 300; i++) {
                    assertThat(ledger.read(pair.entity(), pair.signal(), at, VIEW))
                            .isTrue();
                    assertThat(VIEW.score()).as("seed %s", seed).isBetween(0.0, before);
                    before = VIEW.score();
                    at += random.nextLong(random.nextBoolean() ? 3 : Event.DAY);
                }
            }
        }
    }

    @Test
    @DisplayName("R-15: a replay has the same bits, record by record or in bulk, and reads change nothing")
    void replaysToTheSameBits() {
        for (long seed = 1; seed <= 20; seed++) {
            List<Event> events = Event.random(new SplittableRandom(seed), 10_000, 500, 7, true);
            SignalLedger ledger = Event.fold(events);
            ledger.read(0, 0, Event.START + 100 * Event.DAY, VIEW);
            SignalLedger bulk = new SignalLedger(Event.DECAYS);
            ByteBuffer records = Event.records(events);
            bulk.applyAll(records, 0, 6_000);
            bulk.applyAll(records, 6_000 * SignalLedger.RECORD_BYTES, 4_000);
            assertThat(bulk.digest(7)).as("seed %s", seed).isEqualTo(ledger.digest(7));
            assertThat(records.position()).isZero();
        }
    }

    @Test
    void countsEventsPairsAndEntities() {
        List<Event> events = Event.random(new SplittableRandom(3), 20_000, 3_000, 5, true);
        SignalLedger ledger = Event.fold(events);
        Set<Long> all = new LinkedHashSet<>();
        for (int signal = 0; signal < 6; signal++) {
            int index = signal;
            List<Long> own = events.stream()
                    .filter(e -> e.signal() == index)
                    .map(Event::entity)
                    .toList();
            all.addAll(own);
            assertThat(ledger.total(signal)).isEqualTo(own.size());
            assertThat(ledger.entities(signal)).isEqualTo(new LinkedHashSet<>(own).size());
            List<Long> seen = new ArrayList<>();
            ledger.forEachCell(signal, (entity, cell) -> seen.add(entity));
            assertThat(seen).containsExactlyElementsOf(new LinkedHashSet<>(own));
        }
        assertThat(ledger.distinctEntities()).isEqualTo(all.size());
        assertThat(all).allMatch(ledger::containsEntity);
        assertThat(ledger.containsEntity(77)).isFalse();
    }

    @Test
    void answersNothingForAnUnknownPair() {
        SignalLedger ledger = Event.fold(List.of(new Event(1, 1, 1, Event.START)));
        assertThat(ledger.read(2, 1, Event.START, VIEW)).isFalse();
        assertThat(ledger.read(1, 2, Event.START, VIEW)).isFalse();
        assertThat(VIEW.score()).isZero();
        assertThat(VIEW.count()).isZero();
        assertThat(VIEW.asOfNanos()).isEqualTo(Event.START);
    }

    @Test
    void takesEntitiesOfEveryKindAndTimesFromTheFirstToTheLast() {
        SignalLedger ledger = new SignalLedger(Event.DECAYS);
        for (long entity : new long[] {0, -1, 1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            ledger.apply(entity, 255, 1, 0);
            ledger.apply(entity, 255, 1, Long.MAX_VALUE);
            ledger.apply(entity, 255, 1, 0);
            assertThat(ledger.read(entity, 255, 0, VIEW)).isTrue();
            assertThat(VIEW.count()).isEqualTo(3);
            assertThat(VIEW.lastWeek()).isEqualTo(1);
            assertThat(VIEW.asOfNanos()).isEqualTo(Long.MAX_VALUE);
        }
        assertThat(ledger.distinctEntities()).isEqualTo(5);
    }

    @Test
    void refusesRecordsThatWereNeverAdmittedBeforeFoldingAny() {
        SignalLedger ledger = new SignalLedger(Event.DECAYS);
        for (Event bad : List.of(
                new Event(1, 0, Float.NaN, 1), new Event(1, 0, Float.POSITIVE_INFINITY, 1), new Event(1, 0, 1, -1))) {
            assertThatThrownBy(() -> ledger.apply(bad.entity(), 0, bad.weight(), bad.nanos()))
                    .isInstanceOf(TidalException.class);
            ByteBuffer records = Event.records(List.of(new Event(1, 0, 1, 1), bad));
            assertThatThrownBy(() -> ledger.applyAll(records, 0, 2)).isInstanceOf(TidalException.class);
            assertThatThrownBy(() -> ledger.applyAll(records, 0, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        }
        assertThat(ledger.total(0)).isZero();
    }

    @Test
    @DisplayName("a merge is the fold of both logs: counts and windows exactly, scores up to rounding")
    void mergesAsIfBothLogsWereOne() {
        for (long seed = 1; seed <= 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Event> left = Event.random(random, 300, 5, 3, true);
            List<Event> right = Event.random(random, 300, 5, 4, true);
            List<Event> both = new ArrayList<>(left);
            both.addAll(right);
            SignalLedger merged = Event.fold(left);
            SignalLedger other = Event.fold(right);
            StateDigest otherBefore = other.digest(1);
            merged.merge(other);
            assertThat(other.digest(1)).isEqualTo(otherBefore);
            SignalLedger folded = Event.fold(both);
            assertThat(merged.distinctEntities()).isEqualTo(folded.distinctEntities());
            for (Event pair : pairs(both)) {
                long at = Event.START + random.nextLong(20 * Event.DAY);
                assertReads(merged, pair, at, Event.expected(both, pair.entity(), pair.signal(), at), seed);
                assertThat(merged.total(pair.signal())).isEqualTo(folded.total(pair.signal()));
            }
        }
    }

    @Test
    void refusesToMergeWithItself() {
        SignalLedger ledger = new SignalLedger(Event.DECAYS);
        assertThatThrownBy(() -> ledger.merge(ledger)).isInstanceOf(TidalException.class);
    }

    @Test
    @DisplayName("counts go beyond 2^32, full buckets stay full")
    void countsFarBeyondInts() {
        CellState state = new CellState();
        state.setSingle(9, 1, Event.START);
        state.count = (1L << 33) - 1;
        state.setWindows(Event.START, CellState.MAX_BUCKET_COUNT);
        CellTable table = new CellTable(new Scratch());
        table.add(state);
        table.record(0, 1, Event.START, 1e9);
        table.record(0, 1, Event.START + 1, 1e9);
        table.merge(0, state, 1e9);
        table.read(0, 0, 1e9, VIEW);
        assertThat(VIEW.count()).isEqualTo((1L << 34));
        assertThat(table.total()).isEqualTo(1L << 34);
        assertThat(VIEW.lastHour()).isEqualTo(CellState.MAX_BUCKET_COUNT);
        state.count = (1L << 32) - 1;
        state.entity = 10;
        state.setWindows(Event.START, Integer.MAX_VALUE);
        table.add(state);
        for (int i = 0; i < 3; i++) {
            table.record(1, 1, Event.START, 1e9);
        }
        table.read(1, 0, 1e9, VIEW);
        assertThat(VIEW.count()).isEqualTo((1L << 32) + 2);
        assertThat(VIEW.lastHour()).isEqualTo(Integer.MAX_VALUE + 3L);
    }

    @Test
    @DisplayName("a pair takes at most 45 bytes besides windows, and one of a single event has none")
    void isSmall() {
        int pairs = 1_000_000;
        SignalLedger ledger = new SignalLedger(Event.DECAYS);
        for (int i = 0; i < pairs; i++) {
            ledger.apply(i, 0, 1, Event.START);
        }
        assertThat((double) ledger.retainedBytes() / pairs).isLessThan(45);
    }

    @Test
    @DisplayName("memory of windows is given back when they pass, and reused")
    void reusesWindows() {
        SignalLedger ledger = new SignalLedger(Event.DECAYS);
        long afterFirstRound = 0;
        for (int round = 0; round < 20; round++) {
            for (int entity = 0; entity < 1_000; entity++) {
                for (int i = 0; i < 30; i++) {
                    ledger.apply(entity, 0, 1, Event.START + round * 20L * Event.DAY + i * 7L * Event.MINUTE);
                }
            }
            afterFirstRound = round == 0 ? ledger.retainedBytes() : afterFirstRound;
        }
        assertThat(ledger.retainedBytes()).isLessThan(afterFirstRound * 5 / 4);
    }

    static Set<Event> pairs(List<Event> events) {
        Set<Event> pairs = new LinkedHashSet<>();
        events.forEach(e -> pairs.add(new Event(e.entity(), e.signal(), 0, 0)));
        return pairs;
    }

    static void assertReads(SignalLedger ledger, Event pair, long at, CellView expected, long seed) {
        CellView actual = new CellView();
        boolean found = ledger.read(pair.entity(), pair.signal(), at, actual);
        assertSame(found, actual, expected, "seed " + seed + ", pair " + pair + ", at " + at);
    }

    static void assertSame(boolean found, CellView actual, CellView expected, String what) {
        // Plain comparisons first: millions of these.
        boolean same = found
                && actual.count() == expected.count()
                && actual.lastHour() == expected.lastHour()
                && actual.lastDay() == expected.lastDay()
                && actual.lastWeek() == expected.lastWeek()
                && actual.asOfNanos() == expected.asOfNanos()
                && actual.lastEventNanos() == expected.lastEventNanos()
                && near(actual.score(), expected.score())
                && near(actual.scoreAtLast(), expected.scoreAtLast());
        assertThat(same)
                .as(() -> what + ": " + print(actual) + " instead of " + print(expected))
                .isTrue();
    }

    private static boolean near(double actual, double expected) {
        return Math.abs(actual - expected) <= 1e-6 * Math.max(1, Math.abs(expected));
    }

    private static String print(CellView v) {
        return "score " + v.score() + ", at last " + v.scoreAtLast() + ", count " + v.count() + ", 1h " + v.lastHour()
                + ", 24h " + v.lastDay() + ", 7d " + v.lastWeek() + ", last " + v.lastEventNanos() + ", as of "
                + v.asOfNanos();
    }
}
