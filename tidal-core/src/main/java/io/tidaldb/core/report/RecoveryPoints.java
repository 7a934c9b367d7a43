package io.tidaldb.core.report;

import io.tidaldb.api.RegionId;
import io.tidaldb.core.ClusterHealth.Extent;
import io.tidaldb.core.ClusterHealth.RecoveryPoint;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is lost of what was acknowledged if a region is. Pure functions. */
final class RecoveryPoints {

    /** The more is lost, the greater. */
    static final Comparator<RecoveryPoint> BY_COST = Comparator.comparing(RecoveryPoint::extent)
            .thenComparing(RecoveryPoint::records)
            .thenComparing(RecoveryPoint::millis)
            .thenComparing(RecoveryPoint::region);

    private RecoveryPoints() {}

    /**
     * Returns what is lost of a slot with the region of one that takes its writes.
     *
     * @param behind records and milliseconds by which others are behind the one that takes them, by node; null if nobody says
     */
    static RecoveryPoint of(Redundancy.Slot slot, Redundancy.Copy writer, @Nullable Map<String, long[]> behind) {
        RegionId region = writer.region();
        List<Redundancy.Copy> left = slot.members().stream()
                .filter(each -> !each.region().equals(region))
                .toList();
        if (slot.members().size() - left.size() < Redundancy.acknowledging(slot)) {
            return nothing(region);
        }
        if (left.isEmpty()) {
            return new RecoveryPoint(region, Extent.EVERYTHING, -1, -1);
        }
        if (behind == null) {
            return unknown(region);
        }
        // Whoever has most leads next; the others get it from there.
        return left.stream()
                .map(each -> of(each, behind))
                .min(BY_COST)
                .map(least -> new RecoveryPoint(region, least.extent(), least.records(), least.millis()))
                .orElseThrow();
    }

    /** Returns what one lacks; the region is its own. */
    static RecoveryPoint of(Redundancy.Copy each, Map<String, long[]> behind) {
        long[] lag = behind.getOrDefault(each.node().name(), new long[] {0, 0});
        return lag[1] < 0
                ? unknown(each.region())
                : lag[0] == 0
                        ? nothing(each.region())
                        : new RecoveryPoint(each.region(), Extent.LATEST, lag[0], lag[1]);
    }

    static RecoveryPoint nothing(RegionId region) {
        return new RecoveryPoint(region, Extent.NOTHING, 0, 0);
    }

    private static RecoveryPoint unknown(RegionId region) {
        return new RecoveryPoint(region, Extent.UNKNOWN, -1, -1);
    }

    /** Returns what is lost of two slots with the same region. */
    static RecoveryPoint both(RecoveryPoint one, RecoveryPoint other) {
        RecoveryPoint worse = BY_COST.compare(one, other) < 0 ? other : one;
        return worse.extent() != Extent.LATEST
                ? worse
                : new RecoveryPoint(
                        worse.region(),
                        Extent.LATEST,
                        one.records() + other.records(),
                        Math.max(one.millis(), other.millis()));
    }
}
