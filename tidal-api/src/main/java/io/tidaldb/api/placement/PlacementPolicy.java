package io.tidaldb.api.placement;

import io.tidaldb.api.ReplicaId;
import java.util.List;

/**
 * Chooses the shards of a tenant when it is created. The choice is then stored; a change of topology moves nothing by itself.
 *
 * <ul>
 *   <li>The answer has exactly as many shards as slots were asked for, all eligible, without repeats; the order is that of the slots.
 *   <li>It is a pure function of the request: every node computes the same.
 * </ul>
 *
 * {@code PlacementPolicyContract} in the testkit checks each line above.
 */
public interface PlacementPolicy {

    /** Returns the shards, one for each slot. */
    List<ReplicaId> place(PlacementRequest request);
}
