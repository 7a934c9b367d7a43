package io.tidaldb.core.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.management.ThreadMXBean;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.ledger.StateDigest;
import io.tidaldb.testkit.BatchSequence;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("R-32 messages between nodes")
class PeerCodecTest {

    private static final int KINDS = 11;
    private static final long SEED = 20260101;

    private final SplittableRandom random = new SplittableRandom(SEED);

    @Test
    @DisplayName("R-32: a message of any kind reads back as it was sent")
    void readsBack() {
        for (int round = 0; round < 200; round++) {
            for (int kind = 1; kind <= KINDS; kind++) {
                PeerMessage message = message(kind);
                ByteBuffer encoded = PeerCodec.encode(message);
                // As a transport might hand it over: somewhere in a larger, direct, read-only buffer.
                ByteBuffer received = ByteBuffer.allocateDirect(encoded.remaining() + 20)
                        .position(7)
                        .put(encoded.duplicate())
                        .limit(7 + encoded.remaining())
                        .position(7)
                        .asReadOnlyBuffer();
                PeerMessage back = PeerCodec.decode(received);

                assertThat(back).hasSameClassAs(message);
                assertThat(back.kind()).isEqualTo(kind).isEqualTo(PeerCodec.kind(received));
                assertThat(back.epoch()).isEqualTo(message.epoch());
                assertThat(PeerCodec.encode(back)).isEqualTo(encoded);
                if (message instanceof PeerMessage.Append append) {
                    assertThat(((PeerMessage.Append) back).batches())
                            .extracting(WalBatch::encoded)
                            .isEqualTo(append.batches().stream()
                                    .map(WalBatch::encoded)
                                    .toList());
                } else {
                    assertThat(back).usingRecursiveComparison().isEqualTo(message);
                }
            }
        }
    }

