package io.tidaldb.core.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.audit.AuditEntry;
import io.tidaldb.core.audit.AuditLine;
import io.tidaldb.core.upgrade.Release;
import io.tidaldb.core.upgrade.Version;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the cluster has agreed on as a JSON object, for snapshots: {@code "v"} is the format version, the parts look as in commands. The
 * same state has the same bytes on every node.
 */
final class StateCodec {

    /** Version 1 knew no preferred leaders and no lengths of leases. What is written depends on what the cluster is finalized at. */
    private static final String FORMAT = "cluster-state";

    private static final int FIRST_VERSION = 1;
    private static final int MAX_BYTES = 48 << 20;

    private final ObjectMapper mapper = new ObjectMapper();
    private final Release release;

    /** Creates the codec of this binary. */
    StateCodec() {
        this(Release.current());
    }

    StateCodec(Release release) {
        this.release = release;
    }

    /** @throws TidalException UNSUPPORTED if the state is too large for a snapshot */
    byte[] encode(ClusterState state) {
        Version finalized = state.upgrades().finalized();
        ObjectNode json = mapper.createObjectNode()
                .put("v", release.writes(FORMAT, finalized))
                .put("cluster", state.cluster());
        ArrayNode shards = json.putArray("shards");
        for (ShardAssignment shard : state.shards()) {
            CommandCodec.putShard(shards.addObject(), shard);
        }
        ArrayNode schema = json.putArray("schema");
        for (SchemaEntry entry : state.schema()) {
            schema.addObject().put("name", entry.name()).put("half_life_nanos", entry.halfLifeNanos());
        }
        putTenants(json.putArray("tenants"), state.tenants());
        putTenants(json.putArray("erased"), state.graves());
        ObjectNode incarnations = json.putObject("incarnations");
        state.incarnations().forEach((replica, newest) -> incarnations.put(replica.toString(), newest));
        ObjectNode leases = json.putObject("leases");
        state.leases().forEach((node, sequence) -> leases.put(node.name(), sequence));
        ObjectNode lengths = json.putObject("lease_nanos");
        state.leaseNanos().forEach((node, nanos) -> lengths.put(node.name(), nanos));
        // Audit
        ArrayNode audit = json.putArray("audit");
        state.audit().after(0).forEach(entry -> audit.add(AuditLine.object(entry)));
        putNodes(json, state);
        // Backups
        ArrayNode restoring = json.putArray("restoring");
        state.restoring().forEach(id -> restoring.add(Long.toUnsignedString(id.value())));
        UpgradeCodec.putUpgrades(json.putArray("upgrades"), state.upgrades().all());
        ErasureTable.put(json.putArray("erasures"), state.erasures().records());
        state.entityErasures().put(json);
        state.revokedTokens().put(json);
        state.drills().put(json);
        state.losses().put(json);
        json.put("finalized", finalized.releaseText());
        ObjectNode versions = json.putObject("versions");
        state.upgrades().versions().forEach((node, version) -> versions.put(node.name(), version.toString()));
        MigrationCodec.putTable(json, state.migrations());
        byte[] bytes = bytes(json);
        if (bytes.length > MAX_BYTES) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "the cluster's state has " + bytes.length + " bytes: expected at most " + MAX_BYTES
                            + " for a snapshot");
        }
        return bytes;
    }

    /** @throws TidalException CORRUPT_DATA, or FORMAT_TOO_NEW */
    ClusterState decode(byte[] bytes) {
        if (bytes.length > MAX_BYTES) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "snapshot of the cluster's state has " + bytes.length + " bytes: expected at most " + MAX_BYTES);
        }
        JsonNode json;
        try {
            json = mapper.readTree(bytes);
        } catch (IOException e) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "snapshot of the cluster's state is not JSON", e);
        }
        int reads = release.reads(FORMAT);
        if (json.path("v").asInt() > reads) {
            throw new TidalException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "snapshot of the cluster's state has version " + json.path("v")
                            + ", of a cluster that is finalized at "
                            + "version " + json.path("finalized").asText("unknown") + ": version " + release.version()
                            + " reads up to " + reads + "; start the newer version");
        }
        try {
            return state(json, reads);
        } catch (IllegalArgumentException e) {
            throw malformed(e);
        } catch (TidalException e) {
            throw e.code() == ErrorCode.INVALID_ARGUMENT ? malformed(e) : e;
        }
    }

    private static ClusterState state(JsonNode json, int reads) {
        if (json.path("v").asInt() < FIRST_VERSION || !json.path("cluster").isTextual()) {
            throw TidalException.invalid("expected version " + FIRST_VERSION + " to " + reads + " and a cluster, found "
                    + json.path("v") + " and " + json.path("cluster"));
        }
        ClusterState state = new ClusterState();
        SortedMap<ReplicaId, Integer> incarnations = new TreeMap<>();
        json.path("incarnations")
                .properties()
                .forEach(each -> incarnations.put(
                        ReplicaId.parse(each.getKey()), each.getValue().asInt()));
        state.restore(json.path("cluster").asText(), CommandCodec.shards(json), incarnations);
        state.restoreLeases(byNode(json.path("leases")), byNode(json.path("lease_nanos")));
        state.restoreNodes(
                CommandCodec.shards(json, "defined"),
                NodeCodec.nodes(json.path("nodes")),
                CommandCodec.replicas(json, "filling"));
        state.upgrades().restore(UpgradeCodec.upgrades(json.path("upgrades")));
        SortedMap<NodeId, Version> versions = new TreeMap<>();
        json.path("versions")
                .properties()
                .forEach(each -> versions.put(
                        NodeId.of(each.getKey()), Version.parse(each.getValue().asText())));
        state.upgrades()
                .restoreVersions(Version.parse(json.path("finalized").asText(Version.FIRST.releaseText())), versions);
        for (JsonNode entry : json.path("schema")) {
            state.restoreSignal(
                    entry.path("name").asText(), entry.path("half_life_nanos").asLong());
        }
        state.restoreTenants(tenants(json.path("tenants")), tenants(json.path("erased")));
        MigrationCodec.restore(json, state.migrations());
        List<AuditEntry> audit = new ArrayList<>();
        json.path("audit").forEach(entry -> audit.add(AuditLine.entry(entry)));
        state.audit().restore(audit);
        List<TenantId> restoring = new ArrayList<>();
        json.path("restoring").forEach(id -> restoring.add(TenantId.parse(id.asText())));
        state.restoreRestoring(restoring);
        state.erasures().restore(ErasureTable.read(json.path("erasures")));
        state.entityErasures().read(json);
        state.revokedTokens().read(json);
        state.drills().read(json);
        state.losses().read(json);
        return state;
    }

    private static SortedMap<NodeId, Long> byNode(JsonNode json) {
        SortedMap<NodeId, Long> numbers = new TreeMap<>();
        json.properties()
                .forEach(each ->
                        numbers.put(NodeId.of(each.getKey()), each.getValue().asLong()));
        return numbers;
    }

    private static void putNodes(ObjectNode json, ClusterState state) {
        NodeCodec.putNodes(json.putArray("nodes"), state.nodes().all());
        CommandCodec.putReplicas(json, "filling", List.copyOf(state.nodes().filling()));
        ArrayNode defined = json.putArray("defined");
        for (ShardAssignment shard : state.defined()) {
            CommandCodec.putShard(defined.addObject(), shard);
        }
    }

    private static void putTenants(ArrayNode array, SortedMap<TenantId, TenantRecord> tenants) {
        for (TenantRecord tenant : tenants.values()) {
            ObjectNode json = array.addObject();
            CommandCodec.putConfig(json, tenant.config());
            CommandCodec.putReplicas(json, "placement", tenant.placement());
            CommandCodec.putReplicas(json, "preferred", tenant.preferred());
            json.put("epoch", tenant.epoch())
                    .put("digest_seed", Long.toUnsignedString(tenant.digestSeed()))
                    .put("min_incarnation", tenant.minIncarnation());
            MigrationCodec.putHomes(json, tenant.homes());
            ReplicaCodec.putChange(json, tenant.change());
            KeyCodec.putTenant(json, tenant.keys());
        }
    }

    private static SortedMap<TenantId, TenantRecord> tenants(JsonNode array) {
        SortedMap<TenantId, TenantRecord> tenants = new TreeMap<>();
        for (JsonNode json : array) {
            TenantRecord tenant = new TenantRecord(
                    CommandCodec.config(json),
                    CommandCodec.replicas(json, "placement"),
                    CommandCodec.replicas(json, json.has("preferred") ? "preferred" : "placement"),
                    json.path("epoch").asLong(),
                    Long.parseUnsignedLong(json.path("digest_seed").asText()),
                    json.path("min_incarnation").asInt(),
                    MigrationCodec.homes(json),
                    ReplicaCodec.change(json),
                    KeyCodec.tenant(json));
            tenants.put(tenant.config().id(), tenant);
        }
        return tenants;
    }

    private byte[] bytes(ObjectNode json) {
        try {
            return mapper.writeValueAsBytes(json);
        } catch (JsonProcessingException e) {
            throw new TidalException(ErrorCode.INTERNAL, "the cluster's state can't be written", e);
        }
    }

    private static TidalException malformed(RuntimeException cause) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA, "snapshot of the cluster's state is malformed: " + cause.getMessage(), cause);
    }
}
