package io.tidaldb.wal.rocks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads a file of RocksDB's write-ahead log record by record, to say what RocksDB does not: where it is damaged, and whether what looks
 * like a torn record at its end is a whole one with a damaged length, which RocksDB would cut off although it was acknowledged.
 *
 * <p>The file is blocks of 32 KiB; a record lies in one block: CRC-32C of type and content (4, rotated and offset as LevelDB has it),
 * length (2), type (1), content. What is left of a block and shorter than that head is zero. A longer write is several records.
 */
final class LogFileCheck {

    /** What a file ends with. */
    enum Kind {
        SOUND,
        /** Half a record, which was being written when the process ended, or parts of which never reached the disk when the power went. */
        TORN,
        DAMAGED
    }

    /**
     * What was found.
     *
     * @param offset of the record that is torn or damaged
     * @param bytes from there to the end of the file
     */
    record Finding(Kind kind, long offset, long bytes, String expected, String actual) {}

    private static final int BLOCK_BYTES = 32 << 10;
    private static final int HEAD_BYTES = 7;
    private static final int SECTOR_BYTES = 512;

    /** So many zeros to the end of a sector, or from its beginning, are none that were written. */
    private static final int UNWRITTEN_BYTES = 64;

    private final FileChannel channel;
    private final ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final CRC32C crc = new CRC32C();
    private final long size;
    private long blockAt;

    private LogFileCheck(FileChannel channel) throws IOException {
        this.channel = channel;
        this.size = channel.size();
    }

    static Finding check(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return new LogFileCheck(channel).check();
        }
    }

    private Finding check() throws IOException {
        for (blockAt = 0; blockAt < size; blockAt += BLOCK_BYTES) {
            read(blockAt);
            Finding found = checkBlock();
            if (found != null) {
                return found;
            }
        }
        return new Finding(Kind.SOUND, size, 0, "", "");
    }

    private void read(long from) throws IOException {
        block.clear();
        while (block.hasRemaining() && channel.read(block, from + block.position()) >= 0) {
            // Goes on until the block or the file is at its end.
        }
        block.flip();
    }

    private @Nullable Finding checkBlock() throws IOException {
        int end = block.limit();
        int at = 0;
        while (end - at >= HEAD_BYTES) {
            int length = Short.toUnsignedInt(block.getShort(at + 4));
            if (block.get(at + 6) == 0 && length == 0) {
                // Space that was reserved and not written.
                return null;
            }
            int available = end - at - HEAD_BYTES;
            if (length > available) {
                return end < BLOCK_BYTES
                        ? incomplete(at, available)
                        : damaged(at, "a length up to " + available, length);
            }
            int stored = block.getInt(at);
            int computed = checksum(at, length);
            if (stored != computed) {
                int next = at + HEAD_BYTES + length;
                return isPartlyUnwritten(at, next) && isLast(next)
                        ? finding(Kind.TORN, at, "", "")
                        : damaged(at, "record checksum " + Integer.toHexString(stored), Integer.toHexString(computed));
            }
            at += HEAD_BYTES + length;
        }
        return end < BLOCK_BYTES && at < end ? finding(Kind.TORN, at, "", "") : null;
    }

    /** Returns whether some sector has none of its part of a record. */
    private boolean isPartlyUnwritten(int from, int to) {
        for (int at = from; at < to; at = nextSector(at)) {
            int end = Math.min(to, nextSector(at));
            if (end - at >= UNWRITTEN_BYTES && isZero(at, end)) {
                return true;
            }
        }
        return false;
    }

    private static int nextSector(int at) {
        return (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
    }

    private boolean isZero(int from, int to) {
        return IntStream.range(from, to).allMatch(at -> block.get(at) == 0);
    }

    /** Returns whether nothing was written from here on. */
    private boolean isLast(int from) throws IOException {
        boolean last = isZero(from, block.limit());
        for (long next = blockAt + BLOCK_BYTES; last && next < size; next += BLOCK_BYTES) {
            read(next);
            last = isZero(0, block.limit());
        }
        return last;
    }

    /** A record that its length makes end beyond the file: if its checksum fits what is there of it, the length is not its own. */
    private Finding incomplete(int at, int available) {
        int stored = block.getInt(at);
        crc.reset();
        crc.update(block.get(at + 6));
        for (int length = 0; length <= available; length++) {
            if (masked() == stored) {
                return damaged(at, "length " + length, Short.toUnsignedInt(block.getShort(at + 4)));
            }
            if (length < available) {
                crc.update(block.get(at + HEAD_BYTES + length));
            }
        }
        return finding(Kind.TORN, at, "", "");
    }

    private int checksum(int at, int length) {
        crc.reset();
        crc.update(block.array(), at + 6, 1 + length);
        return masked();
    }

    private int masked() {
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    private Finding damaged(int at, String expected, Object actual) {
        return finding(Kind.DAMAGED, at, expected, actual.toString());
    }

    private Finding finding(Kind kind, int at, String expected, String actual) {
        return new Finding(kind, blockAt + at, size - blockAt - at, expected, actual);
    }
}
