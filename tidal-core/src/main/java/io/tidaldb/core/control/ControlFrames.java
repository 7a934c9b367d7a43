package io.tidaldb.core.control;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlSnapshot;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of the control log's files. All numbers are little-endian, all checksums CRC-32C.
 *
 * <pre>
 * log file                          frame, after the log file's header    snapshot file
 * offset size                       offset size                           offset size
 *      0    4  magic "TCTL"              0    4  command length                0    4  magic "TSNP"
 *      4    2  format version, 1         4    8  index                         4    2  format version, 1
 *      6    2  zero                     12    4  checksum of 0-11              6    2  zero
 *      8    8  first index              16    4  checksum of the command       8    8  index
 *     16    4  checksum of 0-15         20       the command                  16    4  state length
 *                                                                             20    4  checksum of 0-19 and the state
 *                                                                             24       the state
 * </pre>
 *
 * The frame's header has a checksum of its own, so that a damaged length can't make whole frames look like one that is incomplete.
 */
final class ControlFrames {

    static final int FILE_HEADER_BYTES = 20;

    private static final int FRAME_HEADER_BYTES = 20;
    private static final int SNAPSHOT_HEADER_BYTES = 24;
    private static final int LOG_MAGIC = 'T' | 'C' << 8 | 'T' << 16 | 'L' << 24;
    private static final int SNAPSHOT_MAGIC = 'T' | 'S' << 8 | 'N' << 16 | 'P' << 24;
    private static final int VERSION = 1;
    // What a disk writes whole or not at all.
    private static final int SECTOR_BYTES = 512;

    private ControlFrames() {}

    /** What a log file holds: entries, and where the last whole one ends. */
    record Scan(List<ControlEntry> entries, int end) {}

    static ByteBuffer fileHeader(long firstIndex) {
        ByteBuffer header = buffer(FILE_HEADER_BYTES);
        header.putInt(0, LOG_MAGIC).putShort(4, (short) VERSION).putLong(8, firstIndex);
        return header.putInt(16, crc(header, 0, 16));
    }

    static ByteBuffer frame(ControlEntry entry) {
        byte[] command = entry.command();
        ByteBuffer frame = buffer(FRAME_HEADER_BYTES + command.length);
        frame.putInt(0, command.length).putLong(4, entry.index());
        frame.putInt(12, crc(frame, 0, 12));
        frame.put(FRAME_HEADER_BYTES, command);
        return frame.putInt(16, crc(frame, FRAME_HEADER_BYTES, frame.capacity()));
    }

    static ByteBuffer snapshot(ControlSnapshot snapshot) {
        byte[] state = snapshot.state();
        ByteBuffer buffer = buffer(SNAPSHOT_HEADER_BYTES + state.length);
        buffer.putInt(0, SNAPSHOT_MAGIC).putShort(4, (short) VERSION).putLong(8, snapshot.index());
        buffer.putInt(16, state.length);
        buffer.put(SNAPSHOT_HEADER_BYTES, state);
        return buffer.putInt(20, snapshotCrc(buffer));
    }

