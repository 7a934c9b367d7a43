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

    /** Returns this and what was found of other slots together: from the first hour on that both have whole. */
    UsageCheck and(UsageCheck other) {
        Instant first = from == null ? other.from : other.from == null || from.isAfter(other.from) ? from : other.from;
        return new UsageCheck(
                first,
                since(first, UsageFigures.sum(metered, other.metered)),
                since(first, UsageFigures.sum(counted, other.counted)),
                meteredEntities + other.meteredEntities,
                countedEntities + other.countedEntities);
    }

    private static List<UsageHour> since(@Nullable Instant first, List<UsageHour> hours) {
        return first == null
                ? hours
                : hours.stream()
                        .filter(hour -> hour.hour() != null && !hour.hour().isBefore(first))
                        .toList();
    }
}
