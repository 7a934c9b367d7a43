package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.RegionDrill;
import io.tidaldb.core.Tenant;
import io.tidaldb.server.config.HealthThresholds;
import io.tidaldb.server.importing.Json;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The state of nodes, regions, shards and tenants as JSON. */
public final class ClusterView {

    private ClusterView() {}

    /**
     * Returns the state.
     *
     * @param cluster its name
     * @param tenants whose limits are shown beside their usage
     */
    public static ObjectNode describe(
            String cluster, ClusterHealth health, List<Tenant> tenants, HealthThresholds thresholds) {
        Map<TenantId, TenantConfig> configs = new HashMap<>();
        tenants.forEach(tenant -> configs.put(tenant.id(), tenant.config()));
        ObjectNode result = Json.object()
                .put("cluster", cluster)
                .put("format_version", WalBatch.VERSION)
                .put("leader", health.leader() == null ? null : health.leader().name())
                .put("epoch", health.decisions());
        ArrayNode nodes = result.putArray("nodes");
        health.nodes().forEach(node -> node(nodes.addObject(), node));
        regions(result.putArray("regions"), health, thresholds);
        ArrayNode shards = result.putArray("shards");
        health.shards().forEach(shard -> shard(shards.addObject(), shard));
        ArrayNode all = result.putArray("tenants");
        health.tenants().forEach(tenant -> {
            ObjectNode shown = all.addObject();
            tenant(shown, tenant, configs.get(tenant.tenant()));
            ClusterHealth.TenantRisk risk = health.risks().tenants().get(tenant.tenant());
            if (risk != null) {
                canLose(shown, risk);
            }
            ClusterHealth.RecoveryPoint point = health.risks().recoveryPoints().get(tenant.tenant());
            if (point != null) {
                DrillView.put(shown.putObject("recovery_point"), point);
            }
            RegionDrill drill = health.risks().drills().get(tenant.tenant());
            if (drill != null) {
                shown.set("last_drill", DrillView.of(drill));
            }
        });
        ArrayNode ifLost = result.putArray("if_lost");
        health.risks().ifLost().forEach(each -> ifLost(ifLost.addObject(), each));
        result.putArray("migrations");
        ArrayNode upgrades = result.putArray("upgrades");
        health.upgrades().stream()
                .filter(each -> each.beganMillis() > 0)
                .forEach(each -> upgrades.add(UpgradeView.of(each)));
        return result;
    }

    /** Adds what can still be lost. */
    static void canLose(ObjectNode result, ClusterHealth.TenantRisk risk) {
        risk(result.putObject("can_lose"), risk);
    }

    /** Fills in what can be lost of data and service. */
    static void risk(ObjectNode canLose, ClusterHealth.TenantRisk risk) {
        canLose.putObject("data")
                .put("nodes", risk.data().nodes())
                .put("regions", risk.data().regions());
        canLose.putObject("service")
                .put("nodes", risk.service().nodes())
                .put("regions", risk.service().regions());
    }

    private static void ifLost(ObjectNode result, ClusterHealth.IfLost lost) {
        result.put("node", lost.node().name())
                .put("moves", lost.moves())
                .put("read_only", lost.readOnly())
                .put("unavailable", lost.unavailable())
                .put("loses_data", lost.losesData());
        ArrayNode examples = result.putArray("examples");
        lost.examples().forEach(tenant -> examples.add(Long.toUnsignedString(tenant.value())));
    }

    private static void node(ObjectNode result, ClusterHealth.NodeHealth node) {
        result.put("node", node.node().name())
                .put("address", node.address())
                .put("region", node.region().value())
                .put("version", node.version())
                .put("state", node.up() ? "UP" : "DOWN")
                .put("last_heartbeat_ms_ago", node.heardMillisAgo() < 0 ? null : (Long) node.heardMillisAgo());
    }

    private static void regions(ArrayNode result, ClusterHealth health, HealthThresholds thresholds) {
        TreeSet<RegionId> degraded = new TreeSet<>();
        health.tenants().stream()
                .filter(tenant -> tenant.damage() != null)
                .forEach(tenant -> tenant.shards().forEach(shard -> degraded.add(shard.region())));
        TreeSet<RegionId> regions = new TreeSet<>();
        TreeSet<RegionId> online = new TreeSet<>();
        Map<NodeId, RegionId> byNode = new HashMap<>();
        health.nodes().forEach(node -> {
            regions.add(node.region());
            byNode.put(node.node(), node.region());
            if (!node.up()) {
                degraded.add(node.region());
            }
            if (node.up()
                    || node.heardMillisAgo() >= 0
                            && node.heardMillisAgo()
                                    <= thresholds.offlineAfter().toMillis()) {
                online.add(node.region());
            }
        });
        health.shards()
                .forEach(shard -> shard.replicationLag().forEach((node, lag) -> {
                    RegionId region = byNode.get(node);
                    if (region != null
                            && (lag.millis() < 0
                                    || lag.millis() > thresholds.degradedLag().toMillis())) {
                        degraded.add(region);
                    }
                }));
        health.shards().forEach(shard -> regions.add(shard.region()));
        regions.forEach(region -> result.addObject()
                .put("region", region.value())
                .put(
                        "health",
                        !online.contains(region) ? "OFFLINE" : degraded.contains(region) ? "DEGRADED" : "HEALTHY"));
    }

    private static void shard(ObjectNode result, ClusterHealth.ShardHealth shard) {
        result.put("shard", shard.shard().value())
                .put("region", shard.region().value())
                .put("node", shard.node().name())
                .put("role", shard.leads() ? "LEADER" : "FOLLOWER");
        Numbers.put(result, "entity_count", shard.entityCount()).put("signals_per_sec", shard.signalsPerSecond());
        ObjectNode lags = result.putObject("replication_lag");
        shard.replicationLag()
                .forEach((node, lag) -> lags.putObject(node.name())
                        .put("records", lag.records())
                        .put("ms", lag.millis()));
        Numbers.put(result, "disk_bytes", shard.diskBytes());
    }

    private static void tenant(
            ObjectNode result,
            ClusterHealth.TenantHealth tenant,
            @org.jspecify.annotations.Nullable TenantConfig config) {
        result.put("tenant", Long.toUnsignedString(tenant.tenant().value())).put("label", tenant.label());
        TenantView.strings(result.putArray("shards"), tenant.shards());
        ObjectNode usage =
                result.putObject("usage").put("signals_per_sec", tenant.usage().signalsPerSecond());
        Numbers.put(usage, "entities", tenant.usage().entities());
        Numbers.put(usage, "storage_bytes", tenant.usage().storageBytes());
        ObjectNode quota = result.putObject("quota");
        if (config == null) {
            quota.putNull("signals_per_sec").putNull("entities").putNull("storage_bytes");
        } else {
            TenantView.limits(quota, config);
        }
        Numbers.put(result, "throttled_total", tenant.usage().throttled());
        if (tenant.damage() != null) {
            result.put("damage", tenant.damage());
        }
        if (!tenant.lost().isEmpty()) {
            ArrayNode lost = result.putArray("lost");
            tenant.lost().forEach(lost::add);
        }
    }
}
