package io.tidaldb.server.http;

import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.auth.Authenticator;
import io.tidaldb.server.config.NodeConfiguration;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.Gate;
import io.tidaldb.server.http.exchange.NodeState;
import io.tidaldb.server.http.exchange.Problem;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.exchange.Uploads;
import io.tidaldb.server.http.route.Dashboard;
import io.tidaldb.server.http.route.RouteTable;
import io.tidaldb.server.http.route.ServerEvents;
import io.tidaldb.server.http.route.TenantDefaults;
import java.util.List;

/** Serves the HTTP interface of one node. Safe for any number of threads. */
public final class HttpServer implements AutoCloseable {

    private static final int MAX_REQUESTS = 2_048;

    /** Fewer than there are threads, so that slow bodies leave some to everybody else. */
    private static final int MAX_UPLOADS = 96;

    private final NodeConfiguration configuration;
    private final NodeState node;
    private final Gate gate;
    private final Listening listening;
    private final RequestLimit requests;
    private final Uploads uploads = new Uploads(MAX_UPLOADS);
    private final ServerEvents events;
    private final RequestMetrics measured;
    private final List<Route> routes;
    private final Javalin javalin;

    private HttpServer(
            NodeConfiguration configuration,
            NodeState node,
            Authenticator authenticator,
            PrometheusMeterRegistry metrics,
            RequestLimit requests) {
        this.configuration = configuration;
        this.node = node;
        this.gate = new Gate(authenticator, node);
        this.listening = new Listening(configuration);
        this.requests = requests;
        this.events = new ServerEvents(node);
        this.measured = new RequestMetrics(metrics, requests);
        this.routes = RouteTable.of(
                node,
                new TenantDefaults(
                        configuration.wal().durability(), configuration.keys().encryptByDefault()),
                configuration.dataDir(),
                configuration.pluginsDir().orElse(null),
                authenticator,
                events,
                metrics);
        this.javalin = Javalin.create(this::configure);
    }

    /**
     * Starts to listen; routes that need the store answer 503 until the node's state has one.
     *
     * @throws TidalException INVALID_CONFIGURATION if it can't listen there
     */
    public static HttpServer start(
            NodeConfiguration configuration,
            NodeState node,
            Authenticator authenticator,
            PrometheusMeterRegistry metrics) {
        HttpServer server = new HttpServer(configuration, node, authenticator, metrics, new RequestLimit(MAX_REQUESTS));
        try {
            server.javalin.start();
        } catch (RuntimeException e) {
            server.close();
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "http.listen " + configuration.http().listen() + " can't be listened on: " + reason(e),
                    e);
        }
        return server;
    }

    private static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    /** Returns the port that is listened on. */
    public int port() {
        return javalin.port();
    }

    List<Route> routes() {
        return routes;
    }

    private void configure(JavalinConfig config) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.startup.startupWatcherEnabled = false;
        config.http.prefer405over404 = true;
        config.http.generateEtags = false;
        config.http.maxRequestSize = configuration.limits().bodyBytes().bytes();
        config.http.compressionStrategy = CompressionStrategy.NONE;
        config.router.ignoreTrailingSlashes = false;
        config.router.caseInsensitiveRoutes = false;
        config.router.treatMultipleSlashesAsSingleSlash = false;
        listening.configure(config.jetty, requests);
        config.routes.before(HttpServer::harden);
        routes.forEach(route -> add(config, route));
        Dashboard.routes().forEach(route -> add(config, route));
        config.routes.after(measured::after);
        config.routes.after(gate::after);
        config.routes.exception(HttpResponseException.class, HttpServer::refuse);
        config.routes.exception(Exception.class, this::fail);
        // It must not fail itself, or it is called again for ever: without memory or descriptors no class can be loaded
        // here.
        config.router.javaLangErrorHandler((response, failure) -> response.setStatus(500));
    }

    private void add(JavalinConfig config, Route route) {
        config.routes.addHttpHandler(
                HandlerType.findOrCreate(route.method().name()), route.path(), context -> serve(context, route));
    }

    private static void harden(Context context) {
        context.header("X-Content-Type-Options", "nosniff").header("Cache-Control", "no-store");
    }

    private void serve(Context context, Route route) throws Exception {
        measured.before(context, route);
        gate.check(context, route);
        Exchange exchange = new Exchange(
                context,
                route,
                node,
                listening.threads(),
                configuration.limits().bodyBytes().bytes(),
                uploads,
                gate);
        exchange.serve();
    }

    private static void refuse(Exception failure, Context context) {
        Exchange.respond(context, Problem.of(failure));
    }

    private void fail(Exception failure, Context context) {
        node.failed(failure);
        Exchange.respond(context, Problem.of(failure));
    }

    /** Ends streams, lets what is under way finish within a bound, and stops. A second close does nothing. */
    @Override
    public void close() {
        events.close();
        javalin.stop();
    }
}
