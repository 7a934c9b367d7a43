package io.tidaldb.core;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.control.MigrationState;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How far a migration is. What is agreed, any node knows; what is measured, the node that leads the slot, so it is missing while that does
 * not answer.
 *
 * @param from the replica that led the slot before
 * @param to the replica that leads it afterwards
 * @param progress from 0 to 1
 * @param bytes what was sent to the target so far
 * @param totalBytes what the slot has
 * @param bytesPerSecond how fast it is sent
 * @param left until the slot changes hands, if that can be told
 * @param predictedWritePause for how long a cutover would hold writes back now
 * @param writePause for how long writes were held back when the slot changed hands: from when the source froze them until the target took
 *     them, the agreement on it included, to half a round trip between the two. Known once the target has asked the source; if either was
 *     started anew before, only until the source proposed the change
 * @param attempts at a cutover
 * @param paused whether it waits until it is resumed
 * @param heldUntil until when it can be reversed
 * @param note what it waits for or why it is where it is; null if all is as expected
 */
public record MigrationStatus(
        long id,
        TenantId tenant,
        ReplicaId from,
        ReplicaId to,
        MigrationState state,
        double progress,
        long bytes,
        long totalBytes,
        double bytesPerSecond,
        Optional<Duration> left,
        Optional<Duration> predictedWritePause,
        Optional<Duration> writePause,
        long attempts,
        boolean paused,
        Instant started,
        Optional<Instant> heldUntil,
        @Nullable String note) {}
