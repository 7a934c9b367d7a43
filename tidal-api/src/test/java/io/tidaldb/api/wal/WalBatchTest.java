package io.tidaldb.api.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("R-10 batch header")
class WalBatchTest {

    private static final TenantId TENANT = TenantId.of(0x8877665544332211L);
    private static final Origin ORIGIN = new Origin(RegionId.of(0xBEEF), ShardId.of(0xCAFE), 2);
    private static final long SEQNO = Seqno.of(2, 0x0102030405L);
    private static final long HLC = 0x1122334455667788L;
    private static final long CHAIN = 0xA1A2A3A4A5A6A7A8L;
    private static final byte[] PAYLOAD = payload(42);

    @Test
    @DisplayName("R-10 every field lies at its offset, little-endian: shard at 58 and 59, region at 60 and 61")
    void layoutByteForByte() {
        byte[] bytes = bytes(seal(RecordKind.SESSIONS, WalBatch.FLAG_KEYS));

        assertThat(bytes).hasSize(64 + PAYLOAD.length);
        assertThat(hex(bytes, 0, 4)).as("magic TIDL").isEqualTo("5449444c");
        assertThat(hex(bytes, 4, 6)).as("format version 2").isEqualTo("0200");
        assertThat(hex(bytes, 6, 8)).as("flags: keys, kind 2").isEqualTo("0202");
        assertThat(hex(bytes, 8, 16)).as("first seqno").isEqualTo("0504030201020000");
        assertThat(hex(bytes, 16, 20)).as("record count").isEqualTo("02000000");
        assertThat(hex(bytes, 20, 24)).as("payload length").isEqualTo("2a000000");
        assertThat(hex(bytes, 24, 32)).as("tenant").isEqualTo("1122334455667788");
        assertThat(hex(bytes, 32, 40)).as("hlc").isEqualTo("8877665544332211");
        assertThat(hex(bytes, 40, 48)).as("chain").isEqualTo("a8a7a6a5a4a3a2a1");
        assertThat(little(bytes).getInt(48)).as("payload checksum").isEqualTo(crc(PAYLOAD));
        assertThat(little(bytes).getInt(52)).as("header checksum").isEqualTo(headerCrc(bytes));
        assertThat(hex(bytes, 56, 58)).as("reserved").isEqualTo("0000");
        assertThat(hex(bytes, 58, 60)).as("shard").isEqualTo("feca");
        assertThat(hex(bytes, 60, 62)).as("region").isEqualTo("efbe");
        assertThat(hex(bytes, 62, 64)).as("reserved").isEqualTo("0000");
        assertThat(Arrays.copyOfRange(bytes, 64, bytes.length)).isEqualTo(PAYLOAD);
    }

    @ParameterizedTest
    @EnumSource(RecordKind.class)
    @DisplayName("R-10 a sealed batch reads back field by field, from any offset of any kind of buffer")
    void readsBack(RecordKind kind) {
        byte[] bytes = bytes(seal(kind, WalBatch.FLAG_SEALED));
        byte[] shifted = new byte[bytes.length + 7];
        System.arraycopy(bytes, 0, shifted, 5, bytes.length);
        ByteBuffer direct =
                ByteBuffer.allocateDirect(shifted.length).put(shifted).clear();

        for (ByteBuffer buffer : new ByteBuffer[] {ByteBuffer.wrap(shifted), direct, direct.asReadOnlyBuffer()}) {
            WalBatch batch = WalBatch.of(buffer, 5);
            assertThat(batch.version()).isEqualTo(2);
            assertThat(batch.kind()).isEqualTo(kind);
            assertThat(batch.hasKeys()).isFalse();
            assertThat(batch.isSealed()).isTrue();
            assertThat(batch.firstSeqno()).isEqualTo(SEQNO);
            assertThat(batch.lastSeqno()).isEqualTo(SEQNO + 1);
            assertThat(batch.count()).isEqualTo(2);
            assertThat(batch.tenant()).isEqualTo(TENANT);
            assertThat(batch.origin()).isEqualTo(ORIGIN);
            assertThat(batch.hlc()).isEqualTo(HLC);
            assertThat(batch.chain()).isEqualTo(CHAIN);
            assertThat(batch.length()).isEqualTo(bytes.length);
            assertThat(batch.payload()).isEqualTo(ByteBuffer.wrap(PAYLOAD));
            assertThat(bytes(batch)).isEqualTo(bytes);
        }
    }

