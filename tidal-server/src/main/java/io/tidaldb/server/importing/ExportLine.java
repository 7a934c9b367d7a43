package io.tidaldb.server.importing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.RecordedSignal;

/** A recorded signal as a line of NDJSON: the event as imports take it, with its position and clock. */
public final class ExportLine {

    private ExportLine() {}

    /** Returns the line. */
    public static ObjectNode of(TenantId tenant, RecordedSignal signal) {
        ObjectNode json = Json.object()
                .put("tenant", Long.toUnsignedString(tenant.value()))
                .put("position", signal.position().toString())
                .put("hlc", Long.toUnsignedString(signal.hlc()))
                .put("signal", signal.type())
                .put("entity", signal.entity().toString());
        if (signal.name() != null) {
            json.put("entity_name", signal.name());
        }
        return json.put("weight", signal.weight())
                .put("ts", EventTime.instant(signal.eventNanos()).toString());
    }

    /**
     * Reads what {@link #of} returned.
     *
     * @throws TidalException INVALID_ARGUMENT if the text is something else
     */
    public static RecordedSignal parse(String text) {
        try {
            JsonNode json = Json.read(text);
            JsonNode name = json.path("entity_name");
            return new RecordedSignal(
                    WalSegmentId.parse(json.path("position").asText()),
                    Long.parseUnsignedLong(json.path("hlc").asText()),
                    json.path("signal").asText(),
                    EntityId.parse(json.path("entity").asText()),
                    name.isTextual() ? name.asText() : null,
                    Float.parseFloat(json.path("weight").asText()),
                    TimeText.nanos(json.path("ts").asText()));
        } catch (JsonProcessingException | NumberFormatException e) {
            throw TidalException.invalid("not an exported signal: " + Quoted.of(text));
        }
    }
}
