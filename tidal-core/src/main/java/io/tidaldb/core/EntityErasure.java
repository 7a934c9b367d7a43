package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What has become of the erasure of an entity, node by node.
 *
 * @param number which erasure it is, from 1
 * @param entity which entity; of one that had a name, the number that follows from it
 * @param asked when it was asked for
 * @param nodes those that had, or could have had, something of the tenant, in order
 */
public record EntityErasure(long number, TenantId tenant, EntityId entity, Instant asked, List<Confirmation> nodes) {

    /** Copies the list. */
    public EntityErasure {
        nodes = List.copyOf(nodes);
    }

    /**
     * What a node says.
     *
     * @param erased when nothing of the entity was in any of its files any more, by its own clock; empty if it has not said so yet, or has to say so
     *     again, as it may have been sent more since
     * @param through where the erasure stands in the logs of the slots that the node has: everything before is gone, of whatever entity
     */
    public record Confirmation(NodeId node, Optional<Instant> erased, List<String> through) {

        /** Copies the list. */
        public Confirmation {
            through = List.copyOf(through);
        }
    }

    /** Returns whether all nodes have confirmed it. */
    public boolean isComplete() {
        return nodes.stream().allMatch(node -> node.erased().isPresent());
    }
}
