package io.tidaldb.core.key;

import io.tidaldb.api.Origin;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.Chain;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Makes batches of records: header, content under the tenant's seal if it is encrypted, chain and checksums. The additional data of a seal is
 * the header with chain and checksums zero, so that content can't be put under another position, tenant or stamp.
 *
 * <p>Confined to one thread.
 */
public final class BatchSealer {

    private final Chain chain = new Chain();

    /**
     * Returns the next batch of a log.
     *
     * @param buffer little-endian, backed by an array from its start: room for a header, then the content up to the capacity; it belongs
     *     to the batch from now on
     * @param flags {@link WalBatch#FLAG_KEYS}, or 0
     * @param chainBefore the log's
     */
    public WalBatch seal(
            KeyRing keys,
            ByteBuffer buffer,
            RecordKind kind,
            int flags,
            long firstSeqno,
            int count,
            TenantId tenant,
            Origin origin,
            long hlc,
            long chainBefore) {
        if (!keys.isSealing()) {
            int bytes = buffer.capacity() - WalBatch.HEADER_BYTES;
            WalBatch.writeHeader(buffer, kind, flags, firstSeqno, count, bytes, tenant, origin, hlc);
            return WalBatch.seal(buffer, chain.next(chainBefore, buffer.array(), buffer.capacity()));
        }
        ByteBuffer content = buffer.slice(WalBatch.HEADER_BYTES, buffer.capacity() - WalBatch.HEADER_BYTES);
        int bytes = KeyRing.SEAL_BYTES + content.capacity();
        ByteBuffer stored = ByteBuffer.allocate(WalBatch.HEADER_BYTES + bytes).order(ByteOrder.LITTLE_ENDIAN);
        int sealed = flags | WalBatch.FLAG_SEALED;
        WalBatch.writeHeader(stored, kind, sealed, firstSeqno, count, bytes, tenant, origin, hlc);
        keys.seal(stored.slice(0, WalBatch.HEADER_BYTES), content.duplicate(), stored.position(WalBatch.HEADER_BYTES));
        return WalBatch.seal(stored.clear(), chain.next(chainBefore, stored.array(), stored.capacity()))
                .opened(content);
    }
}
