package io.tidaldb.server.http.route;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tidaldb.server.auth.Authenticator;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.NodeState;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.OpenApiDocument;
import io.tidaldb.server.http.openapi.Schema;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** All routes of the interface: what is not here, nor a file of the {@link Dashboard}, is not served; the OpenAPI document is made of it. */
public final class RouteTable {

    private RouteTable() {}

    /** Returns all routes but those of the dashboard. */
    public static List<Route> of(
            NodeState node,
            TenantDefaults defaults,
            Path dataDir,
            @Nullable Path pluginsDir,
            Authenticator authenticator,
            ServerEvents events,
            PrometheusMeterRegistry metrics) {
        List<Route> routes = new ArrayList<>();
        routes.addAll(new TenantRoutes(defaults, events).routes());
        routes.addAll(new SignalTypeRoutes().routes());
        routes.addAll(new SignalRoutes().routes());
        routes.addAll(new ExportRoutes().routes());
        routes.addAll(new BackupRoutes(events, dataDir).routes());
        routes.addAll(new ReadRoutes().routes());
        routes.addAll(new UserRoutes().routes());
        routes.addAll(new EntityRoutes().routes());
        routes.addAll(new KeyRoutes().routes());
        routes.addAll(new TokenRoutes(authenticator).routes());
        routes.addAll(new AuditRoutes(node).routes());
        routes.addAll(new ClusterRoutes(node).routes());
        routes.addAll(new MembershipRoutes(node).routes());
        routes.addAll(new UpgradeRoutes().routes());
        routes.addAll(new FormatRoutes(node, dataDir, pluginsDir).routes());
        routes.addAll(new MigrationRoutes().routes());
        routes.addAll(new ReconciliationRoutes().routes());
        routes.addAll(new DebugRoutes(node).routes());
        routes.addAll(new OperationRoutes(node, events).routes());
        routes.addAll(new MetricsRoutes(node, metrics).routes());
        routes.add(Route.of(Method.GET, "/v1/openapi.json", Access.OPEN, "This document")
                .answers(200, "OpenAPI 3.1", Schema.types("object"))
                .by(exchange -> exchange.answer(200, OpenApiDocument.of(routes, version()))));
        return routes;
    }

    private static String version() {
        return Optional.ofNullable(RouteTable.class.getPackage().getImplementationVersion())
                .orElse("unknown");
    }
}
