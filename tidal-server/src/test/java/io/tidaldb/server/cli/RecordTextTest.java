package io.tidaldb.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
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
                        + "\"ts\":\"1970-01-01T00:00:01Z\"}");
    }

    @Test
    void printsOtherKindsAsBytes() {
        ByteBuffer payload = ByteBuffer.allocate(6).order(ByteOrder.LITTLE_ENDIAN);
        payload.putInt(2).put((byte) 0xAB).put((byte) 1);
        assertThat(printed(batch(RecordKind.CONTROL, 0, 1, payload, 0)).get(0)).contains("\"body\":\"ab01\"");
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
                ChainHash.after(before, batch(RecordKind.SIGNALS, 0, seqno, payload, 0)));
    }

    private static WalBatch batch(RecordKind kind, int flags, long seqno, ByteBuffer payload, long chain) {
        ByteBuffer bytes =
                ByteBuffer.allocate(WalBatch.HEADER_BYTES + payload.capacity()).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(WalBatch.HEADER_BYTES, payload.array());
        WalBatch.writeHeader(bytes, kind, flags, Seqno.of(0, seqno), 1, payload.capacity(), TenantId.of(5), ORIGIN, 9);
        return WalBatch.seal(bytes, chain);
    }

    private static List<String> printed(WalBatch batch) {
        List<String> lines = new ArrayList<>();
        RecordText.each(batch, (ObjectNode record) -> lines.add(record.toString()));
        return lines;
    }
}
