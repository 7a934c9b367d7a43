package io.tidaldb.server.cli;

import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.wal.WalBatch;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The hash that ties each batch of a log to all before it: XXH3-64 with seed 0 over the hash before (8 bytes, little-endian), the header
 * with chain and checksums zero, and the payload as stored. Written from the format's description, not shared with the store, so that it
 * checks the store as well.
 */
final class ChainHash {

    private ChainHash() {}

    static long after(long before, WalBatch batch) {
        byte[] header = new byte[WalBatch.HEADER_BYTES];
        batch.copyUnchainedHeader(header);
        ByteBuffer payload = batch.payload();
        ByteBuffer input = ByteBuffer.allocate(Long.BYTES + header.length + payload.remaining())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(before)
                .put(header)
                .put(payload);
        return Hashing.xxh3_64().hashBytesToLong(input.array());
    }
}
