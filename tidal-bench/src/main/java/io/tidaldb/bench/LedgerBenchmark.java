package io.tidaldb.bench;

import io.tidaldb.core.ledger.CellView;
import io.tidaldb.core.ledger.SignalLedger;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * Folding events of known entities, and reading one; a nanosecond figure is for one record. Hypothesis: windows, lock and growth cost at
 * most as much again as {@link ReferenceTable}, which has none of them; times spread over a week cost more than a hot minute, since every
 * event opens a bucket.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class LedgerBenchmark {

    private static final int RECORDS = 1 << 18;
    private static final long WEEK_NANOS = 7 * 86_400_000_000_000L;

    /** Entities in the ledger. */
    @Param({"100000", "1000000"})
    public int entities;

    /** Whether all events fall into one minute, or each entity has about one in a week. */
    @Param({"minute", "week"})
    public String times = "";

    private final CellView view = new CellView();
    private ByteBuffer records = ByteBuffer.allocate(0);
    private SignalLedger ledger = LedgerRecords.ledger(0);
    private ReferenceTable reference = new ReferenceTable(1);
    private long nowNanos = LedgerRecords.START_NANOS;

    /** Makes both tables, with all entities in them. */
    @Setup
    public void fill() {
        ledger = LedgerRecords.ledger(entities);
        reference = new ReferenceTable(entities);
        records = LedgerRecords.random(RECORDS, entities);
        for (int i = 0; i < 2 * entities / RECORDS + 1; i++) {
            moveOn();
            apply();
            reference();
        }
    }

    /** Time moves on between invocations, which last milliseconds. */
    @Setup(Level.Invocation)
    public void moveOn() {
        long step = times.equals("minute") ? 1 : WEEK_NANOS / entities;
        LedgerRecords.setTimes(records, nowNanos, step);
        nowNanos += times.equals("minute") ? 0 : step * RECORDS;
    }

    /** Folds into the ledger. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public void apply() {
        ledger.applyAll(records, 0, RECORDS);
    }

    /** The limit of folding. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public void reference() {
        reference.applyAll(records);
    }

    /** Reads score, count and windows of entities at random. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public void read(Blackhole sink) {
        for (int at = 0; at < RECORDS * LedgerRecords.BYTES; at += LedgerRecords.BYTES) {
            ledger.read(records.getLong(at), 0, nowNanos, view);
            sink.consume(view.score());
            sink.consume(view.lastDay());
        }
    }

    /** The limit of reading: finds the cell, takes one word. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public void readReference(Blackhole sink) {
        for (int at = 0; at < RECORDS * LedgerRecords.BYTES; at += LedgerRecords.BYTES) {
            sink.consume(reference.score(records.getLong(at)));
        }
    }
}
