package io.tidaldb.wal.file;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a commit: what happened to one log. Little-endian, padded with zeros to a multiple of 8.
 *
 * <pre>
 * offset size
 *      0    4  magic "TFRM"
 *      4    2  type: 1 batch, 2 erased, 3 base, 4 summary of the commit before
 *      6    2  holder shard
 *      8    8  tenant
 *     16    2  region of the origin
 *     18    2  shard of the origin
 *     20    4  incarnation of the origin
 *     24    4  length of the body in bytes
 *     28    4  CRC-32C of these 48 bytes with this field zero
 *     32    8  batch: its first seqno; base: the first seqno that is kept
 *     40    8  base: the chain hash before that seqno
 *     48       body: the encoded batch, or these 48 bytes again
 * </pre>
 *
 * A batch says itself whose it is; the other types say it twice, so that one damaged byte never hides which log it hit.
 */
record Frame(Type type, LogId log, long seqno, long chain, byte[] body) {

    enum Type {
        BATCH,
        ERASED,
        BASE,
        SUMMARY
    }

    static final int HEADER_BYTES = 48;

    private static final int MAGIC = 'T' | 'F' << 8 | 'R' << 16 | 'M' << 24;
    private static final int CRC_AT = 28;
    private static final Type[] TYPES = Type.values();

    static Frame batch(LogId log, long seqno, byte[] batch) {
        return new Frame(Type.BATCH, log, seqno, 0, batch);
    }

    static Frame erased(LogId log) {
        return control(Type.ERASED, log, 0, 0);
    }

    static Frame base(LogId log, long seqno, long chain) {
        return control(Type.BASE, log, seqno, chain);
    }

    private static Frame control(Type type, LogId log, long seqno, long chain) {
        byte[] copy = new Frame(type, log, seqno, chain, new byte[HEADER_BYTES]).header();
        return new Frame(type, log, seqno, chain, copy);
    }

    /** Returns the length in a commit, padding included. */
    int paddedBytes() {
        return paddedBytes(body.length);
    }

    static int paddedBytes(int bodyBytes) {
        return HEADER_BYTES + (bodyBytes + 7 & ~7);
    }

    byte[] header() {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        putHeader(header, type, LogCode.of(log), body.length, seqno, chain);
        return header.array();
    }

    /** Puts a header into a buffer that is as long as one, little-endian, and has an array. */
    static void putHeader(ByteBuffer header, Type type, LogCode log, int bodyBytes, long seqno, long chain) {
        header.putInt(0, MAGIC)
                .putShort(4, (short) (type.ordinal() + 1))
                .putShort(6, (short) log.holder())
                .putLong(8, log.tenant())
                .putLong(16, log.origin())
                .putInt(24, bodyBytes)
                .putInt(CRC_AT, 0)
                .putLong(32, seqno)
                .putLong(40, chain);
        CRC32C crc = new CRC32C();
        crc.update(header.array(), 0, HEADER_BYTES);
        header.putInt(CRC_AT, (int) crc.getValue());
    }

    /** Returns the frame whose header is at an offset, with a body that is not filled yet, or null if there is no valid header. */
    static @Nullable Frame parse(ByteBuffer source, int at) {
        if (source.limit() - at < HEADER_BYTES
                || source.getInt(at) != MAGIC
                || source.getInt(at + CRC_AT) != crc(source, at)) {
            return null;
        }
        int type = source.getShort(at + 4);
        int length = source.getInt(at + 24);
        int incarnation = source.getInt(at + 20);
        if (type < 1 || type > TYPES.length || length < 0 || length > source.limit() - at - HEADER_BYTES) {
            return null;
        }
        Origin origin = new Origin(
                RegionId.of(Short.toUnsignedInt(source.getShort(at + 16))),
                ShardId.of(Short.toUnsignedInt(source.getShort(at + 18))),
                incarnation & 0xFFFFFF);
        LogId log = new LogId(
                ShardId.of(Short.toUnsignedInt(source.getShort(at + 6))), TenantId.of(source.getLong(at + 8)), origin);
        byte[] body = new byte[length];
        source.get(at + HEADER_BYTES, body);
        return new Frame(TYPES[type - 1], log, source.getLong(at + 32), source.getLong(at + 40), body);
    }

    private static int crc(ByteBuffer source, int at) {
        CRC32C crc = new CRC32C();
        crc.update(source.array(), source.arrayOffset() + at, CRC_AT);
        crc.update(new byte[Integer.BYTES]);
        crc.update(source.array(), source.arrayOffset() + at + CRC_AT + 4, HEADER_BYTES - CRC_AT - 4);
        return (int) crc.getValue();
    }
}
