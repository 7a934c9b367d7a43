package io.tidaldb.bench;

import io.tidaldb.core.ledger.FrozenLedger;
import io.tidaldb.core.ledger.SignalLedger;
import io.tidaldb.core.ledger.StateDigest;
import io.tidaldb.core.ledger.TopK;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What goes over a whole ledger; a millisecond figure is for all of it, entities with five events each over a month. Hypothesis: the top ten
 * of a million entities take tens of milliseconds, a digest a tenth of a microsecond a pair, a snapshot well under a second either way.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(2)
public class LedgerScanBenchmark {

    private static final long MONTH_NANOS = 30 * 86_400_000_000_000L;
    private static final int EVENTS = 5;
    private static final int SCAN_CHUNK = 4096;

    /** Entities in the ledger. */
    @Param({"100000", "1000000"})
    public int entities;

    private SignalLedger ledger = LedgerRecords.ledger(0);
    private ByteArrayOutputStream buffer = new ByteArrayOutputStream();
    private byte[] snapshot = {};

    /** Fills the ledger. */
    @Setup
    public void fill() throws IOException {
        ledger = LedgerRecords.ledger(entities);
        int records = (EVENTS - 1) * entities;
        ByteBuffer more = LedgerRecords.random(records, entities);
        LedgerRecords.setTimes(more, LedgerRecords.START_NANOS, MONTH_NANOS / records);
        ledger.applyAll(more, 0, records);
        writeSnapshot();
        snapshot = buffer.toByteArray();
        System.out.println("snapshot: " + snapshot.length / entities + " bytes an entity");
    }

    /** The ten best now. */
    @Benchmark
    public TopK topTen() {
        TopK top = new TopK(10);
        for (int slot = 0; slot >= 0; ) {
            slot = ledger.scan(slot, SCAN_CHUNK, 0, LedgerRecords.START_NANOS + MONTH_NANOS, top);
        }
        return top.rank();
    }

    /** The digest of the state. */
    @Benchmark
    public StateDigest digest() {
        return ledger.digest(42);
    }

    /** Writes a snapshot to memory. */
    @Benchmark
    public int writeSnapshot() throws IOException {
        buffer.reset();
        try (FrozenLedger frozen = ledger.freeze()) {
            frozen.writeTo(new DataOutputStream(buffer));
        }
        return buffer.size();
    }

    /** Reads a snapshot from memory. */
    @Benchmark
    public SignalLedger readSnapshot() throws IOException {
        return SignalLedger.readFrom(
                new DataInputStream(new ByteArrayInputStream(snapshot)), signal -> LedgerRecords.HALF_LIFE_NANOS);
    }
}
