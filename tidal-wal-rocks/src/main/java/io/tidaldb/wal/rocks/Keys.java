package io.tidaldb.wal.rocks;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * The keys of batches, big-endian, so that their order as bytes is the order of logs and, within a log, of seqnos.
 *
 * <pre>
 * offset size
 *      0    2  shard that holds the log
 *      2    8  tenant
 *     10    2  region of the origin
 *     12    2  shard of the origin
 *     14    8  first seqno of the batch: 24 bits of incarnation, 40 of counter
 * </pre>
 *
 * No record has the counter 0: the key with it names the log as a whole.
 */
final class Keys {

    static final int BYTES = 22;

    private static final int SEQNO_AT = 14;

    private Keys() {}

    static byte[] of(LogId log, long seqno) {
        byte[] key = new byte[BYTES];
        write(key, 0, log, seqno);
        return key;
    }

    static void write(byte[] target, int offset, LogId log, long seqno) {
        ByteBuffer.wrap(target)
                .putShort(offset, (short) log.holder().value())
                .putLong(offset + 2, log.tenant().value())
                .putShort(offset + 10, (short) log.origin().region().value())
                .putShort(offset + 12, (short) log.origin().shard().value())
                .putLong(offset + SEQNO_AT, seqno);
    }

    /** Returns the key that names a log, right before those of its batches. */
    static byte[] start(LogId log) {
        return of(log, log.origin().startSeqno());
    }

    /** Returns the first key after all that a log can have. */
    static byte[] end(LogId log) {
        byte[] key = new byte[BYTES + 1];
        write(key, 0, log, Seqno.of(log.origin().incarnation(), Seqno.MAX_COUNTER));
        return key;
    }

    static LogId log(byte[] source, int offset) {
        ByteBuffer key = ByteBuffer.wrap(source);
        RegionId region = RegionId.of(Short.toUnsignedInt(key.getShort(offset + 10)));
        ShardId shard = ShardId.of(Short.toUnsignedInt(key.getShort(offset + 12)));
        return new LogId(
                ShardId.of(Short.toUnsignedInt(key.getShort(offset))),
                TenantId.of(key.getLong(offset + 2)),
                Origin.of(region, shard, key.getLong(offset + SEQNO_AT)));
    }

    static long seqno(byte[] key) {
        return ByteBuffer.wrap(key).getLong(SEQNO_AT);
    }

    static String print(byte[] key) {
        return HexFormat.of().formatHex(key);
    }
}
