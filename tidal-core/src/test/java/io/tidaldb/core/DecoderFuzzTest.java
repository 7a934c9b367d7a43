package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
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
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.EntityName;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.remote.CallCodec;
import io.tidaldb.core.replication.PeerCodec;
import io.tidaldb.core.replication.PeerMessage;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Hands spoilt bytes to everything that reads bytes from elsewhere. It must read or refuse them, by a {@link TidalException} that is no
 * internal error, and allocate no more than some times what it was given.
 */
class DecoderFuzzTest {

    private static final int EXECUTIONS = Integer.getInteger("tidal.fuzz.executions", 5_000);
    private static final long SEED = Long.getLong("tidal.fuzz.seed", 20_261_122L);
    private static final long BYTES_EACH = 256;
    private static final long BYTES_ALWAYS = 4 << 20;

    /** Executions after which all classes are loaded, which takes memory as well. */
    private static final int WARM = 500;

    private static final CallCodec CALLS = new CallCodec();
    private static final Origin ORIGIN = new Origin(RegionId.of(3), ShardId.of(9), 2);
    private static final TenantId TENANT = TenantId.of(7);

    /** What reads bytes, what it reads when all is well, and what makes checksums right so that it looks further. */
    @SuppressWarnings("ImmutableEnumChecker") // The bytes are copied before they are spoilt.
    enum Target {
        BATCH(batches(), DecoderFuzzTest::resealed, bytes -> WalBatch.of(little(bytes), 0)),
        BATCH_CONTENT(batches(), DecoderFuzzTest::resealed, bytes -> {
            WalBatch batch = WalBatch.of(little(bytes), 0);
            KeyBlock.read(batch);
            if (!batch.kind().equals(RecordKind.SIGNALS)) {
                BodyRecords.decode(batch);
            }
        }),
        CONTROL_RECORD(bodies(), UnaryOperator.identity(), bytes -> ControlRecord.decode(little(bytes))),
        SESSION_RECORD(
                bodies(), UnaryOperator.identity(), bytes -> UserRecord.decode(RecordKind.SESSIONS, little(bytes))),
        HARD_NEGATIVE(
                bodies(),
                UnaryOperator.identity(),
                bytes -> UserRecord.decode(RecordKind.HARD_NEGATIVES, little(bytes))),
        ENTITY_NAME(bodies(), UnaryOperator.identity(), bytes -> EntityName.decode(little(bytes))),
        PEER_MESSAGE(messages(), DecoderFuzzTest::enveloped, bytes -> PeerCodec.decode(ByteBuffer.wrap(bytes))),
        CALL(calls(), UnaryOperator.identity(), bytes -> CALLS.call(ByteBuffer.wrap(bytes))),
        ANSWER(calls(), UnaryOperator.identity(), bytes -> CALLS.answer(ByteBuffer.wrap(bytes))),
        AUDIT_LINE(lines(), UnaryOperator.identity(), bytes -> AuditLine.parse(text(bytes))),
        POSITION(lines(), UnaryOperator.identity(), bytes -> Position.parse(text(bytes))),
        LOG_POSITION(lines(), UnaryOperator.identity(), bytes -> WalSegmentId.parse(text(bytes)));

        private final List<byte[]> corpus;
        private final UnaryOperator<byte[]> seal;
        private final Consumer<byte[]> read;

        Target(List<byte[]> corpus, UnaryOperator<byte[]> seal, Consumer<byte[]> read) {
            this.corpus = corpus;
            this.seal = seal;
            this.read = read;
        }
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("whatever bytes come from elsewhere are read or refused, within bounds")
    void readsOrRefuses(Target target) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Mutator mutator = new Mutator(SEED, target.corpus);
        int refused = 0;
        for (int i = 0; i < EXECUTIONS; i++) {
            byte[] bytes = target.seal.apply(mutator.next());
            String story = target + ", execution " + i + " of seed " + SEED + ", " + bytes.length + " bytes";
            long before = threads.getCurrentThreadAllocatedBytes();
            try {
                target.read.accept(bytes);
            } catch (TidalException e) {
                refused++;
                assertThat(e.code()).as(story).isNotEqualTo(ErrorCode.INTERNAL);
            } catch (RuntimeException | StackOverflowError e) {
                throw new AssertionError(story + ": " + e, e);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertThat(i < WARM || allocated < BYTES_ALWAYS + BYTES_EACH * bytes.length)
                    .as("%s: %d bytes allocated", story, allocated)
                    .isTrue();
        }
        System.out.println("fuzz: " + target + " executions=" + EXECUTIONS + " refused=" + refused + " failed=0");
        assertThat(refused).isBetween(1, EXECUTIONS);
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
        WalBatch.writeHeader(bytes, kind, 0, ORIGIN.startSeqno() + 1, count, payload.length, TENANT, ORIGIN, 1L << 16);
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
                new PeerMessage.State(1, TENANT, shard, true, List.of()),
                new PeerMessage.Append(1, TENANT, shard, List.of(batch(RecordKind.SIGNALS, 2, new byte[42]))),
                new PeerMessage.Ack(1, TENANT, shard, ORIGIN, ORIGIN.startSeqno() + 5, 7),
                new PeerMessage.SnapshotFetch(1, TENANT, shard, 8, 9),
                new PeerMessage.Heartbeat(1, 5, 4, true, List.of()),
                new PeerMessage.HeartbeatAnswer(1, 5),
                new PeerMessage.SnapshotChunk(1, TENANT, shard, 8, 0, true, new byte[60]),
                new PeerMessage.BucketCells(1, TENANT, shard, 3, 9, false, new byte[60]),
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
                        + "\"entities\":[1,2],\"entity\":3,\"k\":10,\"level\":\"LOCAL\",\"deadline\":1000,\"a\":[[[{}]]]}")
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
                "r0:s0:42".getBytes(StandardCharsets.UTF_8));
    }
}
