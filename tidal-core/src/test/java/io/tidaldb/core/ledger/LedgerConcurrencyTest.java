package io.tidaldb.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class LedgerConcurrencyTest {

    private static final int ROUNDS = 40;
    private static final int ENTITIES = 4_000;

    @Test
    @DisplayName("R-16: readers meet every applied event and never a torn cell, while tables, pages and windows grow")
    void readersSeeSaneValues() throws Exception {
        // Every event weighs 1 and nothing decays to speak of, so the score must always equal the count. Each round
        // counts once for
        // every entity, the rounds are a minute apart: the windows follow from the count too.
        SignalLedger ledger = new SignalLedger(signal -> 1e30);
        AtomicLong roundsDone = new AtomicLong();
        AtomicLong reads = new AtomicLong();
        ExecutorService readers = Executors.newFixedThreadPool(2);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int reader = 0; reader < 2; reader++) {
                SplittableRandom random = new SplittableRandom(reader);
                running.add(readers.submit(() -> read(ledger, random, roundsDone, reads)));
            }
            for (int round = 0; round < ROUNDS; round++) {
                List<Event> events = new ArrayList<>();
                for (int entity = 0; entity < ENTITIES; entity++) {
                    events.add(new Event(entity * 0x9E3779B97F4A7C15L, 3, 1, Event.START + round * Event.MINUTE));
                }
                ledger.applyAll(Event.records(events), 0, events.size());
                roundsDone.incrementAndGet();
                long target = reads.get() + 200;
                while (reads.get() < target && running.stream().noneMatch(Future::isDone)) {
                    Thread.onSpinWait();
                }
            }
            roundsDone.set(Long.MAX_VALUE);
            for (Future<?> reader : running) {
                reader.get();
            }
        } finally {
            readers.shutdownNow();
        }
    }

    private static void read(SignalLedger ledger, SplittableRandom random, AtomicLong roundsDone, AtomicLong reads) {
        CellView view = new CellView();
        for (long done = roundsDone.get(); done != Long.MAX_VALUE; done = roundsDone.get()) {
            long entity = random.nextInt(ENTITIES) * 0x9E3779B97F4A7C15L;
            boolean found = ledger.read(entity, 3, 0, view);
            assertThat(found || done == 0).isTrue();
            if (found) {
                assertThat(view.count()).isGreaterThanOrEqualTo(done);
                assertThat(view.score()).isEqualTo((double) view.count());
                assertThat(view.lastHour()).isEqualTo(view.count());
                assertThat(view.lastDay()).isEqualTo(view.count());
                assertThat(view.lastWeek()).isEqualTo(view.count());
                assertThat(view.lastEventNanos()).isEqualTo(Event.START + (view.count() - 1) * Event.MINUTE);
            }
            if (random.nextInt(500) == 0) {
                ledger.scan(
                        SignalLedger.SCAN_START,
                        1_000,
                        3,
                        0,
                        (e, score) -> assertThat(score).isBetween(1.0, (double) ROUNDS));
            }
            reads.incrementAndGet();
        }
    }
}
