package io.tidaldb.core.control;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * A tenant as the control log knows it.
 *
 * @param config without its label
 * @param placement the replica that leads each slot
 * @param preferred the replica that is to lead each slot whenever it can: where it was placed first, or was moved to on purpose
 * @param epoch grows whenever a slot gets another leader; begins above that of an erased tenant with the same id
 * @param minIncarnation the lowest incarnation in which its logs may be written: above those of an erased tenant with the same id
 */
public record TenantRecord(
        TenantConfig config,
        List<ReplicaId> placement,
        List<ReplicaId> preferred,
        long epoch,
        long digestSeed,
        int minIncarnation) {

    /** Copies the lists. */
    public TenantRecord {
        placement = List.copyOf(placement);
        preferred = List.copyOf(preferred);
    }

    /** Returns this with another configuration. */
    public TenantRecord with(TenantConfig changed) {
        return new TenantRecord(changed, placement, preferred, epoch, digestSeed, minIncarnation);
    }

    /** Returns this with another leader of a slot, in a new epoch. */
    TenantRecord ledBy(int slot, ReplicaId leader) {
        return new TenantRecord(config, set(placement, slot, leader), preferred, epoch + 1, digestSeed, minIncarnation);
    }

    /** Returns this with another preferred leader of a slot. */
    TenantRecord preferring(int slot, ReplicaId leader) {
        return new TenantRecord(config, placement, set(preferred, slot, leader), epoch, digestSeed, minIncarnation);
    }

    /** Returns this in a later epoch and with later logs. */
    TenantRecord restored(long laterEpoch, int laterIncarnation) {
        return new TenantRecord(config, placement, preferred, laterEpoch, digestSeed, laterIncarnation);
    }

    private static List<ReplicaId> set(List<ReplicaId> replicas, int slot, ReplicaId replica) {
        List<ReplicaId> changed = new ArrayList<>(replicas);
        changed.set(slot, replica);
        return changed;
    }
}
