package io.tidaldb.server.http.route;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.Upgrades;
import io.tidaldb.server.config.TimeSpan;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.view.UpgradeView;
import java.time.Duration;
import java.util.List;

/** Nodes that are taken out of service and brought back. */
final class UpgradeRoutes {

    private static final String ALLOW_UNAVAILABLE = "allow_unavailable";
    private static final String TIMEOUT = "timeout";

    List<Route> routes() {
        return List.of(
                Route.of(Method.GET, "/v1/upgrades", Access.OPERATOR, "Shows how far each node is")
                        .answers(200, "The nodes", Schema.ref("Upgrades"))
                        .by(exchange -> exchange.answer(
                                200, UpgradeView.status(exchange.tidal().upgrades()))),
                Route.of(
                                Method.GET,
                                "/v1/upgrades/plan",
                                Access.OPERATOR,
                                "Says in which order nodes are best drained, and what would be refused")
                        .answers(200, "A step for each node", Schema.ref("UpgradePlan"))
                        .by(exchange -> exchange.answer(
                                200, UpgradeView.plan(exchange.tidal().upgrades()))),
                Route.of(
                                Method.POST,
                                "/v1/upgrades/finalize",
                                Access.OPERATOR,
                                "Finalizes the release that all nodes run; there is no way back")
                        .answers(202, "The release", Schema.ref("Finalized"))
                        .by(exchange -> exchange.answer(
                                202,
                                Json.object()
                                        .put(
                                                "cluster_version",
                                                exchange.acting()
                                                        .upgrades()
                                                        .finish()
                                                        .releaseText()))),
                Route.of(
                                Method.POST,
                                "/v1/upgrades/{node}/drain",
                                Access.OPERATOR,
                                "Takes a node out of service; GET /v1/upgrades says how far it is")
                        .query(ALLOW_UNAVAILABLE, Schema.truth(), "Let tenants pause that nobody else could serve")
                        .query(TIMEOUT, Schema.text(), "How long it may take until it is undone: 60s without a word")
                        .answers(202, "It has begun", Schema.ref("UpgradeBegun"))
                        .by(this::drain),
                Route.of(
                                Method.POST,
                                "/v1/upgrades/{node}/rejoin",
                                Access.OPERATOR,
                                "Brings a node back into service; GET /v1/upgrades says how far it is")
                        .answers(202, "It has begun", Schema.ref("UpgradeBegun"))
                        .by(this::rejoin));
    }

    private void drain(Exchange exchange) {
        NodeId node = NodeId.of(exchange.path("node"));
        boolean allowUnavailable = exchange.truth(ALLOW_UNAVAILABLE);
        Duration timeout = exchange.query(TIMEOUT).map(TimeSpan::parse).orElse(Upgrades.DRAIN_TIMEOUT);
        Upgrades upgrades = exchange.acting().upgrades();
        upgrades.drain(node, allowUnavailable, timeout);
        begun(exchange, node, upgrades);
    }

    private void rejoin(Exchange exchange) {
        NodeId node = NodeId.of(exchange.path("node"));
        Upgrades upgrades = exchange.acting().upgrades();
        upgrades.rejoin(node);
        begun(exchange, node, upgrades);
    }

    private static void begun(Exchange exchange, NodeId node, Upgrades upgrades) {
        exchange.answer(
                202,
                Json.object()
                        .put("node", node.name())
                        .put("state", upgrades.phase(node).name()));
    }
}
