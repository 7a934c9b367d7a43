package io.tidaldb.wal.file;

/**
 * Bounds of a store; only tests choose others than {@link #DEFAULT}.
 *
 * @param journalFileBytes size at which the journal goes on to its next file; a larger commit gets a larger file
 * @param journalStepBytes what a new journal file is prewritten with; doubled until the file is full
 * @param checkpointBytes journal bytes at which a checkpoint begins; the store waits for it at twice as many
 * @param commitBytes appended bytes at which the store syncs without being asked, to bound its memory
 * @param tailBytes durable bytes of one log that are kept in memory before they are written to its segment
 * @param allTailsBytes the same for all logs together
 * @param openFiles segments that are open at a time
 */
record Limits(
        int journalFileBytes,
        int journalStepBytes,
        long checkpointBytes,
        long commitBytes,
        int tailBytes,
        long allTailsBytes,
        int openFiles) {

    static final Limits DEFAULT = new Limits(32 << 20, 1 << 20, 64L << 20, 64L << 20, 256 << 10, 32L << 20, 256);
}
