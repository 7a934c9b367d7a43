package io.tidaldb.server.http.route;

import io.javalin.http.sse.SseClient;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.NodeState;
import io.tidaldb.server.http.exchange.Refusal;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.importing.Json;
import java.util.List;

/** What those need who run a node: is it alive, does it serve, how does it do, what happens. */
final class OperationRoutes {

    private final NodeState node;
    private final ServerEvents events;

    OperationRoutes(NodeState node, ServerEvents events) {
        this.node = node;
        this.events = events;
    }

    List<Route> routes() {
        return List.of(
                Route.of(Method.GET, "/healthz", Access.OPEN, "Says that the process is alive")
                        .answers(200, "It is", Schema.ref("Alive"))
                        .by(exchange -> exchange.answer(200, Json.object().put("status", "alive"))),
                Route.of(
                                Method.GET,
                                "/readyz",
                                Access.OPEN,
                                "Says whether the node serves; 503 if not, with the reason")
                        .answers(200, "It does", Schema.ref("Alive"))
                        .by(this::ready),
                Route.of(Method.GET, "/v1/events", Access.OPERATOR, "Tells what happens, as server-sent events")
                        .answers(200, "Events: tenant, throttled, health, missed", MediaTypes.EVENTS, Schema.text())
                        .by(this::listen));
    }

    private void ready(Exchange exchange) {
        node.notReady().ifPresent(reason -> {
            throw new Refusal(Refusal.Code.UNAVAILABLE, "node " + node.node() + " does not serve: " + reason, 1);
        });
        exchange.answer(200, Json.object().put("status", "ready"));
    }

    private void listen(Exchange exchange) {
        exchange.tidal();
        exchange.context()
                .contentType(MediaTypes.EVENTS)
                .header("Cache-Control", "no-store")
                .header("X-Accel-Buffering", "no");
        events.listen(new SseClient(exchange.context()), exchange.executor());
    }
}
