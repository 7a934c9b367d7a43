package io.tidaldb.core.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What concerns changes of tenants' replicas as JSON: in commands, and in snapshots of the state. */
final class ReplicaCodec {

    private ReplicaCodec() {}

    static void put(ObjectNode json, ClusterCommand.OfReplicas command) {
        json.put("tenant", Long.toUnsignedString(command.tenant().value()));
        if (command instanceof ClusterCommand.ChangeReplicas change) {
            json.put("type", "change-replicas");
            putRegions(json, change.regions());
            CommandCodec.putReplicas(json, "without", change.without());
        } else if (command instanceof ClusterCommand.ReplicasComplete complete) {
            json.put("type", "replicas-complete");
            CommandCodec.putReplicas(json, "replicas", complete.replicas());
        } else if (command instanceof ClusterCommand.NarrowReplicas) {
            json.put("type", "narrow-replicas");
        } else if (command instanceof ClusterCommand.ReplicasGone gone) {
            json.put("type", "replicas-gone");
            CommandCodec.putReplicas(json, "replicas", gone.replicas());
        }
    }

    static @Nullable ClusterCommand command(JsonNode json) {
        TenantId tenant = TenantId.parse(json.path("tenant").asText("0"));
        return switch (json.path("type").asText()) {
            case "change-replicas" ->
                new ClusterCommand.ChangeReplicas(tenant, regions(json), CommandCodec.replicas(json, "without"));
            case "replicas-complete" ->
                new ClusterCommand.ReplicasComplete(tenant, CommandCodec.replicas(json, "replicas"));
            case "narrow-replicas" -> new ClusterCommand.NarrowReplicas(tenant);
            case "replicas-gone" -> new ClusterCommand.ReplicasGone(tenant, CommandCodec.replicas(json, "replicas"));
            default -> null;
        };
    }

    static void putChange(ObjectNode tenant, @Nullable ReplicaChange change) {
        if (change != null) {
            ObjectNode json = tenant.putObject("change");
            putRegions(json, change.regions());
            CommandCodec.putReplicas(json, "without", change.without());
            CommandCodec.putReplicas(json, "filling", change.filling());
            json.put("narrowed", change.narrowed());
            CommandCodec.putReplicas(json, "erasing", change.erasing());
        }
    }

    static @Nullable ReplicaChange change(JsonNode tenant) {
        JsonNode json = tenant.path("change");
        return json.isObject()
                ? new ReplicaChange(
                        regions(json),
                        CommandCodec.replicas(json, "without"),
                        CommandCodec.replicas(json, "filling"),
                        json.path("narrowed").asBoolean(),
                        CommandCodec.replicas(json, "erasing"))
                : null;
    }

    private static void putRegions(ObjectNode json, List<RegionId> regions) {
        ArrayNode array = json.putArray("regions");
        regions.forEach(region -> array.add(region.value()));
    }

    private static List<RegionId> regions(JsonNode json) {
        List<RegionId> regions = new ArrayList<>();
        json.path("regions").forEach(region -> regions.add(RegionId.of(region.asInt())));
        return regions;
    }
}
