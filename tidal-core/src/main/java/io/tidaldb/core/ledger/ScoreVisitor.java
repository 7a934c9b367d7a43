package io.tidaldb.core.ledger;

/** Sees the score of each pair of a signal. Called under the ledger's read lock: it must be short and must not call a ledger. */
@FunctionalInterface
public interface ScoreVisitor {

    /** Sees a pair. */
    void visit(long entity, double score);
}
