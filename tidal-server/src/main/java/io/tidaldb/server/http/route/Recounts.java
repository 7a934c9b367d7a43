package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Tenant;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.Refusal;
import io.tidaldb.server.view.UsageCheckView;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;

/** Counts usage again from logs: few at a time, and one of a tenant, for each reads all that there is. Safe for any number of threads. */
final class Recounts {

    private static final int MAX = 2;
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final int RETRY_SECONDS = 5;

    private final Semaphore permits = new Semaphore(MAX);
    private final Set<TenantId> underWay = ConcurrentHashMap.newKeySet();

    /** Answers with a tenant's usage and what its logs say. A count goes on to its end, whoever still waits for it. */
    void answer(Exchange exchange) {
        Tenant tenant = exchange.tenant();
        begin(tenant.id());
        exchange.answerLater(200, begun(tenant, exchange.executor()), PATIENCE);
    }

    private CompletableFuture<ObjectNode> begun(Tenant tenant, Executor executor) {
        try {
            return CompletableFuture.supplyAsync(() -> UsageCheckView.of(tenant), executor)
                    .whenComplete((usage, failure) -> end(tenant.id()))
                    .copy();
        } catch (RejectedExecutionException e) {
            end(tenant.id());
            throw e;
        }
    }

    void begin(TenantId tenant) {
        if (!underWay.add(tenant)) {
            throw refused("the usage of tenant " + tenant + " is being counted already");
        }
        if (!permits.tryAcquire()) {
            underWay.remove(tenant);
            throw refused("the node counts the usage of as many tenants as it does at a time, " + MAX);
        }
    }

    void end(TenantId tenant) {
        permits.release();
        underWay.remove(tenant);
    }

    private static Refusal refused(String why) {
        return new Refusal(Refusal.Code.UNAVAILABLE, why + ": try again later", RETRY_SECONDS);
    }
}
