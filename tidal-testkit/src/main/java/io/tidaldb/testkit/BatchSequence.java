package io.tidaldb.testkit;

import io.tidaldb.api.Origin;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The batches of one log, in order, with made-up contents: real headers and checksums, a chain that differs from batch to batch. The
 * chain is not the one that core computes: a store keeps it without understanding it.
 *
 * <p>Not thread-safe.
 */
public final class BatchSequence {

    private static final int SIGNAL_BYTES = 21;
    private static final long FIRST_HLC = 1_700_000_000_000L << 16;

    private final LogId log;
    private final List<WalBatch> batches = new ArrayList<>();
    private long nextSeqno;
    private long chain;

    /** Begins at the start of the log. */
    public BatchSequence(LogId log) {
        this(log, log.origin().startSeqno() + 1, 0);
    }

    /** Begins at a seqno; the chain before it is given. */
    public BatchSequence(LogId log, long nextSeqno, long chain) {
        this.log = log;
        this.nextSeqno = nextSeqno;
        this.chain = chain;
    }

    /** Returns the log that the batches are of. */
    public LogId log() {
        return log;
    }

    /** Makes the next batch, of this many signals. */
    public WalBatch next(int signals) {
        ByteBuffer buffer = buffer(signals * SIGNAL_BYTES);
        for (int i = 0; i < signals; i++) {
            int at = WalBatch.HEADER_BYTES + i * SIGNAL_BYTES;
            buffer.putLong(at, nextSeqno + i).put(at + 8, (byte) 1).putFloat(at + 9, 1.5f);
            buffer.putLong(at + 13, 1_700_000_000_000_000_000L + i);
        }
        return add(RecordKind.SIGNALS, buffer, signals);
    }

    /** Makes the next batch, of one control record that fills this many bytes of payload; at least 4. */
    public WalBatch nextOfBytes(int payloadBytes) {
        ByteBuffer buffer = buffer(payloadBytes);
        buffer.putInt(WalBatch.HEADER_BYTES, payloadBytes - Integer.BYTES);
        for (int i = WalBatch.HEADER_BYTES + Integer.BYTES; i < buffer.capacity(); i++) {
            buffer.put(i, (byte) (i * 31L + nextSeqno));
        }
        return add(RecordKind.CONTROL, buffer, 1);
    }

    /** Returns the seqno that the next batch will begin with. */
    public long nextSeqno() {
        return nextSeqno;
    }

    /** Returns the chain hash after the last batch made. */
    public long chain() {
        return chain;
    }

    /** Returns every batch made so far, in order. */
    public List<WalBatch> batches() {
        return List.copyOf(batches);
    }

    /** Returns a batch of one signal, by itself: for what a store should refuse. */
    public static WalBatch single(TenantId tenant, Origin origin, long seqno) {
        return new BatchSequence(LogId.own(tenant, origin), seqno, 7).next(1);
    }

    private WalBatch add(RecordKind kind, ByteBuffer buffer, int count) {
        int payloadBytes = buffer.capacity() - WalBatch.HEADER_BYTES;
        WalBatch.writeHeader(
                buffer, kind, 0, nextSeqno, count, payloadBytes, log.tenant(), log.origin(), FIRST_HLC + nextSeqno);
        chain = (chain ^ nextSeqno) * 0x9E3779B97F4A7C15L + count;
        WalBatch batch = WalBatch.seal(buffer, chain);
        nextSeqno += count;
        batches.add(batch);
        return batch;
    }

    private static ByteBuffer buffer(int payloadBytes) {
        return ByteBuffer.allocate(WalBatch.HEADER_BYTES + payloadBytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
