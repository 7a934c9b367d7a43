package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.auth.Authenticator;
import io.tidaldb.server.auth.Scope;
import io.tidaldb.server.auth.TokenFile;
import io.tidaldb.server.auth.TokenIssue;
import io.tidaldb.server.config.TimeSpan;
import io.tidaldb.server.http.body.Fields;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Refusal;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.view.TokenView;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** API tokens, in the file that the node's configuration names. A change counts at once on this node. */
final class TokenRoutes {

    private static final int MAX_ITEMS = 1_000;

    private final Authenticator authenticator;

    TokenRoutes(Authenticator authenticator) {
        this.authenticator = authenticator;
    }

    List<Route> routes() {
        return List.of(
                Route.of(Method.GET, "/v1/tokens", Access.OPERATOR, "Lists the tokens; what they are can't be told")
                        .answers(200, "The tokens", Schema.ref("Tokens"))
                        .by(this::list),
                Route.of(Method.POST, "/v1/tokens", Access.OPERATOR, "Makes a token and shows it, once")
                        .body(MediaTypes.JSON, Schema.ref("NewToken"))
                        .answers(201, "The token", Schema.ref("IssuedToken"))
                        .by(this::create),
                Route.of(Method.DELETE, "/v1/tokens/{id}", Access.OPERATOR, "Revokes a token, on every node")
                        .answers(200, "Which one", Schema.ref("RevokedToken"))
                        .by(this::revoke));
    }

    private TokenFile file() {
        return authenticator
                .file()
                .orElseThrow(() -> new TidalException(
                        ErrorCode.UNSUPPORTED,
                        "this node asks for no tokens: set auth.tokens in its configuration first"));
    }

    private void list(Exchange exchange) {
        ObjectNode result = Json.object();
        ArrayNode all = result.putArray("tokens");
        file().read().forEach(token -> all.add(TokenView.of(token)));
        exchange.answer(200, result);
    }

    private void create(Exchange exchange) throws IOException {
        TokenFile file = file();
        Fields fields = exchange.body();
        String label = fields.scalar("label").orElse("");
        List<Scope> scopes = bounded("scopes", fields.list("scopes").orElse(List.of())).stream()
                .map(Scope::parse)
                .toList();
        List<TenantId> tenants = bounded("tenants", fields.list("tenants").orElse(List.of())).stream()
                .map(TenantId::parse)
                .toList();
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        Instant expires =
                fields.value("expires_in", TimeSpan::parse).map(now::plus).orElse(null);
        fields.end();
        TokenIssue issue = TokenIssue.into(file, label, scopes, tenants, now, expires);
        authenticator.changed();
        exchange.answer(201, TokenView.of(issue.token()).put("token", issue.secret()));
    }

    private static List<String> bounded(String field, List<String> items) {
        if (items.size() > MAX_ITEMS) {
            throw TidalException.invalid(
                    "field " + field + " has " + items.size() + " items: expected at most " + MAX_ITEMS);
        }
        return items;
    }

    private void revoke(Exchange exchange) {
        String id = exchange.path("id");
        TokenFile file = file();
        boolean known = file.read().stream().anyMatch(token -> token.id().equals(id));
        if (!known && exchange.tidal().isTokenRevoked(id)) {
            throw new Refusal(Refusal.Code.NOT_FOUND, "there is no token with this id: it was revoked before");
        }
        exchange.acting().revokeToken(id);
        if (known) {
            file.change(before ->
                    before.stream().filter(token -> !token.id().equals(id)).toList());
            authenticator.changed();
        }
        exchange.answer(200, Json.object().put("id", id).put("revoked", true));
    }
}
