package io.tidaldb.server.cli.backend;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What can be said about a tenant that exists. */
public final class ChangeOptions {

    private static final String ALL = "all";
    private static final String NONE = "none";

    @Mixin
    private final LimitOptions limits = new LimitOptions();

    @Option(
            names = "--regions",
            split = ",",
            paramLabel = "r1|" + ALL,
            description = "The only regions that may store its data; done when it is erased from all others.")
    @Nullable
    private List<String> regions;

    @Option(
            names = "--without",
            split = ",",
            paramLabel = "r0:s0|" + NONE,
            description = "Replicas of its shards that are to hold nothing of it, although its regions allow it.")
    @Nullable
    private List<String> without;

    /** Returns whether nothing was given. */
    public boolean isEmpty() {
        return toJson().isEmpty();
    }

    /** Returns a configuration with what was given changed. */
    TenantConfig applyTo(TenantConfig config) {
        TenantConfig.Builder changed = limits.applyTo(config).toBuilder();
        if (regions != null) {
            changed.requiredRegions(
                    meant(regions, ALL).stream().map(RegionId::parse).toArray(RegionId[]::new));
        }
        if (without != null) {
            changed.withoutReplicas(
                    meant(without, NONE).stream().map(ReplicaId::parse).toArray(ReplicaId[]::new));
        }
        return changed.build();
    }

    /** Returns what was given, as the HTTP interface takes it. */
    ObjectNode toJson() {
        ObjectNode result = limits.toJson();
        putAll(result, "required_regions", regions, ALL);
        putAll(result, "without_replicas", without, NONE);
        return result;
    }

    private static void putAll(ObjectNode result, String field, @Nullable List<String> values, String empty) {
        if (values != null) {
            ArrayNode array = result.putArray(field);
            meant(values, empty).forEach(array::add);
        }
    }

    private static List<String> meant(List<String> values, String empty) {
        return values.equals(List.of(empty)) ? List.of() : values;
    }
}
