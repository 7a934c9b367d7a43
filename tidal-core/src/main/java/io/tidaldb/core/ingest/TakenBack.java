package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.SignalRecords;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Finds in a log what a write consisted of that is to be taken back. */
final class TakenBack {

    private TakenBack() {}

    /**
     * Returns the control records that take back the write which ends at a seqno of a log; several if it is large.
     *
     * @throws TidalException CORRUPT_DATA if the log has no such write
     */
    static List<ControlRecord.Voided> at(TenantShard shard, Origin origin, long lastSeqno) {
        try (WalCursor cursor = shard.logs().read(shard, origin, lastSeqno)) {
            WalBatch batch = cursor.next();
            if (batch != null && Long.compareUnsigned(batch.firstSeqno(), lastSeqno) <= 0) {
                List<KeyBlock.Entry> keys = KeyBlock.read(batch);
                for (KeyBlock.Entry entry : keys) {
                    if (batch.firstSeqno() + entry.firstRecord() + entry.count() - 1 == lastSeqno) {
                        KeyMemory.Result stays = shard.keys.get(entry.key());
                        // One that was forgotten meanwhile has been there for long.
                        ControlRecord.End end = stays == null
                                ? new ControlRecord.End(origin, lastSeqno)
                                : new ControlRecord.End(stays.origin(), stays.lastSeqno());
                        return of(origin, batch, KeyBlock.bytes(keys.size()), entry, end);
                    }
                }
            }
        }
        throw new TidalException(
                ErrorCode.CORRUPT_DATA,
                "the log of " + origin + " of tenant " + shard.tenantId()
                        + " has no write with a key that ends at seqno " + Seqno.print(lastSeqno));
    }

    private static List<ControlRecord.Voided> of(
            Origin origin, WalBatch batch, int start, KeyBlock.Entry entry, ControlRecord.End stays) {
        List<ControlRecord.Voided> voids = new ArrayList<>();
        ByteBuffer payload = batch.content();
        for (int done = 0; done < entry.count(); done += ControlRecord.Voided.MAX_RECORDS) {
            int count = Math.min(ControlRecord.Voided.MAX_RECORDS, entry.count() - done);
            int from = start + (entry.firstRecord() + done) * SignalRecords.BYTES;
            voids.add(new ControlRecord.Voided(
                    origin,
                    batch.firstSeqno() + entry.firstRecord() + done,
                    batch.hlc(),
                    stays,
                    payload.slice(from, count * SignalRecords.BYTES)));
        }
        return voids;
    }
}
