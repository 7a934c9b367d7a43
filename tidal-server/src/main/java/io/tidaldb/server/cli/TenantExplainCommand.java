package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.server.importing.Json;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;

@Command(name = "explain", description = "Says where a tenant's data is, and why there.")
final class TenantExplainCommand extends OneTenantCommand {

    @Override
    int run(Backend backend, TenantId tenant) {
        ObjectNode shown = backend.tenant(tenant);
        ObjectNode cluster = backend.cluster();
        ObjectNode result = Json.object();
        for (String field : List.of("tenant", "label", "shards")) {
            result.set(field, shown.path(field));
        }
        result.put("because", reason(texts(shown, "pinned_shards"), texts(shown, "required_regions")));
        result.set("required_regions", shown.path("required_regions"));
        ArrayNode slots = result.putArray("slots");
        for (String shard : texts(shown, "shards")) {
            slots.add(Json.object()
                    .put("slot", slots.size())
                    .put("shard", shard)
                    .put("node", node(cluster, ReplicaId.parse(shard))));
        }
        output().result(result);
        return ExitCodes.DONE;
    }

    private static List<String> texts(JsonNode object, String field) {
        List<String> texts = new ArrayList<>();
        object.path(field).forEach(text -> texts.add(text.asText()));
        return texts;
    }

    private static String reason(List<String> pinned, List<String> regions) {
        if (!pinned.isEmpty()) {
            return "pinned to " + pinned + " when it was created";
        }
        return regions.isEmpty()
                ? "chosen by the placement policy among all shards"
                : "chosen by the placement policy among the shards of its required regions " + regions;
    }

    private static String node(JsonNode cluster, ReplicaId shard) {
        for (JsonNode candidate : cluster.path("shards")) {
            if (candidate.path("region").asInt() == shard.region().value()
                    && candidate.path("shard").asInt() == shard.shard().value()) {
                return candidate.path("node").asText();
            }
        }
        return "unknown";
    }
}
