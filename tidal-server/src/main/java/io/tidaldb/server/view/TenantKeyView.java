package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.TenantKeyState;
import io.tidaldb.server.importing.Json;

/** How a tenant's keys are, as commands and the HTTP interface show it. */
public final class TenantKeyView {

    private TenantKeyView() {}

    /** Returns it without anything secret. */
    public static ObjectNode of(TenantKeyState state) {
        ObjectNode result = Json.object()
                .put("tenant", Long.toUnsignedString(state.tenant().value()))
                .put("encrypted", state.encrypted())
                .put("revoked", state.revoked())
                .put("suspended", state.suspension().orElse(null));
        ArrayNode keys = result.putArray("keys");
        state.keys()
                .forEach(key -> keys.addObject()
                        .put("id", key.id())
                        .put("created", key.created().toString()));
        return result;
    }
}
