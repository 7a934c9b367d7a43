package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.EventTime;
import io.tidaldb.server.importing.Json;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * The records of a batch as JSON. A signal is 21 bytes, all little-endian:
 *
 * <pre>
 * offset size
 *      0    8  entity
 *      8    1  index of the signal type
 *      9    4  weight, 32-bit float
 *     13    8  event time in nanoseconds since 1970
 * </pre>
 *
 * Records of other kinds are a 32-bit length and that many bytes, shown as hexadecimal digits.
 */
final class RecordText {

    private static final int KEY_ENTRY_BYTES = 16 + Integer.BYTES + Integer.BYTES;

    private RecordText() {}

    /** Hands over each record of a batch, in order. */
    static void each(WalBatch batch, Consumer<ObjectNode> records) {
        if (batch.isSealed()) {
            records.accept(start(batch, 0).put("sealed", true).put("records", batch.count()));
            return;
        }
        ByteBuffer payload = batch.payload();
        if (batch.hasKeys()) {
            int keys = Short.toUnsignedInt(payload.getShort());
            payload.position(payload.position() + keys * KEY_ENTRY_BYTES);
        }
        for (int i = 0; i < batch.count(); i++) {
            ObjectNode record = start(batch, i);
            if (batch.kind() == RecordKind.SIGNALS) {
                signal(payload, record);
            } else {
                body(payload, record);
            }
            records.accept(record);
        }
    }

    private static ObjectNode start(WalBatch batch, int index) {
        return Json.object()
                .put("tenant", Long.toUnsignedString(batch.tenant().value()))
                .put(
                        "position",
                        WalSegmentId.of(batch.origin(), batch.firstSeqno() + index)
                                .toString())
                .put("kind", batch.kind().name().toLowerCase(Locale.ROOT))
                .put("hlc", Long.toUnsignedString(batch.hlc()));
    }

    private static void signal(ByteBuffer payload, ObjectNode record) {
        String entity = Long.toUnsignedString(payload.getLong());
        String type = Integer.toString(Byte.toUnsignedInt(payload.get()));
        float weight = payload.getFloat();
        record.put("signal", type)
                .put("entity", entity)
                .put("weight", weight)
                .put("ts", EventTime.instant(payload.getLong()).toString());
    }

    private static void body(ByteBuffer payload, ObjectNode record) {
        byte[] body = new byte[payload.getInt()];
        payload.get(body);
        record.put("body", HexFormat.of().formatHex(body));
    }
}