    @Test
    @DisplayName("R-10 every single flipped bit of a sealed batch is noticed")
    void noticesEveryFlippedBit() {
        byte[] bytes = bytes(seal(RecordKind.SIGNALS, 0));
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            byte[] damaged = bytes.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> WalBatch.of(ByteBuffer.wrap(damaged), 0))
                    .as("bit %d of byte %d", bit % 8, bit / 8)
                    .isInstanceOfSatisfying(
                            BatchCorruptException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT_DATA));
        }
    }

    @Test
    @DisplayName("R-10 a batch that is cut anywhere is refused")
    void noticesEveryCut() {
        byte[] bytes = bytes(seal(RecordKind.SIGNALS, 0));
        for (int length = 0; length < bytes.length; length++) {
            ByteBuffer cut = ByteBuffer.wrap(bytes, 0, length);
            assertRefused(ErrorCode.CORRUPT_DATA, cut, "found " + length + " bytes");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 65_535})
    @DisplayName("R-10 an unknown format version is refused by number, next to the newest that is known")
    void refusesOtherVersions(int version) {
        ByteBuffer batch = little(bytes(seal(RecordKind.SIGNALS, 0))).putShort(4, (short) version);
        assertRefused(ErrorCode.FORMAT_TOO_NEW, resum(batch), "version " + version, "up to 2");
    }

    @ParameterizedTest
    @ValueSource(ints = {0x0001, 0x0008, 0x0010, 0x0020, 0x0040, 0x0080, 0x0500, 0xFF00})
    @DisplayName("R-10 an unknown flag or kind is refused with the flags and both versions")
    void refusesUnknownFlagsAndKinds(int flags) {
        ByteBuffer batch = little(bytes(seal(RecordKind.SIGNALS, 0))).putShort(6, (short) flags);
        assertRefused(
                ErrorCode.FORMAT_TOO_NEW,
                resum(batch),
                "0x" + Integer.toHexString(flags),
                "format version 2",
                "version 2");
    }

    @Test
    @DisplayName("R-10 a count of nothing and an absurd length are refused though their checksum is right")
    void refusesNonsense() {
        byte[] bytes = bytes(seal(RecordKind.SIGNALS, 0));
        assertRefused(ErrorCode.CORRUPT_DATA, resum(little(bytes.clone()).putInt(16, 0)), "record count");
        assertRefused(ErrorCode.CORRUPT_DATA, resum(little(bytes.clone()).putInt(20, -1)), "payload length");
        int tooLong = WalBatch.MAX_PAYLOAD_BYTES + 1;
        assertRefused(ErrorCode.CORRUPT_DATA, resum(little(bytes.clone()).putInt(20, tooLong)), "" + tooLong);
    }

    @Test
    @DisplayName("R-10 version 1 has zeros where version 2 has tenant, shard and region: tenant 0, shard 0, region 0")
    void version1DecodesAsDefaults() {
        ByteBuffer old = ByteBuffer.allocate(64 + PAYLOAD.length).order(ByteOrder.LITTLE_ENDIAN);
        old.put(0, new byte[] {'T', 'I', 'D', 'L', 1, 0})
                .putLong(8, 112)
                .putInt(16, 2)
                .putInt(20, PAYLOAD.length);
        old.putInt(48, crc(PAYLOAD)).put(64, PAYLOAD);

        WalBatch batch = WalBatch.of(resum(old), 0);

        assertThat(batch.version()).isEqualTo(1);
        assertThat(batch.kind()).isEqualTo(RecordKind.SIGNALS);
        assertThat(batch.tenant()).isEqualTo(TenantId.DEFAULT);
        assertThat(batch.origin()).isEqualTo(new Origin(RegionId.of(0), ShardId.of(0), 0));
        assertThat(batch.firstSeqno()).isEqualTo(112);
        assertThat(batch.lastSeqno()).isEqualTo(113);
        assertThat(batch.hlc()).isZero();
        assertThat(batch.chain()).isZero();
        assertThat(batch.payload()).isEqualTo(ByteBuffer.wrap(PAYLOAD));
    }

    @Test
    @DisplayName(
            "R-10 the header over which the chain is computed has chain and both checksums zero, and is otherwise the same")
    void unchainedHeader() {
        WalBatch batch = seal(RecordKind.SIGNALS, 0);
        byte[] expected = Arrays.copyOf(bytes(batch), 64);
        Arrays.fill(expected, 40, 56, (byte) 0);

        byte[] header = new byte[64];
        batch.copyUnchainedHeader(header);
        assertThat(header).isEqualTo(expected);
        ByteBuffer written = ByteBuffer.allocate(64 + PAYLOAD.length).order(ByteOrder.LITTLE_ENDIAN);
        WalBatch.writeHeader(written, RecordKind.SIGNALS, 0, SEQNO, 2, PAYLOAD.length, TENANT, ORIGIN, HLC);
        assertThat(Arrays.copyOf(written.array(), 64)).isEqualTo(expected);
    }

    @Test
    @DisplayName("a header overwrites whatever a recycled buffer held")
    void overwritesRecycledBuffers() {
        byte[] clean = bytes(seal(RecordKind.SIGNALS, 0));
        ByteBuffer dirty = ByteBuffer.allocate(clean.length + 9).order(ByteOrder.LITTLE_ENDIAN);
        Arrays.fill(dirty.array(), (byte) 0xFF);
        WalBatch.writeHeader(dirty, RecordKind.SIGNALS, 0, SEQNO, 2, PAYLOAD.length, TENANT, ORIGIN, HLC);
        dirty.put(64, PAYLOAD);
        assertThat(bytes(WalBatch.seal(dirty, CHAIN))).isEqualTo(clean);
    }

    @Test
    @DisplayName("copyTo writes the whole batch at the buffer's position and advances it")
    void copiesToABuffer() {
        WalBatch batch = seal(RecordKind.SIGNALS, 0);
        ByteBuffer target = ByteBuffer.allocate(batch.length() + 3).position(2);
        batch.copyTo(target);
        assertThat(target.position()).isEqualTo(2 + batch.length());
        assertThat(WalBatch.of(target.clear(), 2).chain()).isEqualTo(CHAIN);
    }

    private static WalBatch seal(RecordKind kind, int flags) {
        ByteBuffer buffer = ByteBuffer.allocate(64 + PAYLOAD.length).order(ByteOrder.LITTLE_ENDIAN);
        WalBatch.writeHeader(buffer, kind, flags, SEQNO, 2, PAYLOAD.length, TENANT, ORIGIN, HLC);
        buffer.put(64, PAYLOAD);
        return WalBatch.seal(buffer, CHAIN);
    }

    private static void assertRefused(ErrorCode code, ByteBuffer batch, String... parts) {
        assertThatThrownBy(() -> WalBatch.of(batch, 0)).isInstanceOfSatisfying(TidalException.class, e -> {
            assertThat(e.code()).isEqualTo(code);
            assertThat(e.getMessage()).contains(parts);
        });
    }

    /** Writes the header's checksum anew, as a writer would who knows more than this version. */
    private static ByteBuffer resum(ByteBuffer batch) {
        byte[] header = new byte[64];
        batch.get(0, header);
        return batch.putInt(52, headerCrc(header));
    }

    private static int headerCrc(byte[] bytes) {
        byte[] header = Arrays.copyOf(bytes, 64);
        Arrays.fill(header, 52, 56, (byte) 0);
        return crc(header);
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private static byte[] payload(int length) {
        byte[] payload = new byte[length];
        for (int i = 0; i < length; i++) {
            payload[i] = (byte) (i * 31 + 7);
        }
        return payload;
    }

    private static byte[] bytes(WalBatch batch) {
        byte[] bytes = new byte[batch.length()];
        batch.encoded().get(bytes);
        return bytes;
    }

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static String hex(byte[] bytes, int from, int to) {
        return HexFormat.of().formatHex(bytes, from, to);
    }
}
