package io.tidaldb.api.wal;

import org.jspecify.annotations.Nullable;

/** Reads a log forward. Confined to the thread that uses its store; an append, truncation or deletion of that log ends it. */
public interface WalCursor extends AutoCloseable {

    /**
     * Returns the next batch, or null after the last.
     *
     * @throws io.tidaldb.api.CorruptLogException if the bytes are not what was written; the log is then quarantined
     */
    @Nullable
    WalBatch next();

    @Override
    void close();
}
