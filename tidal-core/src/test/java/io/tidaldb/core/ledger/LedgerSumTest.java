package io.tidaldb.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.TidalException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class LedgerSumTest {

    @Test
    @DisplayName("R-15: several ledgers answer like one over all their events, as of the last event of them all")
    void readsLikeOneLedger() {
        for (long seed = 1; seed <= 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Event> all = new ArrayList<>();
            LedgerSum sum = ledgers(random, 1 + random.nextInt(4), 40, all);
            long at = Event.START + random.nextLong(10 * Event.DAY);
            for (Event pair : SignalLedgerTest.pairs(all)) {
                CellView view = new CellView();
                boolean found = sum.read(pair.entity(), pair.signal(), at, view);
                CellView expected = Event.expected(all, pair.entity(), pair.signal(), at);
                SignalLedgerTest.assertSame(found, view, expected, "seed " + seed);
                assertThat(sum.containsEntity(pair.entity())).isTrue();
            }
            assertThat(sum.total(0))
                    .isEqualTo(all.stream().filter(e -> e.signal() == 0).count());
        }
    }

    @Test
    void ranksLikeASortOfEverything() {
        for (long seed = 1; seed <= 100; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Event> all = new ArrayList<>();
            LedgerSum sum = ledgers(random, 1 + random.nextInt(3), 3_000, all);
            long at = Event.START + random.nextLong(2 * Event.DAY);
            int signal = 2 + random.nextInt(2);
            CellView view = new CellView();
            List<Ranked> expected = SignalLedgerTest.pairs(all).stream()
                    .filter(pair -> pair.signal() == signal)
                    .map(pair -> {
                        sum.read(pair.entity(), signal, at, view);
                        return new Ranked(pair.entity(), view.score());
                    })
                    .sorted(Ranked.BEST_FIRST)
                    .toList();
            for (int k : new int[] {0, 1, 10, 100, 10_000}) {
                assertThat(ranking(sum.top(signal, at, k)))
                        .as("seed %s, k %s", seed, k)
                        .isEqualTo(expected.subList(0, Math.min(k, expected.size())));
            }
        }
    }

    @Test
    @DisplayName(
            "F-72: merging the first few of several ledgers changes no bit of what is read, at any time, nor of a ranking")
    void mergingChangesNothing() {
        for (long seed = 1; seed <= 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<SignalLedger> apart = new ArrayList<>();
            List<Event> all = new ArrayList<>();
            for (int i = 2 + random.nextInt(5); i > 0; i--) {
                List<Event> own = Event.random(random, 60, 20, 4, true);
                all.addAll(own);
                apart.add(Event.fold(own));
            }
            LedgerSum before = new LedgerSum(apart);
            SignalLedger base = new SignalLedger(Event.DECAYS);
            int merged = 0;
            while (merged < apart.size()) {
                for (int end = merged + 1 + random.nextInt(apart.size() - merged); merged < end; merged++) {
                    base.merge(apart.get(merged));
                }
                List<SignalLedger> left = new ArrayList<>(List.of(base));
                left.addAll(apart.subList(merged, apart.size()));
                assertSameBits(new LedgerSum(left), before, all, random, "seed " + seed + ", merged " + merged);
            }
        }
    }

    private static void assertSameBits(
            LedgerSum sum, LedgerSum expected, List<Event> all, SplittableRandom random, String as) {
        for (Event pair : SignalLedgerTest.pairs(all)) {
            long at = Event.START + random.nextLong(20 * Event.DAY) - 10 * Event.DAY;
            assertThat(bits(sum, pair, at)).as(as).isEqualTo(bits(expected, pair, at));
        }
        long at = Event.START + random.nextLong(20 * Event.DAY);
        for (int signal = 0; signal < 4; signal++) {
            assertThat(ranking(sum.top(signal, at, 10))).as(as).isEqualTo(ranking(expected.top(signal, at, 10)));
        }
    }

    private static List<Long> bits(LedgerSum sum, Event pair, long at) {
        CellView view = new CellView();
        assertThat(sum.read(pair.entity(), pair.signal(), at, view)).isTrue();
        return List.of(
                Double.doubleToRawLongBits(view.score()),
                Double.doubleToRawLongBits(view.scoreAtLast()),
                view.count(),
                view.lastHour(),
                view.lastDay(),
                view.lastWeek(),
                view.lastEventNanos(),
                view.asOfNanos());
    }

    @Test
    void breaksTiesByUnsignedIdWhateverTheOrder() {
        TopK top = new TopK(3);
        for (long entity : new long[] {-1, 5, Long.MIN_VALUE, 7, 3}) {
            top.offer(entity, 1.0);
        }
        assertThat(ranking(top.rank())).containsExactly(new Ranked(3, 1), new Ranked(5, 1), new Ranked(7, 1));
        assertThat(ranking(top.rank())).hasSize(3);
        assertThatThrownBy(() -> top.offer(1, 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> top.entity(3)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> new TopK(-1)).isInstanceOf(TidalException.class);
        assertThat(new TopK(Integer.MAX_VALUE).rank().size()).isZero();
    }

    @Test
    void goesOnScanningWhereItWasWhileTheTableGrows() {
        SignalLedger ledger = new SignalLedger(Event.DECAYS);
        for (int i = 0; i < 100; i++) {
            ledger.apply(i, 0, 1, Event.START);
        }
        List<Long> seen = new ArrayList<>();
        int added = 100;
        for (int slot = SignalLedger.SCAN_START; slot > 0; ) {
            slot = ledger.scan(slot, 7, 0, Event.START, (entity, score) -> seen.add(entity));
            for (int i = 0; i < 50 && added < 700; i++) {
                ledger.apply(added++, 0, 1, Event.START);
            }
        }
        assertThat(added).isEqualTo(700);
        assertThat(seen)
                .containsExactlyElementsOf(
                        LongStream.range(0, 100).map(i -> 99 - i).boxed().toList());
    }

    private static LedgerSum ledgers(SplittableRandom random, int ledgers, int events, List<Event> all) {
        List<SignalLedger> list = new ArrayList<>();
        for (int i = 0; i < ledgers; i++) {
            List<Event> own = Event.random(random, events, events, 4, true);
            all.addAll(own);
            list.add(Event.fold(own));
        }
        return new LedgerSum(list);
    }

    private static List<Ranked> ranking(TopK top) {
        List<Ranked> ranking = new ArrayList<>();
        for (int rank = 0; rank < top.size(); rank++) {
            ranking.add(new Ranked(top.entity(rank), top.score(rank)));
        }
        return ranking;
    }

    private record Ranked(long entity, double score) {
        static final Comparator<Ranked> BEST_FIRST = Comparator.comparingDouble(Ranked::score)
                .reversed()
                .thenComparing(Ranked::entity, Long::compareUnsigned);
    }
}
