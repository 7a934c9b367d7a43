package io.tidaldb.wal.rocks;

import io.tidaldb.api.wal.LogId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What is written about a log with each commit that changes it, in the same write as its batches. Little-endian:
 *
 * <pre>
 * offset size
 *      0    8  first seqno that can be read
 *      8    8  chain hash before it
 *     16    8  last seqno; the first less one if the log is empty
 *     24    8  chain hash after it
 *     32    8  length of all batches in bytes
 *     40    4  CRC-32C of the log's key and the above
 * </pre>
 */
record LogState(long firstSeqno, long baseChain, long lastSeqno, long lastChain, long bytes) {

    static final int BYTES = 44;

    private static final int CRC_AT = 40;

    static LogState unknown(LogId log) {
        long start = log.origin().startSeqno();
        return new LogState(start + 1, 0, start, 0, 0);
    }

    boolean isEmpty() {
        return firstSeqno == lastSeqno + 1;
    }

    void write(byte[] target, LogId log) {
        ByteBuffer buffer = ByteBuffer.wrap(target).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(firstSeqno).putLong(baseChain).putLong(lastSeqno).putLong(lastChain);
        buffer.putLong(bytes).putInt(crc(target, log));
    }

    /** Returns null if the bytes are not a state of this log. */
    static @Nullable LogState read(byte[] value, LogId log) {
        ByteBuffer buffer = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
        if (value.length != BYTES || buffer.getInt(CRC_AT) != crc(value, log)) {
            return null;
        }
        return new LogState(buffer.getLong(), buffer.getLong(), buffer.getLong(), buffer.getLong(), buffer.getLong());
    }

    private static int crc(byte[] value, LogId log) {
        CRC32C crc = new CRC32C();
        crc.update(Keys.start(log));
        crc.update(value, 0, CRC_AT);
        return (int) crc.getValue();
    }
}
