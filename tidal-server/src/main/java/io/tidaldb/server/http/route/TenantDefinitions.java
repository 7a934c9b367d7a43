package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.TenantCreation;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.http.body.Fields;
import io.tidaldb.server.http.body.Text;
import io.tidaldb.server.importing.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Tenants as the interface takes them, one or many at a time. */
public final class TenantDefinitions {

    /** How many are created with one request. */
    public static final int MAX_TENANTS = 10_000;

    private TenantDefinitions() {}

    /** Returns what is wanted of a tenant; without a number it is to have the one that is given. */
    static TenantConfig config(Fields fields, TenantDefaults defaults, TenantId unnumbered) {
        WriteMode writes = fields.value("writes", TenantDefinitions::writes).orElse(WriteMode.SINGLE);
        TenantConfig.Builder config = TenantConfig.builder(
                        fields.value("tenant", TenantId::parse).orElse(unnumbered))
                .durability(writes == WriteMode.EVERYWHERE ? Durability.LOCAL : defaults.durability())
                .encrypted(fields.truth("encrypted").orElse(defaults.encrypted()))
                .writes(writes)
                .requiredRegions(fields.list("required_regions").orElse(List.of()).stream()
                        .map(RegionId::parse)
                        .toArray(RegionId[]::new))
                .pinnedShards(fields.list("shards").orElse(List.of()).stream()
                        .map(ReplicaId::parse)
                        .toArray(ReplicaId[]::new));
        fields.whole("slots").ifPresent(slots -> config.slots((int) Math.max(-1, Math.min(Integer.MAX_VALUE, slots))));
        TenantConfig wanted = TenantRoutes.changed(config.build(), fields);
        fields.end();
        return wanted;
    }

    private static WriteMode writes(String text) {
        try {
            return WriteMode.valueOf(text.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw TidalException.invalid("writes \"" + Text.safe(text) + "\" is not known: expected one of "
                    + Arrays.toString(WriteMode.values()));
        }
    }

    /**
     * Creates tenants; what is wrong with one keeps none of the others from being created.
     *
     * @param definitions each with a number; one that is no object is refused
     * @param defaults of those that say nothing about it
     * @param created is told of each that was created
     * @return how many were created and refused, and what became of each, in order
     */
    public static ObjectNode createAll(
            Tidal tidal, List<JsonNode> definitions, TenantDefaults defaults, Consumer<TenantId> created) {
        SortedMap<Integer, TenantCreation> results = new TreeMap<>();
        List<TenantConfig> configs = new ArrayList<>();
        List<Integer> places = new ArrayList<>();
        for (int place = 0; place < definitions.size(); place++) {
            TenantId id = TenantId.DEFAULT;
            try {
                if (!definitions.get(place).isObject()) {
                    throw TidalException.invalid("a tenant is not a JSON object: expected one as {\"tenant\": 7}");
                }
                Fields fields = new Fields(definitions.get(place));
                id = fields.value("tenant", TenantId::parse)
                        .orElseThrow(() -> TidalException.invalid("field tenant is missing: expected a number"));
                configs.add(config(fields, defaults, id));
                places.add(place);
            } catch (TidalException e) {
                results.put(place, new TenantCreation(id, null, e));
            }
        }
        List<TenantCreation> made = tidal.createTenants(configs);
        for (int i = 0; i < made.size(); i++) {
            results.put(places.get(i), made.get(i));
        }
        return result(results, definitions, created);
    }

    private static ObjectNode result(
            SortedMap<Integer, TenantCreation> results, List<JsonNode> definitions, Consumer<TenantId> created) {
        ObjectNode answer = Json.object();
        ArrayNode tenants = Json.object().arrayNode();
        int refused = 0;
        for (Integer place : results.keySet()) {
            TenantCreation each = results.get(place);
            ObjectNode row = tenants.addObject()
                    .put(
                            "tenant",
                            definitions.get(place).path("tenant").isValueNode()
                                    ? Long.toUnsignedString(each.id().value())
                                    : null)
                    .put("created", each.refusal() == null);
            TidalException refusal = each.refusal();
            if (refusal == null) {
                created.accept(each.id());
            } else {
                refused++;
                row.put("code", refusal.code().name())
                        .put("detail", refusal.code() == ErrorCode.INTERNAL ? "failed" : refusal.getMessage());
            }
        }
        answer.put("created", results.size() - refused).put("refused", refused);
        answer.set("tenants", tenants);
        return answer;
    }

    /** Returns the number that a definition gives. */
    static Optional<TenantId> number(Fields fields) {
        return fields.value("tenant", TenantId::parse);
    }
}
