package io.tidaldb.server.http.openapi;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.Durability;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.PlacementExplanation;
import io.tidaldb.core.control.MigrationState;
import io.tidaldb.core.upgrade.UpgradePhase;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The shapes that have a name in the OpenAPI document. */
public final class Schemas {

    private Schemas() {}

    /** Returns all of them by name. */
    public static SortedMap<String, ObjectNode> all() {
        SortedMap<String, ObjectNode> all = new TreeMap<>();
        all.put("Problem", problem());
        all.put(
                "NewTenant",
                limits(Schema.object()
                                .maybe("tenant", Schema.idOrNumber())
                                .maybe("required_regions", Schema.list(Schema.types("integer", "string")))
                                .maybe("shards", Schema.list(Schema.text()))
                                .maybe("slots", Schema.types("integer", "null"))
                                .maybe("writes", Schema.oneOf(names(WriteMode.values())))
                                .maybe("encrypted", Schema.truth()))
                        .build());
        all.put(
                "NewTenants",
                Schema.object()
                        .with("tenants", Schema.list(Schema.types("object")))
                        .build());
        all.put(
                "CreatedTenants",
                Schema.object()
                        .with("created", Schema.number())
                        .with("refused", Schema.number())
                        .with(
                                "tenants",
                                Schema.list(Schema.object()
                                        .with("tenant", Schema.types("string", "null"))
                                        .with("created", Schema.truth())
                                        .maybe("code", Schema.text())
                                        .maybe("detail", Schema.text())
                                        .build()))
                        .build());
        all.put("Audit", audit());
        all.put("Placement", placement());
        all.put("Plan", plan());
        all.put(
                "TenantChange",
                limits(Schema.object())
                        .maybe("required_regions", Schema.list(Schema.types("integer", "string")))
                        .build());
        all.put("NewLeader", Schema.object().with("replica", Schema.text()).build());
        all.put("Tenant", tenant());
        all.put(
                "Tenants",
                Schema.object()
                        .with("tenants", Schema.list(Schema.ref("Tenant")))
                        .build());
        all.put("Usage", usageByHour());
        all.put("Erasure", erasure());
        all.put("Certificate", certificate());
        all.put(
                "Erasures",
                Schema.object()
                        .with("erasures", Schema.list(Schema.ref("Certificate")))
                        .build());
        all.put(
                "TenantKeys",
                Schema.object()
                        .with("tenant", Schema.id())
                        .with("encrypted", Schema.truth())
                        .with("revoked", Schema.truth())
                        .with("suspended", Schema.types("string", "null"))
                        .with(
                                "keys",
                                Schema.list(Schema.object()
                                        .with("id", Schema.number())
                                        .with("created", Schema.time())
                                        .build()))
                        .build());
        all.put("EntityErasure", entityErasure());
        all.put(
                "EntityErasures",
                Schema.object()
                        .with("erasures", Schema.list(Schema.ref("EntityErasure")))
                        .build());
        all.put("Signal", signal());
        all.put("ExportedSignal", exportedSignal());
        all.put(
                "SignalType",
                Schema.object()
                        .with("index", Schema.number())
                        .with("name", Schema.text())
                        .with("half_life", Schema.text())
                        .build());
        all.put(
                "SignalTypes",
                Schema.object()
                        .with("signals", Schema.list(Schema.ref("SignalType")))
                        .build());
        all.put(
                "NewSignalType",
                Schema.object()
                        .with("name", Schema.text())
                        .with("half_life", Schema.text())
                        .build());
        all.put(
                "NewMember",
                Schema.object()
                        .with("node", Schema.text())
                        .with("address", Schema.text())
                        .maybe("replaces", Schema.types("string", "null"))
                        .maybe("region", Schema.types("integer", "string", "null"))
                        .build());
        all.put(
                "MemberChange",
                Schema.object()
                        .with("node", Schema.text())
                        .with("done", Schema.truth())
                        .maybe("replaces", Schema.text())
                        .build());
        upgrades(all);
        all.put(
                "Members",
                Schema.object()
                        .with(
                                "nodes",
                                Schema.list(Schema.object()
                                        .with("node", Schema.text())
                                        .with("region", Schema.number())
                                        .with("address", Schema.types("string", "null"))
                                        .with("votes", Schema.truth())
                                        .with("removed", Schema.truth())
                                        .with("replaced_by", Schema.types("string", "null"))
                                        .with("replicas", Schema.list(Schema.text()))
                                        .with("filling", Schema.list(Schema.text()))
                                        .build()))
                        .build());
        all.put("NewToken", newToken());
        all.put("Token", token(Schema.object()).build());
        all.put(
                "IssuedToken",
                token(Schema.object()).with("token", Schema.text()).build());
        all.put(
                "Tokens",
                Schema.object().with("tokens", Schema.list(Schema.ref("Token"))).build());
        all.put(
                "RevokedToken",
                Schema.object()
                        .with("id", Schema.text())
                        .with("revoked", Schema.truth())
                        .build());
        all.put(
                "Accepted",
                Schema.object()
                        .with("accepted", Schema.count())
                        .with("positions", Schema.list(Schema.text()))
                        .build());
        UserSchemas.addTo(all);
        ClusterSchemas.addTo(all);
        all.put("Reading", reading());
        all.put("Reads", reads());
        all.put(
                "Readings",
                Schema.object()
                        .with("readings", Schema.list(Schema.ref("Reading")))
                        .build());
        all.put("Ranking", ranking());
        all.put(
                "Total",
                Schema.object()
                        .with("tenant", Schema.id())
                        .with("signal", Schema.text())
                        .with("total", Schema.count())
                        .with("entities", Schema.count())
                        .build());
        all.put("ClusterHealth", clusterHealth());
        // Migrations
        all.put("Migration", migration());
        all.put(
                "Migrations",
                Schema.object()
                        .with("migrations", Schema.list(Schema.ref("Migration")))
                        .build());
        all.put(
                "NewMigration",
                Schema.object()
                        .with("tenant", Schema.types("string", "integer"))
                        .with("from", Schema.text())
                        .with("to", Schema.text())
                        .maybe("max_bytes_per_sec", Schema.types("integer", "null"))
                        .maybe("max_write_pause", Schema.types("string", "null"))
                        .maybe("hold", Schema.types("string", "null"))
                        .maybe("verify", Schema.types("string", "null"))
                        .maybe("slow_down", Schema.types("boolean", "null"))
                        .build());
        all.put("MigrationPlan", migrationPlan());
        all.put("Alive", Schema.object().with("status", Schema.text()).build());
        return all;
    }

