package io.tidaldb.core.ingest;

import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;

/** Learns what became of one shard's part of a write. Called once, on the commit loop; must not block. */
public interface WriteListener {

    /**
     * The part is as durable as was asked for and visible to reads.
     *
     * @param completions takes what is to be done about it elsewhere
     */
    void acknowledged(WalSegmentId last, Completions completions);

    /** The part failed; the code's outcome says what may have happened. */
    void refused(TidalException reason);
}
