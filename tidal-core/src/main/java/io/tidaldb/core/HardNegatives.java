package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * What a tenant's users do not want to see: an observed-remove set in which hiding wins.
 *
 * <ul>
 *   <li>A replica that has seen one never ranks the entity for that user again, also while replicas converge, until it has folded a
 *       withdrawal that names it.
 *   <li>A withdrawal cancels the ones that it names, and no other: what was added at the same time elsewhere stays.
 *   <li>A retry under the same idempotency key has no second effect. Adding again what is there already is a new one, which a withdrawal
 *       that was made before does not cancel.
 * </ul>
 *
 * <p>Each counts one permit of the tenant's rate, and its user and entity towards the tenant's entities. Safe for any number of threads.
 */
public interface HardNegatives {

    /** Adds one; returns when it is acknowledged. Whoever reads at that position, or at the replica that took it, sees its effect. */
    Position add(NegativeKind kind, EntityId user, EntityId entity, WriteOptions options);

    /** As {@link #add}, without waiting; refusals come through the stage too, which completes on a callback thread of the instance. */
    CompletionStage<Position> addAsync(NegativeKind kind, EntityId user, EntityId entity, WriteOptions options);

    /** Withdraws all of a kind that are there, as the replica has them that takes the writes; with nothing there, has no effect. */
    Position withdraw(NegativeKind kind, EntityId user, EntityId entity, WriteOptions options);

    /**
     * Withdraws those that are named.
     *
     * @param records 1 to 1,000 names, as {@link #of} returns them
     * @throws TidalException INVALID_ARGUMENT if a name can't be that of one of this entity
     */
    Position withdraw(
            NegativeKind kind, EntityId user, EntityId entity, List<WalSegmentId> records, WriteOptions options);

    /** Returns what a user does not want to see, by entity. */
    List<HardNegative> of(EntityId user, ReadOptions options);

    /**
     * Returns those of some entities that a user may see, in their order.
     *
     * @param entities at most 10,000
     */
    List<EntityId> visible(EntityId user, List<EntityId> entities, ReadOptions options);
}
