package io.tidaldb.core.ingest;

import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.crdt.Hlc;
import io.tidaldb.core.key.BatchSealer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns staged records into the next batches of a log, each in an array of its own that nobody writes to afterwards.
 *
 * <p>Loop-confined.
 */
final class BatchEncoder {

    private final BatchSealer sealer = new BatchSealer();
    private final Hlc hlc;

    BatchEncoder(Hlc hlc) {
        this.hlc = hlc;
    }

    /** Encodes records that have bodies: names, control. */
    WalBatch bodies(TenantShard shard, OriginLedger open, RecordKind kind, List<byte[]> bodies) {
        ByteBuffer payload = BodyRecords.encode(bodies);
        int length = payload.remaining();
        ByteBuffer buffer = allocate(length);
        buffer.put(WalBatch.HEADER_BYTES, payload, 0, length);
        return seal(buffer, shard, open, kind, 0, bodies.size());
    }

    /** Encodes the records of writes of one kind, with their keys, and gives each write its seqnos. */
    WalBatch writes(TenantShard shard, OriginLedger open, RecordKind kind, List<WriteRequest> writes) {
        List<KeyBlock.Entry> keys = new ArrayList<>();
        long first = open.lastSeqno + 1;
        int count = 0;
        int bytes = 0;
        for (WriteRequest write : writes) {
            if (write.key != null) {
                keys.add(new KeyBlock.Entry(write.key, count, write.count));
            }
            write.firstSeqno = first + count;
            count += write.count;
            bytes += write.records.limit();
        }
        int keyBytes = KeyBlock.bytes(keys.size());
        ByteBuffer buffer = allocate(keyBytes + bytes);
        if (keyBytes > 0) {
            KeyBlock.put(buffer, WalBatch.HEADER_BYTES, keys);
        }
        int at = WalBatch.HEADER_BYTES + keyBytes;
        for (WriteRequest write : writes) {
            buffer.put(at, write.records, 0, write.records.limit());
            at += write.records.limit();
        }
        return seal(buffer, shard, open, kind, keyBytes > 0 ? WalBatch.FLAG_KEYS : 0, count);
    }

    private WalBatch seal(
            ByteBuffer buffer, TenantShard shard, OriginLedger open, RecordKind kind, int flags, int count) {
        return sealer.seal(
                shard.tenant().keys(),
                buffer,
                kind,
                flags,
                open.lastSeqno + 1,
                count,
                shard.tenantId(),
                shard.origin,
                hlc.next(),
                open.chain);
    }

    private static ByteBuffer allocate(int payloadBytes) {
        return ByteBuffer.allocate(WalBatch.HEADER_BYTES + payloadBytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
