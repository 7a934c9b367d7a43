package io.tidaldb.server.node;

import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.auth.Authenticator;
import io.tidaldb.server.config.Address;
import io.tidaldb.server.config.NodeConfiguration;
import io.tidaldb.server.http.HttpServer;
import io.tidaldb.server.http.exchange.NodeState;
import io.tidaldb.server.metrics.TidalMetrics;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * A node that serves: the store and its HTTP interface. The interface is there first, so that a long recovery can be told from a dead
 * process. Safe for any number of threads.
 */
public final class NodeProcess implements AutoCloseable {

    private final NodeConfiguration configuration;
    private final NodeState state;
    private final HttpServer http;
    private final Tidal tidal;
    private final JvmGcMetrics collections;

    private NodeProcess(
            NodeConfiguration configuration, NodeState state, HttpServer http, Tidal tidal, JvmGcMetrics collections) {
        this.configuration = configuration;
        this.state = state;
        this.http = http;
        this.tidal = tidal;
        this.collections = collections;
    }

    /**
     * Starts a node; returns when it serves.
     *
     * @throws io.tidaldb.api.TidalException as {@link io.tidaldb.core.TidalBuilder#open}, INVALID_CONFIGURATION, UNSUPPORTED
     */
    public static NodeProcess start(NodeConfiguration configuration) {
        Authenticator authenticator = Authenticator.of(configuration.tokens());
        NodeState state = new NodeState(configuration);
        PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        JvmGcMetrics collections = measureJvm(metrics);
        CompletableFuture<HttpServer> http =
                begin(() -> HttpServer.start(configuration, state, authenticator, metrics));
        Tidal tidal = null;
        try {
            if (!configuration.others().isEmpty()) {
                // Others may be waited for: who can't serve has to say so before.
                http.join();
            }
            tidal = Store.open(configuration, state.init(), state.access());
            state.access().keepIn(configuration.dataDir().resolve("access"));
            HttpServer server = http.join();
            new TidalMetrics(tidal).bindTo(metrics);
            state.opened(tidal);
            var unused = tidal.failure().thenAccept(state::failed);
            return new NodeProcess(configuration, state, server, tidal, collections);
        } catch (TidalException | CompletionException e) {
            http.thenAccept(HttpServer::close).exceptionally(failure -> null).join();
            collections.close();
            if (tidal != null) {
                tidal.close();
            }
            throw e;
        }
    }

    // Beside the store, which takes as long to open.
    private static CompletableFuture<HttpServer> begin(Supplier<HttpServer> start) {
        CompletableFuture<HttpServer> started = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        started.complete(start.get());
                    } catch (RuntimeException e) {
                        started.completeExceptionally(e);
                    }
                },
                "tidal-start-0");
        thread.setDaemon(true);
        thread.start();
        return started;
    }

    private static JvmGcMetrics measureJvm(PrometheusMeterRegistry metrics) {
        new JvmMemoryMetrics().bindTo(metrics);
        new JvmThreadMetrics().bindTo(metrics);
        new ProcessorMetrics().bindTo(metrics);
        new UptimeMetrics().bindTo(metrics);
        JvmGcMetrics collections = new JvmGcMetrics();
        collections.bindTo(metrics);
        return collections;
    }

    /** Returns where clients are served. */
    public Address http() {
        return configuration.http().listen().withPort(http.port());
    }

    /** Completes, with the reason, when the node can't go on and has to be started anew. */
    CompletionStage<TidalException> failure() {
        return tidal.failure();
    }

    /** Returns the line that says that the node serves. */
    String readyLine(long pid) {
        return "READY node=" + configuration.node() + " http=" + http() + " peer=" + peer() + " pid=" + pid;
    }

    private String peer() {
        return tidal.health().nodes().stream()
                .filter(node -> node.node().equals(configuration.node()))
                .map(ClusterHealth.NodeHealth::address)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse("-");
    }

    /**
     * Drains: is not ready from now on, hands over what it leads while it still serves, lets what is under way finish within a bound, makes
     * everything durable, lets go of all.
     */
    @Override
    public void close() {
        state.draining();
        try {
            tidal.handOver();
            http.close();
        } finally {
            collections.close();
            state.access().close();
            tidal.close();
        }
    }
}