    static ControlSnapshot readSnapshot(String file, byte[] bytes, long index) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < SNAPSHOT_HEADER_BYTES) {
            throw corrupt(file, 0, "a header of " + SNAPSHOT_HEADER_BYTES + " bytes", bytes.length + " bytes");
        }
        checkMagicAndVersion(file, buffer, SNAPSHOT_MAGIC);
        if (buffer.getInt(16) != bytes.length - SNAPSHOT_HEADER_BYTES) {
            throw corrupt(
                    file,
                    16,
                    "a state of " + (bytes.length - SNAPSHOT_HEADER_BYTES) + " bytes",
                    "" + buffer.getInt(16));
        }
        if (snapshotCrc(buffer) != buffer.getInt(20)) {
            throw corrupt(file, 20, "checksum " + hex(buffer.getInt(20)), hex(snapshotCrc(buffer)));
        }
        if (buffer.getLong(8) != index) {
            throw corrupt(file, 8, "index " + index, "" + buffer.getLong(8));
        }
        byte[] state = new byte[buffer.getInt(16)];
        buffer.get(SNAPSHOT_HEADER_BYTES, state);
        return new ControlSnapshot(index, state);
    }

    /**
     * Reads a log file. An incomplete frame at the end of the last file is left out: it was never acknowledged, because each frame is
     * forced before the next is written.
     *
     * @throws CorruptLogException if anything else is not what was written
     */
    static Scan scan(String file, byte[] bytes, long firstIndex, boolean last) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        List<ControlEntry> entries = new ArrayList<>();
        if (last && isUnfinishedHeader(buffer)) {
            return new Scan(entries, 0);
        }
        checkFileHeader(file, buffer, firstIndex);
        int at = FILE_HEADER_BYTES;
        while (at < bytes.length) {
            long index = firstIndex + entries.size();
            Fault fault = fault(buffer, at, index);
            if (fault != null) {
                if (last && fault.torn()) {
                    break;
                }
                throw corrupt(file, at + fault.offset(), fault.expected(), fault.actual());
            }
            byte[] command = new byte[buffer.getInt(at)];
            buffer.get(at + FRAME_HEADER_BYTES, command);
            entries.add(new ControlEntry(index, command));
            at += FRAME_HEADER_BYTES + command.length;
        }
        return new Scan(entries, at);
    }

    /** Why there is no whole frame, and whether an interrupted write explains it. */
    private record Fault(int offset, String expected, String actual, boolean torn) {}

    private static @Nullable Fault fault(ByteBuffer buffer, int at, long index) {
        int rest = buffer.capacity() - at;
        if (rest < FRAME_HEADER_BYTES) {
            return new Fault(0, "a frame header of " + FRAME_HEADER_BYTES + " bytes", rest + " bytes", true);
        }
        if (crc(buffer, at, at + 12) != buffer.getInt(at + 12)) {
            boolean torn = hasBlankSector(buffer, at, buffer.capacity()) && !hasFrameAfter(buffer, at, index);
            return new Fault(12, "frame checksum " + hex(buffer.getInt(at + 12)), hex(crc(buffer, at, at + 12)), torn);
        }
        int length = buffer.getInt(at);
        if (buffer.getLong(at + 4) != index || length < 1 || length > ControlLog.MAX_COMMAND_BYTES) {
            return new Fault(
                    0, "entry " + index, "entry " + buffer.getLong(at + 4) + " of " + length + " bytes", false);
        }
        if (length > rest - FRAME_HEADER_BYTES) {
            return new Fault(
                    FRAME_HEADER_BYTES,
                    "a command of " + length + " bytes",
                    rest - FRAME_HEADER_BYTES + " bytes",
                    true);
        }
        int from = at + FRAME_HEADER_BYTES;
        int to = from + length;
        if (crc(buffer, from, to) != buffer.getInt(at + 16)) {
            boolean torn = to == buffer.capacity() && hasBlankSector(buffer, at, to);
            return new Fault(16, "command checksum " + hex(buffer.getInt(at + 16)), hex(crc(buffer, from, to)), torn);
        }
        return null;
    }

    /** A sector that never reached the disk reads as zeros, because a log file only grows. */
    private static boolean hasBlankSector(ByteBuffer buffer, int from, int to) {
        for (int start = from; start < to; ) {
            int end = Math.min(to, (start / SECTOR_BYTES + 1) * SECTOR_BYTES);
            int at = start;
            while (at < end && buffer.get(at) == 0) {
                at++;
            }
            if (at == end) {
                return true;
            }
            start = end;
        }
        return false;
    }

    private static boolean hasFrameAfter(ByteBuffer buffer, int at, long index) {
        for (int next = at + 1; next + FRAME_HEADER_BYTES <= buffer.capacity(); next++) {
            long found = buffer.getLong(next + 4) - index;
            if (found > 0 && found < buffer.capacity() && crc(buffer, next, next + 12) == buffer.getInt(next + 12)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isUnfinishedHeader(ByteBuffer buffer) {
        return buffer.capacity() < FILE_HEADER_BYTES
                || (buffer.capacity() == FILE_HEADER_BYTES && hasBlankSector(buffer, 0, FILE_HEADER_BYTES));
    }

    private static void checkFileHeader(String file, ByteBuffer buffer, long firstIndex) {
        if (buffer.capacity() < FILE_HEADER_BYTES) {
            throw corrupt(file, 0, "a header of " + FILE_HEADER_BYTES + " bytes", buffer.capacity() + " bytes");
        }
        checkMagicAndVersion(file, buffer, LOG_MAGIC);
        if (crc(buffer, 0, 16) != buffer.getInt(16)) {
            throw corrupt(file, 16, "checksum " + hex(buffer.getInt(16)), hex(crc(buffer, 0, 16)));
        }
        if (buffer.getLong(8) != firstIndex) {
            throw corrupt(file, 8, "first index " + firstIndex, "" + buffer.getLong(8));
        }
    }

    private static void checkMagicAndVersion(String file, ByteBuffer buffer, int magic) {
        if (buffer.getInt(0) != magic) {
            throw corrupt(file, 0, "magic " + hex(magic), hex(buffer.getInt(0)));
        }
        int version = Short.toUnsignedInt(buffer.getShort(4));
        if (version > VERSION) {
            throw new TidalException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "control log file " + file + " has format version " + version + ": expected up to " + VERSION
                            + "; open it with the version that wrote it");
        }
    }

    private static CorruptLogException corrupt(String file, long offset, String expected, String actual) {
        return new CorruptLogException("control", file, offset, expected, actual);
    }

    private static int snapshotCrc(ByteBuffer buffer) {
        CRC32C crc = new CRC32C();
        crc.update(buffer.array(), 0, 20);
        crc.update(buffer.array(), SNAPSHOT_HEADER_BYTES, buffer.capacity() - SNAPSHOT_HEADER_BYTES);
        return (int) crc.getValue();
    }

    private static int crc(ByteBuffer buffer, int from, int to) {
        CRC32C crc = new CRC32C();
        crc.update(buffer.array(), from, to - from);
        return (int) crc.getValue();
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static String hex(int value) {
        return "0x" + Integer.toHexString(value);
    }
}
