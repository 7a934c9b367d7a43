package io.tidaldb.it.sim;

import java.time.Duration;

/**
 * What one direction of a link is like. The chances are counted in a million messages; all of them break what a transport promises, and
 * are there to see whether those above it notice.
 *
 * @param latency how long a message is under way, beside its own length
 * @param bytesPerSecond how much passes; messages wait for those before them. 0 is without bound
 * @param lost how many are lost without a trace
 * @param doubled how many arrive twice
 * @param reordered how many are held up, and overtaken
 * @param spoilt how many arrive with one bit turned
 */
public record LinkQuality(Latency latency, long bytesPerSecond, int lost, int doubled, int reordered, int spoilt) {

    /** A good link within a region. */
    public static final LinkQuality GOOD =
            faithful(new Latency(100_000, 500_000, 20_000_000, SimulatedRandom.MILLION / 1000), 0);

    /** A link that keeps what a transport promises. */
    public static LinkQuality faithful(Latency latency, long bytesPerSecond) {
        return new LinkQuality(latency, bytesPerSecond, 0, 0, 0, 0);
    }

    /** A good link between regions that are this far apart. */
    public static LinkQuality across(Duration distance) {
        long nanos = distance.toNanos();
        return faithful(new Latency(nanos, nanos + nanos / 10, 3 * nanos, SimulatedRandom.MILLION / 1000), 0);
    }

    /** Returns this link with messages lost, doubled, reordered and spoilt. */
    public LinkQuality unfaithful(int newLost, int newDoubled, int newReordered, int newSpoilt) {
        return new LinkQuality(latency, bytesPerSecond, newLost, newDoubled, newReordered, newSpoilt);
    }
}
