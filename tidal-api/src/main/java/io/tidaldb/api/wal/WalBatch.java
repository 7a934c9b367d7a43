package io.tidaldb.api.wal;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A batch of records as it is stored, shipped and migrated: 64 bytes of header and the payload, immutable byte for byte once sealed.
 *
 * <pre>
 * offset size
 *      0    4  magic "TIDL"
 *      4    2  format version, 2 (1 is read, never written)
 *      6    2  flags: bit 1 key block, bit 2 sealed payload, bits 8-15 record kind
 *      8    8  first seqno
 *     16    4  record count
 *     20    4  payload length in bytes
 *     24    8  tenant
 *     32    8  hybrid logical clock: 48-bit Unix milliseconds, 16-bit counter
 *     40    8  chain hash of the log after this batch
 *     48    4  CRC-32C of the payload as stored
 *     52    4  CRC-32C of the header with this field zero
 *     56    2  zero
 *     58    2  shard
 *     60    2  region
 *     62    2  zero
 * </pre>
 *
 * All numbers are little-endian. This class owns the header and both checksums; what the payload means and how the chain is computed
 * is not its business. In version 1 the bytes 6-7, 24-47 and 56-63 are zero, hence tenant 0, shard 0, region 0.
 *
 * <p>Immutable and safe to share, as long as nobody writes to the array that it was made from.
 */
public final class WalBatch {

    /** Size of the header in bytes. */
    public static final int HEADER_BYTES = 64;

    /** The format version that is written. */
    public static final int VERSION = 2;

    /** Largest payload in bytes. */
    public static final int MAX_PAYLOAD_BYTES = 32 << 20;

    /** Flag: the payload begins with an idempotency-key block. */
    public static final int FLAG_KEYS = 1 << 1;

    /** Flag: the payload is sealed with a tenant's key. */
    public static final int FLAG_SEALED = 1 << 2;

    private static final int MAGIC = 'T' | 'I' << 8 | 'D' << 16 | 'L' << 24;
    private static final int KNOWN_FLAGS = FLAG_KEYS | FLAG_SEALED | 0xFF00;
    private static final RecordKind[] KINDS = RecordKind.values();
    private static final byte[] NO_CRC = new byte[Integer.BYTES];

    private static final int VERSION_AT = 4;
    private static final int FLAGS_AT = 6;
    private static final int SEQNO_AT = 8;
    private static final int COUNT_AT = 16;
    private static final int LENGTH_AT = 20;
    private static final int TENANT_AT = 24;
    private static final int HLC_AT = 32;
    private static final int CHAIN_AT = 40;
    private static final int PAYLOAD_CRC_AT = 48;
    // The header's checksum is computed with this field zero, so that a batch can be sealed after its payload has been
    // streamed.
    private static final int HEADER_CRC_AT = 52;
    private static final int SHARD_AT = 58;
    private static final int REGION_AT = 60;
    private static final int RESERVED_1_AT = 56;
    private static final int RESERVED_2_AT = 62;

    private final ByteBuffer bytes;

    /** What is under the seal; null if there is none, or it was not opened. */
    private final @Nullable ByteBuffer opened;

    private WalBatch(ByteBuffer bytes, @Nullable ByteBuffer opened) {
        this.bytes = bytes;
        this.opened = opened;
    }

    /**
     * Writes the header of version 2 at the start of the buffer, with chain and both checksums zero: the form over which the chain is
     * computed. {@link #seal} completes it.
     *
     * @param target little-endian, backed by an array; position 0 is the header's first byte, the payload follows at 64
     * @param flags {@link #FLAG_KEYS}, {@link #FLAG_SEALED}, or 0; the kind is added
     * @param hlc as described at {@link #hlc()}
     */
    public static void writeHeader(
            ByteBuffer target,
            RecordKind kind,
            int flags,
            long firstSeqno,
            int count,
            int payloadBytes,
            TenantId tenant,
            Origin origin,
            long hlc) {
        target.putInt(0, MAGIC)
                .putShort(VERSION_AT, (short) VERSION)
                .putShort(FLAGS_AT, (short) (flags | kind.ordinal() << 8))
                .putLong(SEQNO_AT, firstSeqno)
                .putInt(COUNT_AT, count)
                .putInt(LENGTH_AT, payloadBytes)
                .putLong(TENANT_AT, tenant.value())
                .putLong(HLC_AT, hlc)
                .putLong(CHAIN_AT, 0)
                .putInt(PAYLOAD_CRC_AT, 0)
                .putInt(HEADER_CRC_AT, 0)
                .putShort(RESERVED_1_AT, (short) 0)
                .putShort(SHARD_AT, (short) origin.shard().value())
                .putShort(REGION_AT, (short) origin.region().value())
                .putShort(RESERVED_2_AT, (short) 0);
    }

