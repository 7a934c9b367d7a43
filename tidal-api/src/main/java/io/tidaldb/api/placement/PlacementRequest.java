package io.tidaldb.api.placement;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import java.util.List;

/**
 * Asks where a tenant should live.
 *
 * @param slots how many shards are wanted, 1 or more
 * @param eligible the shards that residency allows, in order, without repeats; at least as many as slots
 */
public record PlacementRequest(TenantId tenant, int slots, List<ReplicaId> eligible) {

    /** Copies the list. */
    public PlacementRequest {
        eligible = List.copyOf(eligible);
    }
}
