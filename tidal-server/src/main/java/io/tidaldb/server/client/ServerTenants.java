package io.tidaldb.server.client;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.api.TenantId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Finds tenants on a server as people write them. */
public record ServerTenants(ServerClient client) {

    private static final Pattern NUMBER = Pattern.compile("\\d+");
    private static final Pattern PRINTED = Pattern.compile("t\\d+");

    /** Returns where a tenant is. */
    public static String path(TenantId id) {
        return "/v1/tenants/" + Long.toUnsignedString(id.value());
    }

    /** Returns whether a text is a tenant's number. */
    static boolean isNumber(String text) {
        return NUMBER.matcher(text).matches();
    }

    /** Returns a tenant: {@code 42}, which is taken as it is, a label, or {@code t42}. Labels take an operator's token. */
    public Optional<TenantId> named(String text) {
        if (isNumber(text)) {
            return Optional.of(TenantId.parse(text));
        }
        Optional<TenantId> found = labelled(text).map(ServerTenants::id);
        return found.isEmpty() && PRINTED.matcher(text).matches() ? Optional.of(TenantId.parse(text)) : found;
    }

    /** Returns what the server says of the tenant with a label, unless several have it. */
    Optional<JsonNode> labelled(String label) {
        List<JsonNode> found = new ArrayList<>();
        client.call(Request.get("/v1/tenants")).path("tenants").forEach(tenant -> {
            if (tenant.path("label").asText().equals(label)) {
                found.add(tenant);
            }
        });
        return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
    }

    static TenantId id(JsonNode tenant) {
        return TenantId.parse(tenant.path("tenant").asText());
    }
}
