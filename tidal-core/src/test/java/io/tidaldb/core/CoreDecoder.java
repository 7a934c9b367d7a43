package io.tidaldb.core;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.audit.AuditLine;
import io.tidaldb.core.backup.BackupPart;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.backup.RestorePoint;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.EntityName;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.SeqnoRanges;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.ledger.SignalLedger;
import io.tidaldb.core.remote.CallCodec;
import io.tidaldb.core.replication.PeerCodec;
import io.tidaldb.core.replication.PeerMessage;
import io.tidaldb.testkit.fuzz.Decoder;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;

/** What in the core reads bytes from elsewhere. */
@SuppressWarnings("ImmutableEnumChecker") // The bytes are copied before they are spoilt.
enum CoreDecoder implements Decoder {
    BATCH(batches(), CoreDecoder::resealed, bytes -> WalBatch.of(little(bytes), 0)),
    BATCH_CONTENT(batches(), CoreDecoder::resealed, bytes -> {
        WalBatch batch = WalBatch.of(little(bytes), 0);
        KeyBlock.read(batch);
        if (!batch.kind().equals(RecordKind.SIGNALS)) {
            BodyRecords.decode(batch);
        }
    }),
    CONTROL_RECORD(bodies(), UnaryOperator.identity(), bytes -> ControlRecord.decode(little(bytes))),
    SESSION_RECORD(bodies(), UnaryOperator.identity(), bytes -> UserRecord.decode(RecordKind.SESSIONS, little(bytes))),
    HARD_NEGATIVE(
            bodies(), UnaryOperator.identity(), bytes -> UserRecord.decode(RecordKind.HARD_NEGATIVES, little(bytes))),
    ENTITY_NAME(bodies(), UnaryOperator.identity(), bytes -> EntityName.decode(little(bytes))),
    PEER_MESSAGE(messages(), CoreDecoder::enveloped, bytes -> PeerCodec.decode(ByteBuffer.wrap(bytes))),
    CALL(calls(), UnaryOperator.identity(), bytes -> Fixed.CALLS.call(ByteBuffer.wrap(bytes))),
    ANSWER(calls(), UnaryOperator.identity(), bytes -> Fixed.CALLS.answer(ByteBuffer.wrap(bytes))),
    AUDIT_LINE(lines(), UnaryOperator.identity(), bytes -> AuditLine.parse(text(bytes))),
    POSITION(lines(), UnaryOperator.identity(), bytes -> Position.parse(text(bytes))),
    LOG_POSITION(lines(), UnaryOperator.identity(), bytes -> WalSegmentId.parse(text(bytes))),
    SEQNO_RANGES(bodies(), UnaryOperator.identity(), bytes -> ranges(little(bytes))),
    LEDGER(ledgers(), UnaryOperator.identity(), CoreDecoder::ledger),
    BACKUP(lines(), UnaryOperator.identity(), CoreDecoder::backup),
    BACKUP_POINT(lines(), UnaryOperator.identity(), bytes -> BackupPoint.parse(text(bytes))),
    RESTORE_POINT(lines(), UnaryOperator.identity(), bytes -> RestorePoint.parse(text(bytes)));

    private static final class Fixed {
        static final CallCodec CALLS = new CallCodec();
        static final Origin ORIGIN = new Origin(RegionId.of(3), ShardId.of(9), 2);
        static final TenantId TENANT = TenantId.of(7);
    }

    private final List<byte[]> corpus;
    private final UnaryOperator<byte[]> seal;
    private final Consumer<byte[]> read;

    CoreDecoder(List<byte[]> corpus, UnaryOperator<byte[]> seal, Consumer<byte[]> read) {
        this.corpus = corpus;
        this.seal = seal;
        this.read = read;
    }

    @Override
    public List<byte[]> examples() {
        return corpus;
    }

    @Override
    public byte[] sealed(byte[] bytes) {
        return seal.apply(bytes);
    }

