package io.tidaldb.core.ledger;

/** What a ledger knows of a pair at some time; filled by reads, so that they need not allocate. Confined to its caller. */
public final class CellView {

    double score;
    double scoreAtLast;
    long count;
    long lastHour;
    long lastDay;
    long lastWeek;
    long lastEventNanos;
    long asOfNanos;

    /** Creates a view of nothing. */
    public CellView() {}

    /** Returns the sum of weights, decayed to {@link #asOfNanos}. */
    public double score() {
        return score;
    }

    /** Returns the sum of weights, decayed to {@link #lastEventNanos}. */
    public double scoreAtLast() {
        return scoreAtLast;
    }

    /** Returns all events ever. */
    public long count() {
        return count;
    }

    /** Returns the events in the 60 minutes that end with that of {@link #asOfNanos}. */
    public long lastHour() {
        return lastHour;
    }

    /** Returns the events in the 24 hours that end with that of {@link #asOfNanos}. */
    public long lastDay() {
        return lastDay;
    }

    /** Returns the events in the 168 hours that end with that of {@link #asOfNanos}. */
    public long lastWeek() {
        return lastWeek;
    }

    /** Returns the greatest event time, in nanoseconds since 1970. */
    public long lastEventNanos() {
        return lastEventNanos;
    }

    /** Returns the time that the answer is true for: the one asked for, or the last event's if that is later. */
    public long asOfNanos() {
        return asOfNanos;
    }

    void clear(long atNanos) {
        score = 0;
        scoreAtLast = 0;
        count = 0;
        lastHour = 0;
        lastDay = 0;
        lastWeek = 0;
        lastEventNanos = 0;
        asOfNanos = atNanos;
    }

    /** Becomes the same as another view. */
    void set(CellView other) {
        score = other.score;
        scoreAtLast = other.scoreAtLast;
        count = other.count;
        lastHour = other.lastHour;
        lastDay = other.lastDay;
        lastWeek = other.lastWeek;
        lastEventNanos = other.lastEventNanos;
        asOfNanos = other.asOfNanos;
    }

    /** Adds a view as of the same time; {@link #score} is left as it is until {@link #decay}. */
    void add(CellView other, double halfLifeNanos) {
        scoreAtLast =
                DecayModel.sum(scoreAtLast, lastEventNanos, other.scoreAtLast, other.lastEventNanos, halfLifeNanos);
        count += other.count;
        lastHour += other.lastHour;
        lastDay += other.lastDay;
        lastWeek += other.lastWeek;
        lastEventNanos = Math.max(lastEventNanos, other.lastEventNanos);
    }

    /** Takes away a view as of the same time, of events that are in what was added; {@link #score} is left as it is until {@link #decay}. */
    void subtract(CellView other, double halfLifeNanos) {
        scoreAtLast =
                DecayModel.sum(scoreAtLast, lastEventNanos, -other.scoreAtLast, other.lastEventNanos, halfLifeNanos);
        count -= other.count;
        lastHour -= other.lastHour;
        lastDay -= other.lastDay;
        lastWeek -= other.lastWeek;
        lastEventNanos = Math.max(lastEventNanos, other.lastEventNanos);
    }

    /** Brings the score from the last event to {@link #asOfNanos}, if that is later. */
    void decay(double halfLifeNanos) {
        long elapsedNanos = asOfNanos - lastEventNanos;
        score = elapsedNanos > 0 ? scoreAtLast * DecayModel.factor(elapsedNanos, halfLifeNanos) : scoreAtLast;
    }
}
