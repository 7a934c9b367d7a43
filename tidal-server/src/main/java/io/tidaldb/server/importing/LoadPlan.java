package io.tidaldb.server.importing;

import io.tidaldb.core.WriteOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A load: events at a fixed rate, whatever the answers.
 *
 * @param perSecond over all writers
 * @param writers threads that send
 * @param entities number of entities, from 1
 * @param readsEvery the time between reads, or null for none
 */
public record LoadPlan(
        String signal,
        double perSecond,
        Duration duration,
        int writers,
        long entities,
        @Nullable Duration readsEvery,
        WriteOptions options) {}
