package io.tidaldb.server.http.route;

import io.tidaldb.core.TenantKeyState;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.view.TenantKeyView;
import java.util.List;

/** The keys of encrypted tenants. */
final class KeyRoutes {

    private static final String PATH = "/v1/tenants/{tenant}/keys";
    private static final String ANSWER = "How the tenant's keys are then";

    List<Route> routes() {
        return List.of(
                Route.of(
                                Method.GET,
                                PATH,
                                Access.OPERATOR,
                                "Says whether a tenant is encrypted, which keys it has, and whether it is suspended")
                        .answers(200, "How the tenant's keys are", Schema.ref("TenantKeys"))
                        .by(exchange -> answer(exchange, exchange.tidal().keys(exchange.tenantId()))),
                Route.of(
                                Method.POST,
                                PATH + "/rotate",
                                Access.OPERATOR,
                                "Gives an encrypted tenant another key, and wraps those before with the newest master key")
                        .answers(200, ANSWER, Schema.ref("TenantKeys"))
                        .by(exchange -> answer(exchange, exchange.acting().rotateKeys(exchange.tenantId()))),
                Route.of(
                                Method.POST,
                                PATH + "/revoke",
                                Access.OPERATOR,
                                "Forbids the use of an encrypted tenant's keys: nothing of it is read or written")
                        .answers(200, ANSWER, Schema.ref("TenantKeys"))
                        .by(exchange -> answer(exchange, exchange.acting().suspendKeys(exchange.tenantId(), true))),
                Route.of(
                                Method.POST,
                                PATH + "/restore",
                                Access.OPERATOR,
                                "Allows the use of an encrypted tenant's keys again")
                        .answers(200, ANSWER, Schema.ref("TenantKeys"))
                        .by(exchange -> answer(exchange, exchange.acting().suspendKeys(exchange.tenantId(), false))));
    }

    private static void answer(Exchange exchange, TenantKeyState state) {
        exchange.answer(200, TenantKeyView.of(state));
    }
}
