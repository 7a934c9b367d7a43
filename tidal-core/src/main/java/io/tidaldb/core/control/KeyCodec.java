package io.tidaldb.core.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.key.TenantKeys;
import io.tidaldb.core.key.WrappedKey;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What concerns tenants' keys as JSON: in commands, in snapshots of the state, and in backups. */
public final class KeyCodec {

    private KeyCodec() {}

    static void put(ObjectNode json, ClusterCommand.OfKeys command) {
        json.put("tenant", Long.toUnsignedString(command.tenant().value()));
        if (command instanceof ClusterCommand.SetTenantKeys set) {
            json.put("type", "set-tenant-keys").put("life", Long.toUnsignedString(set.life()));
            putKeys(json, set.wrapped());
        } else if (command instanceof ClusterCommand.SuspendTenant suspend) {
            json.put("type", "suspend-tenant").put("suspended", suspend.suspended());
        }
    }

    static @Nullable ClusterCommand command(JsonNode json) {
        TenantId tenant = TenantId.parse(json.path("tenant").asText("0"));
        return switch (json.path("type").asText()) {
            case "set-tenant-keys" ->
                new ClusterCommand.SetTenantKeys(
                        tenant, Long.parseUnsignedLong(json.path("life").asText("0")), keys(json));
            case "suspend-tenant" ->
                new ClusterCommand.SuspendTenant(tenant, json.path("suspended").asBoolean());
            default -> null;
        };
    }

    static void putTenant(ObjectNode tenant, TenantKeys keys) {
        if (!keys.equals(TenantKeys.NONE)) {
            putKeys(tenant, keys.wrapped());
            tenant.put("keys_revoked", keys.revoked());
        }
    }

    static TenantKeys tenant(JsonNode tenant) {
        return new TenantKeys(keys(tenant), tenant.path("keys_revoked").asBoolean());
    }

    /** Writes wrapped keys. */
    public static void putKeys(ObjectNode json, List<WrappedKey> wrapped) {
        ArrayNode keys = json.putArray("keys");
        wrapped.forEach(each -> keys.addObject()
                .put("id", each.id())
                .put("wrapped", each.wrapped())
                .put("created_ms", each.createdMillis()));
    }

    /**
     * Reads what {@link #putKeys} writes; nothing if it is not there.
     *
     * @throws io.tidaldb.api.TidalException INVALID_ARGUMENT if it is malformed
     */
    public static List<WrappedKey> keys(JsonNode json) {
        List<WrappedKey> keys = new ArrayList<>();
        json.path("keys")
                .forEach(each -> keys.add(new WrappedKey(
                        each.path("id").asInt(),
                        each.path("wrapped").asText(),
                        each.path("created_ms").asLong())));
        return keys;
    }
}
