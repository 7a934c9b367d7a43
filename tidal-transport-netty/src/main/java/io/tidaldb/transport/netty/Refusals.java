package io.tidaldb.transport.netty;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Log lines that others can cause, so many at a time: what is left out is counted and said later. Safe for any number of threads. */
final class Refusals {

    private static final Logger LOG = LoggerFactory.getLogger(NettyTransport.class);
    private static final int BURST = 50;
    private static final long LINE_NANOS = 1_000_000_000;

    private final String local;
    private long filledNanos;
    private long lines = BURST;
    private long left;

    Refusals(String local, long nowNanos) {
        this.local = local;
        this.filledNanos = nowNanos;
    }

    /**
     * Says that a connection was refused or ended.
     *
     * @param who the other side; no text from outside unless it is escaped
     * @param why likewise
     */
    void say(String who, String why, long nowNanos) {
        long before = admit(nowNanos);
        if (before == 0) {
            LOG.warn("node {} closed the connection of {}: {}", local, who, why);
        } else if (before > 0) {
            LOG.warn("node {} closed the connection of {}: {} ({} like it went unsaid)", local, who, why, before);
        }
    }

    /** Returns how many lines were left out before this one, or -1 if it is to be left out. */
    private synchronized long admit(long nowNanos) {
        long earned = Math.max(0, nowNanos - filledNanos) / LINE_NANOS;
        lines = Math.min(BURST, lines + earned);
        filledNanos += earned * LINE_NANOS;
        if (lines == 0) {
            left++;
            return -1;
        }
        lines--;
        long before = left;
        left = 0;
        return before;
    }
}
