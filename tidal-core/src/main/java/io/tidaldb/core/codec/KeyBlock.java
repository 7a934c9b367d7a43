package io.tidaldb.core.codec;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The idempotency keys at the start of a payload, little-endian: u16 count, then for each key its high and low 64 bits, u32 index of its
 * first record in the batch, u32 count of its records.
 */
public final class KeyBlock {

    /** Most keys in a block. */
    public static final int MAX_KEYS = 0xFFFF;

    private static final int COUNT_BYTES = 2;
    private static final int ENTRY_BYTES = 24;

    private KeyBlock() {}

    /** One key and the records that were written under it. */
    public record Entry(IdempotencyKey key, int firstRecord, int count) {}

    /** Returns the size of a block; 0 if there are no keys. */
    public static int bytes(int keys) {
        return keys == 0 ? 0 : COUNT_BYTES + keys * ENTRY_BYTES;
    }

    /** Writes a block. */
    public static void put(ByteBuffer target, int at, List<Entry> entries) {
        target.putShort(at, (short) entries.size());
        int next = at + COUNT_BYTES;
        for (Entry entry : entries) {
            target.putLong(next, entry.key().high())
                    .putLong(next + 8, entry.key().low())
                    .putInt(next + 16, entry.firstRecord())
                    .putInt(next + 20, entry.count());
            next += ENTRY_BYTES;
        }
    }

    /**
     * Reads the block of a batch; empty if it has none.
     *
     * @throws TidalException CORRUPT_DATA if it does not fit its batch
     */
    public static List<Entry> read(WalBatch batch) {
        if (!batch.hasKeys()) {
            return List.of();
        }
        List<Entry> entries = new ArrayList<>();
        ByteBuffer payload = batch.content();
        int count = payload.limit() < COUNT_BYTES ? -1 : Short.toUnsignedInt(payload.getShort(0));
        if (count < 1 || bytes(count) > payload.limit()) {
            throw corrupt(batch);
        }
        for (int i = 0, at = COUNT_BYTES; i < count; i++, at += ENTRY_BYTES) {
            Entry entry = new Entry(
                    new IdempotencyKey(payload.getLong(at), payload.getLong(at + 8)),
                    payload.getInt(at + 16),
                    payload.getInt(at + 20));
            if (entry.firstRecord < 0 || entry.count < 1 || entry.firstRecord > batch.count() - entry.count) {
                throw corrupt(batch);
            }
            entries.add(entry);
        }
        return entries;
    }

    private static TidalException corrupt(WalBatch batch) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA,
                "idempotency-key block of the batch at seqno " + batch.firstSeqno() + " does not fit the batch");
    }
}
