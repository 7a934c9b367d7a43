package io.tidaldb.core.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.audit.Actor;
import io.tidaldb.core.audit.Provenance;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Commands as JSON objects: {@code "v"} is the format version, {@code "type"} names the command, u64 numbers are decimal strings. */
final class CommandCodec {

    private static final int VERSION = 1;
    private static final int BY_VERSION = 1;

    private final ObjectMapper mapper = new ObjectMapper();

    /**
     * A command and who proposed it.
     *
     * @param by null if nobody has said: then it leaves no trace in the audit log
     */
    record Proposed(ClusterCommand command, @Nullable Provenance by) {}

    byte[] encode(ClusterCommand command) {
        return encode(command, null);
    }

    byte[] encode(ClusterCommand command, @Nullable Provenance by) {
        ObjectNode json = mapper.createObjectNode().put("v", VERSION);
        if (by != null) {
            json.putObject("by")
                    .put("v", BY_VERSION)
                    .put("who", by.actor().who())
                    .put("from", by.actor().from())
                    .put("at_ms", by.atMillis());
        }
        if (command instanceof ClusterCommand.DefineTopology define) {
            json.put("type", "define-topology").put("cluster", define.cluster());
            ArrayNode shards = json.putArray("shards");
            for (ShardAssignment shard : define.shards()) {
                putShard(shards.addObject(), shard);
            }
        } else if (command instanceof ClusterCommand.DeclareSignal declare) {
            json.put("type", "declare-signal")
                    .put("name", declare.name())
                    .put("half_life_nanos", declare.halfLifeNanos());
        } else if (command instanceof ClusterCommand.CreateTenant create) {
            create(json.put("type", "create-tenant"), create);
        } else if (command instanceof ClusterCommand.CreateTenants create) {
            ArrayNode tenants = json.put("type", "create-tenants").putArray("tenants");
            create.tenants().forEach(each -> create(tenants.addObject(), each));
        } else if (command instanceof ClusterCommand.UpdateTenant update) {
            json.put("type", "update-tenant");
            putConfig(json, update.config());
        } else if (command instanceof ClusterCommand.Promote promote) {
            promote(json.put("type", "promote"), promote);
        } else if (command instanceof ClusterCommand.DeleteTenant delete) {
            json.put("type", "delete-tenant").put("tenant", id(delete.tenant()));
        } else if (command instanceof ClusterCommand.GrantIncarnation grant) {
            json.put("type", "grant-incarnation").put("replica", grant.replica().toString());
        } else if (command instanceof ClusterCommand.RenewLease renew) {
            json.put("type", "renew-lease")
                    .put("node", renew.node().name())
                    .put("sequence", renew.sequence())
                    .put("length_nanos", renew.lengthNanos());
        } else if (command instanceof ClusterCommand.TakeOver take) {
            json.put("type", "take-over").put("node", take.from().name()).put("sequence", take.sequence());
            ArrayNode promotions = json.putArray("promotions");
            take.promotions().forEach(each -> promote(promotions.addObject(), each));
            json.put("preferring", take.preferring());
        } else if (command instanceof ClusterCommand.Prefer prefer) {
            json.put("type", "prefer-leader")
                    .put("tenant", id(prefer.tenant()))
                    .put("leader", prefer.leader().toString());
        } else if (command instanceof ClusterCommand.RestoreTenant restore) {
            create(json.put("type", "restore-tenant"), restore.create());
            json.put("origins", restore.origins()).put("epoch", restore.epoch());
        } else if (command instanceof ClusterCommand.FinishRestore finish) {
            json.put("type", "finish-restore").put("tenant", id(finish.tenant()));
        } else if (command instanceof ClusterCommand.ConfirmErasure confirm) {
            json.put("type", "confirm-erasure")
                    .put("tenant", id(confirm.erased()))
                    .put("life", Long.toUnsignedString(confirm.life()))
                    .put("node", confirm.node().name())
                    .put("at_ms", confirm.atMillis());
        } else if (command instanceof ClusterCommand.ReportDamage report) {
            json.put("type", "report-damage")
                    .put("tenant", id(report.tenant()))
                    .put("replica", report.replica().toString())
                    .put("what", report.what());
            if (report.lost()) {
                json.put("lost", true);
            }
        } else if (command instanceof ClusterCommand.RevokeToken revoke) {
            json.put("type", "revoke-token").put("token", revoke.token());
        } else if (command instanceof ClusterCommand.EraseEntity erase) {
            json.put("type", "erase-entity")
                    .put("tenant", id(erase.tenant()))
                    .put("entity", Long.toUnsignedString(erase.entity()))
                    .put("at_ms", erase.atMillis());
        } else if (command instanceof ClusterCommand.ConfirmEntityErasure confirm) {
            json.put("type", "confirm-entity-erasure")
                    .put("number", confirm.number())
                    .put("round", confirm.round())
                    .put("node", confirm.node().name())
                    .put("at_ms", confirm.atMillis());
            ArrayNode through = json.putArray("through");
            confirm.through().forEach(through::add);
            ClosedLogs.put(confirm.closed(), json.putObject("closed"));
        } else if (command instanceof ClusterCommand.OfDrill drill) {
            DrillTable.put(
                    json.put("type", drill instanceof ClusterCommand.BeginDrill ? "begin-drill" : "end-drill"),
                    drill.drill());
        } else if (command instanceof ClusterCommand.OfMigration migration) {
            MigrationCodec.put(json, migration);
        } else if (command instanceof ClusterCommand.OfReplicas replicas) {
            ReplicaCodec.put(json, replicas);
        } else if (command instanceof ClusterCommand.OfKeys keys) {
            KeyCodec.put(json, keys);
        } else if (!UpgradeCodec.put(json, command)) {
            NodeCodec.put(json, command);
        }
        try {
            return mapper.writeValueAsBytes(json);
        } catch (JsonProcessingException e) {
            throw new TidalException(ErrorCode.INTERNAL, "control command can't be written: " + command, e);
        }
    }

