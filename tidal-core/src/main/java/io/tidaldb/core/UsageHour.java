package io.tidaldb.core;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a tenant wrote in one hour.
 *
 * @param hour its beginning; null for everything before the hours that are kept apart
 * @param signals how many
 * @param bytes of log, all kinds of records
 */
public record UsageHour(@Nullable Instant hour, long signals, long bytes) {}
