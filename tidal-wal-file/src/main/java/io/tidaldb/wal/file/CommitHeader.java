package io.tidaldb.wal.file;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
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

    /** Encodes a commit into as many blocks as it needs, with the summary of the commit before as its last frame. */
    static ByteBuffer encode(
            CommitBuffer buffer,
            long number,
            boolean endMark,
            long previousFile,
            long previousEnd,
            List<Frame> frames,
            @Nullable Frame summary) {
        long stream = (long) HEADER_BYTES + (summary == null ? 0 : summary.paddedBytes());
        for (Frame frame : frames) {
            stream += frame.paddedBytes();
        }
        int blocks = Math.toIntExact((stream + STREAM_BYTES - 1) / STREAM_BYTES);
        ByteBuffer out = buffer.zeros(Math.multiplyExact(blocks, BLOCK_BYTES));
        for (int block = 0; block < blocks; block++) {
            out.putLong(block * BLOCK_BYTES, number);
            out.putLong((block + 1) * BLOCK_BYTES - Long.BYTES, number);
        }
        out.position(Long.BYTES);
        out.putInt(MAGIC)
                .putShort((short) VERSION)
                .putShort((short) (endMark ? 1 : 0))
                .putLong(number)
                .putLong(previousFile)
                .putLong(previousEnd)
                .putInt(blocks)
                .putInt(frames.size());
        ByteBuffer scratch = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int at = HEADER_BYTES;
        for (Frame frame : frames) {
            at = put(frame, scratch, out, at);
        }
        if (summary != null) {
            put(summary, scratch, out, at);
        }
        CRC32C all = new CRC32C();
        all.update(out.rewind());
        out.putInt(Long.BYTES + CRC_AT, (int) all.getValue());
        out.get(Long.BYTES, scratch.array(), 0, HEADER_BYTES);
        out.putInt(Long.BYTES + HEADER_CRC_AT, headerCrc(scratch.array(), 0));
        return out.rewind();
    }

    private static int put(Frame frame, ByteBuffer scratch, ByteBuffer out, int streamAt) {
        frame.putHeader(scratch.clear());
        put(scratch.array(), Frame.HEADER_BYTES, out, streamAt);
        put(frame.body(), frame.body().length, out, streamAt + Frame.HEADER_BYTES);
        return streamAt + frame.paddedBytes();
    }

    private static void put(byte[] source, int bytes, ByteBuffer out, int streamAt) {
        int from = 0;
        int at = streamAt;
        while (from < bytes) {
            int length = Math.min(bytes - from, STREAM_BYTES - at % STREAM_BYTES);
            out.put((int) fileOffset(at), source, from, length);
            from += length;
            at += length;
        }
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
