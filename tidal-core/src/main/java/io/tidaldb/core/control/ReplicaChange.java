package io.tidaldb.core.control;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import java.util.List;

/**
 * A change of who holds a tenant's replicas that is under way. Until those that leave have left, all that held it before and all that are to
 * hold it afterwards do.
 *
 * @param regions the regions that the tenant is to be restricted to
 * @param without the replicas that are to be left out
 * @param filling replicas that hold the tenant, and may lack what was acknowledged before it was said so
 * @param narrowed whether those that leave have left
 * @param erasing replicas that have left, and from whose files the tenant is not erased yet
 */
public record ReplicaChange(
        List<RegionId> regions,
        List<ReplicaId> without,
        List<ReplicaId> filling,
        boolean narrowed,
        List<ReplicaId> erasing) {

    /** Copies the lists. */
    public ReplicaChange {
        regions = List.copyOf(regions);
        without = List.copyOf(without);
        filling = List.copyOf(filling);
        erasing = List.copyOf(erasing);
    }

    ReplicaChange filled(List<ReplicaId> replicas) {
        return new ReplicaChange(
                regions,
                without,
                filling.stream().filter(each -> !replicas.contains(each)).toList(),
                narrowed,
                erasing);
    }

    ReplicaChange erased(List<ReplicaId> replicas) {
        return new ReplicaChange(
                regions,
                without,
                filling,
                narrowed,
                erasing.stream().filter(each -> !replicas.contains(each)).toList());
    }

    /** Returns whether nothing is left to be done. */
    boolean isOver() {
        return narrowed && filling.isEmpty() && erasing.isEmpty();
    }
}