    private static void create(ObjectNode json, ClusterCommand.CreateTenant create) {
        json.put("digest_seed", Long.toUnsignedString(create.digestSeed()));
        putReplicas(json, "placement", create.placement());
        putConfig(json, create.config());
    }

    private static ClusterCommand.CreateTenant create(JsonNode json) {
        return new ClusterCommand.CreateTenant(
                config(json),
                replicas(json, "placement"),
                Long.parseUnsignedLong(json.path("digest_seed").asText()));
    }

    private static ClusterCommand.CreateTenants createAll(JsonNode json) {
        List<ClusterCommand.CreateTenant> tenants = new ArrayList<>();
        json.path("tenants").forEach(each -> tenants.add(create(each)));
        return new ClusterCommand.CreateTenants(tenants);
    }

    private static void promote(ObjectNode json, ClusterCommand.Promote promote) {
        json.put("tenant", id(promote.tenant())).put("leader", promote.leader().toString());
    }

    private static ClusterCommand.Promote promote(JsonNode json) {
        return new ClusterCommand.Promote(
                TenantId.parse(json.path("tenant").asText()),
                ReplicaId.parse(json.path("leader").asText()));
    }

    private static ClusterCommand.TakeOver takeOver(JsonNode json) {
        List<ClusterCommand.Promote> promotions = new ArrayList<>();
        json.path("promotions").forEach(each -> promotions.add(promote(each)));
        return new ClusterCommand.TakeOver(
                NodeId.of(json.path("node").asText()),
                json.path("sequence").asLong(),
                promotions,
                json.path("preferring").asBoolean());
    }

    ClusterCommand decode(byte[] bytes) {
        return proposed(bytes).command();
    }

