package io.tidaldb.bench;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.ledger.CellView;
import io.tidaldb.core.ledger.SignalLedger;
import io.tidaldb.core.ledger.TopK;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;

/** State in memory: folding, reading, ranking, and how it comes back from a log. */
final class LedgerTables {

    private static final String REFERENCE = "interleaved array";
    private static final String TIDAL = "tidal";
    private static final int RECORDS = 1 << 18;
    private static final long WEEK_NANOS = 7 * 86_400_000_000_000L;
    private static final long HOUR_NANOS = 3_600_000_000_000L;
    private static final int WARM_HOURS = 24;
    private static final int SCAN_CHUNK = 4096;
    private static final int TOP = 10;
    private static final int SIGNALS_PER_WRITE = 1_000;
    private static final int WRITES_UNDER_WAY = 64;

    /** Keeps the compiler from dropping what is only measured. */
    private static volatile double sink;

    private LedgerTables() {}

    /** Work that is done again and again; returns how many it did. */
    private interface Turn {
        int run() throws Exception;
    }

    private static Phase repeated(Turn turn, double seconds) throws Exception {
        Histogram turns = Phase.acks();
        long begin = System.nanoTime();
        long end = begin + (long) (seconds * 1e9);
        long done = 0;
        long now = begin;
        do {
            done += turn.run();
            long after = System.nanoTime();
            Phase.record(turns, after - now);
            now = after;
        } while (now < end);
        return Phase.of(Figure.RATE, done * 1e9 / (now - begin))
                .with(Figure.P50_MICROS, turns.getValueAtPercentile(50) / 1e3)
                .with(Figure.P99_MICROS, turns.getValueAtPercentile(99) / 1e3);
    }

    static Table ledger() {
        Table table = new Table(
                "Ledger",
                "Events of known pairs, drawn at random, folded and read; p50 and p99 are of "
                        + String.format(Locale.ROOT, "%,d", RECORDS)
                        + " at a time. `interleaved array` is the limit: one `long[]`, open addressing, sized before; score, count and last"
                        + " event, no windows, no lock, no growth. All times in one minute, or each pair one in a week, which opens a bucket"
                        + " of a window each time.",
                Figure.RATE);
        for (int pairs : new int[] {100_000, 1_000_000, 10_000_000}) {
            table.add(new Workload(String.format(Locale.ROOT, "fold, %,d pairs, one minute", pairs))
                    .add(REFERENCE, directory -> folds(new ReferenceTable(pairs), pairs, 1))
                    .add(TIDAL, directory -> folds(LedgerRecords.ledger(pairs), pairs, 1))
                    .target(Target.rateOfReference(TIDAL, 0.9))
                    .target(Target.atMost(TIDAL, Figure.BYTES, 45)));
        }
        return table.add(new Workload("fold, 1,000,000 pairs, a week")
                        .add(
                                REFERENCE,
                                directory -> folds(new ReferenceTable(1_000_000), 1_000_000, WEEK_NANOS / 1_000_000))
                        .add(
                                TIDAL,
                                directory -> folds(LedgerRecords.ledger(1_000_000), 1_000_000, WEEK_NANOS / 1_000_000))
                        .target(Target.atMost(TIDAL, Figure.BYTES, 150)))
                .add(new Workload("read, 1,000,000 pairs")
                        .add(REFERENCE, directory -> referenceReads(1_000_000))
                        .add(TIDAL, directory -> reads(1_000_000)));
    }

    private static Contender folds(SignalLedger ledger, int pairs, long stepNanos) {
        if (stepNanos > 1) {
            warm(ledger, pairs);
        }
        Records records = new Records(pairs, stepNanos);
        return seconds -> repeated(
                        () -> {
                            ledger.applyAll(records.next(), 0, RECORDS);
                            return RECORDS;
                        },
                        seconds)
                .with(Figure.BYTES, (double) ledger.retainedBytes() / pairs);
    }

    /** An event in each of 24 hours, so that there are buckets for all windows. */
    private static void warm(SignalLedger ledger, int pairs) {
        ByteBuffer records = LedgerRecords.random(RECORDS, pairs);
        for (int hour = 0; hour < WARM_HOURS; hour++) {
            for (int done = 0; done < pairs; done += RECORDS) {
                LedgerRecords.setTimes(records, LedgerRecords.START_NANOS + hour * HOUR_NANOS, 1);
                ledger.applyAll(records, 0, RECORDS);
            }
        }
    }

