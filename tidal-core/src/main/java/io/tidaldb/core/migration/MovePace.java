package io.tidaldb.core.migration;

/** How fast a slot is copied, and how long a cutover would take by that. Confined to the control scheduler. */
final class MovePace {

    private static final double WEIGHT = 0.2;

    /** After which time a target that gets no nearer is said not to. */
    private static final long CONVERGING_NANOS = 4_000_000_000L;

    private double bytesPerSecond;
    private double sentPerSecond;
    private double recordsPerSecond;
    private double roundNanos;

    /** Whether that is the time of rounds that had little to send, as those of a cutover have. */
    private boolean timedNear;

    private double agreeNanos;
    private long left;
    private long lastNanos;
    private long lookNanos;
    private long lookLeft;
    private boolean converges = true;

    MovePace(long nowNanos) {
        lastNanos = nowNanos;
        looks(nowNanos);
    }

    /** Begins anew to watch whether the target gets nearer. */
    void looks(long nowNanos) {
        lookNanos = nowNanos;
        lookLeft = Long.MAX_VALUE;
        converges = true;
    }

    /**
     * A round is over.
     *
     * @param near with so few records missing the target is near enough
     */
    void round(MoveFeed.Round round, long begunNanos, long nowNanos, long near) {
        double took = Math.max(1, nowNanos - begunNanos);
        double since = Math.max(1, nowNanos - lastNanos);
        bytesPerSecond += WEIGHT * (round.sentBytes() * 1e9 / since - bytesPerSecond);
        sentPerSecond += WEIGHT * (round.sentRecords() * 1e9 / since - sentPerSecond);
        timed(took, round.sentRecords() <= near && round.left() <= near);
        lastNanos = nowNanos;
        if (round.left() == MoveFeed.Round.UNKNOWN) {
            looks(nowNanos);
            return;
        }
        recordsPerSecond += WEIGHT * ((left - round.left()) * 1e9 / since - recordsPerSecond);
        left = round.left();
        if (lookLeft == Long.MAX_VALUE) {
            lookLeft = left;
        } else if (nowNanos - lookNanos >= CONVERGING_NANOS) {
            converges = left <= near || left < lookLeft;
            lookNanos = nowNanos;
            lookLeft = left;
        }
    }

    private void timed(double took, boolean isNear) {
        if (isNear == timedNear && roundNanos > 0) {
            roundNanos += WEIGHT * (took - roundNanos);
        } else if (isNear || roundNanos == 0) {
            roundNanos = took;
            timedNear = isNear;
        }
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

    /** Returns how many records are sent in a second. */
    double sentPerSecond() {
        return sentPerSecond;
    }

    /** Returns whether the target was near, or got nearer, when that was looked at last. */
    boolean converges() {
        return converges;
    }

    String notConverging() {
        return "NOT_CONVERGING: " + left + " records are missing; " + Math.round(sentPerSecond - recordsPerSecond)
                + " a second are written and " + Math.round(sentPerSecond) + " are sent, with "
                + Math.round(bytesPerSecond) + " bytes";
    }
}
