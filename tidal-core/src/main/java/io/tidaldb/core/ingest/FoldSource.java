package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import io.tidaldb.api.wal.WalCursor;

/** What a slot needs of its logs when other records of them count than before, or they are damaged. Called by whoever owns the store. */
interface FoldSource {

    /** Reads an origin's log from a seqno, with what is under the tenant's seal. */
    WalCursor read(TenantShard shard, Origin origin, long fromSeqno);

    /** Folds everything again up to where it was seen, or says that the slot needs a snapshot. */
    void rebuild(TenantShard shard);

    /** Keeps in mind, for the next open, whether what comes is left in the logs until another replica's state comes. */
    void keepAwaiting(TenantShard shard, boolean awaits);

    /** Keeps in mind, for the next open, how far the logs of a slot go that has turned out to be damaged, once they are durable. */
    void noteDamage(TenantShard shard);

    /** Takes notice, for the next open, that a slot has everything again that it had thrown away. */
    void forgetDamage(TenantShard shard);
}