    private static ObjectNode migration() {
        return Schema.object()
                .with("id", Schema.count())
                .with("tenant", Schema.id())
                .with("from", Schema.text())
                .with("to", Schema.text())
                .with("state", Schema.oneOf(names(MigrationState.values())))
                .with("progress", Schema.number())
                .with("bytes", Schema.count())
                .with("total_bytes", Schema.count())
                .with("bytes_per_sec", Schema.number())
                .with("seconds_left", Schema.types("number", "null"))
                .with("predicted_write_pause_ms", Schema.types("number", "null"))
                .with("write_pause_ms", Schema.types("number", "null"))
                .with("attempts", Schema.count())
                .with("paused", Schema.truth())
                .with("started", Schema.text())
                .with("held_until", Schema.types("string", "null"))
                .with("note", Schema.types("string", "null"))
                .build();
    }

    private static ObjectNode migrationPlan() {
        return Schema.object()
                .with("allowed", Schema.truth())
                .with("code", Schema.types("string", "null"))
                .with("reason", Schema.types("string", "null"))
                .with("bytes", Schema.count())
                .with("seconds", Schema.number())
                .with("max_write_pause_ms", Schema.number())
                .with("steps", Schema.list(Schema.text()))
                .build();
    }

    private static ObjectNode placement() {
        ObjectNode rule = Schema.object()
                .with("rule", Schema.text())
                .with("verdict", Schema.oneOf(names(PlacementExplanation.Verdict.values())))
                .with("value", Schema.text())
                .build();
        return Schema.object()
                .with("tenant", Schema.id())
                .with("label", Schema.text())
                .with("shards", Schema.list(Schema.text()))
                .with("required_regions", Schema.list(Schema.text()))
                .with("pinned_shards", Schema.list(Schema.text()))
                .with(
                        "slots",
                        Schema.list(Schema.object()
                                .with("slot", Schema.number())
                                .with("shard", Schema.text())
                                .with("can_lose", canLose())
                                .build()))
                .with(
                        "replicas",
                        Schema.list(Schema.object()
                                .with("replica", Schema.text())
                                .with("node", Schema.text())
                                .with("slot", Schema.types("number", "null"))
                                .with("desired", Schema.oneOf(names(PlacementExplanation.Part.values())))
                                .with("actual", Schema.oneOf(names(PlacementExplanation.Verdict.values())))
                                .with("found", Schema.text())
                                .with("step", Schema.types("string", "null"))
                                .with("rules", Schema.list(rule))
                                .build()))
                .build();
    }

