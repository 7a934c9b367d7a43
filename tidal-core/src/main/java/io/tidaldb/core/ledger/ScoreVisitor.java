package io.tidaldb.core.ledger;

/** Sees the score of each pair of a signal. Called under the ledger's read lock: it must be short and must not call a ledger. */
@FunctionalInterface
public interface ScoreVisitor {

    /** Sees a pair. */
    void visit(long entity, double score);

    /** Returns the least score that it wants to see; asked again after each that it sees, and never sinks. */
    default double least() {
        return Double.NEGATIVE_INFINITY;
    }
}
