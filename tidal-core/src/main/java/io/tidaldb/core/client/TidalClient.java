package io.tidaldb.core.client;

import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A client of a cluster: talks to its nodes over their transport, and is none of them. It stores nothing, decides nothing and has no vote.
 *
 * <p>It finds out which node leads what, and asks that one. A node that does not lead it any more says so; then, and when a node goes away
 * or does not answer, the client finds out anew and asks again, until the deadline: a write under an idempotency key, which it makes
 * up unless it is given one, so that each counts once. So the end of a node fails no write and no read, as long as others take over
 * before the deadline.
 *
 * <p>Safe for any number of threads. After {@link #close} every method but close fails with CLOSED.
 */
public final class TidalClient implements AutoCloseable {

    private final Cluster cluster;
    private final Map<TenantId, ClientTenant> tenants = new ConcurrentHashMap<>();

    TidalClient(Cluster cluster) {
        this.cluster = cluster;
    }

    /** Starts to configure a client. */
    public static TidalClientBuilder builder() {
        return new TidalClientBuilder();
    }

    /** Returns a tenant. Whether it exists comes out when it is asked for something: TENANT_NOT_FOUND. */
    public ClientTenant tenant(TenantId id) {
        cluster.checkOpen();
        return tenants.computeIfAbsent(id, each -> new ClientTenant(cluster, new Routing(cluster, each)));
    }

    /**
     * Drops all links. What has no answer yet fails with PEER_UNAVAILABLE, since it may have been done, and what was not sent yet with CLOSED. A
     * second close does nothing.
     */
    @Override
    public void close() {
        cluster.close();
    }

    /**
     * Waits until a node is reached.
     *
     * @throws TidalException PEER_UNAVAILABLE
     */
    TidalClient connected() {
        try {
            cluster.awaitLink();
        } catch (TidalException e) {
            close();
            throw e;
        }
        return this;
    }
}