    private static ObjectNode plan() {
        ObjectNode image = Schema.types("object", "null");
        return Schema.object()
                .with("dry_run", Schema.truth())
                .with("allowed", Schema.truth())
                .with("code", Schema.types("string", "null"))
                .with("reason", Schema.types("string", "null"))
                .with("before", image)
                .with("after", image)
                .with("effects", Schema.list(Schema.text()))
                .with("risks", Schema.list(Schema.text()))
                .with("redundancy_before", image)
                .with("redundancy_after", image)
                .build();
    }

    private static ObjectNode audit() {
        ObjectNode entry = Schema.object()
                .with("number", Schema.number())
                .with("index", Schema.number())
                .with("at", Schema.time())
                .with("who", Schema.text())
                .with("from", Schema.text())
                .with("command", Schema.text())
                .with("tenant", Schema.types("string", "null"))
                .with("about", Schema.types("string", "null"))
                .with("before", Schema.types("object", "null"))
                .with("after", Schema.types("object", "null"))
                .with("allowed", Schema.truth())
                .with("refused", Schema.types("string", "null"))
                .with("reason", Schema.types("string", "null"))
                .with("previous", Schema.text())
                .with("chain", Schema.text())
                .build();
        return Schema.object()
                .with("entries", Schema.list(entry))
                .with("next", Schema.number())
                .with("newest", Schema.number())
                .with("head", Schema.text())
                .build();
    }

    private static ObjectNode problem() {
        List<String> causes = Stream.concat(
                        Arrays.stream(QuotaExceededException.Cause.values()).map(Enum::name), Stream.of("OVERLOAD"))
                .toList();
        return Schema.object()
                .with("type", Schema.text())
                .with("title", Schema.text())
                .with("status", Schema.number())
                .with("detail", Schema.text())
                .with("code", Schema.text())
                .maybe("line", Schema.count())
                .maybe("quota", Schema.oneOf(names(QuotaExceededException.Quota.values())))
                .maybe("scope", Schema.oneOf(List.of("tenant")))
                .maybe("cause", Schema.oneOf(causes))
                .maybe("limit", Schema.number())
                .maybe("burst", Schema.number())
                .maybe("requested", Schema.count())
                .maybe("observed", Schema.number())
                .maybe("accepted", Schema.count())
                .maybe("retry_after_ms", Schema.types("integer", "null"))
                .build();
    }

    private static Schema limits(Schema schema) {
        return schema.maybe("label", Schema.text())
                .maybe("max_signals_per_sec", Schema.types("number", "string", "null"))
                .maybe("burst", Schema.types("number", "string", "null"))
                .maybe("reserved_signals_per_sec", Schema.types("number", "string", "null"))
                .maybe("max_entities", Schema.types("integer", "string", "null"))
                .maybe("max_storage_bytes", Schema.types("integer", "string", "null"))
                .maybe("durability", Schema.oneOf(names(Durability.values())))
                .maybe("without_replicas", Schema.list(Schema.text()));
    }