    /** Completes a batch whose header was written by {@link #writeHeader} and whose payload follows it: chain, then checksums. */
    public static WalBatch seal(ByteBuffer target, long chain) {
        int length = HEADER_BYTES + target.getInt(LENGTH_AT);
        target.putLong(CHAIN_AT, chain);
        target.putInt(PAYLOAD_CRC_AT, crc(target, HEADER_BYTES, length));
        target.putInt(HEADER_CRC_AT, 0);
        target.putInt(HEADER_CRC_AT, crc(target, 0, HEADER_BYTES));
        return new WalBatch(target.slice(0, length).order(ByteOrder.LITTLE_ENDIAN), null);
    }

    /**
     * Checks the 64 bytes at an offset and returns the length of the whole batch that they announce.
     *
     * @param buffer little-endian, with at least 64 bytes after the offset
     * @throws TidalException {@link ErrorCode#CORRUPT_DATA} if the header fails its checks, {@link ErrorCode#FORMAT_TOO_NEW} if a newer
     *     version wrote it
     */
    public static int checkHeader(ByteBuffer buffer, int offset) {
        if (buffer.getInt(offset) != MAGIC) {
            throw corrupt("magic " + hex(MAGIC), hex(buffer.getInt(offset)));
        }
        int crc = headerCrc(buffer, offset);
        if (crc != buffer.getInt(offset + HEADER_CRC_AT)) {
            throw corrupt("header checksum " + hex(buffer.getInt(offset + HEADER_CRC_AT)), hex(crc));
        }
        int version = Short.toUnsignedInt(buffer.getShort(offset + VERSION_AT));
        if (version < 1 || version > VERSION) {
            throw new TidalException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "batch format version " + version + " is not readable: expected up to " + VERSION);
        }
        int flags = Short.toUnsignedInt(buffer.getShort(offset + FLAGS_AT));
        if ((flags & ~KNOWN_FLAGS) != 0 || flags >>> 8 >= KINDS.length) {
            throw new TidalException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "batch flags " + hex(flags) + " of format version " + version + " are not known to version "
                            + VERSION);
        }
        int length = buffer.getInt(offset + LENGTH_AT);
        if (length < 0 || length > MAX_PAYLOAD_BYTES) {
            throw corrupt("payload length 0 to " + MAX_PAYLOAD_BYTES, Integer.toString(length));
        }
        if (buffer.getInt(offset + COUNT_AT) < 1) {
            throw corrupt("record count of 1 or more", Integer.toString(buffer.getInt(offset + COUNT_AT)));
        }
        return HEADER_BYTES + length;
    }

    /**
     * Checks and wraps a whole batch without copying it.
     *
     * @param buffer little-endian or not; everything from the offset to the announced length must be present
     * @throws TidalException as {@link #checkHeader}, and {@link ErrorCode#CORRUPT_DATA} if the batch is incomplete or its payload
     *     fails its checksum
     */
    public static WalBatch of(ByteBuffer buffer, int offset) {
        ByteBuffer source = buffer.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int available = source.limit() - offset;
        if (available < HEADER_BYTES) {
            throw corrupt("64 bytes of header", available + " bytes");
        }
        int length = checkHeader(source, offset);
        if (available < length) {
            throw corrupt("a batch of " + length + " bytes", available + " bytes");
        }
        int crc = crc(source, offset + HEADER_BYTES, offset + length);
        if (crc != source.getInt(offset + PAYLOAD_CRC_AT)) {
            throw corrupt("payload checksum " + hex(source.getInt(offset + PAYLOAD_CRC_AT)), hex(crc));
        }
        return new WalBatch(source.slice(offset, length).order(ByteOrder.LITTLE_ENDIAN), null);
    }

    /** Returns the batch as stored: a read-only view from position 0 to the length, little-endian. */
    public ByteBuffer encoded() {
        return bytes.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Returns the payload as stored: a read-only view, little-endian. */
    public ByteBuffer payload() {
        return bytes.slice(HEADER_BYTES, bytes.limit() - HEADER_BYTES)
                .asReadOnlyBuffer()
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Returns the key block and the records: the payload, or what was under its seal. A read-only view, little-endian.
     *
     * @throws TidalException {@link ErrorCode#UNSUPPORTED} if the batch is sealed and was not {@link #opened}
     */
    public ByteBuffer content() {
        if (opened != null) {
            return opened.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
        }
        if (isSealed()) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "the batch at seqno " + firstSeqno() + " of tenant " + tenant()
                            + " is sealed: its content can't be read without the tenant's key");
        }
        return payload();
    }

    /** Returns this batch, the same as stored, with what was found under its seal. */
    public WalBatch opened(ByteBuffer content) {
        return new WalBatch(bytes, content);
    }

    /** Returns this batch as stored, without what was found under its seal. */
    public WalBatch closed() {
        return opened == null ? this : new WalBatch(bytes, null);
    }

    /** Copies the whole batch to a buffer and advances that buffer's position. */
    public void copyTo(ByteBuffer target) {
        int length = length();
        target.put(target.position(), bytes, 0, length);
        target.position(target.position() + length);
    }

    /** Copies the header with chain and both checksums zero, the form over which the chain is computed. */
    public void copyUnchainedHeader(byte[] target) {
        bytes.get(0, target, 0, HEADER_BYTES);
        java.util.Arrays.fill(target, CHAIN_AT, HEADER_CRC_AT + Integer.BYTES, (byte) 0);
    }

    /** Returns the length in bytes, header included. */
    public int length() {
        return bytes.limit();
    }

    /** Returns the format version, 1 or 2. */
    public int version() {
        return Short.toUnsignedInt(bytes.getShort(VERSION_AT));
    }

    /** Returns what the records are. */
    public RecordKind kind() {
        return KINDS[flags() >>> 8];
    }

    /** Returns whether the payload begins with an idempotency-key block. */
    public boolean hasKeys() {
        return (flags() & FLAG_KEYS) != 0;
    }

    /** Returns whether the payload is sealed with a tenant's key. */
    public boolean isSealed() {
        return (flags() & FLAG_SEALED) != 0;
    }

    /** Returns the seqno of the first record. */
    public long firstSeqno() {
        return bytes.getLong(SEQNO_AT);
    }

    /** Returns the seqno of the last record. */
    public long lastSeqno() {
        return firstSeqno() + count() - 1;
    }

    /** Returns the number of records, 1 or more. */
    public int count() {
        return bytes.getInt(COUNT_AT);
    }

    /** Returns the tenant. */
    public TenantId tenant() {
        return TenantId.of(bytes.getLong(TENANT_AT));
    }

    /** Returns who wrote the records. */
    public Origin origin() {
        return Origin.of(
                RegionId.of(Short.toUnsignedInt(bytes.getShort(REGION_AT))),
                ShardId.of(Short.toUnsignedInt(bytes.getShort(SHARD_AT))),
                firstSeqno());
    }

    /** Returns the hybrid logical clock: Unix milliseconds in the upper 48 bits, a counter in the lower 16; 0 in version 1. */
    public long hlc() {
        return bytes.getLong(HLC_AT);
    }

    /** Returns the chain hash of the log after this batch; 0 in version 1, where the reader computes it. */
    public long chain() {
        return bytes.getLong(CHAIN_AT);
    }

    private int flags() {
        return Short.toUnsignedInt(bytes.getShort(FLAGS_AT));
    }

    private static int headerCrc(ByteBuffer buffer, int offset) {
        CRC32C crc = new CRC32C();
        update(crc, buffer, offset, offset + HEADER_CRC_AT);
        crc.update(NO_CRC, 0, NO_CRC.length);
        update(crc, buffer, offset + HEADER_CRC_AT + Integer.BYTES, offset + HEADER_BYTES);
        return (int) crc.getValue();
    }

    private static int crc(ByteBuffer buffer, int from, int to) {
        CRC32C crc = new CRC32C();
        update(crc, buffer, from, to);
        return (int) crc.getValue();
    }

    private static void update(CRC32C crc, ByteBuffer buffer, int from, int to) {
        if (buffer.hasArray()) {
            crc.update(buffer.array(), buffer.arrayOffset() + from, to - from);
        } else {
            crc.update(buffer.slice(from, to - from));
        }
    }

    private static String hex(int value) {
        return "0x" + Integer.toHexString(value);
    }

    private static TidalException corrupt(String expected, String actual) {
        return new BatchCorruptException(expected, actual);
    }
}
