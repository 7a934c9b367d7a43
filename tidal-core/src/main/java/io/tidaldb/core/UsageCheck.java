package io.tidaldb.core;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A tenant's metered usage next to what its logs hold, both at the same moment.
 *
 * @param from the first hour that the logs hold whole; null if they hold everything since the tenant was created
 * @param metered by hour from then on
 * @param counted the same, counted again from the logs
 */
public record UsageCheck(@Nullable Instant from, List<UsageHour> metered, List<UsageHour> counted) {

    /** Copies the lists. */
    public UsageCheck {
        metered = List.copyOf(metered);
        counted = List.copyOf(counted);
    }

    /** Returns whether both agree, hour by hour. */
    public boolean matches() {
        return metered.equals(counted);
    }
}