    private static ObjectNode tenant() {
        return Schema.object()
                .with("tenant", Schema.id())
                .with("label", Schema.text())
                .with("shards", Schema.list(Schema.text()))
                .with("max_signals_per_sec", Schema.types("number", "null"))
                .with("burst", Schema.types("number", "null"))
                .with("reserved_signals_per_sec", Schema.types("number", "null"))
                .with("max_entities", Schema.types("integer", "null"))
                .with("max_storage_bytes", Schema.types("integer", "null"))
                .with("durability", Schema.oneOf(names(Durability.values())))
                .with("writes", Schema.oneOf(names(WriteMode.values())))
                .with("slots", Schema.number())
                .with("encrypted", Schema.truth())
                .with("required_regions", Schema.list(Schema.text()))
                .with("pinned_shards", Schema.list(Schema.text()))
                .with("without_replicas", Schema.list(Schema.text()))
                .maybe("usage", usage(Schema.object()).build())
                .build();
    }

    private static Schema usage(Schema schema) {
        return schema.with("signals_per_sec", Schema.number())
                .with("entities", Schema.count())
                .with("storage_bytes", Schema.count())
                .with("accepted", Schema.count())
                .with("throttled", Schema.count());
    }

    private static ObjectNode usageByHour() {
        return usage(Schema.object()
                        .with("tenant", Schema.id())
                        .with("label", Schema.text())
                        .with("shards", Schema.list(Schema.text())))
                .with(
                        "hours",
                        Schema.list(Schema.object()
                                .with("hour", Schema.types("string", "null"))
                                .with("signals", Schema.count())
                                .with("bytes", Schema.count())
                                .build()))
                .maybe(
                        "from_log",
                        Schema.object()
                                .with("since", Schema.types("string", "null"))
                                .with("signals", Schema.count())
                                .with("bytes", Schema.count())
                                .with("entities", Schema.count())
                                .with("matches", Schema.truth())
                                .maybe("metered_signals", Schema.count())
                                .maybe("metered_bytes", Schema.count())
                                .maybe("metered_entities", Schema.count())
                                .build())
                .build();
    }

    private static ObjectNode certificate() {
        return Schema.object()
                .with("tenant", Schema.id())
                .with("complete", Schema.truth())
                .with("encrypted", Schema.truth())
                .with(
                        "nodes",
                        Schema.list(Schema.object()
                                .with("node", Schema.text())
                                .with("erased_at", Schema.types("string", "null"))
                                .with("removed", Schema.truth())
                                .build()))
                .build();
    }

    private static ObjectNode entityErasure() {
        return Schema.object()
                .with("number", Schema.number())
                .with("tenant", Schema.id())
                .with("entity", Schema.id())
                .with("asked_at", Schema.time())
                .with("complete", Schema.truth())
                .with(
                        "nodes",
                        Schema.list(Schema.object()
                                .with("node", Schema.text())
                                .with("erased_at", Schema.types("string", "null"))
                                .with("through", Schema.list(Schema.text()))
                                .build()))
                .build();
    }

    private static ObjectNode erasure() {
        return Schema.object()
                .with("tenant", Schema.id())
                .with("label", Schema.text())
                .with("shards", Schema.list(Schema.text()))
                .with("erased", Schema.truth())
                .with("signals", Schema.types("integer", "string", "null"))
                .with("entities", Schema.types("integer", "string", "null"))
                .with("storage_bytes", Schema.types("integer", "string", "null"))
                .maybe("certificate", Schema.ref("Certificate"))
                .build();
    }

    private static ObjectNode signal() {
        return Schema.object()
                .with("signal", Schema.text())
                .maybe("tenant", Schema.types("integer", "string", "null"))
                .maybe("entity", Schema.types("integer", "string", "null"))
                .maybe("entity_name", Schema.types("string", "null"))
                .maybe("weight", Schema.types("number", "string", "null"))
                .maybe("ts", Schema.types("integer", "string", "null"))
                .build();
    }