    @Override
    public void read(byte[] bytes) {
        read.accept(bytes);
    }

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] resealed(byte[] bytes) {
        if (bytes.length < WalBatch.HEADER_BYTES) {
            return bytes;
        }
        int payload = little(bytes).getInt(20);
        CRC32C crc = new CRC32C();
        if (payload >= 0 && payload <= bytes.length - WalBatch.HEADER_BYTES) {
            crc.update(bytes, WalBatch.HEADER_BYTES, payload);
            little(bytes).putInt(48, (int) crc.getValue());
        }
        crc.reset();
        little(bytes).putInt(52, 0);
        crc.update(bytes, 0, WalBatch.HEADER_BYTES);
        little(bytes).putInt(52, (int) crc.getValue());
        return bytes;
    }

    private static byte[] enveloped(byte[] bytes) {
        if (bytes.length >= Integer.BYTES) {
            CRC32C crc = new CRC32C();
            crc.update(bytes, Integer.BYTES, bytes.length - Integer.BYTES);
            little(bytes).putInt(0, (int) crc.getValue());
        }
        return bytes;
    }

    private static WalBatch batch(RecordKind kind, int count, byte[] payload) {
        ByteBuffer bytes = little(new byte[WalBatch.HEADER_BYTES + payload.length]);
        bytes.put(WalBatch.HEADER_BYTES, payload);
        WalBatch.writeHeader(
                bytes,
                kind,
                0,
                Fixed.ORIGIN.startSeqno() + 1,
                count,
                payload.length,
                Fixed.TENANT,
                Fixed.ORIGIN,
                1L << 16);
        return WalBatch.seal(bytes, 99);
    }

    private static List<byte[]> batches() {
        List<byte[]> all = new ArrayList<>();
        for (RecordKind kind : RecordKind.values()) {
            byte[] payload = kind == RecordKind.SIGNALS
                    ? new byte[42]
                    : BodyRecords.encode(bodies()).array();
            int count = kind == RecordKind.SIGNALS ? 2 : bodies().size();
            byte[] bytes = new byte[WalBatch.HEADER_BYTES + payload.length];
            batch(kind, count, payload).copyTo(ByteBuffer.wrap(bytes));
            all.add(bytes);
        }
        return all;
    }

    private static List<byte[]> bodies() {
        List<byte[]> all = new ArrayList<>();
        for (int type = 0; type < 16; type++) {
            byte[] body = new byte[40];
            body[0] = (byte) type;
            body[1] = 2;
            body[9] = 1;
            all.add(body);
        }
        all.add("a name of an entity".getBytes(StandardCharsets.UTF_8));
        return all;
    }

    private static List<byte[]> messages() {
        ShardId shard = ShardId.of(4);
        List<PeerMessage> all = List.of(
                new PeerMessage.Hello(1, "cluster", NodeId.of("n1"), RegionId.of(1), 1, 1),
                new PeerMessage.State(1, Fixed.TENANT, shard, true, List.of()),
                new PeerMessage.Append(1, Fixed.TENANT, shard, List.of(batch(RecordKind.SIGNALS, 2, new byte[42]))),
                new PeerMessage.Ack(1, Fixed.TENANT, shard, Fixed.ORIGIN, Fixed.ORIGIN.startSeqno() + 5, 7),
                new PeerMessage.SnapshotFetch(1, Fixed.TENANT, shard, 8, 9),
                new PeerMessage.Heartbeat(1, 5, 4, true, 6, List.of()),
                new PeerMessage.HeartbeatAnswer(1, 5),
                new PeerMessage.SnapshotChunk(1, Fixed.TENANT, shard, 8, 0, true, new byte[60]),
                new PeerMessage.BucketCells(1, Fixed.TENANT, shard, 3, 9, false, new byte[60]),
                new PeerMessage.Failure(1, 3, ErrorCode.CORRUPT_DATA, "damaged"));
        return all.stream()
                .map(PeerCodec::encode)
                .map(encoded -> {
                    byte[] bytes = new byte[encoded.remaining()];
                    encoded.get(bytes);
                    return bytes;
                })
                .toList();
    }

    private static List<byte[]> calls() {
        byte[] json = ("{\"tenant\":7,\"shard\":1,\"replica\":\"r0:s0\",\"position\":\"r0:s0:5\",\"signal\":\"view\","
                        + "\"entities\":[1,2],\"entity\":3,\"k\":10,\"level\":\"LOCAL\",\"deadline\":1000,\"index\":1,\"life\":2,"
                        + "\"waitNanos\":3,\"writes\":[{\"key\":[1,2],\"signals\":2,\"named\":[5],\"names\":[\"a\"]}],"
                        + "\"records\":[[\"r0:s0:5\"],[]],\"refused\":{\"1\":null},\"a\":[[[{}]]]}")
                .getBytes(StandardCharsets.UTF_8);
        return IntStream.range(0, 80)
                .mapToObj(kind -> ByteBuffer.allocate(6 + json.length)
                        .put((byte) 1)
                        .put((byte) kind)
                        .putInt(json.length)
                        .put(json)
                        .array())
                .toList();
    }

    private static List<byte[]> lines() {
        return List.of(
                ("{\"number\":1,\"index\":2,\"at\":\"2026-11-22T00:00:00Z\",\"who\":\"token 0123456789ab\",\"from\":\"192.0.2.7\","
                                + "\"command\":\"create-tenant\",\"tenant\":\"7\",\"about\":null,\"before\":null,\"after\":{\"label\":\"a\"},"
                                + "\"allowed\":true,\"refused\":null,\"reason\":null,\"previous\":\"0000000000000000\",\"chain\":\"00ff00ff00ff00ff\"}")
                        .getBytes(StandardCharsets.UTF_8),
                "r0:s0:42,r1:s3:33554433".getBytes(StandardCharsets.UTF_8),
                "r0:s0:42".getBytes(StandardCharsets.UTF_8),
                "7;0/r0:s0:42@00ff00ff00ff00ff".getBytes(StandardCharsets.UTF_8),
                "seqno:r0:s0:42".getBytes(StandardCharsets.UTF_8),
                "2026-11-22T00:00:00Z".getBytes(StandardCharsets.UTF_8));
    }

    // Who calls it knows that the bytes may end early.
    private static void ranges(ByteBuffer bytes) {
        try {
            SeqnoRanges.decode(bytes, 1, 1L << 40);
        } catch (BufferUnderflowException e) {
            throw TidalException.invalid("it ends early");
        }
    }

    private static List<byte[]> ledgers() {
        return List.of(little(new byte[60])
                .put("TDLG".getBytes(StandardCharsets.US_ASCII))
                .putShort((short) 1)
                .putShort((short) 0)
                .putLong(1)
                .array());
    }

    private static void ledger(byte[] bytes) {
        try {
            SignalLedger.readFrom(new DataInputStream(new ByteArrayInputStream(bytes)), signal -> 86_400_000_000_000L);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void backup(byte[] bytes) {
        try {
            BackupPart.read("backup", new ByteArrayInputStream(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