    Proposed proposed(byte[] bytes) {
        JsonNode json;
        try {
            json = mapper.readTree(bytes);
        } catch (IOException e) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "control command is not JSON", e);
        }
        JsonNode by = json.path("by");
        if (json.path("v").asInt() != VERSION || by.path("v").asInt(BY_VERSION) != BY_VERSION) {
            throw tooNew(json);
        }
        try {
            return new Proposed(command(json), by.isObject() ? provenance(by) : null);
        } catch (IllegalArgumentException e) {
            throw malformed(json, e);
        } catch (TidalException e) {
            throw e.code() == ErrorCode.INVALID_ARGUMENT ? malformed(json, e) : e;
        }
    }

    private static Provenance provenance(JsonNode by) {
        return new Provenance(
                new Actor(by.path("who").asText(), by.path("from").asText()),
                by.path("at_ms").asLong());
    }

    private static TidalException malformed(JsonNode json, RuntimeException cause) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA,
                "control command of type " + json.path("type") + " is malformed: " + cause.getMessage(),
                cause);
    }

    private static ClusterCommand command(JsonNode json) {
        return switch (json.path("type").asText()) {
            case "define-topology" ->
                new ClusterCommand.DefineTopology(json.path("cluster").asText(), shards(json));
            case "declare-signal" ->
                new ClusterCommand.DeclareSignal(
                        json.path("name").asText(), json.path("half_life_nanos").asLong());
            case "create-tenant" -> create(json);
            case "create-tenants" -> createAll(json);
            case "restore-tenant" ->
                new ClusterCommand.RestoreTenant(
                        create(json),
                        json.path("origins").asInt(),
                        json.path("epoch").asLong());
            case "confirm-erasure" ->
                new ClusterCommand.ConfirmErasure(
                        TenantId.parse(json.path("tenant").asText()),
                        Long.parseUnsignedLong(json.path("life").asText()),
                        NodeId.of(json.path("node").asText()),
                        json.path("at_ms").asLong());
            case "report-damage" ->
                new ClusterCommand.ReportDamage(
                        TenantId.parse(json.path("tenant").asText()),
                        ReplicaId.parse(json.path("replica").asText()),
                        json.path("what").asText(),
                        json.path("lost").asBoolean());
            case "revoke-token" ->
                new ClusterCommand.RevokeToken(json.path("token").asText());
            case "erase-entity" ->
                new ClusterCommand.EraseEntity(
                        TenantId.parse(json.path("tenant").asText()),
                        Long.parseUnsignedLong(json.path("entity").asText()),
                        json.path("at_ms").asLong());
            case "confirm-entity-erasure" -> {
                List<String> through = new ArrayList<>();
                json.path("through").forEach(each -> through.add(each.asText()));
                yield new ClusterCommand.ConfirmEntityErasure(
                        json.path("number").asLong(),
                        json.path("round").asLong(),
                        NodeId.of(json.path("node").asText()),
                        through,
                        ClosedLogs.read(json.path("closed")),
                        json.path("at_ms").asLong());
            }
            case "begin-drill" -> new ClusterCommand.BeginDrill(DrillTable.drill(json));
            case "end-drill" -> new ClusterCommand.EndDrill(DrillTable.drill(json));
            case "finish-restore" ->
                new ClusterCommand.FinishRestore(
                        TenantId.parse(json.path("tenant").asText()));
            case "update-tenant" -> new ClusterCommand.UpdateTenant(config(json));
            case "promote" -> promote(json);
            case "renew-lease" ->
                new ClusterCommand.RenewLease(
                        NodeId.of(json.path("node").asText()),
                        json.path("sequence").asLong(),
                        json.path("length_nanos").asLong(ClusterState.DEFAULT_LEASE_NANOS));
            case "take-over" -> takeOver(json);
            case "prefer-leader" ->
                new ClusterCommand.Prefer(
                        TenantId.parse(json.path("tenant").asText()),
                        ReplicaId.parse(json.path("leader").asText()));
            case "delete-tenant" ->
                new ClusterCommand.DeleteTenant(
                        TenantId.parse(json.path("tenant").asText()));
            case "grant-incarnation" ->
                new ClusterCommand.GrantIncarnation(
                        ReplicaId.parse(json.path("replica").asText()));
            default -> {
                ClusterCommand ofUpgrades = UpgradeCodec.command(json);
                ClusterCommand ofNodes = ofUpgrades != null ? ofUpgrades : NodeCodec.command(json);
                ClusterCommand ofReplicas = ofNodes != null ? ofNodes : ReplicaCodec.command(json);
                ClusterCommand ofKeys = ofReplicas != null ? ofReplicas : KeyCodec.command(json);
                ClusterCommand other = ofKeys != null ? ofKeys : MigrationCodec.command(json);
                if (other == null) {
                    throw tooNew(json);
                }
                yield other;
            }
        };
    }

    private static TidalException tooNew(JsonNode json) {
        return new TidalException(
                ErrorCode.FORMAT_TOO_NEW,
                "control command of version " + json.path("v") + " and type " + json.path("type")
                        + " is not known to version " + VERSION);
    }

    static void putShard(ObjectNode json, ShardAssignment shard) {
        json.put("replica", shard.replica().toString()).put("node", shard.node().name());
    }

    static List<ShardAssignment> shards(JsonNode json) {
        return shards(json, "shards");
    }

    static List<ShardAssignment> shards(JsonNode json, String field) {
        List<ShardAssignment> shards = new ArrayList<>();
        for (JsonNode shard : json.path(field)) {
            ReplicaId replica = ReplicaId.parse(shard.path("replica").asText());
            ShardId id = replica.shard();
            shards.add(new ShardAssignment(
                    id, replica.region(), NodeId.of(shard.path("node").asText())));
        }
        return shards;
    }

    static void putConfig(ObjectNode json, TenantConfig config) {
        json.put("tenant", id(config.id()));
        config.maxSignalsPerSecond().ifPresent(value -> json.put("max_signals_per_sec", value));
        config.burst().ifPresent(value -> json.put("burst", value));
        config.reservedSignalsPerSecond().ifPresent(value -> json.put("reserved_signals_per_sec", value));
        config.maxEntities().ifPresent(value -> json.put("max_entities", value));
        config.maxStorageBytes().ifPresent(value -> json.put("max_storage_bytes", value));
        ArrayNode regions = json.putArray("required_regions");
        config.requiredRegions().forEach(region -> regions.add(region.value()));
        json.put("durability", config.durability().name());
        json.put("writes", config.writes().name());
        json.put("slots", config.slots());
        putReplicas(json, "pinned_shards", config.pinnedShards());
        json.put("hold_nanos", nanos(config.hold()));
        if (!config.withoutReplicas().isEmpty()) {
            putReplicas(json, "without_replicas", config.withoutReplicas());
        }
        if (config.encrypted()) {
            json.put("encrypted", true);
        }
    }

    // A hold of more than 292 years is as good as 292 years.
    private static long nanos(Duration duration) {
        try {
            return duration.toNanos();
        } catch (ArithmeticException e) {
            return Long.MAX_VALUE;
        }
    }

    static TenantConfig config(JsonNode json) {
        List<RegionId> regions = new ArrayList<>();
        json.path("required_regions").forEach(region -> regions.add(RegionId.of(region.asInt())));
        return new TenantConfig(
                TenantId.parse(json.path("tenant").asText()),
                TenantConfig.DEFAULT_LABEL,
                decimal(json, "max_signals_per_sec"),
                decimal(json, "burst"),
                decimal(json, "reserved_signals_per_sec"),
                whole(json, "max_entities"),
                whole(json, "max_storage_bytes"),
                regions,
                Durability.valueOf(json.path("durability").asText()),
                WriteMode.valueOf(json.path("writes").asText()),
                json.path("slots").asInt(),
                replicas(json, "pinned_shards"),
                Duration.ofNanos(json.path("hold_nanos").asLong()),
                replicas(json, "without_replicas"),
                json.path("encrypted").asBoolean());
    }

    static void putReplicas(ObjectNode json, String field, List<ReplicaId> replicas) {
        ArrayNode array = json.putArray(field);
        replicas.forEach(replica -> array.add(replica.toString()));
    }

    static List<ReplicaId> replicas(JsonNode json, String field) {
        List<ReplicaId> replicas = new ArrayList<>();
        json.path(field).forEach(replica -> replicas.add(ReplicaId.parse(replica.asText())));
        return replicas;
    }

    private static String id(TenantId tenant) {
        return Long.toUnsignedString(tenant.value());
    }

    private static OptionalDouble decimal(JsonNode json, String field) {
        return json.has(field) ? OptionalDouble.of(json.get(field).asDouble()) : OptionalDouble.empty();
    }

    private static OptionalLong whole(JsonNode json, String field) {
        return json.has(field) ? OptionalLong.of(json.get(field).asLong()) : OptionalLong.empty();
    }
}
