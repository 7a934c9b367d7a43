package io.tidaldb.core.control;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import java.util.List;

/**
 * A tenant as the control log knows it.
 *
 * @param config without its label
 * @param placement the replica that leads each slot
 * @param epoch grows whenever a slot gets another leader; begins above that of an erased tenant with the same id
 * @param minIncarnation the lowest incarnation in which its logs may be written: above those of an erased tenant with the same id
 */
public record TenantRecord(
        TenantConfig config, List<ReplicaId> placement, long epoch, long digestSeed, int minIncarnation) {

    /** Copies the list. */
    public TenantRecord {
        placement = List.copyOf(placement);
    }
}
