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
 */
public record ErasureCertificate(TenantId tenant, long life, List<Confirmation> nodes) {

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
