package io.tidaldb.core.codec;

import com.dynatrace.hash4j.hashing.HashStream64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.wal.WalBatch;
import java.nio.ByteBuffer;

/**
 * The hash chain of a log: XXH3-64 with seed 0 over the previous chain (8 bytes, little-endian), the header with chain and both
 * checksums zero, and the payload as stored. Before the first batch the chain is 0.
 *
 * <p>Confined to one thread: it reuses its buffers.
 */
public final class Chain {

    /** The chain before the first batch. */
    public static final long START = 0;

    /** What a payload is copied in: it stays in the cache. */
    private static final int PIECE_BYTES = 16 << 10;

    private final HashStream64 stream = Hashing.xxh3_64().hashStream();
    private final byte[] header = new byte[WalBatch.HEADER_BYTES];
    private final byte[] piece = new byte[PIECE_BYTES];

    /** Returns the chain after a batch whose header has chain and checksums zero and whose payload follows it. */
    public long next(long previous, byte[] unsealed, int length) {
        stream.reset();
        stream.putLong(previous);
        stream.putBytes(unsealed, 0, length);
        return stream.getAsLong();
    }

    /** Returns the chain after a sealed batch, computed from its content. */
    public long next(long previous, WalBatch batch) {
        batch.copyUnchainedHeader(header);
        stream.reset();
        stream.putLong(previous);
        stream.putBytes(header);
        ByteBuffer payload = batch.payload();
        while (payload.hasRemaining()) {
            int length = Math.min(payload.remaining(), piece.length);
            payload.get(piece, 0, length);
            stream.putBytes(piece, 0, length);
        }
        return stream.getAsLong();
    }
}
