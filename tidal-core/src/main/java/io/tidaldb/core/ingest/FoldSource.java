package io.tidaldb.core.ingest;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalCursor;

/** What a slot needs of its logs when other records of them count than before. Called by whoever owns the store. */
interface FoldSource {

    /** Reads a log from a seqno. */
    WalCursor read(LogId log, long fromSeqno);

    /** Folds everything again up to where it was seen, or says that the slot needs a snapshot. */
    void rebuild(TenantShard shard);
}
