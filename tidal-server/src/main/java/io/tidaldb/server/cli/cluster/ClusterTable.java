package io.tidaldb.server.cli.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.importing.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

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
        table.set("can_lose", canLose(health.path("tenants")));
        table.set("recovery_points", recoveryPoints(health.path("tenants")));
        table.set("if_lost", health.path("if_lost"));
        ArrayNode shards = table.putArray("shards");
        health.path("shards").forEach(shard -> describe(shards.addObject(), shard));
        return table;
    }

    /** Returns how many tenants can lose how much. */
    private static ArrayNode canLose(JsonNode tenants) {
        SortedMap<String, ObjectNode> rows = new TreeMap<>();
        for (JsonNode tenant : tenants) {
            JsonNode data = tenant.at("/can_lose/data");
            JsonNode service = tenant.at("/can_lose/service");
            ObjectNode row = rows.computeIfAbsent(
                    data + " " + service,
                    each -> Json.object()
                            .put("data_nodes", data.path("nodes").asInt())
                            .put("data_regions", data.path("regions").asInt())
                            .put("service_nodes", service.path("nodes").asInt())
                            .put("service_regions", service.path("regions").asInt())
                            .put("tenants", 0));
            row.put("tenants", row.path("tenants").asInt() + 1);
        }
        return Json.object().arrayNode().addAll(rows.values());
    }

    /** Returns how many tenants would lose how much with a region. */
    private static ArrayNode recoveryPoints(JsonNode tenants) {
        SortedMap<String, ObjectNode> rows = new TreeMap<>();
        for (JsonNode tenant : tenants) {
            JsonNode point = tenant.path("recovery_point");
            String region = "r" + point.path("region").asText();
            String loses = point.path("loses").asText();
            ObjectNode row = rows.computeIfAbsent(
                    region + loses,
                    each -> Json.object()
                            .put("if_lost", region)
                            .put("loses", loses)
                            .put("tenants", 0)
                            .put("records", 0)
                            .put("ms", 0));
            row.put("tenants", row.path("tenants").asInt() + 1);
            for (String name : List.of("records", "ms")) {
                row.put(name, Math.max(row.path(name).asLong(), point.path(name).asLong()));
            }
        }
        return Json.object().arrayNode().addAll(rows.values());
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
