package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantUsage;
import io.tidaldb.core.UsageHour;
import io.tidaldb.server.importing.Json;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Tenants as results; an absent limit is null. */
public final class TenantView {

    private TenantView() {}

    /** Returns configuration and placement. */
    public static ObjectNode describe(Tenant tenant) {
        TenantConfig config = tenant.config();
        ObjectNode result = identity(tenant)
                .put("max_signals_per_sec", number(config.maxSignalsPerSecond()))
                .put("burst", number(config.burst()))
                .put("reserved_signals_per_sec", number(config.reservedSignalsPerSecond()))
                .put("max_entities", number(config.maxEntities()))
                .put("max_storage_bytes", number(config.maxStorageBytes()))
                .put("durability", config.durability().name())
                .put("writes", config.writes().name())
                .put("slots", config.slots())
                .put("encrypted", config.encrypted());
        strings(result.putArray("required_regions"), config.requiredRegions());
        strings(result.putArray("pinned_shards"), config.pinnedShards());
        strings(result.putArray("without_replicas"), config.withoutReplicas());
        return result;
    }

    /** Returns who it is and where it is. */
    public static ObjectNode identity(Tenant tenant) {
        ObjectNode result = Json.object()
                .put("tenant", Long.toUnsignedString(tenant.id().value()))
                .put("label", tenant.config().label());
        strings(result.putArray("shards"), tenant.placement());
        return result;
    }

    /** Returns configuration, placement and usage. */
    public static ObjectNode shown(Tenant tenant) {
        ObjectNode result = describe(tenant);
        result.set("usage", usage(tenant.usage()));
        return result;
    }

    /** Returns all tenants. */
    public static ObjectNode list(List<Tenant> tenants) {
        ObjectNode result = Json.object();
        ArrayNode all = result.putArray("tenants");
        tenants.forEach(tenant -> all.add(describe(tenant)));
        return result;
    }

    /** Returns what it uses now, and what it wrote in each hour. */
    public static ObjectNode usageByHour(Tenant tenant) {
        ObjectNode result = identity(tenant);
        result.setAll(usage(tenant.usage()));
        ArrayNode hours = result.putArray("hours");
        for (UsageHour each : tenant.usageByHour()) {
            hours.addObject()
                    .put("hour", each.hour() == null ? null : each.hour().toString())
                    .put("signals", each.signals())
                    .put("bytes", each.bytes());
        }
        return result;
    }

    /** Returns who is erased, and what it holds until then. */
    public static ObjectNode erasure(Tenant tenant) {
        ObjectNode result = identity(tenant).put("erased", true);
        Optional<TenantUsage> usage = known(tenant);
        if (usage.isPresent()) {
            Numbers.put(result, "signals", usage.get().accepted());
            Numbers.put(result, "entities", usage.get().entities());
            return Numbers.put(result, "storage_bytes", usage.get().storageBytes());
        }
        return result.putNull("signals").putNull("entities").putNull("storage_bytes");
    }

    // What a quarantined or suspended tenant held can't be told, and to delete it is one of the two ways out.
    private static Optional<TenantUsage> known(Tenant tenant) {
        try {
            return Optional.of(tenant.usage());
        } catch (TidalException e) {
            if (e.code() == ErrorCode.CORRUPT_LOG
                    || e.code() == ErrorCode.CORRUPT_DATA
                    || e.code() == ErrorCode.TENANT_SUSPENDED) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Returns what it uses. */
    public static ObjectNode usage(TenantUsage usage) {
        return Json.object()
                .put("signals_per_sec", usage.signalsPerSecond())
                .put("entities", usage.entities())
                .put("storage_bytes", usage.storageBytes())
                .put("accepted", usage.accepted())
                .put("throttled", usage.throttled());
    }

    /** Adds the printed forms. */
    public static void strings(ArrayNode array, List<?> values) {
        values.forEach(value -> array.add(value.toString()));
    }

    /** Adds the three limits as {@code ClusterHealth} names them. */
    static void limits(ObjectNode quota, TenantConfig config) {
        quota.put("signals_per_sec", number(config.maxSignalsPerSecond()))
                .put("entities", number(config.maxEntities()))
                .put("storage_bytes", number(config.maxStorageBytes()));
    }

    private static @Nullable Double number(OptionalDouble limit) {
        return limit.isPresent() ? limit.getAsDouble() : null;
    }

    private static @Nullable Long number(OptionalLong limit) {
        return limit.isPresent() ? limit.getAsLong() : null;
    }
}
