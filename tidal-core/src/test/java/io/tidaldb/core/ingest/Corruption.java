package io.tidaldb.core.ingest;

/** What a flipped bit or a wrong fold does to a replica: its state is no longer what its logs say. */
public final class Corruption {

    private Corruption() {}

    /** Counts an event of an entity that is in no log. */
    public static void count(TenantShard shard, long entity) {
        shard.origins.values().forEach(origin -> origin.ledger.apply(entity, 0, 1, 1_000_000_000L));
    }
}
