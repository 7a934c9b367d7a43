package io.tidaldb.core;

/**
 * What a tenant uses.
 *
 * @param signalsPerSecond moving average
 * @param entities distinct entities
 * @param storageBytes bytes of log and snapshots
 * @param accepted signals acknowledged since the tenant was created
 * @param throttled signals refused by the rate limit since this instance was opened
 */
public record TenantUsage(double signalsPerSecond, long entities, long storageBytes, long accepted, long throttled) {}
