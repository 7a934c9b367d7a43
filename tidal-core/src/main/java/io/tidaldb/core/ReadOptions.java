package io.tidaldb.core;

import io.tidaldb.api.RegionId;
import java.time.Instant;
import java.util.Optional;

/**
 * As of when, and how fresh, a read is.
 *
 * @param at the time to judge by; now if absent. Before a pair's last event, the answer is as of that event
 * @param minPosition what the read must have seen at least
 * @param region the region whose replicas answer; the ones that take the tenant's writes if absent
 */
public record ReadOptions(Optional<Instant> at, Optional<Position> minPosition, Optional<RegionId> region) {

    /** Now, at whatever position. */
    public static final ReadOptions DEFAULT = new ReadOptions(Optional.empty(), Optional.empty(), Optional.empty());

    /** Returns options that judge by this time. */
    public static ReadOptions at(Instant time) {
        return DEFAULT.asOf(time);
    }

    /** Returns the same options with this position. */
    public ReadOptions atLeast(Position position) {
        return new ReadOptions(at, Optional.of(position), region);
    }

    /** Returns the same options, judged by this time. */
    public ReadOptions asOf(Instant time) {
        return new ReadOptions(Optional.of(time), minPosition, region);
    }

    /** Returns the same options, answered in this region: by a replica that may be behind, and says by how much. */
    public ReadOptions in(RegionId where) {
        return new ReadOptions(at, minPosition, Optional.of(where));
    }
}
