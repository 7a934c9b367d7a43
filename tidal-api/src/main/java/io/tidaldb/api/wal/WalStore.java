package io.tidaldb.api.wal;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.util.List;

/**
 * Logs of many tenants on one disk, written by one thread.
 *
 * <p>All methods block and are called by one thread at a time; which thread that is, is the caller's business.
 *
 * <ul>
 *   <li>Seqnos of a log have no gaps: an append at anything but {@code last + 1} fails with {@link ErrorCode#WAL_GAP} and changes
 *       nothing. The first append to an unknown log starts it at the origin's start + 1.
 *   <li>A batch can be read once its append has returned. It is durable once a {@link #sync} that began after its append has returned,
 *       and not before. Batches that were never synced may be lost by a crash, but only from the end of a log: what is left is a prefix
 *       of whole batches.
 *   <li>After a failed sync the store refuses everything with {@link ErrorCode#STORE_FAILED} until it is reopened: the kernel may have
 *       dropped the dirty pages already, and a second sync could succeed for data that is gone.
 *   <li>Damage is never skipped: the log that it is in is quarantined, that is, refuses append, read and truncation with
 *       {@link CorruptLogException}, and can be deleted. Other logs are not affected.
 *   <li>What was deleted or truncated does not come back, after whatever crash.
 *   <li>After {@link #close} every method fails with {@link ErrorCode#CLOSED}; a second close does nothing.
 * </ul>
 *
 * {@code WalStoreContract} in the testkit checks each line above.
 */
public interface WalStore extends AutoCloseable {

    /** Returns all logs, in order, quarantined ones included. */
    List<LogStatus> logs();

    /** Returns one log; an unknown one is empty at its origin's start. */
    LogStatus status(LogId log);

    /**
     * Appends a batch. The store copies it before it returns.
     *
     * @throws CorruptLogException if the log is quarantined
     * @throws TidalException {@link ErrorCode#WAL_GAP} if the batch does not continue the log; {@link ErrorCode#INVALID_ARGUMENT} if
     *     tenant or origin of the batch are not the log's; {@link ErrorCode#STORAGE_FULL} if there is no room, and then nothing changed
     */
    void append(LogId log, WalBatch batch);

    /**
     * Makes everything appended so far durable, for all logs at once.
     *
     * @throws TidalException {@link ErrorCode#STORE_FAILED}; the store is then unusable. {@link ErrorCode#STORAGE_FULL} if the disk
     *     did not take it, {@link ErrorCode#OVERLOADED} if there was no memory to write it from: then every append since the last sync is
     *     undone, surely and for good, and the store goes on
     */
    void sync();

    /**
     * Reads from the batch that holds a seqno, or from the first batch if the seqno lies before it.
     *
     * @throws CorruptLogException if the log is quarantined
     */
    WalCursor read(LogId log, long fromSeqno);

    /**
     * Makes the log's own files, if the store keeps any, complete and durable, so that they can be copied as they are.
     */
    void flush(LogId log);

    /**
     * Drops the records before a seqno, durably, and remembers the position and chain that the log continues from. Truncating all of it
     * is allowed: the next append continues at {@code seqno}. On an unknown or empty log it sets the position to continue from.
     *
     * @param seqno the first seqno of a batch, or {@code last + 1}
     * @param chain the chain hash after {@code seqno - 1}
     * @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the seqno is not such a boundary
     */
    void truncateBefore(LogId log, long seqno, long chain);

    /**
     * Keeps what is appended from now on apart from what a log holds, so that of what it holds nothing is in any file once it was truncated
     * to here or further and {@link #purge} says that it is done. Holds until the store is closed. Does nothing to an unknown log. Unless
     * overridden there is nothing to do, as in a store whose truncations leave nothing.
     *
     * @throws CorruptLogException if the log is quarantined
     */
    default void rollOver(LogId log) {}

    /** Deletes a log, durably, quarantined or not. Afterwards it is unknown. Deleting an unknown log does nothing. */
    void delete(LogId log);

    /**
     * Goes on to leave nothing in any file of what was deleted, and of segments that were truncated, and returns whether that is done. It is
     * called again until it is; each call returns soon. What was destroyed before a store was opened counts as well. Unless overridden
     * there is nothing to do, as in a store whose deletions leave nothing.
     */
    default boolean purge() {
        return true;
    }

    /** Makes everything durable and releases the store. */
    @Override
    void close();

    /**
     * Lets go of the store as a crash of the process would: nothing is completed, and what was not synced may be lost. What the process
     * holds of it is released, so that its directory can be opened again at once. Afterwards it is closed; does nothing if it was. Unless
     * overridden it closes the store, which keeps more than was promised.
     */
    default void abandon() {
        close();
    }
}
