package io.tidaldb.server.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.server.config.TimeSpan;
import io.tidaldb.server.importing.ImportTarget;
import io.tidaldb.server.importing.Json;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A server as the target of an import. A call is an array, which is recorded whole or not at all, under a key of its own: each line's
 * position follows from where the call ended, and an answer that was lost is asked for again. Not thread-safe.
 */
public final class ServerTarget implements ImportTarget {

    // A node takes 96 uploads at a time, of everybody.
    private static final int CALLS_AT_ONCE = 16;
    private static final int MAX_REMEMBERED = 10_000;
    private static final long OVERLOAD_PAUSE_MILLIS = 100;

    private final ServerClient client;
    private final boolean createTenants;
    private final @Nullable Duration halfLifeOfCreated;
    private final Map<String, Remote> tenants = new HashMap<>();
    private final Set<String> unknownTenants = new HashSet<>();
    private final Set<String> signals = new HashSet<>();
    private final Set<String> unknownSignals = new HashSet<>();

    /**
     * Prepares the target.
     *
     * @param createTenants whether a missing tenant is created: under its number, or under the next free one with the text as label
     * @param halfLifeOfCreated with which a missing type of signal is declared; null if none is
     */
    public ServerTarget(ServerClient client, boolean createTenants, @Nullable Duration halfLifeOfCreated) {
        this.client = client;
        this.createTenants = createTenants;
        this.halfLifeOfCreated = halfLifeOfCreated;
    }

    private record Remote(ServerClient client, TenantId id, boolean isSpread) implements Recipient {

        @Override
        public CompletionStage<Position> record(List<Signal> signals) {
            return client.send(SignalWrite.request(id, signals, WriteOptions.DEFAULT))
                    .thenApply(SignalWrite::position)
                    .exceptionallyCompose(Remote::later);
        }

        /** Whoever is told that the node is overloaded hears of it only when it is time to come back. */
        private static CompletionStage<Position> later(Throwable failure) {
            boolean overloaded = failure instanceof CompletionException
                    && failure.getCause() instanceof TidalException store
                    && store.code() == ErrorCode.OVERLOADED;
            CompletableFuture<Position> failed = CompletableFuture.failedFuture(failure);
            return overloaded
                    ? CompletableFuture.runAsync(
                                    () -> {},
                                    CompletableFuture.delayedExecutor(OVERLOAD_PAUSE_MILLIS, TimeUnit.MILLISECONDS))
                            .thenCompose(passed -> failed)
                    : failed;
        }
    }

    @Override
    public @Nullable Recipient tenant(String text) {
        Remote tenant = tenants.get(text);
        if (tenant != null || unknownTenants.contains(text)) {
            return tenant;
        }
        JsonNode found = existing(text);
        if (found == null && createTenants) {
            found = client.call(Request.change("POST", "/v1/tenants", wanted(text)));
        }
        if (found == null) {
            remember(unknownTenants, text);
            return null;
        }
        Remote remote =
                new Remote(client, ServerTenants.id(found), found.path("slots").asInt() != 1);
        tenants.put(text, remote);
        return remote;
    }

    private @Nullable JsonNode existing(String text) {
        if (!ServerTenants.isNumber(text)) {
            return new ServerTenants(client).labelled(text).orElse(null);
        }
        return unless(ErrorCode.TENANT_NOT_FOUND, ServerTenants.path(TenantId.parse(text)));
    }

    private static ObjectNode wanted(String text) {
        return Json.object().put(ServerTenants.isNumber(text) ? "tenant" : "label", text);
    }

    @Override
    public boolean takes(Recipient tenant, String signal) {
        if (signals.contains(signal) || unknownSignals.contains(signal)) {
            return signals.contains(signal);
        }
        String path = ServerTenants.path(tenant.id()) + "/signals/" + Request.encoded(signal);
        if (unless(ErrorCode.UNKNOWN_SIGNAL, path) == null) {
            if (halfLifeOfCreated == null) {
                remember(unknownSignals, signal);
                return false;
            }
            client.call(declaration(signal, halfLifeOfCreated));
        }
        return signals.add(signal);
    }

    /** Returns the request that declares a type of signal. */
    public static Request declaration(String signal, Duration halfLife) {
        ObjectNode type = Json.object().put("name", signal).put("half_life", TimeSpan.print(halfLife));
        return Request.change("POST", "/v1/signals", type);
    }

    @Override
    public String expectedSignals() {
        return "declare it with tidal signal declare, or import with --create-signals";
    }

    @Override
    public int callsAtOnce() {
        return CALLS_AT_ONCE;
    }

    /** Reads, or returns null if it fails with this code. */
    private @Nullable JsonNode unless(ErrorCode code, String path) {
        try {
            return client.call(Request.get(path));
        } catch (TidalException e) {
            if (e.code() == code) {
                return null;
            }
            throw e;
        }
    }

    private static void remember(Set<String> unknown, String text) {
        if (unknown.size() < MAX_REMEMBERED) {
            unknown.add(text);
        }
    }
}
