package io.tidaldb.core.replication;

import java.time.Duration;

/**
 * Bounds of a node's replication.
 *
 * @param heartbeat how often peers hear of each other
 * @param windowBytes most bytes of a log on their way to one follower
 * @param tailBytes most bytes of recent batches that are kept in memory for all followers together
 * @param chunkBytes most bytes of batches in one message, unless a single batch is larger, or of a part of a snapshot
 * @param messageBytes size of the largest message
 * @param queueBytes most bytes that wait to be sent to one peer
 */
public record ReplicationSettings(
        Duration heartbeat, long windowBytes, long tailBytes, int chunkBytes, int messageBytes, long queueBytes) {

    /** What is good for most: a few megabytes for each follower. */
    public static final ReplicationSettings DEFAULT =
            new ReplicationSettings(Duration.ofMillis(250), 4 << 20, 32 << 20, 256 << 10, 40 << 20, 64 << 20);
}