    private static ObjectNode exportedSignal() {
        return Schema.object()
                .with("tenant", Schema.id())
                .with("position", Schema.text())
                .with("hlc", Schema.id())
                .with("signal", Schema.text())
                .with("entity", Schema.id())
                .maybe("entity_name", Schema.text())
                .with("weight", Schema.number())
                .with("ts", Schema.time())
                .build();
    }

    private static ObjectNode newToken() {
        return Schema.object()
                .with("scopes", Schema.list(Schema.oneOf(List.of("operator", "read", "write"))))
                .maybe("tenants", Schema.list(Schema.idOrNumber()))
                .maybe("label", Schema.text())
                .maybe("expires_in", Schema.types("string", "null"))
                .build();
    }

    private static Schema token(Schema schema) {
        return schema.with("id", Schema.text())
                .with("label", Schema.text())
                .with("scopes", Schema.list(Schema.text()))
                .with("tenants", Schema.list(Schema.id()))
                .with("created", Schema.time())
                .with("expires", Schema.types("string", "null"));
    }

    private static ObjectNode reading() {
        return Schema.object()
                .with("signal", Schema.text())
                .with("entity", Schema.id())
                .with("score", Schema.number())
                .with("count", Schema.count())
                .with(
                        "windows",
                        Schema.object()
                                .with("1h", Schema.count())
                                .with("24h", Schema.count())
                                .with("7d", Schema.count())
                                .build())
                .with("velocity", Schema.number())
                .with("as_of", Schema.time())
                .with("replica", Schema.text())
                .with("staleness_ms", Schema.types("integer", "null"))
                .build();
    }

    private static ObjectNode reads() {
        return Schema.object()
                .with("signal", Schema.text())
                .maybe("entities", Schema.list(Schema.idOrNumber()))
                .maybe("entity_names", Schema.list(Schema.text()))
                .maybe("at", Schema.types("integer", "string", "null"))
                .maybe("min_position", Schema.types("string", "null"))
                .maybe("wait_ms", Schema.types("integer", "null"))
                .maybe("region", Schema.types("integer", "string", "null"))
                .build();
    }

    private static ObjectNode ranking() {
        return Schema.object()
                .with("tenant", Schema.id())
                .with("signal", Schema.text())
                .with(
                        "entities",
                        Schema.list(Schema.object()
                                .with("entity", Schema.id())
                                .with("name", Schema.types("string", "null"))
                                .with("score", Schema.number())
                                .build()))
                .build();
    }

    private static ObjectNode canLose() {
        ObjectNode both = Schema.object()
                .with("nodes", Schema.number())
                .with("regions", Schema.number())
                .build();
        return Schema.object().with("data", both).with("service", both).build();
    }

