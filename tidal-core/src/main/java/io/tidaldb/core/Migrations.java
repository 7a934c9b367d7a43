package io.tidaldb.core;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.util.List;
import java.util.Optional;

/**
 * Moves tenants' slots to other shards while they are read and written. What is asked for here is agreed when a call returns; it is done by
 * the node that leads the slot, whichever that is by then, and goes on wherever a crash has interrupted it. Safe for any number of threads.
 */
public interface Migrations {

    /**
     * Begins to move a slot to another shard. Reads and writes go on; writes are held back for a moment when it changes hands.
     *
     * @param from the replica that leads the slot
     * @param to the replica that is to lead it
     * @return the migration's id
     * @throws TidalException TENANT_NOT_FOUND, INVALID_ARGUMENT with the reason if there is no such shard, the tenant must not be there,
     *     another slot of it is, or it is being moved already; UNSUPPORTED if its durability can't be had there; PEER_UNAVAILABLE if the
     *     target's node can't be reached, QUOTA_EXCEEDED if the tenant holds more than it may; UNSAFE
     *     if that node is out of service, or a disk of the target shard has too little room
     */
    long start(TenantId tenant, ReplicaId from, ReplicaId to, MigrationOptions options);

    /** Returns what {@link #start} would come to now; changes nothing. */
    MigrationPlan plan(TenantId tenant, ReplicaId from, ReplicaId to, MigrationOptions options);

    /** Returns what {@link #start} would come to once what an earlier migration of the slot still holds has been erased; changes nothing. */
    MigrationPlan planAfterHold(TenantId tenant, ReplicaId from, ReplicaId to, MigrationOptions options);

    /** Returns all migrations that are not over, and the newest of the others, in order of id. */
    List<MigrationStatus> all();

    /** Returns a migration. */
    Optional<MigrationStatus> find(long id);

    /**
     * Gives a migration up before the slot has changed hands: the source has it as before, and what the target has is erased.
     *
     * @throws TidalException MIGRATION_NOT_FOUND, or INVALID_ARGUMENT if the slot has changed hands
     */
    void abort(long id);

    /**
     * Takes a migration back after the slot has changed hands, while the source still follows: the same again, the other way round. Can be
     * aborted, and reversed again.
     *
     * @throws TidalException MIGRATION_NOT_FOUND, or INVALID_ARGUMENT if the source does not follow any more or must not
     */
    void reverse(long id);

    /**
     * Has what the source still holds erased as soon as nothing is there alone.
     *
     * @throws TidalException MIGRATION_NOT_FOUND, or INVALID_ARGUMENT if nothing is held
     */
    void endHold(long id);

    /**
     * Stops copying until {@link #resume}. A slot that is about to change hands does that first.
     *
     * @throws TidalException MIGRATION_NOT_FOUND, or INVALID_ARGUMENT if it is over
     */
    void pause(long id);

    /** Goes on after {@link #pause}, and throws as that does. */
    void resume(long id);
}
