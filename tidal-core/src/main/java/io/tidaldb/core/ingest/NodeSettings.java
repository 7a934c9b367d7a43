package io.tidaldb.core.ingest;

/**
 * How a node keeps its data.
 *
 * @param cluster the name of the cluster
 * @param idempotencyHorizonMillis how long idempotency keys are remembered
 * @param retentionMillis age after which records in a checkpoint leave the log; negative to keep them
 * @param retentionMaxMillis for how long a follower that is not heard of keeps what it lacks in the log; afterwards it needs a snapshot
 * @param closeCheckpointBytes growth of a log from which a close writes a checkpoint
 * @param migrationLatencyFactor by how much the p99 of acknowledging writes may grow while a slot is copied; 0 for no bound
 */
public record NodeSettings(
        String cluster,
        long idempotencyHorizonMillis,
        long retentionMillis,
        long retentionMaxMillis,
        long closeCheckpointBytes,
        double migrationLatencyFactor) {}
