package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.auth.Token;
import io.tidaldb.server.importing.Json;
import java.util.Locale;

/** A token as JSON: never with its secret or hash. */
public final class TokenView {

    private TokenView() {}

    /** Returns what a token is called and allows. */
    public static ObjectNode of(Token token) {
        ObjectNode result = Json.object().put("id", token.id()).put("label", token.label());
        ArrayNode scopes = result.putArray("scopes");
        token.scopes().forEach(scope -> scopes.add(scope.name().toLowerCase(Locale.ROOT)));
        ArrayNode tenants = result.putArray("tenants");
        token.tenants().forEach(tenant -> tenants.add(Long.toUnsignedString(tenant.value())));
        return result.put("created", token.created().toString())
                .put("expires", token.expires() == null ? null : token.expires().toString());
    }
}
