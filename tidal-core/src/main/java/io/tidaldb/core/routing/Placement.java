package io.tidaldb.core.routing;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TidalException;
import java.util.List;
import java.util.TreeSet;

/**
 * Where a tenant lives: the shard of each slot. Made when the tenant is created and then stored; the number of slots never changes.
 *
 * <p>Immutable.
 */
public final class Placement {

    private final List<ReplicaId> shards;
    private final ShardRouter router;

    private Placement(List<ReplicaId> shards, ShardRouter router) {
        this.shards = List.copyOf(shards);
        this.router = router;
        if (shards.size() != router.slots()) {
            throw TidalException.invalid("placement " + shards + " does not fit a router by " + router
                    + ": expected one shard for each slot");
        }
        if (new TreeSet<>(shards).size() != shards.size()) {
            throw TidalException.invalid("placement " + shards + " names a shard twice: expected distinct shards");
        }
    }

    /**
     * Returns a placement whose entities are spread by hash.
     *
     * @param shards the shard of each slot, in order
     * @throws TidalException INVALID_ARGUMENT if there is none or one is named twice
     */
    public static Placement of(List<ReplicaId> shards) {
        return new Placement(shards, ShardRouter.hashed(shards.size()));
    }

    /**
     * Returns a placement whose entities are spread by this router.
     *
     * @throws TidalException INVALID_ARGUMENT if there is not one shard for each slot or one is named twice
     */
    public static Placement of(List<ReplicaId> shards, ShardRouter router) {
        return new Placement(shards, router);
    }

    /** Returns the shard of each slot, in order. */
    public List<ReplicaId> shards() {
        return shards;
    }

    /** Returns the slot of an entity. */
    public int slot(long entity) {
        return router.slot(entity);
    }

    /** Returns the shard of an entity. */
    public ReplicaId shard(long entity) {
        return shards.get(router.slot(entity));
    }

    @Override
    public String toString() {
        return shards.toString();
    }
}
