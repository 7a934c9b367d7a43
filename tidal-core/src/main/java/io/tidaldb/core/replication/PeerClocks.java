package io.tidaldb.core.replication;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.runtime.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What the wall clocks of peers say, by their heartbeats, and whether this machine's is wrong. Nobody knows the right time; a majority that
 * agrees is believed.
 *
 * <p>Safe for any number of threads.
 */
public final class PeerClocks {

    /** A clock that is further off is wrong. */
    private static final long MOST_MILLIS = 60_000;

    /** Clocks that agree are closer to each other than to one that is wrong: so never are all of a cluster. */
    private static final long AGREED_MILLIS = MOST_MILLIS / 2;

    private static final long REMEMBERED_NANOS = Duration.ofSeconds(5).toNanos();

    private final Clock clock;
    private final Map<NodeId, Said> said = new ConcurrentHashMap<>();

    private record Said(long wallMillis, long heardNanos) {}

    PeerClocks(Clock clock) {
        this.clock = clock;
    }

    /** A peer has said what its clock says, at some time since this one by the monotonic clock; if that was long ago, it says nothing. */
    void heard(NodeId peer, long wallMillis, long sinceNanos) {
        long now = clock.monotonicNanos();
        if (now - sinceNanos <= REMEMBERED_NANOS) {
            said.put(peer, new Said(wallMillis, now));
        }
    }

    /**
     * Returns by how many milliseconds this machine's clock is ahead of those of so many peers that agree, negative if it is behind; empty
     * if it is about right, or too few agree or were heard of lately.
     */
    public OptionalLong aheadOf(int peers) {
        long now = clock.monotonicNanos();
        long wallMillis = clock.wallNanos() / 1_000_000;
        long[] ahead = said.values().stream()
                .filter(each -> now - each.heardNanos <= REMEMBERED_NANOS)
                .mapToLong(each -> wallMillis - each.wallMillis - (now - each.heardNanos) / 1_000_000)
                .sorted()
                .toArray();
        for (int first = 0; first + peers <= ahead.length; first++) {
            long least = ahead[first];
            long most = ahead[first + peers - 1];
            if (most - least <= AGREED_MILLIS && (least > MOST_MILLIS || most < -MOST_MILLIS)) {
                return OptionalLong.of(least);
            }
        }
        return OptionalLong.empty();
    }
}
