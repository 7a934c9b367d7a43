package io.tidaldb.core.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Record layouts")
class RecordCodecTest {

    private static final Origin ORIGIN = new Origin(RegionId.of(3), ShardId.of(9), 2);

    private static final List<ControlRecord> CONTROL = List.of(
            new ControlRecord.Schema(255, "view", 604_800_000_000_000L),
            new ControlRecord.Label("Käse & Söhne"),
            new ControlRecord.Compaction(List.of()),
            new ControlRecord.Compaction(List.of(
                    new ControlRecord.End(ORIGIN, ORIGIN.startSeqno() + 77),
                    new ControlRecord.End(new Origin(RegionId.of(0), ShardId.of(0), 0), 1))),
            new ControlRecord.Merge(List.of()),
            new ControlRecord.Merge(List.of(new ControlRecord.End(ORIGIN, ORIGIN.startSeqno() + 77))),
            new ControlRecord.Takeover(-2, List.of(), OriginSet.NONE),
            new ControlRecord.Takeover(
                    0x0001_0000_0000_0007L,
                    List.of(
                            new ControlRecord.End(ORIGIN, ORIGIN.startSeqno()),
                            new ControlRecord.End(new Origin(RegionId.of(0xFFFF), ShardId.of(0), 0), 1)),
                    OriginSet.of(List.of(ORIGIN))
                            .plus(ReplicaId.parse("r0:s0"), 3, 70_000)
                            .plus(ReplicaId.parse("r0:s0"), 70_002, Seqno.MAX_INCARNATION)),
            new ControlRecord.Adopt(ORIGIN, ORIGIN.startSeqno() + 5, ORIGIN.startSeqno() + 5, SeqnoRanges.NONE),
            new ControlRecord.Adopt(
                    ORIGIN,
                    ORIGIN.startSeqno() + 5,
                    ORIGIN.startSeqno() + 500_000,
                    SeqnoRanges.of(ORIGIN.startSeqno() + 5, ORIGIN.startSeqno() + 300)
                            .plus(ORIGIN.startSeqno() + 400_000, ORIGIN.startSeqno() + 500_000)),
            new ControlRecord.DigestMark(-1, ControlRecord.DigestMark.NO_BUCKET, null),
            new ControlRecord.Erase(3, 42, OriginSet.of(List.of(ORIGIN)), List.of(7L, -1L)),
            new ControlRecord.Erase(-1, -1, OriginSet.NONE, List.of()),
            new ControlRecord.DigestMark(7, 255, NodeId.of("n0")));

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void fails(ErrorCode code, ThrowingCallable call) {
        assertThat(catchThrowableOfType(TidalException.class, call))
                .isNotNull()
                .extracting(TidalException::code)
                .isEqualTo(code);
    }

