package io.tidaldb.server.config;

import java.time.Duration;

/**
 * From when on a region is not healthy.
 *
 * @param degradedLag how far its replicas may be behind
 * @param offlineAfter for how long nothing is heard of it before it counts as gone
 */
public record HealthThresholds(Duration degradedLag, Duration offlineAfter) {

    /** What counts unless somebody has said otherwise. */
    public static final HealthThresholds DEFAULT = new HealthThresholds(Duration.ofSeconds(5), Duration.ofSeconds(30));
}
