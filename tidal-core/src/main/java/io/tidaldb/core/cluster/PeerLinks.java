package io.tidaldb.core.cluster;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.ClusterMember;
import io.tidaldb.core.control.NodeRecord;
import io.tidaldb.core.network.NodeNetwork;
import java.util.List;

/** Which nodes a member keeps links to: those that its configuration names, and those that are agreed on, but for those that were removed. */
public final class PeerLinks {

    private PeerLinks() {}

    /** Links a member with those of the nodes that are agreed on, and with no others. */
    public static void follow(ClusterMember member, NodeNetwork network, List<NodeRecord> nodes) {
        for (NodeRecord each : nodes) {
            NodeId node = each.node();
            String address = member.peers().getOrDefault(node, each.address());
            if (each.removed()) {
                network.banish(node);
            } else if (!node.equals(member.node()) && !address.isEmpty()) {
                network.addPeer(node, address);
            }
        }
    }
}
