package io.tidaldb.wal.file;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Which logs a commit was about and where it left them, repeated in the commit after it: if one is lost, the other tells whose records
 * are missing, and nobody else's log has to be refused. Little-endian; the body of a frame of type 4, whose seqno is the commit's number
 * and whose chain is the CRC-32C of the body. A log is there again where frames of others come between its own; what comes last counts.
 *
 * <pre>
 * for each log, 32 bytes:  2 holder  2 region  2 shard  2 zero  4 incarnation  4 zero  8 tenant  8 last seqno, 0 for erased or base
 * </pre>
 */
record CommitSummary(long number, Map<LogId, Long> lastSeqnos) {

    private static final int ENTRY_BYTES = 32;
    private static final int INCARNATION_AT = 8;
    private static final int TENANT_AT = 16;
    private static final int LAST_SEQNO_AT = 24;
    private static final LogId NOBODY = LogId.own(TenantId.DEFAULT, new Origin(RegionId.of(0), ShardId.of(0), 0));

    /** The summary of a commit that is being put together. */
    static final class Notes {

        // Larger ones are rare, as large commits are.
        private static final int KEPT_BYTES = 128 << 10;

        private ByteBuffer entries = allocate(16 * ENTRY_BYTES);

        void clear() {
            entries = entries.capacity() > KEPT_BYTES ? allocate(KEPT_BYTES) : entries.clear();
        }

        /** Notes where a frame leaves a log; 0 for erased or base. */
        void add(LogCode log, long lastSeqno) {
            long whose = log.holder() | log.replica() << 16;
            int last = entries.position() - ENTRY_BYTES;
            if (last >= 0
                    && entries.getLong(last + TENANT_AT) == log.tenant()
                    && entries.getLong(last) == whose
                    && entries.getLong(last + INCARNATION_AT) == log.incarnation()) {
                entries.putLong(last + LAST_SEQNO_AT, lastSeqno);
                return;
            }
            if (!entries.hasRemaining()) {
                entries = allocate(2 * entries.capacity()).put(entries.flip());
            }
            entries.putLong(whose)
                    .putLong(log.incarnation())
                    .putLong(log.tenant())
                    .putLong(lastSeqno);
        }

        Frame frame(long number) {
            byte[] body = Arrays.copyOf(entries.array(), entries.position());
            return new Frame(Frame.Type.SUMMARY, NOBODY, number, crc(body), body);
        }

        private static ByteBuffer allocate(int bytes) {
            return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    /** Returns what a frame says, or null if its body is damaged. */
    static @Nullable CommitSummary parse(Frame frame) {
        if (frame.chain() != crc(frame.body()) || frame.body().length % ENTRY_BYTES != 0) {
            return null;
        }
        Map<LogId, Long> lastSeqnos = new LinkedHashMap<>();
        ByteBuffer body = ByteBuffer.wrap(frame.body()).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < body.limit(); at += ENTRY_BYTES) {
            Origin origin = new Origin(
                    RegionId.of(Short.toUnsignedInt(body.getShort(at + 2))),
                    ShardId.of(Short.toUnsignedInt(body.getShort(at + 4))),
                    body.getInt(at + INCARNATION_AT));
            LogId log = new LogId(
                    ShardId.of(Short.toUnsignedInt(body.getShort(at))),
                    TenantId.of(body.getLong(at + TENANT_AT)),
                    origin);
            lastSeqnos.put(log, body.getLong(at + LAST_SEQNO_AT));
        }
        return new CommitSummary(frame.seqno(), lastSeqnos);
    }

    private static long crc(byte[] body) {
        CRC32C crc = new CRC32C();
        crc.update(body);
        return crc.getValue();
    }
}
