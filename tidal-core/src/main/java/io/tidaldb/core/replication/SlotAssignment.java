package io.tidaldb.core.replication;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.ingest.TenantShard;
import java.util.List;

/**
 * Which part a node has in a slot.
 *
 * @param shard the replica on this node
 * @param epoch since when it is so; messages of a lower one are refused
 * @param leader the node that takes the slot's writes, or passes on what comes from the shard that has it; perhaps this one
 * @param passive whether another shard has the slot: whoever leads here has no say about what is written
 * @param members all nodes that hold the slot, this one included: nobody else is ever sent a byte of it
 */
public record SlotAssignment(TenantShard shard, long epoch, NodeId leader, boolean passive, List<NodeId> members) {

    /** Copies the list. */
    public SlotAssignment {
        members = members.stream().sorted().toList();
    }
}
