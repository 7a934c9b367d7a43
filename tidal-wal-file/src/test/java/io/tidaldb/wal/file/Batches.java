package io.tidaldb.wal.file;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Batches with a payload that their seqno determines. */
final class Batches {

    private Batches() {}

    static LogId log(long tenant) {
        return log(tenant, 0, 0);
    }

    static LogId log(long tenant, int region, int shard) {
        return LogId.own(TenantId.of(tenant), new Origin(RegionId.of(region), ShardId.of(shard), 0));
    }

    static WalBatch batch(LogId log, long seqno, int count, int payloadBytes) {
        ByteBuffer bytes =
                ByteBuffer.allocate(WalBatch.HEADER_BYTES + payloadBytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < payloadBytes; i++) {
            long value = seqno * 31 + i * 7L + log.tenant().value();
            bytes.put(WalBatch.HEADER_BYTES + i, (byte) (value & 0xFF));
        }
        WalBatch.writeHeader(
                bytes, RecordKind.SIGNALS, 0, seqno, count, payloadBytes, log.tenant(), log.origin(), seqno << 16);
        return WalBatch.seal(bytes, seqno * 0x9E3779B97F4A7C15L);
    }

    static void append(WalStore store, LogId log, long seqno, int payloadBytes) {
        store.append(log, batch(log, seqno, 1, payloadBytes));
    }

    /** Appends one record each from the log's end up to a seqno. */
    static void fill(WalStore store, LogId log, long lastSeqno, int payloadBytes) {
        for (long seqno = store.status(log).lastSeqno() + 1; seqno <= lastSeqno; seqno++) {
            append(store, log, seqno, payloadBytes);
        }
    }

    static List<WalBatch> read(WalStore store, LogId log) {
        return read(store, log, 0);
    }

    static List<WalBatch> read(WalStore store, LogId log, long from) {
        List<WalBatch> batches = new ArrayList<>();
        try (WalCursor cursor = store.read(log, from)) {
            for (WalBatch batch = cursor.next(); batch != null; batch = cursor.next()) {
                batches.add(batch);
            }
        }
        return batches;
    }

    static List<Long> seqnos(WalStore store, LogId log) {
        return read(store, log).stream().map(WalBatch::firstSeqno).toList();
    }
}
