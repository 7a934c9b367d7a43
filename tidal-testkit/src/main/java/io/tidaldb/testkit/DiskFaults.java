package io.tidaldb.testkit;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;

/**
 * Decides what a disk of {@link LossyWalStores} does. Each method may throw, and what it throws is what the store throws:
 *
 * <ul>
 *   <li>a {@link io.tidaldb.api.TidalException} with {@link io.tidaldb.api.ErrorCode#STORAGE_FULL} undoes what was asked for, and the
 *       store goes on;
 *   <li>one with {@link io.tidaldb.api.ErrorCode#STORE_FAILED}, and any {@link Error}, ends the store: it refuses everything until it is
 *       opened again.
 * </ul>
 */
public interface DiskFaults {

    /** A batch is being written: should the store end here, it may be there afterwards or not. */
    default void append(LogId log, WalBatch batch) {}

    /** Batches are being made durable: should the store end here, any prefix of them may be there afterwards. */
    default void sync() {}

    /** A log is about to be truncated or deleted; nothing has changed. */
    default void change(LogId log) {}
}
