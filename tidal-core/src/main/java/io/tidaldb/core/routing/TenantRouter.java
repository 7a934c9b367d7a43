package io.tidaldb.core.routing;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Tenant and entity to shard, in the same time however many tenants there are.
 *
 * <p>Safe for any number of threads; whoever applies control commands changes it, everybody reads.
 */
public final class TenantRouter {

    // Only looked up, never iterated, so that its order does not matter.
    private final Map<TenantId, Placement> placements = new ConcurrentHashMap<>();

    /** Creates a router that knows no tenant. */
    public TenantRouter() {}

    /** Sets where a tenant lives from now on. */
    public void place(TenantId tenant, Placement placement) {
        placements.put(tenant, placement);
    }

    /** Forgets a tenant. */
    public void remove(TenantId tenant) {
        placements.remove(tenant);
    }

    /** Returns where a tenant lives, or null if it is unknown. */
    public @Nullable Placement placement(TenantId tenant) {
        return placements.get(tenant);
    }

    /**
     * Returns the shard of an entity.
     *
     * @throws TidalException TENANT_NOT_FOUND
     */
    public ReplicaId route(TenantId tenant, long entity) {
        Placement placement = placements.get(tenant);
        if (placement == null) {
            throw new TidalException(
                    ErrorCode.TENANT_NOT_FOUND, "tenant " + tenant + " has no placement: expected a registered tenant");
        }
        return placement.shard(entity);
    }
}
