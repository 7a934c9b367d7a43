package io.tidaldb.core.control;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import org.jspecify.annotations.Nullable;

/**
 * What is agreed on a node.
 *
 * @param address where others reach it, in the transport's form; empty as long as nobody has said so
 * @param identity the uuid of its data directory; empty before it has been opened for the first time
 * @param removed whether it is no part of the cluster any more, which is for good
 * @param successor who has what it had, if it was replaced; else null
 */
public record NodeRecord(
        NodeId node,
        RegionId region,
        String address,
        String identity,
        boolean removed,
        @Nullable NodeId successor) {

    /** Describes a node that nothing is known of yet. */
    static NodeRecord fresh(NodeId node, RegionId region, String address) {
        return new NodeRecord(node, region, address, "", false, null);
    }

    NodeRecord opened(String newIdentity, String newAddress) {
        return new NodeRecord(node, region, newAddress, newIdentity, removed, successor);
    }

    NodeRecord gone(@Nullable NodeId to) {
        return new NodeRecord(node, region, address, identity, true, to);
    }
}
