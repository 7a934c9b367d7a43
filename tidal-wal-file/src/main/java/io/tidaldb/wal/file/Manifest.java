package io.tidaldb.wal.file;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What of every log lies durably in its own segments, and where in the journal the rest begins. Replaced as a whole, by rename.
 * Little-endian.
 *
 * <pre>
 * offset size
 *      0    4  magic "TMAN"          these 16 bytes are the same in every version
 *      4    2  version, 1
 *      6    2  zero
 *      8    4  CRC-32C of the whole file with this field zero
 *     12    4  length of the file
 *     16    2  region of the node
 *     18    2  flags: bit 0 clean
 *     20    4  number of logs
 *     24    8  journal file in which replay begins (clean: that holds the end mark)
 *     32    8  number of the first commit there
 *     40       logs:
 *               2  holder      2  region    2  shard     2  flags: bit 0 quarantined
 *               4  incarnation 4  number of segments     8  tenant
 *               8  first seqno that is kept 8  chain before it
 *               8  last seqno
 *              16  for each segment: first seqno, bytes
 *                  if quarantined: file, expected, actual (each 2 bytes of length and UTF-8), 8 bytes of offset
 * </pre>
 */
record Manifest(RegionId region, boolean clean, long replayFile, long firstCommit, List<Entry> logs) {

    /** Where a segment ends, durably. */
    record Extent(long firstSeqno, long bytes) {}

    /** A log; the damage is one that files alone would not show again, since the journal that showed it is gone. */
    record Entry(
            LogId log,
            long firstSeqno,
            long baseChain,
            long lastSeqno,
            List<Extent> segments,
            @Nullable Damage damage) {

        /** Returns the seqno after the last of a segment. */
        long end(int segment) {
            return segment + 1 < segments.size() ? segments.get(segment + 1).firstSeqno() : lastSeqno + 1;
        }
    }

    private static final int MAGIC = 'T' | 'M' << 8 | 'A' << 16 | 'N' << 24;
    private static final int VERSION = 1;
    private static final int CRC_AT = 8;
    private static final int HEADER_BYTES = 40;
    private static final int ENTRY_BYTES = 48;
    private static final int EXTENT_BYTES = 16;

    /**
     * Replaces the manifest, durably.
     *
     * @throws RefusedWrite if there is no room; the old one is then still there
     */
    void write(Layout layout, Disk disk) throws IOException {
        Path target = layout.manifest();
        Path next = target.resolveSibling("manifest.tmp");
        ByteBuffer bytes = encode();
        Disk.uninterrupted(() -> {
            try (FileChannel channel = Disk.writing(() -> FileChannel.open(
                    next, StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING))) {
                disk.write(channel, bytes.duplicate(), 0);
                disk.force(channel);
            }
            return true;
        });
        Disk.writing(() -> Files.move(next, target, StandardCopyOption.ATOMIC_MOVE));
        disk.forceDirectory(layout.journal());
    }

