package io.tidaldb.core;

import java.time.Duration;

/** How fast a slot is copied, and how long a cutover would take by that. Confined to the control scheduler. */
final class MovePace {

    private static final double WEIGHT = 0.2;

    private double bytesPerSecond;
    private double recordsPerSecond;
    private double roundNanos;
    private double agreeNanos;
    private long left;
    private long lastNanos;
    private long lastLeft;
    private long nearSinceNanos;

    MovePace(long nowNanos) {
        lastNanos = nowNanos;
        nearSinceNanos = nowNanos;
    }

    void round(MoveFeed.Round round, long begunNanos, long nowNanos) {
        double took = Math.max(1, nowNanos - begunNanos);
        double since = Math.max(1, nowNanos - lastNanos);
        bytesPerSecond += WEIGHT * (round.sentBytes() * 1e9 / since - bytesPerSecond);
        recordsPerSecond += WEIGHT * ((lastLeft - round.left()) * 1e9 / since - recordsPerSecond);
        roundNanos = roundNanos == 0 ? took : roundNanos + WEIGHT * (took - roundNanos);
        if (round.left() == 0 || round.left() < lastLeft) {
            nearSinceNanos = nowNanos;
        }
        lastLeft = round.left();
        left = round.left();
        lastNanos = nowNanos;
    }

    void agreed(long nanos) {
        agreeNanos = agreeNanos == 0 ? nanos : agreeNanos + WEIGHT * (nanos - agreeNanos);
    }

    long left() {
        return left;
    }

    double bytesPerSecond() {
        return bytesPerSecond;
    }

    /** Returns by how many records the target gets nearer in a second; less than 0 if it falls behind. */
    double recordsPerSecond() {
        return recordsPerSecond;
    }

    /** Returns for how long a cutover would hold writes back: what is left is sent, confirmed, and the change agreed on; -1 if not known. */
    long predictedPauseNanos() {
        return roundNanos == 0 ? -1 : (long) (2 * roundNanos + agreeNanos);
    }

    /** Returns whether the target was near, or got nearer, within some time. */
    boolean converges(Duration within, long near) {
        return left <= near || lastNanos - nearSinceNanos < within.toNanos();
    }

    String notConverging() {
        return "NOT_CONVERGING: " + left + " records are missing, and that changes by "
                + Math.round(-recordsPerSecond) + " a second while " + Math.round(bytesPerSecond)
                + " bytes a second are sent";
    }
}
