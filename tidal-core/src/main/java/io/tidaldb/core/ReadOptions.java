package io.tidaldb.core;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * As of when, and how fresh, a read is.
 *
 * @param at the time to judge by; now if absent. Before a pair's last event, the answer is as of that event
 * @param minPosition what the read must have seen at least
 * @param region the region whose replicas answer; the ones that take the tenant's writes if absent
 * @param user who asks: a ranking leaves out what the user does not want to see
 * @param patience how long a replica that has not seen {@code minPosition} yet is waited for, 0 to one hour; then the read fails, and never
 *     answers without it
 */
public record ReadOptions(
        Optional<Instant> at,
        Optional<Position> minPosition,
        Optional<RegionId> region,
        Optional<EntityId> user,
        Duration patience) {

    private static final Duration MAX_WAIT = Duration.ofHours(1);

    /** Now, at whatever position, for nobody in particular. */
    public static final ReadOptions DEFAULT =
            new ReadOptions(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Duration.ZERO);

    /** @throws TidalException INVALID_ARGUMENT if the patience is out of range */
    public ReadOptions {
        if (patience.isNegative() || patience.compareTo(MAX_WAIT) > 0) {
            throw TidalException.invalid("a patience of " + patience + " is out of range: expected 0 to " + MAX_WAIT);
        }
    }

    /** Returns options that judge by this time. */
    public static ReadOptions at(Instant time) {
        return DEFAULT.asOf(time);
    }

    /** Returns the same options with this position. */
    public ReadOptions atLeast(Position position) {
        return new ReadOptions(at, Optional.of(position), region, user, patience);
    }

    /** Returns the same options, judged by this time. */
    public ReadOptions asOf(Instant time) {
        return new ReadOptions(Optional.of(time), minPosition, region, user, patience);
    }

    /** Returns the same options, answered in this region: by a replica that may be behind, and says by how much. */
    public ReadOptions in(RegionId where) {
        return new ReadOptions(at, minPosition, Optional.of(where), user, patience);
    }

    /** Returns the same options, for this user. */
    public ReadOptions forUser(EntityId who) {
        return new ReadOptions(at, minPosition, region, Optional.of(who), patience);
    }

    /** Returns the same options with this patience. */
    public ReadOptions waiting(Duration atMost) {
        return new ReadOptions(at, minPosition, region, user, atMost);
    }
}
