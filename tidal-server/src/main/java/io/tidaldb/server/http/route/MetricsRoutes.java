package io.tidaldb.server.http.route;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tidaldb.core.Tenant;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.NodeState;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.metrics.NoisyTenants;
import io.tidaldb.server.metrics.TenantMetrics;
import java.util.List;

/** Metrics: of the node, of bounded size, and of one tenant. */
final class MetricsRoutes {

    private static final long FRESH_NANOS = 1_000_000_000;

    private final NodeState node;
    private final PrometheusMeterRegistry metrics;
    private final NoisyTenants noisy = new NoisyTenants();
    private Look last = new Look("", 0);

    private record Look(String text, long nanos) {}

    MetricsRoutes(NodeState node, PrometheusMeterRegistry metrics) {
        this.node = node;
        this.metrics = metrics;
    }

    List<Route> routes() {
        return List.of(
                Route.of(
                                Method.GET,
                                "/metrics",
                                Access.OPEN,
                                "Metrics for Prometheus; an operator sees the numbers of the tenants that do most, too")
                        .answers(200, "The metrics", MediaTypes.PROMETHEUS, Schema.text())
                        .by(this::all),
                Route.of(
                                Method.GET,
                                "/v1/tenants/{tenant}/metrics",
                                Access.READ,
                                "Metrics of one tenant, for Prometheus")
                        .answers(200, "The metrics", MediaTypes.PROMETHEUS, Schema.text())
                        .by(this::one));
    }

    private void all(Exchange exchange) {
        String text = metrics.scrape();
        boolean all = exchange.isOperator() && node.notReady().isEmpty();
        exchange.answer(200, MediaTypes.PROMETHEUS, all ? text + tenants() : text);
    }

    // However many scrape, the store is looked at once a second.
    private synchronized String tenants() {
        long now = System.nanoTime();
        if (last.text.isEmpty() || now - last.nanos >= FRESH_NANOS) {
            last = new Look(TenantMetrics.of(noisy.of(node.tidal().health().tenants())), now);
        }
        return last.text;
    }

    private void one(Exchange exchange) {
        Tenant tenant = exchange.tenant();
        exchange.answer(
                200,
                MediaTypes.PROMETHEUS,
                TenantMetrics.of(List.of(
                        new TenantMetrics.Row(Long.toUnsignedString(tenant.id().value()), tenant.usage()))));
    }
}
