package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.NodeState;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.view.ClusterView;
import io.tidaldb.server.view.MigrationView;
import java.util.List;

/** The cluster's state. */
final class ClusterRoutes {

    private final NodeState node;

    ClusterRoutes(NodeState node) {
        this.node = node;
    }

    List<Route> routes() {
        return List.of(Route.of(Method.GET, "/v1/cluster", Access.OPERATOR, "Shows nodes, regions, shards and tenants")
                .answers(200, "The cluster's health", Schema.ref("ClusterHealth"))
                .by(this::health));
    }

    private void health(Exchange exchange) {
        Tidal tidal = exchange.tidal();
        ObjectNode health = ClusterView.describe(node.cluster(), tidal.health(), tidal.tenants(), node.thresholds());
        health.setAll(MigrationView.running(tidal.migrations().all()));
        exchange.answer(200, health);
    }
}
