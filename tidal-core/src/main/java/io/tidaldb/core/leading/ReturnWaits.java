package io.tidaldb.core.leading;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.runtime.RandomSource;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * For how long each node is not handed what prefers it, after it could not be. Writers had to wait for an attempt that failed, so each
 * waits for longer than the one before, by chance. What held for a node holds no more once it has been away: then it begins anew.
 */
final class ReturnWaits {

    private static final Duration LEAST = Duration.ofMillis(500);
    private static final Duration LONGEST = Duration.ofMinutes(5);
    private static final int MOST_DOUBLINGS = 10;

    private final long firstNanos;
    private final RandomSource random;
    private final SortedMap<NodeId, Wait> waits = new TreeMap<>();

    private record Wait(int failures, long notBefore) {}

    /**
     * Creates waits of nobody.
     *
     * @param first for how long the first of them is, as far as that is not too short
     */
    ReturnWaits(Duration first, RandomSource random) {
        this.firstNanos = Math.max(first.toNanos(), LEAST.toNanos());
        this.random = random;
    }

    boolean isOver(NodeId node, long now) {
        Wait wait = waits.get(node);
        return wait == null || now - wait.notBefore >= 0;
    }

    /** An attempt failed for which writers had to wait. */
    void failed(NodeId node, long now) {
        Wait last = waits.get(node);
        int failures = Math.min((last == null ? 0 : last.failures) + 1, MOST_DOUBLINGS);
        wait(node, failures, Math.min(firstNanos << (failures - 1), LONGEST.toNanos()), now);
    }

    /** It was not ready, and nobody had to wait. */
    void unready(NodeId node, long now) {
        Wait last = waits.get(node);
        wait(node, last == null ? 0 : last.failures, Math.min(firstNanos, LONGEST.toNanos()), now);
    }

    private void wait(NodeId node, int failures, long nanos, long now) {
        waits.put(node, new Wait(failures, now + nanos / 2 + Math.floorMod(random.nextLong(), nanos / 2 + 1)));
    }

    /** An attempt succeeded, or the node is away. */
    void forget(NodeId node) {
        waits.remove(node);
    }
}
