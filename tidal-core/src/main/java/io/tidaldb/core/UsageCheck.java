package io.tidaldb.core;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A tenant's metered usage next to what its logs hold, both at the same moment of each slot.
 *
 * @param from the first hour that the logs hold whole; null if they hold everything since the tenant was created
 * @param metered by hour from then on
 * @param counted the same, counted again from the logs
 * @param meteredEntities distinct entities
 * @param countedEntities those of what the logs hold: fewer where they do not hold everything
 */
public record UsageCheck(
        @Nullable Instant from,
        List<UsageHour> metered,
        List<UsageHour> counted,
        long meteredEntities,
        long countedEntities) {

    /** Copies the lists. */
    public UsageCheck {
        metered = List.copyOf(metered);
        counted = List.copyOf(counted);
    }

    /** Returns whether both agree, hour by hour, and on entities where the logs hold everything. */
    public boolean matches() {
        return metered.equals(counted) && (from != null || meteredEntities == countedEntities);
    }
}