    private static ObjectNode clusterHealth() {
        ObjectNode limits = Schema.object()
                .with("signals_per_sec", Schema.types("number", "null"))
                .with("entities", Schema.types("integer", "null"))
                .with("storage_bytes", Schema.types("integer", "null"))
                .build();
        return Schema.object()
                .with("cluster", Schema.text())
                .with("format_version", Schema.number())
                .with("leader", Schema.types("string", "null"))
                .with("epoch", Schema.count())
                .with(
                        "nodes",
                        Schema.list(Schema.object()
                                .with("node", Schema.text())
                                .with("address", Schema.types("string", "null"))
                                .with("region", Schema.number())
                                .with("version", Schema.types("string", "null"))
                                .with("state", Schema.oneOf(List.of("UP", "DOWN")))
                                .with("last_heartbeat_ms_ago", Schema.types("number", "null"))
                                .build()))
                .with(
                        "regions",
                        Schema.list(Schema.object()
                                .with("region", Schema.number())
                                .with("health", Schema.oneOf(List.of("HEALTHY", "DEGRADED", "OFFLINE")))
                                .build()))
                .with(
                        "shards",
                        Schema.list(Schema.object()
                                .with("shard", Schema.number())
                                .with("region", Schema.number())
                                .with("node", Schema.text())
                                .with("role", Schema.oneOf(List.of("LEADER", "FOLLOWER")))
                                .with("entity_count", Schema.count())
                                .with("signals_per_sec", Schema.number())
                                .with(
                                        "replication_lag",
                                        Schema.map(Schema.object()
                                                .with("records", Schema.number())
                                                .with("ms", Schema.number())
                                                .build()))
                                .with("disk_bytes", Schema.count())
                                .build()))
                .with(
                        "tenants",
                        Schema.list(Schema.object()
                                .with("tenant", Schema.id())
                                .with("label", Schema.text())
                                .with("shards", Schema.list(Schema.text()))
                                .with(
                                        "usage",
                                        Schema.object()
                                                .with("signals_per_sec", Schema.number())
                                                .with("entities", Schema.count())
                                                .with("storage_bytes", Schema.count())
                                                .build())
                                .with("quota", limits)
                                .with("throttled_total", Schema.count())
                                .maybe("damage", Schema.text())
                                .maybe("lost", Schema.list(Schema.text()))
                                .maybe("can_lose", canLose())
                                .maybe("recovery_point", ClusterSchemas.recoveryPoint())
                                .maybe("last_drill", Schema.ref("RegionDrill"))
                                .build()))
                .with(
                        "if_lost",
                        Schema.list(Schema.object()
                                .with("node", Schema.text())
                                .with("moves", Schema.number())
                                .with("read_only", Schema.number())
                                .with("unavailable", Schema.number())
                                .with("loses_data", Schema.number())
                                .with("examples", Schema.list(Schema.id()))
                                .build()))
                .with("migrations", Schema.list(Schema.types("object")))
                .with("upgrades", Schema.list(upgrade()))
                .build();
    }

    private static ObjectNode upgrade() {
        return Schema.object()
                .with("node", Schema.text())
                .with("region", Schema.number())
                .with("version", Schema.types("string", "null"))
                .with("state", Schema.oneOf(names(UpgradePhase.values())))
                .with("up", Schema.truth())
                .with("began", Schema.types("string", "null"))
                .with("drain_ms", Schema.types("number", "null"))
                .with("rejoin_ms", Schema.types("number", "null"))
                .with("allow_unavailable", Schema.truth())
                .with("waits_for", Schema.types("string", "null"))
                .with("failure", Schema.types("string", "null"))
                .with("advice", Schema.types("string", "null"))
                .build();
    }

    private static void upgrades(SortedMap<String, ObjectNode> all) {
        all.put(
                "Upgrades",
                Schema.object()
                        .with("cluster_version", Schema.text())
                        .with("next_version", Schema.text())
                        .with("finalize_blocked", Schema.types("string", "null"))
                        .with("nodes", Schema.list(upgrade()))
                        .build());
        all.put(
                "Finalized",
                Schema.object().with("cluster_version", Schema.text()).build());
        all.put(
                "FormatCensus",
                Schema.object()
                        .with("node", Schema.text())
                        .with("downgrade_to", Schema.text())
                        .with("possible", Schema.truth())
                        .with("forbidden_by", Schema.types("object", "null"))
                        .with(
                                "formats",
                                Schema.list(Schema.object()
                                        .with("format", Schema.text())
                                        .with("version", Schema.number())
                                        .with("since", Schema.types("string", "null"))
                                        .with("files", Schema.number())
                                        .build()))
                        .build());
        all.put(
                "UpgradePlan",
                Schema.object()
                        .with(
                                "steps",
                                Schema.list(Schema.object()
                                        .with("node", Schema.text())
                                        .with("version", Schema.types("string", "null"))
                                        .with("state", Schema.oneOf(names(UpgradePhase.values())))
                                        .with("leads", Schema.number())
                                        .with("allowed", Schema.truth())
                                        .with("refusal", Schema.types("string", "null"))
                                        .with("paused", Schema.list(Schema.id()))
                                        .build()))
                        .build());
        all.put(
                "UpgradeBegun",
                Schema.object()
                        .with("node", Schema.text())
                        .with("state", Schema.oneOf(names(UpgradePhase.values())))
                        .build());
    }

    private static List<String> names(Enum<?>[] values) {
        return Arrays.stream(values).map(Enum::name).toList();
    }
}
