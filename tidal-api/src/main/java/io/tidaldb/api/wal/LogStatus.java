package io.tidaldb.api.wal;

import io.tidaldb.api.CorruptLogException;
import org.jspecify.annotations.Nullable;

/**
 * What a store knows of a log.
 *
 * @param firstSeqno the first seqno that can be read; {@code lastSeqno + 1} if the log holds no record
 * @param lastSeqno the last seqno appended, or the position that an empty log continues from
 * @param baseChain chain hash before {@code firstSeqno}, as given to {@link WalStore#truncateBefore}; 0 at the start of a log
 * @param bytes bytes that the log occupies and that count against a quota
 * @param damage why the log is quarantined, or null
 */
public record LogStatus(
        LogId log,
        long firstSeqno,
        long lastSeqno,
        long baseChain,
        long bytes,
        @Nullable CorruptLogException damage) {

    /** Returns whether the log holds no record. */
    public boolean isEmpty() {
        return firstSeqno == lastSeqno + 1;
    }
}
