package io.tidaldb.transport.netty;

/**
 * Room for what waits to be sent to a peer. Safe for any number of threads.
 *
 * <p>Invariant: {@code taken <= bytes}, or there is one thing alone in it, which is larger.
 */
final class Budget {

    private final long bytes;
    private long taken;
    /** Most that was refused since there was room last; 0 if nothing was. */
    private long wanted;

    Budget(long bytes) {
        this.bytes = bytes;
    }

    /** Takes room; false if there is not enough. */
    synchronized boolean take(long cost) {
        if (fits(cost)) {
            taken += cost;
            return true;
        }
        wanted = Math.max(wanted, cost);
        return false;
    }

    /** Gives room back; true if whoever was refused should be told that there is room now. */
    synchronized boolean give(long cost) {
        taken -= cost;
        // Not at each small gap: whoever is told comes with more than that.
        boolean room = wanted > 0 && taken <= bytes / 2 && fits(wanted);
        if (room) {
            wanted = 0;
        }
        return room;
    }

    private boolean fits(long cost) {
        return taken == 0 || taken + cost <= bytes;
    }
}
