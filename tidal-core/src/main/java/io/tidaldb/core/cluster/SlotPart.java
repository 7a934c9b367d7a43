package io.tidaldb.core.cluster;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.core.control.SlotHome;
import io.tidaldb.core.control.TenantRecord;
import java.util.ArrayList;
import java.util.List;

/**
 * A shard that holds a slot: the one that has it, or another one that it is being moved to or was moved from.
 *
 * @param slot the slot's number
 * @param leader the replica that takes the slot's writes
 * @param head the replica of this shard that passes on to its others what there is: the leader, if the shard has the slot
 * @param moving whether there is another shard that holds the slot
 */
public record SlotPart(int slot, ReplicaId leader, ReplicaId head, boolean moving) {

    /** Returns the shard that the slot is on. */
    public ShardId shard() {
        return head.shard();
    }

    /** Returns whether another shard has the slot. */
    public boolean isPassive() {
        return !shard().equals(leader.shard());
    }

    /** Returns what holds a tenant's slots. */
    public static List<SlotPart> of(TenantRecord record) {
        List<SlotPart> parts = new ArrayList<>();
        for (int slot = 0; slot < record.placement().size(); slot++) {
            ReplicaId leader = record.placement().get(slot);
            SlotHome other = record.homeOf(slot);
            parts.add(new SlotPart(slot, leader, leader, other != null));
            if (other != null) {
                parts.add(new SlotPart(slot, leader, other.replica(), true));
            }
        }
        return parts;
    }
}
