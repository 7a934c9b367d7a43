package io.tidaldb.core.migration;

/** How fast a slot is copied, how long that takes, and how long a cutover would take by that. Confined to the control scheduler. */
final class MovePace {

    private static final double WEIGHT = 0.2;

    /** So long, or that part of the time left, it is watched what is written before anything is said: the first commit may be a tenth of all. */
    private static final long WATCHED_NANOS = 10_000_000_000L;

    private static final double WATCHED_PART = 10;

    /** After which time a target that gets no nearer is said not to. */
    private static final long CONVERGING_NANOS = 4_000_000_000L;

    private final Recent bytes = new Recent();
    private final Recent sent = new Recent();
    private final Recent nearer = new Recent();

    /** By how many bytes the source's logs have grown. */
    private final Recent written = new Recent();

    private long writtenBytes = -1;
    private long writtenNanos;

    /** For how long it was watched what is written. */
    private long watchedNanos;

    /** Whether that is of the first round, beside which nobody knows what was written. */
    private boolean guessed;

    private double roundNanos;

    /** Whether that is the time of rounds that had little to send, as those of a cutover have. */
    private boolean timedNear;

    private double agreeNanos;
    private long left = MoveFeed.Round.UNKNOWN;
    private long lastNanos;
    private long partNanos;
    private boolean stands = true;
    private long lookNanos;
    private long lookLeft;
    private boolean converges = true;

    /** How much there was of something in the last seconds: the longer ago, the less it counts. Of less time, all of it counts the same. */
    private static final class Recent {

        private static final double FADE_NANOS = 1e10;

        private double amount;
        private double nanos;

        void add(double more, double tookNanos) {
            double kept = Math.exp(-tookNanos / FADE_NANOS);
            amount = amount * kept + more;
            nanos = nanos * kept + tookNanos;
        }

        double perSecond() {
            return nanos == 0 ? 0 : amount * 1e9 / nanos;
        }

        void forget() {
            amount = 0;
            nanos = 0;
        }
    }

    MovePace(long nowNanos) {
        lastNanos = nowNanos;
        partNanos = nowNanos;
        looks(nowNanos);
    }

    /** Begins anew to watch whether the target gets nearer. */
    void looks(long nowNanos) {
        lookNanos = nowNanos;
        lookLeft = Long.MAX_VALUE;
        converges = true;
        nearer.forget();
    }

    /** The time since the last round says nothing about how fast anything is: nothing could be sent in it. */
    void interrupted(long nowNanos) {
        lastNanos = nowNanos;
        partNanos = nowNanos;
        stands = true;
        left = MoveFeed.Round.UNKNOWN;
        looks(nowNanos);
    }

    /**
     * Something was sent, in a round that is not over.
     *
     * @param logBytes what the source has in its logs now
     * @param nextNanos when more may be sent: what was sent takes as long as that
     */
    void part(long sentBytes, long logBytes, long nowNanos, long nextNanos) {
        stands = false;
        bytes.add((double) sentBytes, (double) Math.max(0, nextNanos - partNanos));
        partNanos = Math.max(partNanos, nextNanos);
        if (writtenBytes >= 0 && logBytes >= writtenBytes) {
            watchedNanos += nowNanos - writtenNanos;
            written.add((double) (logBytes - writtenBytes), (double) (nowNanos - writtenNanos));
        }
        writtenBytes = logBytes;
        writtenNanos = nowNanos;
    }

    /**
     * A round is over.
     *
     * @param nextNanos when more may be sent: what was sent takes as long as that
     * @param near with so few records missing the target is near enough
     */
    void round(MoveFeed.Round round, long begunNanos, long nowNanos, long nextNanos, long near) {
        double since = Math.max(1, nextNanos - lastNanos);
        lastNanos = nextNanos;
        timed((double) Math.max(1, nowNanos - begunNanos), round.sentRecords() <= near && round.left() <= near);
        long before = left;
        left = round.left();
        if (left == MoveFeed.Round.UNKNOWN) {
            looks(nowNanos);
            return;
        }
        if (round.sentBytes() == 0) {
            // There was nothing to be sent: that says nothing about how fast it is.
            partNanos = Math.max(partNanos, nowNanos);
        }
        sent.add((double) round.sentRecords(), since);
        boolean first = before == MoveFeed.Round.UNKNOWN;
        if (first || guessed) {
            nearer.forget();
        }
        guessed = first;
        nearer.add((double) (first ? round.sentRecords() : before - left), since);
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

    double bytesPerSecond() {
        return bytes.perSecond();
    }

    /**
     * Returns how long it takes until the slot changes hands; -1 if that is not known, also because it was watched for too short a time,
     * or never happens by what is written and sent.
     *
     * @param missingBytes what is to be sent of what is there; negative if that is not known
     */
    long leftNanos(long missingBytes) {
        double nearerPerSecond = bytesPerSecond() - written.perSecond();
        if (stands || missingBytes < 0 || missingBytes > 0 && nearerPerSecond <= 0) {
            return -1;
        }
        double nanos = missingBytes == 0 ? 0 : missingBytes * 1e9 / nearerPerSecond;
        return watchedNanos < Math.min(WATCHED_NANOS, nanos / WATCHED_PART)
                ? -1
                : (long) nanos + Math.max(0, predictedPauseNanos());
    }

    /** Returns for how long a cutover would hold writes back: what is left is sent, confirmed, and the change agreed on; -1 if not known. */
    long predictedPauseNanos() {
        return roundNanos == 0 ? -1 : (long) (2 * roundNanos + agreeNanos);
    }

    /** Returns how many records are sent in a second. */
    double sentPerSecond() {
        return sent.perSecond();
    }

    /** Returns whether the target was near, or got nearer, when that was looked at last. */
    boolean converges() {
        return converges;
    }

    String notConverging() {
        return "NOT_CONVERGING: " + left + " records are missing; "
                + Math.round(sentPerSecond() - nearer.perSecond()) + " a second are written and "
                + Math.round(sentPerSecond()) + " are sent, with " + Math.round(bytesPerSecond()) + " bytes";
    }
}