    private static Contender folds(ReferenceTable table, int pairs, long stepNanos) {
        Records records = new Records(pairs, stepNanos);
        records.all(table::applyAll, pairs);
        return seconds -> repeated(
                        () -> {
                            table.applyAll(records.next());
                            return RECORDS;
                        },
                        seconds)
                .with(Figure.BYTES, (double) table.bytes() / pairs);
    }

    private static Contender reads(int pairs) {
        SignalLedger ledger = LedgerRecords.ledger(pairs);
        CellView view = new CellView();
        ByteBuffer records = LedgerRecords.random(RECORDS, pairs);
        return seconds -> repeated(
                () -> {
                    double sum = 0;
                    for (int at = 0; at < records.capacity(); at += LedgerRecords.BYTES) {
                        ledger.read(records.getLong(at), 0, LedgerRecords.START_NANOS, view);
                        sum += view.score() + view.lastDay();
                    }
                    sink = sum;
                    return RECORDS;
                },
                seconds);
    }

    private static Contender referenceReads(int pairs) {
        ReferenceTable table = new ReferenceTable(pairs);
        Records all = new Records(pairs, 1);
        all.all(table::applyAll, pairs);
        ByteBuffer records = LedgerRecords.random(RECORDS, pairs);
        return seconds -> repeated(
                () -> {
                    double sum = 0;
                    for (int at = 0; at < records.capacity(); at += LedgerRecords.BYTES) {
                        sum += table.score(records.getLong(at));
                    }
                    sink = sum;
                    return RECORDS;
                },
                seconds);
    }

    /** Records of a few blocks, whose times move on. */
    private static final class Records {

        private static final int BLOCKS = 8;

        private final ByteBuffer[] blocks = new ByteBuffer[BLOCKS];
        private final long stepNanos;
        private long nowNanos = LedgerRecords.START_NANOS + WARM_HOURS * HOUR_NANOS;
        private int next;

        Records(int pairs, long stepNanos) {
            this.stepNanos = stepNanos;
            for (int i = 0; i < BLOCKS; i++) {
                blocks[i] = LedgerRecords.random(RECORDS, pairs, i);
            }
        }

        ByteBuffer next() {
            ByteBuffer block = blocks[next++ % BLOCKS];
            if (stepNanos > 1) {
                LedgerRecords.setTimes(block, nowNanos, stepNanos);
                nowNanos += stepNanos * RECORDS;
            }
            return block;
        }

        void all(Consumer<ByteBuffer> apply, int pairs) {
            for (int done = 0; done < 2 * pairs; done += RECORDS) {
                apply.accept(next());
            }
        }
    }

    static Table top() {
        int entities = 1_000_000;
        return new Table(
                        "The best ten",
                        "The ten highest decayed scores now of 1,000,000 entities, one thread, one after the other. The reference goes over two"
                                + " arrays, of entities and of scores that need no decay.",
                        Figure.P99_MICROS)
                .add(new Workload("top 10 of 1,000,000")
                        .add("two arrays", directory -> arrays(entities))
                        .add("ledger", directory -> scans(entities))
                        .add(TIDAL, directory -> embeddedTop(directory, entities))
                        .target(Target.atMost(TIDAL, Figure.P99_MICROS, 5_000)));
    }

    private static Contender arrays(int entities) {
        long[] ids = new long[entities];
        double[] scores = new double[entities];
        for (int i = 0; i < entities; i++) {
            ids[i] = i;
            scores[i] = i * 61_803L % entities;
        }
        return seconds -> repeated(
                () -> {
                    TopK top = new TopK(TOP);
                    for (int i = 0; i < ids.length; i++) {
                        top.offer(ids[i], scores[i]);
                    }
                    sink = top.rank().score(0);
                    return 1;
                },
                seconds);
    }

