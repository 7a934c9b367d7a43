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
import java.util.List;
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
    private static final int LAST_SEQNO_AT = 24;
    private static final int COUNT_AT = 16;
    private static final LogId NOBODY = LogId.own(TenantId.DEFAULT, new Origin(RegionId.of(0), ShardId.of(0), 0));

    /** Returns the summary of a commit, for the commit after it. */
    @SuppressWarnings(
            "ReferenceEquality") // The parts of an id lie scattered in memory, and one that is there twice does no
    // harm.
    static Frame frame(long number, List<Frame> frames) {
        LogId before = null;
        ByteBuffer body = ByteBuffer.allocate(ENTRY_BYTES * frames.size()).order(ByteOrder.LITTLE_ENDIAN);
        for (Frame frame : frames) {
            LogId log = frame.log();
            if (log != before) {
                body.putShort((short) log.holder().value())
                        .putShort((short) log.origin().region().value())
                        .putShort((short) log.origin().shard().value())
                        .putShort((short) 0)
                        .putInt(log.origin().incarnation())
                        .putInt(0)
                        .putLong(log.tenant().value())
                        .putLong(0);
                before = log;
            }
            body.putLong(body.position() - Long.BYTES, lastSeqno(frame));
        }
        byte[] entries = Arrays.copyOf(body.array(), body.position());
        return new Frame(Frame.Type.SUMMARY, NOBODY, number, crc(entries), entries);
    }

    private static long lastSeqno(Frame frame) {
        if (frame.type() != Frame.Type.BATCH) {
            return 0;
        }
        ByteBuffer batch = ByteBuffer.wrap(frame.body()).order(ByteOrder.LITTLE_ENDIAN);
        return frame.seqno() + batch.getInt(COUNT_AT) - 1;
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
                    body.getInt(at + 8));
            LogId log = new LogId(
                    ShardId.of(Short.toUnsignedInt(body.getShort(at))), TenantId.of(body.getLong(at + 16)), origin);
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