    @Test
    @DisplayName("R-32: the envelope is where the documentation says")
    void envelopeLayout() {
        ByteBuffer bytes = PeerCodec.encode(new PeerMessage.HeartbeatAnswer(0x0102030405060708L, 9));
        CRC32C crc = new CRC32C();
        crc.update(bytes.array(), 4, 20);
        assertThat(bytes.order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes.getInt(0)).isEqualTo((int) crc.getValue());
        assertThat(Arrays.copyOfRange(bytes.array(), 4, 24))
                .containsExactly(1, 0, 7, 0, 8, 7, 6, 5, 4, 3, 2, 1, 9, 0, 0, 0, 0, 0, 0, 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
    @DisplayName("R-32: a message with any one bit changed is refused")
    void refusesEveryFlippedBit(int kind) {
        byte[] bytes = bytes(message(kind));
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            refuses(ErrorCode.CORRUPT_DATA, bytes);
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
    @DisplayName("R-32: a message that was cut or has more after it is refused, even if its checksum was made for that")
    void refusesEveryTruncation(int kind) {
        byte[] bytes = bytes(message(kind));
        for (int length = 0; length < bytes.length; length++) {
            refuses(ErrorCode.CORRUPT_DATA, Arrays.copyOf(bytes, length));
            if (length >= PeerCodec.ENVELOPE_BYTES) {
                refuses(ErrorCode.CORRUPT_DATA, sealed(Arrays.copyOf(bytes, length)));
            }
        }
        refuses(ErrorCode.CORRUPT_DATA, sealed(Arrays.copyOf(bytes, bytes.length + 1)));
    }

    @Test
    @DisplayName("R-32: a batch whose own checksum is wrong is refused, though the message's is right")
    void refusesDamagedBatches() {
        byte[] bytes = bytes(message(PeerMessage.Append.KIND));
        for (int at = PeerCodec.ENVELOPE_BYTES + 14; at < bytes.length; at++) {
            bytes[at] ^= 1;
            refuses(ErrorCode.CORRUPT_DATA, sealed(bytes));
            bytes[at] ^= 1;
        }
    }

    @Test
    @DisplayName("R-32: what is read keeps nothing of the transport's buffer")
    void copies() {
        for (int kind = 1; kind <= KINDS; kind++) {
            byte[] bytes = bytes(message(kind));
            byte[] buffer = bytes.clone();
            PeerMessage read = PeerCodec.decode(ByteBuffer.wrap(buffer));
            Arrays.fill(buffer, (byte) 0x55);
            assertThat(bytes(read)).isEqualTo(bytes);
        }
    }

    @Test
    @DisplayName("R-32: bytes of any kind are read or refused, without memory for what is not there")
    void boundsWhatItAllocates() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int round = 0; round < 100_000; round++) {
            byte[] bytes = new byte[random.nextInt(300)];
            random.nextBytes(bytes);
            if (bytes.length >= PeerCodec.ENVELOPE_BYTES && round % 10 != 0) {
                // Random bytes seldom get past a checksum: give them one, and a kind.
                bytes[4] = 1;
                bytes[5] = 0;
                bytes[6] = (byte) (1 + random.nextInt(KINDS));
                bytes[7] = 0;
                sealed(bytes);
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            try {
                PeerCodec.decode(ByteBuffer.wrap(bytes));
            } catch (TidalException e) {
                assertThat(e.code()).isIn(ErrorCode.CORRUPT_DATA, ErrorCode.FORMAT_TOO_NEW);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            // The first rounds load classes.
            assertThat(round < 1000 ? 0 : allocated).as("round %d", round).isLessThan(64 << 10);
        }
    }

    @Test
    @DisplayName("R-32: a message with any byte changed, and a checksum made for that, is read or refused")
    void survivesForgedBodies() {
        for (int round = 0; round < 100; round++) {
            for (int kind = 1; kind <= KINDS; kind++) {
                byte[] bytes = bytes(message(kind));
                for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
                    bytes[8 + random.nextInt(bytes.length - 8)] = (byte) random.nextInt(4);
                }
                try {
                    PeerCodec.decode(ByteBuffer.wrap(sealed(bytes)));
                } catch (TidalException e) {
                    assertThat(e.code()).isIn(ErrorCode.CORRUPT_DATA, ErrorCode.FORMAT_TOO_NEW);
                }
            }
        }
    }

    @Test
    @DisplayName("an unknown kind is refused as newer, and names itself and what is known")
    void refusesUnknownKinds() {
        for (int kind : new int[] {0, KINDS + 1, 255}) {
            byte[] bytes = bytes(message(7));
            bytes[6] = (byte) kind;
            assertThat(refuses(ErrorCode.FORMAT_TOO_NEW, sealed(bytes)))
                    .hasMessageContaining("kind " + kind + " ")
                    .hasMessageContaining("1 to " + KINDS);
            assertThat(PeerCodec.kind(ByteBuffer.wrap(bytes))).isEqualTo(kind);
        }
    }

    @Test
    @DisplayName("a newer protocol is refused, and names itself and what is read here")
    void refusesNewerProtocols() {
        byte[] bytes = bytes(message(7));
        bytes[4] = 2;
        assertThat(refuses(ErrorCode.FORMAT_TOO_NEW, sealed(bytes)))
                .hasMessageContaining("protocol 2: expected 1 to 1");
        bytes[4] = 0;
        refuses(ErrorCode.CORRUPT_DATA, sealed(bytes));
    }

    @Test
    void failuresAreCutToWhatFitsAndAreReadWhatever() {
        String smileys = "x" + "😀".repeat(1000);
        PeerMessage.Failure failure = new PeerMessage.Failure(1, 255, ErrorCode.NOT_OWNER, smileys);
        assertThat(smileys).startsWith(failure.text());
        assertThat(failure.text()).hasSize(511);
        assertThat(PeerCodec.decode(PeerCodec.encode(failure))).isEqualTo(failure);
        PeerMessage.Failure wide = new PeerMessage.Failure(1, 0, ErrorCode.NOT_OWNER, "漢".repeat(2000));
        assertThat(PeerCodec.decode(PeerCodec.encode(wide))).isEqualTo(wide);
    }

    @Test
    void contradictionsCannotBeSent() {
        Origin origin = new Origin(RegionId.of(1), ShardId.of(2), 3);
        TenantId tenant = TenantId.of(1);
        ShardId shard = ShardId.of(2);
        WalBatch batch = BatchSequence.single(TenantId.of(2), origin, Seqno.of(3, 1));
        invalid(() -> new PeerMessage.Append(0, tenant, shard, List.of()));
        invalid(() -> new PeerMessage.Append(0, tenant, shard, List.of(batch)));
        invalid(() -> new PeerMessage.Ack(0, tenant, shard, origin, Seqno.of(4, 1), 0));
        invalid(() -> new PeerMessage.SnapshotChunk(0, tenant, shard, 1, -1, true, new byte[0]));
        invalid(() -> new PeerMessage.BucketCells(0, tenant, shard, 1, 256, true, new byte[0]));
        invalid(() -> new PeerMessage.Hello(0, "c", NodeId.of("n"), RegionId.of(0), 2, 1));
        invalid(() -> new LogPosition(origin, Seqno.of(3, 0), Seqno.of(3, 9), 0));
        invalid(() -> new LogPosition(origin, Seqno.of(3, 11), Seqno.of(3, 9), 0));
        invalid(() -> new LogPosition(origin, Seqno.of(4, 1), Seqno.of(3, 9), 0));
        invalid(() ->
                PeerCodec.encode(new PeerMessage.Hello(0, "c".repeat(1537), NodeId.of("n"), RegionId.of(0), 1, 1)));
    }

    private static void invalid(Supplier<?> call) {
        assertThatExceptionOfType(TidalException.class)
                .isThrownBy(call::get)
                .extracting(TidalException::code)
                .isEqualTo(ErrorCode.INVALID_ARGUMENT);
    }

    private static TidalException refuses(ErrorCode code, byte[] bytes) {
        try {
            PeerCodec.decode(ByteBuffer.wrap(bytes));
        } catch (TidalException e) {
            // Without a library: this runs for every bit of every message.
            if (e.code() != code
                    || code == ErrorCode.CORRUPT_DATA
                            && !String.valueOf(e.getMessage()).contains("expected")) {
                throw new AssertionError("expected " + code + " for " + Arrays.toString(bytes), e);
            }
            return e;
        }
        throw new AssertionError("read " + Arrays.toString(bytes));
    }

    private static byte[] bytes(PeerMessage message) {
        ByteBuffer encoded = PeerCodec.encode(message);
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        return bytes;
    }

    /** Gives changed bytes the right checksum. */
    private static byte[] sealed(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 4, bytes.length - 4);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(0, (int) crc.getValue());
        return bytes;
    }

    private PeerMessage message(int kind) {
        long epoch = random.nextLong();
        TenantId tenant = TenantId.of(random.nextLong());
        ShardId shard = ShardId.of(random.nextInt(1 << 16));
        Origin origin = origin();
        return switch (kind) {
            case 1 -> {
                int min = 1 + random.nextInt(0xFFFF);
                yield new PeerMessage.Hello(
                        epoch,
                        text(40),
                        NodeId.of("n" + random.nextInt(1000)),
                        RegionId.of(random.nextInt(1 << 16)),
                        min,
                        min + random.nextInt(0x10000 - min));
            }
            case 2 -> new PeerMessage.State(epoch, tenant, shard, random.nextBoolean(), positions());
            case 3 -> new PeerMessage.Append(epoch, tenant, shard, batches(tenant, origin));
            case 4 -> new PeerMessage.Ack(epoch, tenant, shard, origin, seqno(origin, 0), random.nextLong());
            case 6 ->
                new PeerMessage.Heartbeat(
                        epoch, random.nextLong(), random.nextLong(), random.nextBoolean(), random.nextLong(), slots());
            case 7 -> new PeerMessage.HeartbeatAnswer(epoch, random.nextLong());
            case 8 ->
                new PeerMessage.SnapshotChunk(
                        epoch,
                        tenant,
                        shard,
                        random.nextLong(),
                        random.nextInt(Integer.MAX_VALUE),
                        random.nextBoolean(),
                        content());
            case 9 -> new PeerMessage.DigestReport(epoch, tenant, shard, random.nextLong(), digest());
            case 10 ->
                new PeerMessage.BucketCells(
                        epoch, tenant, shard, random.nextLong(), random.nextInt(256), random.nextBoolean(), content());
            case 11 ->
                new PeerMessage.Failure(
                        epoch,
                        random.nextInt(256),
                        ErrorCode.values()[random.nextInt(ErrorCode.values().length)],
                        text(100));
            case 5 ->
                new PeerMessage.SnapshotFetch(
                        epoch, tenant, shard, random.nextLong(), random.nextInt(Integer.MAX_VALUE));
            default -> throw new AssertionError(kind);
        };
    }

    private Origin origin() {
        return new Origin(
                RegionId.of(random.nextInt(1 << 16)),
                ShardId.of(random.nextInt(1 << 16)),
                random.nextInt(Seqno.MAX_INCARNATION + 1));
    }

    private long seqno(Origin origin, long atLeast) {
        return Seqno.of(origin.incarnation(), random.nextLong(atLeast, Seqno.MAX_COUNTER + 1));
    }

    private List<LogPosition> positions() {
        List<LogPosition> positions = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            Origin origin = origin();
            long last = seqno(origin, 0);
            long first = origin.startSeqno() + 1 + random.nextLong(Seqno.counter(last) + 1);
            positions.add(new LogPosition(origin, first, last, random.nextLong()));
        }
        return positions;
    }

    private List<SlotPosition> slots() {
        List<SlotPosition> slots = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            Origin origin = origin();
            slots.add(new SlotPosition(
                    TenantId.of(random.nextLong()),
                    ShardId.of(random.nextInt(1 << 16)),
                    random.nextLong(),
                    origin,
                    seqno(origin, 0),
                    random.nextLong()));
        }
        return slots;
    }

    private List<WalBatch> batches(TenantId tenant, Origin origin) {
        BatchSequence sequence = new BatchSequence(LogId.own(tenant, origin), origin.startSeqno() + 1, 0);
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            sequence.next(1 + random.nextInt(4));
        }
        return sequence.batches();
    }

    private StateDigest digest() {
        byte[] bytes = new byte[StateDigest.ENCODED_BYTES];
        random.nextBytes(bytes);
        return StateDigest.readFrom(ByteBuffer.wrap(bytes));
    }

    private byte[] content() {
        byte[] content = new byte[random.nextInt(100)];
        random.nextBytes(content);
        return content;
    }

    private String text(int most) {
        return random.ints(random.nextInt(most), 0, 0xD800)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
