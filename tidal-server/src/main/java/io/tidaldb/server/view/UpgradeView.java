package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Upgrades;
import io.tidaldb.server.importing.Json;
import java.time.Instant;

/** How far nodes are on their way out of service and back, as JSON. */
public final class UpgradeView {

    private UpgradeView() {}

    /** Returns how far all nodes are. */
    public static ObjectNode status(Upgrades upgrades) {
        Upgrades.ClusterVersion version = upgrades.clusterVersion();
        ObjectNode result = Json.object()
                .put("cluster_version", version.finalized().releaseText())
                .put("next_version", version.next().releaseText())
                .put("finalize_blocked", version.blocked());
        ArrayNode nodes = result.putArray("nodes");
        upgrades.status().forEach(each -> nodes.add(of(each)));
        return result;
    }

    /** Returns how far a node is. */
    public static ObjectNode of(Upgrades.NodeStatus status) {
        return Json.object()
                .put("node", status.node().name())
                .put("region", status.region().value())
                .put("version", status.version())
                .put("state", status.phase().name())
                .put("up", status.up())
                .put(
                        "began",
                        status.beganMillis() == 0
                                ? null
                                : Instant.ofEpochMilli(status.beganMillis()).toString())
                .put("drain_ms", status.drainMillis() < 0 ? null : (Long) status.drainMillis())
                .put("rejoin_ms", status.rejoinMillis() < 0 ? null : (Long) status.rejoinMillis())
                .put("allow_unavailable", status.allowUnavailable())
                .put("waits_for", status.waitsFor())
                .put("failure", status.failure())
                .put("advice", status.advice());
    }

    /** Returns what draining each node would come to. */
    public static ObjectNode plan(Upgrades upgrades) {
        ObjectNode result = Json.object();
        ArrayNode steps = result.putArray("steps");
        upgrades.plan().forEach(each -> steps.add(of(each)));
        return result;
    }

    private static ObjectNode of(Upgrades.Step step) {
        ObjectNode result = Json.object()
                .put("node", step.node().name())
                .put("version", step.version())
                .put("state", step.phase().name())
                .put("leads", step.leads())
                .put("allowed", step.refusal() == null)
                .put("refusal", step.refusal());
        ArrayNode paused = result.putArray("paused");
        step.paused().forEach(tenant -> paused.add(Long.toUnsignedString(tenant.value())));
        return result;
    }
}
