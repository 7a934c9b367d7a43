package io.tidaldb.server.importing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.Position;
import org.jspecify.annotations.Nullable;

/**
 * One event that was acknowledged.
 *
 * @param line its line in the source, or its number in the load
 * @param position the record, or, where that is not known, what the write that held it ended at
 * @param entityName the entity's name, or null if it goes by number
 */
public record Acknowledgement(
        long line,
        TenantId tenant,
        Position position,
        String signal,
        EntityId entity,
        @Nullable String entityName,
        float weight,
        long eventNanos) {

    /** Returns the line of an acknowledgement log. */
    public String toJson() {
        ObjectNode json = Json.object();
        json.put("line", line)
                .put("tenant", Long.toUnsignedString(tenant.value()))
                .put("position", position.toString())
                .put("signal", signal)
                .put("entity", entity.toString());
        if (entityName != null) {
            json.put("entity_name", entityName);
        }
        return json.put("weight", weight)
                .put("ts", EventTime.instant(eventNanos).toString())
                .toString();
    }

    /**
     * Reads what {@link #toJson} returned.
     *
     * @throws TidalException INVALID_ARGUMENT if the text is something else
     */
    static Acknowledgement parse(String text) {
        try {
            JsonNode json = Json.read(text);
            JsonNode name = json.path("entity_name");
            return new Acknowledgement(
                    json.path("line").asLong(),
                    TenantId.parse(field(json, "tenant")),
                    Position.parse(field(json, "position")),
                    field(json, "signal"),
                    EntityId.parse(field(json, "entity")),
                    name.isTextual() ? name.asText() : null,
                    Float.parseFloat(field(json, "weight")),
                    TimeText.nanos(field(json, "ts")));
        } catch (JsonProcessingException | NumberFormatException e) {
            throw TidalException.invalid("not an acknowledgement: " + Quoted.of(text));
        }
    }

    private static String field(JsonNode json, String name) {
        JsonNode value = json.path(name);
        if (!value.isTextual() && !value.isNumber()) {
            throw TidalException.invalid("not an acknowledgement: " + name + " is missing");
        }
        return value.asText();
    }
}
