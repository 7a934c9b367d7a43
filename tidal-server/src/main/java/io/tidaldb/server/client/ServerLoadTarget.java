package io.tidaldb.server.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.importing.LoadTarget;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/**
 * A tenant of a server as the target of a load, which asks as a good client does: what a node can't do now is asked of the next one, under
 * the same key, until a deadline.
 *
 * @param deadline for each write and read
 */
public record ServerLoadTarget(ServerClient client, TenantId tenant, Duration deadline) implements LoadTarget {

    private static final int CALLS_AT_ONCE = 64;

    /** Returns a target on the tenant that a text names, which is created if it is missing. */
    public static ServerLoadTarget of(ServerClient client, String tenant, Duration deadline) {
        return new ServerLoadTarget(client, existingOrNew(client, tenant), deadline);
    }

    private static TenantId existingOrNew(ServerClient client, String text) {
        ServerTenants tenants = new ServerTenants(client);
        TenantId named = tenants.named(text).orElse(null);
        try {
            if (named != null) {
                client.call(Request.get(ServerTenants.path(named)));
                return named;
            }
        } catch (TidalException e) {
            if (e.code() != ErrorCode.TENANT_NOT_FOUND) {
                throw e;
            }
        }
        ObjectNode wanted = named == null
                ? Json.object().put("label", text)
                : Json.object().put("tenant", Long.toUnsignedString(named.value()));
        return ServerTenants.id(client.call(Request.change("POST", "/v1/tenants", wanted)));
    }

    @Override
    public CompletionStage<Position> record(Signal signal, WriteOptions options) {
        return client.insist(SignalWrite.request(tenant, List.of(signal), options), deadline)
                .thenApply(SignalWrite::position);
    }

    @Override
    public void read(String signal, EntityId entity) {
        ObjectNode question = Json.object().put("signal", signal);
        question.putArray("entities").add(entity.toString());
        try {
            client.insist(Request.question(ServerTenants.path(tenant) + "/reads", question), deadline)
                    .join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw e;
        }
    }

    @Override
    public int callsAtOnce() {
        return CALLS_AT_ONCE;
    }
}
