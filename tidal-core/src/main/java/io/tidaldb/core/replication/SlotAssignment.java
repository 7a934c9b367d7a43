package io.tidaldb.core.replication;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.ingest.TenantShard;
import java.util.List;

/**
 * Which part a node has in a slot.
 *
 * @param shard the replica on this node
 * @param epoch since when it is so; messages of a lower one are refused
 * @param leader the node that takes the slot's writes, perhaps this one
 * @param members all nodes that hold the slot, this one included: nobody else is ever sent a byte of it
 */
public record SlotAssignment(TenantShard shard, long epoch, NodeId leader, List<NodeId> members) {

    /** Copies the list. */
    public SlotAssignment {
        members = members.stream().sorted().toList();
    }
}
