package io.tidaldb.core.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.routing.ShardReplicas;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The erasures that are agreed on, oldest first: all that are not complete, and the newest of the others. Confined to whoever applies.
 */
final class ErasureTable {

    private static final int MAX_RECORDS = 1_000;

    private final List<ErasureRecord> records = new ArrayList<>();

    /** A tenant is deleted: the nodes of these shards have to erase it, as far as it was allowed to be there. */
    void begin(TenantRecord tenant, List<ShardAssignment> shards) {
        SortedMap<NodeId, Long> nodes = new TreeMap<>();
        shards.stream()
                .filter(each -> ShardReplicas.mayHold(each, tenant.config())
                        || tenant.change() != null && tenant.change().erasing().contains(each.replica()))
                .forEach(each -> nodes.put(each.node(), 0L));
        records.add(new ErasureRecord(
                tenant.config().id(),
                tenant.digestSeed(),
                nodes,
                tenant.config().encrypted()));
        for (int i = 0; records.size() > MAX_RECORDS && i < records.size(); ) {
            if (records.get(i).isComplete()) {
                records.remove(i);
            } else {
                i++;
            }
        }
    }

    void confirm(ClusterCommand.ConfirmErasure confirmed) {
        records.replaceAll(each -> each.tenant().equals(confirmed.erased()) && each.life() == confirmed.life()
                ? each.confirmed(confirmed.node(), confirmed.atMillis())
                : each);
    }

    List<ErasureRecord> records() {
        return List.copyOf(records);
    }

    void restore(List<ErasureRecord> known) {
        records.clear();
        records.addAll(known);
    }

    static void put(ArrayNode array, List<ErasureRecord> records) {
        for (ErasureRecord each : records) {
            ObjectNode json = array.addObject()
                    .put("tenant", Long.toUnsignedString(each.tenant().value()))
                    .put("life", Long.toUnsignedString(each.life()));
            if (each.encrypted()) {
                json.put("encrypted", true);
            }
            ObjectNode nodes = json.putObject("nodes");
            each.nodes().forEach((node, millis) -> nodes.put(node.name(), millis));
        }
    }

    static List<ErasureRecord> read(JsonNode array) {
        List<ErasureRecord> records = new ArrayList<>();
        for (JsonNode json : array) {
            SortedMap<NodeId, Long> nodes = new TreeMap<>();
            json.path("nodes")
                    .properties()
                    .forEach(each ->
                            nodes.put(NodeId.of(each.getKey()), each.getValue().asLong()));
            records.add(new ErasureRecord(
                    TenantId.parse(json.path("tenant").asText()),
                    Long.parseUnsignedLong(json.path("life").asText()),
                    nodes,
                    json.path("encrypted").asBoolean()));
        }
        return records;
    }
}
