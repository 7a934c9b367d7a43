package io.tidaldb.core.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.NodeId;
import io.tidaldb.core.upgrade.NodeUpgrade;
import io.tidaldb.core.upgrade.UpgradePhase;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What concerns upgrades as JSON: in commands, and in snapshots of the state. */
final class UpgradeCodec {

    private UpgradeCodec() {}

    /** Adds a command's fields; returns whether it is one of these. */
    static boolean put(ObjectNode json, ClusterCommand command) {
        if (command instanceof ClusterCommand.DrainNode drain) {
            json.put("type", "drain-node")
                    .put("node", drain.node().name())
                    .put("allow_unavailable", drain.allowUnavailable())
                    .put("timeout_ms", drain.timeoutMillis())
                    .put("at_ms", drain.atMillis());
        } else if (command instanceof ClusterCommand.RejoinNode rejoin) {
            json.put("type", "rejoin-node")
                    .put("node", rejoin.node().name())
                    .put("reason", rejoin.reason())
                    .put("at_ms", rejoin.atMillis());
        } else if (command instanceof ClusterCommand.UpgradeStep step) {
            json.put("type", "upgrade-step")
                    .put("node", step.node().name())
                    .put("to", step.to().name())
                    .put("at_ms", step.atMillis());
        } else if (command instanceof ClusterCommand.NodeVersion of) {
            json.put("type", "node-version")
                    .put("node", of.node().name())
                    .put("version", of.version())
                    .put("oldest", of.oldest());
        } else if (command instanceof ClusterCommand.FinalizeUpgrade end) {
            json.put("type", "finalize-upgrade").put("version", end.version());
        } else {
            return false;
        }
        return true;
    }

    /** Returns the command; null if it is of another type. */
    static @Nullable ClusterCommand command(JsonNode json) {
        return switch (json.path("type").asText()) {
            case "drain-node" ->
                new ClusterCommand.DrainNode(
                        node(json),
                        json.path("allow_unavailable").asBoolean(),
                        json.path("timeout_ms").asLong(),
                        json.path("at_ms").asLong());
            case "rejoin-node" ->
                new ClusterCommand.RejoinNode(
                        node(json),
                        json.path("reason").asText(),
                        json.path("at_ms").asLong());
            case "upgrade-step" ->
                new ClusterCommand.UpgradeStep(
                        node(json),
                        UpgradePhase.valueOf(json.path("to").asText()),
                        json.path("at_ms").asLong());
            case "node-version" ->
                new ClusterCommand.NodeVersion(
                        node(json),
                        json.path("version").asText(),
                        json.path("oldest").asText());
            case "finalize-upgrade" ->
                new ClusterCommand.FinalizeUpgrade(json.path("version").asText());
            default -> null;
        };
    }

    static void putUpgrades(ArrayNode array, List<NodeUpgrade> upgrades) {
        upgrades.forEach(each -> array.add(object(array.objectNode(), each)));
    }

    static ObjectNode object(ObjectNode json, NodeUpgrade each) {
        return json.put("node", each.node().name())
                .put("phase", each.phase().name())
                .put("allow_unavailable", each.allowUnavailable())
                .put("timeout_ms", each.timeoutMillis())
                .put("began_ms", each.beganMillis())
                .put("drained_ms", each.drainedMillis())
                .put("rejoined_ms", each.rejoinedMillis())
                .put("done_ms", each.doneMillis())
                .put("failure", each.failure());
    }

    static List<NodeUpgrade> upgrades(JsonNode array) {
        List<NodeUpgrade> upgrades = new ArrayList<>();
        for (JsonNode json : array) {
            upgrades.add(new NodeUpgrade(
                    node(json),
                    UpgradePhase.valueOf(json.path("phase").asText()),
                    json.path("allow_unavailable").asBoolean(),
                    json.path("timeout_ms").asLong(),
                    json.path("began_ms").asLong(),
                    json.path("drained_ms").asLong(),
                    json.path("rejoined_ms").asLong(),
                    json.path("done_ms").asLong(),
                    json.path("failure").asText()));
        }
        return upgrades;
    }

    private static NodeId node(JsonNode json) {
        return NodeId.of(json.path("node").asText());
    }
}
