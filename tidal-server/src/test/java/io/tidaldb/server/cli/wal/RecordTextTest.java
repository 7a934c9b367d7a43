package io.tidaldb.server.cli.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.EntityName;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class RecordTextTest {

    private static final Origin ORIGIN = new Origin(RegionId.of(1), ShardId.of(2), 0);
    private static final LogId LOG = LogId.own(TenantId.of(5), ORIGIN);

    @Test
    void printsSignalsAfterTheirKeys() {
        ByteBuffer payload = ByteBuffer.allocate(2 + 24 + 21).order(ByteOrder.LITTLE_ENDIAN);
        payload.putShort((short) 1).putLong(1).putLong(2).putInt(0).putInt(1);
        payload.putLong(-1).put((byte) 3).putFloat(0.5f).putLong(1_000_000_000L);
        assertThat(printed(batch(RecordKind.SIGNALS, WalBatch.FLAG_KEYS, 42, payload, 0)))
                .containsExactly("{\"tenant\":\"5\",\"position\":\"r1:s2:42\",\"kind\":\"signals\",\"hlc\":\"9\","
                        + "\"signal\":\"3\",\"entity\":\"18446744073709551615\",\"weight\":0.5,"
                        + "\"ts\":\"1970-01-01T00:00:01Z\","
                        + "\"idempotency_key\":\"00000000-0000-0001-0000-000000000002\"}");
    }

    @Test
    void namesTypesAsTheSchemaOfTheSameLogDoes() {
        RecordText text = new RecordText("n1");
        List<String> lines = new ArrayList<>();
        Consumer<ObjectNode> sink = record -> lines.add(record.toString());
        text.each(LOG, bodies(RecordKind.CONTROL, 1, new ControlRecord.Schema(3, "view", 7).encode()), sink);
        text.each(LOG, batch(RecordKind.SIGNALS, 0, 2, ByteBuffer.allocate(21).put(8, (byte) 3), 0), sink);
        LogId other = LogId.own(TenantId.of(6), ORIGIN);
        text.each(other, batch(RecordKind.SIGNALS, 0, 2, ByteBuffer.allocate(21).put(8, (byte) 3), 0), sink);
        assertThat(lines.get(0))
                .startsWith("{\"node\":\"n1\",\"tenant\":\"5\"")
                .endsWith("\"type\":\"schema\",\"signal\":\"view\",\"index\":3,\"half_life_ns\":7}");
        assertThat(lines.get(1)).contains("\"signal\":\"view\"");
        assertThat(lines.get(2)).contains("\"signal\":\"3\"");
    }

    @Test
    void printsNamesAndControlRecords() {
        assertThat(printed(bodies(RecordKind.ENTITIES, 1, new EntityName(-1, "IAH-LAX").encode())))
                .allMatch(line -> line.endsWith("\"entity\":\"18446744073709551615\",\"entity_name\":\"IAH-LAX\"}"));
        assertThat(printed(bodies(
                        RecordKind.CONTROL,
                        1,
                        new ControlRecord.Label("acme").encode(),
                        new ControlRecord.Compaction(List.of(new ControlRecord.End(ORIGIN, 9))).encode(),
                        new ControlRecord.Merge(List.of(new ControlRecord.End(ORIGIN, 9))).encode())))
                .satisfiesExactly(
                        line -> assertThat(line).endsWith("\"type\":\"label\",\"label\":\"acme\"}"),
                        line -> assertThat(line).endsWith("\"type\":\"compaction\",\"ends\":[\"r1:s2:9\"]}"),
                        line -> assertThat(line).endsWith("\"type\":\"merge\",\"ends\":[\"r1:s2:9\"]}"));
    }

    @Test
    void aPayloadThatDoesNotFitIsAnError() {
        assertThatThrownBy(() -> printed(bodies(RecordKind.SESSIONS, 1, new byte[] {(byte) 0xAB, 1})))
                .isInstanceOf(TidalException.class);
        assertThatThrownBy(() -> printed(batch(RecordKind.SIGNALS, 0, 1, ByteBuffer.allocate(20), 0)))
                .isInstanceOf(TidalException.class);
        assertThatThrownBy(() -> printed(batch(RecordKind.CONTROL, 0, 1, ByteBuffer.allocate(3), 0)))
                .isInstanceOf(TidalException.class);
    }

    @Test
    void findsGapsAndBrokenChains() {
        WalBatch first = chained(1, 0);
        WalBatch second = chained(2, first.chain());
        WalCheck sound = new WalCheck();
        sound.batch(LOG, "wal", 0, first);
        sound.batch(LOG, "wal", 100, second);
        assertThat(sound.ok()).isTrue();
        WalCheck gap = new WalCheck();
        gap.batch(LOG, "wal", 0, first);
        gap.batch(LOG, "wal", 100, chained(3, first.chain()));
        assertThat(gap.toJson().toString())
                .contains("record 2 of log t5/r1:s2 next")
                .contains("\"ok\":false");
        WalCheck broken = new WalCheck();
        broken.batch(LOG, "wal", 0, first);
        broken.batch(LOG, "wal", 100, chained(2, 77));
        assertThat(broken.toJson().toString()).contains("chain 0x");
        WalCheck truncated = new WalCheck();
        truncated.batch(LOG, "wal", 0, second);
        assertThat(truncated.ok()).isTrue();
    }

    private static WalBatch chained(long seqno, long before) {
        ByteBuffer payload = ByteBuffer.allocate(21);
        return batch(
                RecordKind.SIGNALS,
                0,
                seqno,
                payload,
                new Chain().next(before, batch(RecordKind.SIGNALS, 0, seqno, payload, 0)));
    }

    private static WalBatch bodies(RecordKind kind, long seqno, byte[]... bodies) {
        return batch(kind, 0, seqno, bodies.length, BodyRecords.encode(List.of(bodies)), 0);
    }

    private static WalBatch batch(RecordKind kind, int flags, long seqno, ByteBuffer payload, long chain) {
        return batch(kind, flags, seqno, 1, payload, chain);
    }

    private static WalBatch batch(RecordKind kind, int flags, long seqno, int count, ByteBuffer payload, long chain) {
        ByteBuffer bytes =
                ByteBuffer.allocate(WalBatch.HEADER_BYTES + payload.capacity()).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(WalBatch.HEADER_BYTES, payload.array());
        WalBatch.writeHeader(
                bytes, kind, flags, Seqno.of(0, seqno), count, payload.capacity(), TenantId.of(5), ORIGIN, 9);
        return WalBatch.seal(bytes, chain);
    }

    private static List<String> printed(WalBatch batch) {
        List<String> lines = new ArrayList<>();
        new RecordText("").each(LOG, batch, (ObjectNode record) -> lines.add(record.toString()));
        return lines;
    }
}
