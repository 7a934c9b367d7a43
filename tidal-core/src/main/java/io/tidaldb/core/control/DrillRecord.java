package io.tidaldb.core.control;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantId;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A drill as the control log knows it. See {@link io.tidaldb.core.RegionDrill}.
 *
 * @param lost the region whose loss is practised
 * @param loses how much would have been lost with it, as {@code ClusterHealth.Extent} names it
 * @param records of that; -1 if that is not known, or is all
 * @param millis of that; -1 if that is not known, or is all
 * @param takeover null if it was not measured
 * @param back null if it was not measured
 */
public record DrillRecord(
        TenantId tenant,
        RegionId lost,
        String loses,
        long records,
        long millis,
        Instant began,
        DrillOutcome outcome,
        int moved,
        Duration lease,
        @Nullable Duration takeover,
        @Nullable Duration back) {

    /** Returns how it ended. */
    public DrillRecord ended(DrillOutcome how, @Nullable Duration tookOver, @Nullable Duration cameBack) {
        return new DrillRecord(tenant, lost, loses, records, millis, began, how, moved, lease, tookOver, cameBack);
    }
}
