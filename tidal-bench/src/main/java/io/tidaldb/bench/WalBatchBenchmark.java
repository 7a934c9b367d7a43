package io.tidaldb.bench;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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

/** Hypothesis: header and checksums are free next to the disk, above 1 GB/s from 64 signals on. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class WalBatchBenchmark {

    private static final int SIGNAL_BYTES = 21;
    private static final TenantId TENANT = TenantId.of(42);
    private static final Origin ORIGIN = new Origin(RegionId.of(1), ShardId.of(2), 0);

    /** Signals in a batch. */
    @Param({"1", "64", "4096"})
    public int signals;

    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private ByteBuffer sealed = ByteBuffer.allocate(0);

    /** Fills the payload. */
    @Setup
    public void fill() {
        buffer = ByteBuffer.allocate(WalBatch.HEADER_BYTES + signals * SIGNAL_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int at = WalBatch.HEADER_BYTES; at < buffer.capacity(); at++) {
            buffer.put(at, (byte) (at * 31));
        }
        sealed = ByteBuffer.allocate(buffer.capacity());
        seal().copyTo(sealed);
    }

    /** Writes the header and both checksums around a payload that is in place. */
    @Benchmark
    public WalBatch seal() {
        int payload = signals * SIGNAL_BYTES;
        WalBatch.writeHeader(buffer, RecordKind.SIGNALS, 0, 1, signals, payload, TENANT, ORIGIN, 1L << 40);
        return WalBatch.seal(buffer, 42);
    }

    /** Checks a batch as a reader does. */
    @Benchmark
    public WalBatch parse() {
        return WalBatch.of(sealed, 0);
    }
}
