package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import io.tidaldb.api.wal.WalCursor;

/** What a slot needs of its logs when other records of them count than before. Called by whoever owns the store. */
interface FoldSource {

    /** Reads an origin's log from a seqno, with what is under the tenant's seal. */
    WalCursor read(TenantShard shard, Origin origin, long fromSeqno);

    /** Folds everything again up to where it was seen, or says that the slot needs a snapshot. */
    void rebuild(TenantShard shard);

    /** Keeps in mind, for the next open, whether what comes is left in the logs until another replica's state comes. */
    void keepAwaiting(TenantShard shard, boolean awaits);
}
