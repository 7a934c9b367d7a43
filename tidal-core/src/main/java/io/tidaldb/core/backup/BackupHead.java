package io.tidaldb.core.backup;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.control.KeyCodec;
import io.tidaldb.core.control.SchemaEntry;
import io.tidaldb.core.control.TenantJson;
import io.tidaldb.core.key.WrappedKey;
import java.util.ArrayList;
import java.util.List;

/**
 * What stands at the beginning of a part of a backup.
 *
 * @param cluster name of the cluster that it was taken from
 * @param life tells the tenant from others that have had or will have its id
 * @param config with its label, unless it is encrypted
 * @param epoch the tenant's, when it was taken
 * @param schema the types of signal that were declared
 * @param after where the part before ended; nothing for the first
 * @param takenMillis when, by the clock of the node that took it
 * @param keys of an encrypted tenant, wrapped: its batches stay sealed
 * @param base where logs begin that do not begin at their start: what is before is in a checkpoint of the slot
 */
public record BackupHead(
        String cluster,
        long life,
        TenantConfig config,
        long epoch,
        List<SchemaEntry> schema,
        BackupPoint after,
        long takenMillis,
        List<WrappedKey> keys,
        BackupBase base) {

    /** Copies the lists. */
    public BackupHead {
        schema = List.copyOf(schema);
        keys = List.copyOf(keys);
    }

    ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("cluster", cluster)
                .put("life", Long.toUnsignedString(life))
                .put("epoch", epoch)
                .put("label", config.label())
                .put("after", after.toString())
                .put("taken_ms", takenMillis);
        TenantJson.put(json.putObject("config"), config);
        if (!keys.isEmpty()) {
            KeyCodec.putKeys(json, keys);
        }
        if (!base.equals(BackupBase.NONE)) {
            json.set("base", base.toJson());
        }
        schema.forEach(each -> json.withArray("schema")
                .addObject()
                .put("name", each.name())
                .put("half_life_nanos", each.halfLifeNanos()));
        return json;
    }

    static BackupHead of(JsonNode json) {
        try {
            List<SchemaEntry> schema = new ArrayList<>();
            for (JsonNode each : json.path("schema")) {
                schema.add(new SchemaEntry(
                        schema.size(),
                        each.path("name").asText(),
                        each.path("half_life_nanos").asLong()));
            }
            return new BackupHead(
                    json.path("cluster").asText(),
                    Long.parseUnsignedLong(json.path("life").asText()),
                    TenantJson.config(json.path("config")).toBuilder()
                            .label(json.path("label").asText())
                            .build(),
                    json.path("epoch").asLong(),
                    schema,
                    BackupPoint.parse(json.path("after").asText()),
                    json.path("taken_ms").asLong(),
                    KeyCodec.keys(json),
                    BackupBase.of(json.path("base")));
        } catch (IllegalArgumentException e) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "the head of a backup is malformed: " + e.getMessage(), e);
        }
    }
}
