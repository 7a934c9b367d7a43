package io.tidaldb.wal.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A commit: what one sync made durable. It fills whole blocks of 4 KiB, each of which begins and ends with the commit's number; between
 * them the blocks carry one stream of bytes, 4,080 each: this header, then the frames, then the summary of the commit before (which the
 * number of frames does not count), then zeros. Little-endian.
 *
 * <pre>
 * block   0    8  commit number          stream   0    4  magic "TJNL"
 *         8 4080  stream                          4    2  version, 1
 *      4088    8  commit number                   6    2  flags: bit 0 end mark of a clean close
 *                                                 8    8  commit number
 *                                                16    8  file in which the commit before this one ends
 *                                                24    8  offset at which it ends
 *                                                32    4  blocks
 *                                                36    4  frames
 *                                                40    4  CRC-32C of all blocks with this field and the next zero
 *                                                44    4  CRC-32C of this header with this field zero
 *                                                48   16  zero
 * </pre>
 *
 * A block that was not written still carries an older number, or half of it does: that is how a torn commit is told from a damaged one.
 */
record CommitHeader(
        long number, boolean endMark, long previousFile, long previousEnd, int blocks, int frames, int crc) {

    static final int BLOCK_BYTES = 4096;
    static final int STREAM_BYTES = BLOCK_BYTES - 2 * Long.BYTES;
    static final int HEADER_BYTES = 64;

    private static final int MAGIC = 'T' | 'J' << 8 | 'N' << 16 | 'L' << 24;
    private static final int VERSION = 1;
    private static final int CRC_AT = 40;
    private static final int HEADER_CRC_AT = 44;

    /**
     * Completes a commit in whose blocks the frames lie already: puts the blocks' numbers, the header and the checksums.
     *
     * @param blocks from position 0 to the limit, little-endian; what follows the frames is zero
     */
    static ByteBuffer seal(
            ByteBuffer blocks, long number, boolean endMark, long previousFile, long previousEnd, int frames) {
        int bytes = blocks.limit();
        for (int block = 0; block < bytes; block += BLOCK_BYTES) {
            blocks.putLong(block, number);
            blocks.putLong(block + BLOCK_BYTES - Long.BYTES, number);
        }
        byte[] header = new byte[HEADER_BYTES];
        ByteBuffer.wrap(header)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(MAGIC)
                .putShort((short) VERSION)
                .putShort((short) (endMark ? 1 : 0))
                .putLong(number)
                .putLong(previousFile)
                .putLong(previousEnd)
                .putInt(bytes / BLOCK_BYTES)
                .putInt(frames);
        blocks.put(Long.BYTES, header);
        CRC32C all = new CRC32C();
        all.update(blocks);
        blocks.rewind().putInt(Long.BYTES + CRC_AT, (int) all.getValue());
        blocks.get(Long.BYTES, header);
        return blocks.putInt(Long.BYTES + HEADER_CRC_AT, headerCrc(header, 0));
    }

    /** Returns where a byte of the stream lies, counted from the commit's first byte. */
    static long fileOffset(long streamAt) {
        return streamAt / STREAM_BYTES * BLOCK_BYTES + Long.BYTES + streamAt % STREAM_BYTES;
    }

    /** Reads the header of the commit that begins at an offset, or returns null if there is none that is valid. */
    static @Nullable CommitHeader parse(ByteBuffer source, int blockAt) {
        int at = blockAt + Long.BYTES;
        if (source.limit() - blockAt < BLOCK_BYTES
                || source.getInt(at) != MAGIC
                || source.getInt(at + HEADER_CRC_AT) != headerCrc(source.array(), source.arrayOffset() + at)) {
            return null;
        }
        int blocks = source.getInt(at + 32);
        if (source.getShort(at + 4) != VERSION || blocks < 1 || blocks > Integer.MAX_VALUE / BLOCK_BYTES) {
            return null;
        }
        return new CommitHeader(
                source.getLong(at + 8),
                (source.getShort(at + 6) & 1) != 0,
                source.getLong(at + 16),
                source.getLong(at + 24),
                blocks,
                source.getInt(at + 36),
                source.getInt(at + CRC_AT));
    }

    /** Returns the checksum of all of a commit's blocks, as {@link #crc} should be. */
    static int crc(byte[] blocks) {
        CRC32C crc = new CRC32C();
        int from = Long.BYTES + CRC_AT;
        crc.update(blocks, 0, from);
        crc.update(new byte[2 * Integer.BYTES]);
        crc.update(blocks, from + 2 * Integer.BYTES, blocks.length - from - 2 * Integer.BYTES);
        return (int) crc.getValue();
    }

    private static int headerCrc(byte[] bytes, int at) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, at, HEADER_CRC_AT);
        crc.update(new byte[Integer.BYTES]);
        crc.update(bytes, at + HEADER_CRC_AT + Integer.BYTES, HEADER_BYTES - HEADER_CRC_AT - Integer.BYTES);
        return (int) crc.getValue();
    }
}
