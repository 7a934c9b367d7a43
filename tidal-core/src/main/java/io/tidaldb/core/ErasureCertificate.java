package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What has become of a tenant that was deleted, node by node.
 *
 * @param tenant its id, which another tenant may have by now
 * @param life tells it from others with its id
 * @param nodes those that had, or could have had, something of it, in order
 * @param encrypted whether it had data keys of its own: they are gone from what is agreed since it was deleted, and a node that has
 *     confirmed has destroyed the master keys that were meant for this tenant alone
 */
public record ErasureCertificate(TenantId tenant, long life, List<Confirmation> nodes, boolean encrypted) {

    /** Copies the list. */
    public ErasureCertificate {
        nodes = List.copyOf(nodes);
    }

    /**
     * What a node says.
     *
     * @param erased when nothing of the tenant was in any of its files any more, by its own clock; empty if it has not said so yet
     * @param removed whether it is no part of the cluster any more: nobody knows then what its disk holds
     */
    public record Confirmation(NodeId node, Optional<Instant> erased, boolean removed) {}

    /** Returns whether all nodes have confirmed it. */
    public boolean isComplete() {
        return nodes.stream().allMatch(node -> node.erased().isPresent());
    }
}
