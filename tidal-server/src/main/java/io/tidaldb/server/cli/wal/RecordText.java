package io.tidaldb.server.cli.wal;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.EntityName;
import io.tidaldb.core.codec.HardNegativeRecord;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.SessionRecord;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.server.importing.Json;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The records of a node as JSON. Types of signal are named by the schema records that come before them in the same log; a log without, as
 * those of version 1 or a truncated one, shows their index. Not thread-safe.
 */
final class RecordText {

    private final String node;
    private final Map<LogId, Map<Integer, String>> names = new HashMap<>();

    /** @param node its name, or empty if there is only one */
    RecordText(String node) {
        this.node = node;
    }

    /**
     * Hands over each record of a batch, in order.
     *
     * @throws TidalException CORRUPT_DATA or FORMAT_TOO_NEW if the payload can't be understood
     */
    void each(LogId log, WalBatch batch, Consumer<ObjectNode> records) {
        if (batch.isSealed()) {
            records.accept(start(batch, 0).put("sealed", true).put("records", batch.count()));
            return;
        }
        List<KeyBlock.Entry> keys = KeyBlock.read(batch);
        switch (batch.kind()) {
            case SIGNALS -> signals(log, batch, keys, records);
            case ENTITIES -> bodies(batch, keys, records, RecordText::entity);
            case CONTROL -> bodies(batch, keys, records, (body, record) -> control(log, body, record));
            case SESSIONS -> bodies(batch, keys, records, (body, record) -> session(log, body, record));
            case HARD_NEGATIVES -> bodies(batch, keys, records, RecordText::negative);
        }
    }

    /** Describes the body of one record. */
    private interface Body {

        void describe(ByteBuffer body, ObjectNode record);
    }

    private void signals(LogId log, WalBatch batch, List<KeyBlock.Entry> keys, Consumer<ObjectNode> records) {
        ByteBuffer payload = batch.payload();
        Map<Integer, String> known = names.getOrDefault(log, Map.of());
        int at = KeyBlock.bytes(keys.size());
        if (payload.limit() - at != (long) batch.count() * SignalRecords.BYTES) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "signals that do not fit the payload");
        }
        for (int i = 0; i < batch.count(); i++, at += SignalRecords.BYTES) {
            int type = SignalRecords.type(payload, at);
            ObjectNode record = start(batch, i)
                    .put("signal", known.getOrDefault(type, Integer.toString(type)))
                    .put("entity", Long.toUnsignedString(SignalRecords.entity(payload, at)))
                    .put("weight", SignalRecords.weight(payload, at))
                    .put(
                            "ts",
                            EventTime.instant(SignalRecords.eventNanos(payload, at))
                                    .toString());
            records.accept(keyed(record, i, keys));
        }
    }

    private void bodies(WalBatch batch, List<KeyBlock.Entry> keys, Consumer<ObjectNode> records, Body body) {
        List<ByteBuffer> bodies = BodyRecords.decode(batch);
        for (int i = 0; i < bodies.size(); i++) {
            ObjectNode record = start(batch, i);
            body.describe(bodies.get(i), record);
            records.accept(keyed(record, i, keys));
        }
    }

    private void control(LogId log, ByteBuffer body, ObjectNode record) {
        ControlRecord control = ControlRecord.decode(body);
        if (control instanceof ControlRecord.Schema schema) {
            names.computeIfAbsent(log, unused -> new HashMap<>()).put(schema.index(), schema.name());
            record.put("type", "schema")
                    .put("signal", schema.name())
                    .put("index", schema.index())
                    .put("half_life_ns", schema.halfLifeNanos());
        } else if (control instanceof ControlRecord.Label label) {
            record.put("type", "label").put("label", label.label());
        } else if (control instanceof ControlRecord.Compaction compaction) {
            ends(compaction.ends(), record.put("type", "compaction"));
        } else if (control instanceof ControlRecord.Merge merge) {
            ends(merge.ends(), record.put("type", "merge"));
        }
    }

    private static void ends(List<ControlRecord.End> ends, ObjectNode record) {
        ArrayNode printed = record.putArray("ends");
        ends.forEach(end ->
                printed.add(WalSegmentId.of(end.origin(), end.lastSeqno()).toString()));
    }

    private static void entity(ByteBuffer body, ObjectNode record) {
        EntityName entity = EntityName.decode(body);
        record.put("entity", Long.toUnsignedString(entity.entity())).put("entity_name", entity.name());
    }

    private void session(LogId log, ByteBuffer body, ObjectNode record) {
        SessionRecord session = (SessionRecord) UserRecord.decode(RecordKind.SESSIONS, body);
        Map<Integer, String> known = names.getOrDefault(log, Map.of());
        UserRecordText.describe(session, type -> known.getOrDefault(type, Integer.toString(type)), record);
    }

    private static void negative(ByteBuffer body, ObjectNode record) {
        UserRecordText.describe((HardNegativeRecord) UserRecord.decode(RecordKind.HARD_NEGATIVES, body), record);
    }

    private ObjectNode start(WalBatch batch, int index) {
        ObjectNode record = Json.object();
        if (!node.isEmpty()) {
            record.put("node", node);
        }
        return record.put("tenant", Long.toUnsignedString(batch.tenant().value()))
                .put(
                        "position",
                        WalSegmentId.of(batch.origin(), batch.firstSeqno() + index)
                                .toString())
                .put("kind", batch.kind().name().toLowerCase(Locale.ROOT))
                .put("hlc", Long.toUnsignedString(batch.hlc()));
    }

    private static ObjectNode keyed(ObjectNode record, int index, List<KeyBlock.Entry> keys) {
        for (KeyBlock.Entry entry : keys) {
            if (index >= entry.firstRecord() && index - entry.firstRecord() < entry.count()) {
                record.put("idempotency_key", entry.key().toString());
            }
        }
        return record;
    }
}
