package io.tidaldb.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.TidalException;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FrozenLedgerTest {

    private static final int SEEDS = 40;

    @Test
    void holdsWhatThereWasWhateverIsFoldedWhileItIsWritten() throws IOException {
        for (long seed = 1; seed <= SEEDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Event> events = Event.random(random, 12_000, seed % 2 == 0 ? 50 : 7_000, 3, true);
            int first = random.nextInt(events.size() / 2);
            List<Event> before = events.subList(0, first);
            List<Event> later = events.subList(first, events.size());
            SignalLedger ledger = Event.fold(before);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            int folded;
            try (FrozenLedger frozen = ledger.freeze();
                    Meanwhile out = new Meanwhile(bytes, ledger, later, random)) {
                out.some();
                frozen.writeTo(new DataOutputStream(out));
                folded = out.folded;
            }
            assertThat(bytes.toByteArray()).as("seed %s", seed).isEqualTo(write(Event.fold(before)));
            later.subList(folded, later.size())
                    .forEach(each -> ledger.apply(each.entity(), each.signal(), each.weight(), each.nanos()));
            assertThat(folded).as("events folded meanwhile").isPositive();
            assertThat(ledger.digest(seed))
                    .as("seed %s", seed)
                    .isEqualTo(Event.fold(events).digest(seed));
            assertThat(write(ledger)).as("seed %s", seed).isEqualTo(write(Event.fold(events)));
        }
    }

    @Test
    void holdsWhatThereWasWhateverIsMergedMeanwhile() throws IOException {
        for (long seed = 1; seed <= SEEDS; seed++) {
            List<Event> events = Event.random(new SplittableRandom(seed), 3_000, 300, 3, true);
            List<Event> others = new ArrayList<>(Event.random(new SplittableRandom(-seed), 3_000, 300, 3, true));
            Collections.shuffle(others, new Random(seed));
            SignalLedger ledger = Event.fold(events);
            byte[] expected = write(ledger);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (FrozenLedger frozen = ledger.freeze()) {
                ledger.merge(Event.fold(others));
                frozen.writeTo(new DataOutputStream(bytes));
            }
            assertThat(bytes.toByteArray()).as("seed %s", seed).isEqualTo(expected);
            assertThat(write(ledger)).as("seed %s", seed).isNotEqualTo(expected);
        }
    }

    @Test
    void copiesAPageOnlyWhenItIsChanged() {
        CellTable table = new CellTable(new Scratch());
        for (int entity = 0; entity < 100_000; entity++) {
            table.add(entity, 1, Event.START);
        }
        CellTable frozen = table.freeze();
        assertThat(table.pagesSharedWith(frozen)).isEqualTo(25);
        table.record(table.find(7), 1, Event.START, 1e9);
        table.record(table.find(8), 1, Event.START, 1e9);
        assertThat(table.pagesSharedWith(frozen)).isEqualTo(24);
        table.thaw();
        table.record(table.find(99_999), 1, Event.START, 1e9);
        assertThat(table.pagesSharedWith(frozen)).isEqualTo(24);
    }

    @Test
    void thereIsOneAtATime() {
        SignalLedger ledger = new SignalLedger(Event.DECAYS);
        try (FrozenLedger first = ledger.freeze()) {
            assertThatThrownBy(ledger::freeze).as("beside %s", first).isInstanceOf(TidalException.class);
        }
        ledger.freeze().close();
    }

    private static byte[] write(SignalLedger ledger) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (FrozenLedger frozen = ledger.freeze()) {
            frozen.writeTo(new DataOutputStream(out));
        }
        return out.toByteArray();
    }

    /** Folds the next few events now and then, in the middle of the writing. */
    private static final class Meanwhile extends FilterOutputStream {

        private final SignalLedger ledger;
        private final List<Event> events;
        private final SplittableRandom random;
        private int folded;

        Meanwhile(OutputStream out, SignalLedger ledger, List<Event> events, SplittableRandom random) {
            super(out);
            this.ledger = ledger;
            this.events = events;
            this.random = random;
        }

        void some() {
            for (int i = random.nextInt(1, 20); i > 0 && folded < events.size(); i--, folded++) {
                Event event = events.get(folded);
                ledger.apply(event.entity(), event.signal(), event.weight(), event.nanos());
            }
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, length);
            if (random.nextInt(4) == 0) {
                some();
            }
        }
    }
}
