package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.sse.SseClient;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.server.http.exchange.NodeState;
import io.tidaldb.server.http.exchange.Refusal;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.view.ClusterView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens, told to whoever listens: {@code tenant} when one is created, changed or deleted; {@code throttled} when a tenant was
 * refused more; {@code health} at first and then every few seconds. A listener that is too slow misses events, and is told how many; nobody
 * waits for it.
 */
public final class ServerEvents implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ServerEvents.class);
    private static final int MAX_LISTENERS = 64;
    private static final long LOOK_MILLIS = 1_000;
    private static final int HEALTH_EVERY = 5;

    private final NodeState node;
    private final Set<Listener> listeners = ConcurrentHashMap.newKeySet();
    private final Map<TenantId, Long> throttled = new ConcurrentHashMap<>();
    private final ScheduledExecutorService looker;
    private final ScheduledFuture<?> looking;
    private int looks;

    /** Begins to look at the node's health; {@link #close} ends it. */
    public ServerEvents(NodeState node) {
        this.node = node;
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "tidal-events-0");
            thread.setDaemon(true);
            return thread;
        });
        this.looking = executor.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
        this.looker = executor;
    }

    /** Tells that a tenant was created, changed or deleted. */
    void tenant(String what, TenantId tenant) {
        // A tenant that is created again begins to count anew.
        throttled.remove(tenant);
        publish("tenant", Json.object().put("change", what).put("tenant", Long.toUnsignedString(tenant.value())));
    }

    /** Begins to tell a client; ends with the client's connection. */
    void listen(SseClient client, Executor executor) {
        if (listeners.size() >= MAX_LISTENERS) {
            throw new Refusal(
                    Refusal.Code.UNAVAILABLE, "as many listen as may, " + MAX_LISTENERS + ": try again later", 5);
        }
        Listener listener = new Listener(client, executor);
        listeners.add(listener);
        client.onClose(() -> listeners.remove(listener));
        client.keepAlive();
        listener.offer("health", health(node.tidal().health()));
    }

    private void look() {
        if (listeners.isEmpty() || node.notReady().isPresent()) {
            return;
        }
        try {
            ClusterHealth health = node.tidal().health();
            health.tenants().forEach(this::tellIfThrottled);
            looks++;
            if (looks % HEALTH_EVERY == 0) {
                publish("health", health(health));
            }
        } catch (RuntimeException e) {
            LOG.warn("health could not be told: {}", e.getMessage());
        }
    }

    private void tellIfThrottled(ClusterHealth.TenantHealth tenant) {
        long now = tenant.usage().throttled();
        Long before = throttled.put(tenant.tenant(), now);
        if (before != null && before < now) {
            publish(
                    "throttled",
                    Json.object()
                            .put("tenant", Long.toUnsignedString(tenant.tenant().value()))
                            .put("throttled_total", now)
                            .put("more", now - before));
        }
    }

    // Without tenants: there may be many, and /v1/cluster has them.
    private ObjectNode health(ClusterHealth health) {
        ClusterHealth brief = new ClusterHealth(
                health.cluster(),
                health.leader(),
                health.decisions(),
                health.nodes(),
                health.shards(),
                List.of(),
                new ClusterHealth.Risks(
                        new TreeMap<>(),
                        new TreeMap<>(),
                        new TreeMap<>(),
                        health.risks().ifLost()),
                health.upgrades());
        Optional<String> notReady = node.notReady();
        ObjectNode event = ClusterView.describe(node.cluster(), brief, List.of(), node.thresholds());
        event.remove("tenants");
        return event.put("ready", notReady.isEmpty())
                .put("tenants", health.tenants().size());
    }

    private void publish(String name, ObjectNode event) {
        listeners.forEach(listener -> listener.offer(name, event));
    }

    @Override
    public void close() {
        looking.cancel(false);
        looker.shutdownNow();
        listeners.forEach(Listener::close);
        listeners.clear();
    }
}
