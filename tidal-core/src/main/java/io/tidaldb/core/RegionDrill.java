package io.tidaldb.core;

import io.tidaldb.api.TenantId;
import io.tidaldb.core.control.DrillOutcome;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What came of practising the loss of a region for a tenant. See {@link Tidal#drill}.
 *
 * <p>Immutable.
 *
 * @param recoveryPoint the region, and what the tenant would have lost with it when the drill began
 * @param began when it began
 * @param moved how many slots were handed to replicas in other regions
 * @param lease for how long others wait before they take over from a node of the region that is gone, at most: not part of a drill, in which
 *     it hands over; zero if nothing was led there
 * @param takeover measured: from when the slots were to be handed over until other replicas took the writes of all of them; null if they did
 *     not
 * @param back measured: from then on until those of the region took them again; null while they have not
 */
public record RegionDrill(
        TenantId tenant,
        ClusterHealth.RecoveryPoint recoveryPoint,
        Instant began,
        DrillOutcome outcome,
        int moved,
        Duration lease,
        @Nullable Duration takeover,
        @Nullable Duration back) {

    /** Returns for how long the tenant would not have been written at most; empty if that was not measured. */
    public Optional<Duration> recoveryTime() {
        return Optional.ofNullable(takeover).map(lease::plus);
    }
}
