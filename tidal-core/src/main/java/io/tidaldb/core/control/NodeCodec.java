package io.tidaldb.core.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What concerns nodes as JSON: in commands, and in snapshots of the state. */
final class NodeCodec {

    private NodeCodec() {}

    static void put(ObjectNode json, ClusterCommand command) {
        if (command instanceof ClusterCommand.RegisterNode register) {
            json.put("type", "register-node")
                    .put("node", register.node().name())
                    .put("region", register.region().value())
                    .put("identity", register.identity())
                    .put("address", register.address());
        } else if (command instanceof ClusterCommand.AddNode add) {
            json.put("type", "add-node")
                    .put("node", add.node().name())
                    .put("region", add.region().value())
                    .put("address", add.address());
        } else if (command instanceof ClusterCommand.RemoveNode remove) {
            json.put("type", "remove-node").put("node", remove.node().name());
        } else if (command instanceof ClusterCommand.ReplaceNode replace) {
            json.put("type", "replace-node")
                    .put("node", replace.node().name())
                    .put("with", replace.with().name())
                    .put("address", replace.address());
        } else if (command instanceof ClusterCommand.ReplicasFilled filled) {
            json.put("type", "replicas-filled").put("node", filled.node().name());
            CommandCodec.putReplicas(json, "replicas", filled.replicas());
        }
    }

    /** Returns the command; null if it is of another type. */
    static @Nullable ClusterCommand command(JsonNode json) {
        return switch (json.path("type").asText()) {
            case "register-node" ->
                new ClusterCommand.RegisterNode(
                        node(json, "node"),
                        region(json),
                        json.path("identity").asText(),
                        json.path("address").asText());
            case "add-node" ->
                new ClusterCommand.AddNode(
                        node(json, "node"), region(json), json.path("address").asText());
            case "remove-node" -> new ClusterCommand.RemoveNode(node(json, "node"));
            case "replace-node" ->
                new ClusterCommand.ReplaceNode(
                        node(json, "node"),
                        node(json, "with"),
                        json.path("address").asText());
            case "replicas-filled" ->
                new ClusterCommand.ReplicasFilled(node(json, "node"), CommandCodec.replicas(json, "replicas"));
            default -> null;
        };
    }

    static void putNodes(ArrayNode array, List<NodeRecord> nodes) {
        for (NodeRecord each : nodes) {
            ObjectNode json = array.addObject()
                    .put("node", each.node().name())
                    .put("region", each.region().value())
                    .put("address", each.address())
                    .put("identity", each.identity())
                    .put("removed", each.removed());
            NodeId successor = each.successor();
            if (successor != null) {
                json.put("successor", successor.name());
            }
        }
    }

    static List<NodeRecord> nodes(JsonNode array) {
        List<NodeRecord> nodes = new ArrayList<>();
        for (JsonNode json : array) {
            nodes.add(new NodeRecord(
                    node(json, "node"),
                    region(json),
                    json.path("address").asText(),
                    json.path("identity").asText(),
                    json.path("removed").asBoolean(),
                    json.has("successor") ? node(json, "successor") : null));
        }
        return nodes;
    }

    private static NodeId node(JsonNode json, String field) {
        return NodeId.of(json.path(field).asText());
    }

    private static RegionId region(JsonNode json) {
        return RegionId.of(json.path("region").asInt());
    }
}