    private static Contender scans(int entities) {
        SignalLedger ledger = LedgerRecords.ledger(entities);
        return seconds -> repeated(
                () -> {
                    TopK top = new TopK(TOP);
                    for (int slot = SignalLedger.SCAN_START; slot > 0; ) {
                        slot = ledger.scan(slot, SCAN_CHUNK, 0, LedgerRecords.START_NANOS + WEEK_NANOS, top);
                    }
                    sink = top.rank().score(0);
                    return 1;
                },
                seconds);
    }

    private static Contender embeddedTop(Path directory, int entities) {
        Tidal tidal = open(directory);
        Tenant tenant =
                tidal.createTenant(TenantConfig.builder(SignalLoad.TENANT).build());
        fill(tenant, entities, entities);
        return new Contender() {
            @Override
            public Phase run(double seconds) throws Exception {
                return repeated(
                        () -> {
                            sink = tenant.top(SignalLoad.SIGNAL, TOP).get(0).score();
                            return 1;
                        },
                        seconds);
            }

            @Override
            public void close() {
                tidal.close();
            }
        };
    }

    static Table recovery(boolean quick) {
        Table table = new Table(
                "Recovery",
                "An instance opens with nothing but its log; records are signals of 21 bytes. The reference reads the same records from a"
                        + " file, checks a CRC for each thousand, and applies them to the `interleaved array`. From a checkpoint, too.",
                Figure.RATE);
        table.add(recovery(100_000, quick ? 1_000_000 : 4_000_000).target(Target.rateOfReference(TIDAL, 0.7)));
        int many = quick ? 2_000_000 : 10_000_000;
        return table.add(recovery(many, many).target(Target.rateOfReference(TIDAL, 0.8)));
    }

    private static Workload recovery(int entities, int records) {
        return new Workload(String.format(Locale.ROOT, "%,d records of %,d entities", records, entities))
                .add("read, CRC, apply", directory -> new ReplayReference(directory, entities, records))
                .add(TIDAL, directory -> new Reopened(directory, entities, records, false))
                .add("tidal, from a checkpoint", directory -> new Reopened(directory, entities, records, true));
    }

    private static Tidal open(Path directory) {
        return Tidal.builder()
                .dataDir(directory.resolve("data"))
                .signal(SignalLoad.SIGNAL, Duration.ofDays(7))
                .open();
    }

    /** Writes so many signals, to one entity after the other. */
    static void fill(Tenant tenant, int entities, int records) {
        List<CompletionStage<?>> underWay = new ArrayList<>();
        for (int done = 0; done < records; done += SIGNALS_PER_WRITE) {
            List<Signal> signals = new ArrayList<>(SIGNALS_PER_WRITE);
            for (int i = done; i < Math.min(records, done + SIGNALS_PER_WRITE); i++) {
                signals.add(Signal.of(SignalLoad.SIGNAL, i * 61_803L % entities, 1));
            }
            underWay.add(tenant.recordAllAsync(signals, WriteOptions.DEFAULT));
            if (underWay.size() == WRITES_UNDER_WAY) {
                underWay.forEach(write -> write.toCompletableFuture().join());
                underWay.clear();
            }
        }
        underWay.forEach(write -> write.toCompletableFuture().join());
    }

    /** Opens the same directory again and again. */
    private record Reopened(ScratchDirectory directory, int records, boolean checkpoint) implements Contender {

        Reopened(Path directory, int entities, int records, boolean checkpoint) throws Exception {
            this(new ScratchDirectory(directory), records, checkpoint);
            try (Tidal tidal = LedgerTables.open(directory)) {
                fill(tidal.createTenant(TenantConfig.builder(SignalLoad.TENANT).build()), entities, records);
            }
            if (!checkpoint) {
                this.directory.removeFiles(".ckpt");
            }
        }

        @Override
        public Phase run(double seconds) throws Exception {
            long begin = System.nanoTime();
            Tidal tidal = LedgerTables.open(directory.path());
            long nanos = System.nanoTime() - begin;
            long found = tidal.tenant(SignalLoad.TENANT).orElseThrow().total(SignalLoad.SIGNAL);
            tidal.close();
            if (found != records) {
                throw new IllegalStateException("recovered " + found + " of " + records + " records");
            }
            if (!checkpoint) {
                directory.removeFiles(".ckpt");
            }
            return Phase.of(Figure.RATE, records * 1e9 / nanos);
        }
    }
}