    /**
     * Reads the manifest, or returns null if there is none.
     *
     * @throws TidalException {@link ErrorCode#CORRUPT_DATA} if it is damaged: without it nobody can tell which bytes were promised
     */
    static @Nullable Manifest read(Layout layout) throws IOException {
        Path file = layout.manifest();
        if (!Files.exists(file)) {
            return null;
        }
        String name = layout.name(file);
        ByteBuffer bytes = ByteBuffer.wrap(Disk.uninterrupted(() -> Files.readAllBytes(file)))
                .order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.limit() < HEADER_BYTES || bytes.getInt(0) != MAGIC) {
            throw damaged(name, "a manifest", bytes.limit() + " bytes of something else");
        }
        int crc = crc(bytes);
        if (crc != bytes.getInt(CRC_AT)) {
            throw damaged(name, "checksum " + hex(bytes.getInt(CRC_AT)), hex(crc));
        }
        int version = Short.toUnsignedInt(bytes.getShort(4));
        if (version != VERSION) {
            throw new TidalException(
                    ErrorCode.FORMAT_TOO_NEW,
                    name + " has format version " + version + ": expected " + VERSION
                            + "; open the directory with the version that wrote it");
        }
        return decode(bytes);
    }

    /** Returns the beginning, which is another one in each manifest that was ever written; empty if there is none. */
    static byte[] header(Layout layout) throws IOException {
        Path file = layout.manifest();
        if (!Files.exists(file)) {
            return new byte[0];
        }
        // It may be replaced at any time, but is never removed.
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(HEADER_BYTES);
        }
    }

    private static TidalException damaged(String name, String expected, String actual) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA,
                name + " is damaged: at offset 0 expected " + expected + ", found " + actual
                        + "; the store is not opened, for without it nobody can tell what was made durable:"
                        + " restore the directory from a copy, or rejoin the node empty");
    }

    private ByteBuffer encode() {
        int size = HEADER_BYTES;
        for (Entry entry : logs) {
            size = Math.addExact(size, ENTRY_BYTES + EXTENT_BYTES * entry.segments.size());
            if (entry.damage != null) {
                size += 14 + 3 * Damage.MAX_TEXT_BYTES;
            }
        }
        ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(MAGIC)
                .putShort((short) VERSION)
                .putShort((short) 0)
                .putInt(0)
                .putInt(0);
        out.putShort((short) region.value()).putShort((short) (clean ? 1 : 0)).putInt(logs.size());
        out.putLong(replayFile).putLong(firstCommit);
        for (Entry entry : logs) {
            encode(entry, out);
        }
        out.flip();
        out.putInt(12, out.limit());
        out.putInt(CRC_AT, crc(out));
        return out;
    }

    private static void encode(Entry entry, ByteBuffer out) {
        Origin origin = entry.log.origin();
        out.putShort((short) entry.log.holder().value())
                .putShort((short) origin.region().value())
                .putShort((short) origin.shard().value())
                .putShort((short) (entry.damage == null ? 0 : 1))
                .putInt(origin.incarnation())
                .putInt(entry.segments.size())
                .putLong(entry.log.tenant().value())
                .putLong(entry.firstSeqno)
                .putLong(entry.baseChain)
                .putLong(entry.lastSeqno);
        for (Extent segment : entry.segments) {
            out.putLong(segment.firstSeqno).putLong(segment.bytes);
        }
        if (entry.damage != null) {
            for (String text : List.of(entry.damage.file(), entry.damage.expected(), entry.damage.actual())) {
                byte[] utf8 = Damage.utf8(text);
                out.putShort((short) utf8.length).put(utf8);
            }
            out.putLong(entry.damage.offset());
        }
    }

    private static Manifest decode(ByteBuffer in) {
        RegionId region = RegionId.of(Short.toUnsignedInt(in.getShort(16)));
        boolean clean = (in.getShort(18) & 1) != 0;
        int count = in.getInt(20);
        List<Entry> logs = new ArrayList<>();
        long replayFile = in.getLong(24);
        long firstCommit = in.getLong(32);
        in.position(HEADER_BYTES);
        for (int i = 0; i < count; i++) {
            logs.add(decodeEntry(in));
        }
        return new Manifest(region, clean, replayFile, firstCommit, logs);
    }

    private static Entry decodeEntry(ByteBuffer in) {
        ShardId holder = ShardId.of(Short.toUnsignedInt(in.getShort()));
        RegionId region = RegionId.of(Short.toUnsignedInt(in.getShort()));
        ShardId shard = ShardId.of(Short.toUnsignedInt(in.getShort()));
        boolean damaged = (in.getShort() & 1) != 0;
        Origin origin = new Origin(region, shard, in.getInt());
        int count = in.getInt();
        LogId log = new LogId(holder, TenantId.of(in.getLong()), origin);
        long first = in.getLong();
        long chain = in.getLong();
        long last = in.getLong();
        List<Extent> segments = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            segments.add(new Extent(in.getLong(), in.getLong()));
        }
        Damage damage = null;
        if (damaged) {
            String file = text(in);
            String expected = text(in);
            String actual = text(in);
            damage = new Damage(file, in.getLong(), expected, actual);
        }
        return new Entry(log, first, chain, last, segments, damage);
    }

    private static String text(ByteBuffer in) {
        byte[] utf8 = new byte[Short.toUnsignedInt(in.getShort())];
        in.get(utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.array(), 0, CRC_AT);
        crc.update(new byte[Integer.BYTES]);
        crc.update(bytes.array(), CRC_AT + Integer.BYTES, bytes.limit() - CRC_AT - Integer.BYTES);
        return (int) crc.getValue();
    }

    private static String hex(int value) {
        return "0x" + Integer.toHexString(value);
    }
}
