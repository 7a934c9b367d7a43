package io.tidaldb.server.cli.backend;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WriteMode;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What can be said about a tenant that is created. */
public final class NewTenantOptions {

    @Option(
            names = {"--id", "--tenant"},
            paramLabel = "N",
            description = "Its number (default: the next free one from 1).")
    @Nullable
    private String id;

    @Mixin
    private final LimitOptions limits = new LimitOptions();

    @Option(
            names = "--regions",
            split = ",",
            paramLabel = "r1",
            description = "The only regions that may store its data.")
    private List<String> regions = List.of();

    @Option(names = "--slots", paramLabel = "N", description = "Number of shards to be spread over (default: 1).")
    @Nullable
    private Integer slots;

    @Option(names = "--shards", split = ",", paramLabel = "r0:s0", description = "The shards to live on.")
    private List<String> shards = List.of();

    @Option(
            names = "--writes",
            paramLabel = "MODE",
            description =
                    "${COMPLETION-CANDIDATES}: through one replica, or in every region, each by itself (default: SINGLE).")
    @Nullable
    private WriteMode writes;

    @Option(
            names = "--encrypted",
            negatable = true,
            description =
                    "Seals all that is stored of it with keys of its own (default: as the node is configured; no).")
    @Nullable
    private Boolean encrypted;

    /** Returns the number that was chosen. */
    Optional<TenantId> id() {
        return Optional.ofNullable(id).map(TenantId::parse);
    }

    TenantConfig configuration(TenantId chosen) {
        TenantConfig.Builder config = TenantConfig.builder(chosen)
                .requiredRegions(regions.stream().map(RegionId::parse).toArray(RegionId[]::new))
                .pinnedShards(shards.stream().map(ReplicaId::parse).toArray(ReplicaId[]::new));
        if (slots != null) {
            config.slots(slots);
        }
        if (writes != null) {
            config.writes(writes);
        }
        config.encrypted(Boolean.TRUE.equals(encrypted));
        return limits.applyTo(config.build());
    }

    /** Returns what was given, as the HTTP interface takes it. */
    public ObjectNode toJson() {
        ObjectNode result = limits.toJson();
        id().ifPresent(chosen -> result.put("tenant", Long.toUnsignedString(chosen.value())));
        putAll(result, "required_regions", regions);
        putAll(result, "shards", shards);
        if (slots != null) {
            result.put("slots", slots);
        }
        if (writes != null) {
            result.put("writes", writes.name());
        }
        if (encrypted != null) {
            result.put("encrypted", encrypted);
        }
        return result;
    }

    private static void putAll(ObjectNode result, String field, List<String> values) {
        if (!values.isEmpty()) {
            ArrayNode array = result.putArray(field);
            values.forEach(array::add);
        }
    }
}