    private static WalBatch batch(RecordKind kind, int flags, int count, byte[] payload) {
        ByteBuffer buffer =
                ByteBuffer.allocate(WalBatch.HEADER_BYTES + payload.length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.put(WalBatch.HEADER_BYTES, payload);
        WalBatch.writeHeader(buffer, kind, flags, 1, count, payload.length, TenantId.of(1), ORIGIN, 1);
        return WalBatch.seal(buffer, 0);
    }

    @Test
    void controlRecordsReadBack() {
        for (ControlRecord record : CONTROL) {
            assertThat(ControlRecord.decode(little(record.encode()))).isEqualTo(record);
        }
    }

    @Test
    void cutControlRecordsAreRefused() {
        for (ControlRecord record : CONTROL.subList(2, CONTROL.size())) {
            byte[] whole = record.encode();
            for (int length = 0; length < whole.length; length++) {
                byte[] cut = Arrays.copyOf(whole, length);
                fails(ErrorCode.CORRUPT_DATA, () -> ControlRecord.decode(little(cut)));
            }
            byte[] longer = Arrays.copyOf(whole, whole.length + 1);
            fails(ErrorCode.CORRUPT_DATA, () -> ControlRecord.decode(little(longer)));
        }
    }

    @Test
    void controlRecordsOfWhateverBytesAreReadAsTheyAreWrittenOrRefused() {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = CONTROL.get(random.nextInt(2, CONTROL.size())).encode();
            for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
                bytes[random.nextInt(1, bytes.length)] = (byte) random.nextInt();
            }
            try {
                assertThat(ControlRecord.decode(little(bytes)).encode()).isEqualTo(bytes);
            } catch (TidalException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT_DATA);
            }
        }
    }

    @Test
    void adoptionsThatAreNoRangeOfTheirOriginAreRefused() {
        long start = ORIGIN.startSeqno();
        SeqnoRanges none = SeqnoRanges.NONE;
        fails(ErrorCode.INVALID_ARGUMENT, () -> new ControlRecord.Adopt(ORIGIN, start, start + 1, none));
        fails(ErrorCode.INVALID_ARGUMENT, () -> new ControlRecord.Adopt(ORIGIN, start + 2, start + 1, none));
        fails(ErrorCode.INVALID_ARGUMENT, () -> new ControlRecord.Adopt(ORIGIN, start + 2, start << 1, none));
        fails(
                ErrorCode.INVALID_ARGUMENT,
                () -> new ControlRecord.Adopt(ORIGIN, start + 2, start + 3, SeqnoRanges.of(start + 3, start + 4)));
        fails(ErrorCode.INVALID_ARGUMENT, () -> new ControlRecord.DigestMark(1, 256, null));
    }

    @Test
    void unknownControlRecordsAreRefusedAsNewer() {
        fails(ErrorCode.FORMAT_TOO_NEW, () -> ControlRecord.decode(little(new byte[] {99, 1, 2, 3})));
    }

    @Test
    void namesReadBackAndKnowTheirSize() {
        for (String name : List.of("a", "äöü", "漢字", "😀 and 😀", "\u07ff\u0800\uffff", "n".repeat(1024))) {
            EntityName record = new EntityName(-7, name);
            assertThat(EntityName.decode(little(record.encode()))).isEqualTo(record);
            assertThat(record.bytes())
                    .isEqualTo(record.encode().length)
                    .isEqualTo(8 + name.getBytes(StandardCharsets.UTF_8).length);
        }
        fails(ErrorCode.CORRUPT_DATA, () -> EntityName.decode(little(new byte[8])));
    }

    @Test
    void bodiesReadBackAndEveryOtherCountOrLengthIsRefused() {
        List<byte[]> bodies = List.of(new byte[] {1, 2, 3}, new byte[0], new byte[] {4});
        ByteBuffer payload = BodyRecords.encode(bodies);
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);

        List<ByteBuffer> read = BodyRecords.decode(batch(RecordKind.CONTROL, 0, 3, bytes));
        List<byte[]> back = new ArrayList<>();
        read.forEach(body -> {
            byte[] content = new byte[body.remaining()];
            body.get(content);
            back.add(content);
        });
        assertThat(back).usingElementComparator(Arrays::compare).isEqualTo(bodies);

        for (int count : new int[] {1, 2, 4}) {
            fails(ErrorCode.CORRUPT_DATA, () -> BodyRecords.decode(batch(RecordKind.CONTROL, 0, count, bytes)));
        }
        for (int length = 1; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            fails(ErrorCode.CORRUPT_DATA, () -> BodyRecords.decode(batch(RecordKind.CONTROL, 0, 3, cut)));
        }
        byte[] negative = bytes.clone();
        negative[3] = (byte) 0x80;
        fails(ErrorCode.CORRUPT_DATA, () -> BodyRecords.decode(batch(RecordKind.CONTROL, 0, 3, negative)));
    }

    @Test
    @DisplayName("R-10: the key block at the start of a payload reads back")
    void keysReadBack() {
        List<KeyBlock.Entry> entries = List.of(
                new KeyBlock.Entry(new IdempotencyKey(-1, 2), 0, 1),
                new KeyBlock.Entry(new IdempotencyKey(3, -4), 1, 4));
        WalBatch batch = keyed(entries, 5);
        assertThat(KeyBlock.read(batch)).isEqualTo(entries);
        assertThat(batch.payload().get(0)).isEqualTo((byte) 2);
        assertThat(KeyBlock.read(batch(RecordKind.SIGNALS, 0, 5, new byte[5 * SignalRecords.BYTES])))
                .isEmpty();
    }

    @Test
    void keysBeyondTheirBatchAreRefused() {
        IdempotencyKey key = new IdempotencyKey(1, 2);
        for (KeyBlock.Entry entry : List.of(
                new KeyBlock.Entry(key, 0, 6),
                new KeyBlock.Entry(key, 5, 1),
                new KeyBlock.Entry(key, -1, 1),
                new KeyBlock.Entry(key, 0, 0),
                new KeyBlock.Entry(key, Integer.MAX_VALUE, 1),
                new KeyBlock.Entry(key, 1, Integer.MAX_VALUE))) {
            fails(ErrorCode.CORRUPT_DATA, () -> KeyBlock.read(keyed(List.of(entry), 5)));
        }
        fails(
                ErrorCode.CORRUPT_DATA,
                () -> KeyBlock.read(batch(RecordKind.SIGNALS, WalBatch.FLAG_KEYS, 1, new byte[1])));
        fails(
                ErrorCode.CORRUPT_DATA,
                () -> KeyBlock.read(batch(RecordKind.SIGNALS, WalBatch.FLAG_KEYS, 1, new byte[21])));
        byte[] many = new byte[21];
        many[0] = 9;
        fails(ErrorCode.CORRUPT_DATA, () -> KeyBlock.read(batch(RecordKind.SIGNALS, WalBatch.FLAG_KEYS, 1, many)));
    }

    private static WalBatch keyed(List<KeyBlock.Entry> entries, int count) {
        ByteBuffer payload = ByteBuffer.allocate(KeyBlock.bytes(entries.size()) + count * SignalRecords.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        KeyBlock.put(payload, 0, entries);
        return batch(RecordKind.SIGNALS, WalBatch.FLAG_KEYS, count, payload.array());
    }

    @Test
    @DisplayName("R-10: a signal record is 21 little-endian bytes")
    void signalLayout() {
        ByteBuffer record = ByteBuffer.allocate(21).order(ByteOrder.LITTLE_ENDIAN);
        SignalRecords.put(record, 0, 0x0102030405060708L, 0xFE, 1.5f, 0x1112131415161718L);
        assertThat(record.array())
                .containsExactly(
                        8, 7, 6, 5, 4, 3, 2, 1, 0xFE, 0, 0, 0xC0, 0x3F, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11);
        assertThat(SignalRecords.type(record, 0)).isEqualTo(0xFE);
        assertThat(SignalRecords.weight(record, 0)).isEqualTo(1.5f);
    }
}
