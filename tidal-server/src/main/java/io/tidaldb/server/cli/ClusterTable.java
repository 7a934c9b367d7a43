package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.importing.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A cluster's health for people: what its nodes, regions and shards do. Tenants, of which there may be thousands, are counted. */
final class ClusterTable {

    private ClusterTable() {}

    static ObjectNode of(ObjectNode health) {
        ObjectNode table = Json.object();
        for (String name : List.of("cluster", "leader", "epoch", "format_version")) {
            table.set(name, health.path(name));
        }
        table.put("tenants", health.path("tenants").size());
        table.set("nodes", health.path("nodes"));
        table.set("regions", health.path("regions"));
        ArrayNode shards = table.putArray("shards");
        health.path("shards").forEach(shard -> describe(shards.addObject(), shard));
        return table;
    }

    private static void describe(ObjectNode row, JsonNode shard) {
        row.put(
                "replica",
                "r" + shard.path("region").asText() + ":s" + shard.path("shard").asText());
        for (String name : List.of("node", "role", "entity_count", "signals_per_sec", "disk_bytes")) {
            row.set(name, shard.path(name));
        }
        List<String> lags = new ArrayList<>();
        for (Map.Entry<String, JsonNode> follower :
                shard.path("replication_lag").properties()) {
            lags.add(follower.getKey() + " " + lag(follower.getValue()));
        }
        row.put("followers_lack", lags.isEmpty() ? null : String.join(", ", lags));
    }

    private static String lag(JsonNode lag) {
        long millis = lag.path("ms").asLong();
        return lag.path("records").asText() + " records" + (millis < 0 ? ", silent" : " (" + millis + " ms)");
    }
}
