package io.tidaldb.core.ledger;

/** Sees each pair of a signal. Called under the ledger's read lock: it must be short and must not call a ledger. */
@FunctionalInterface
public interface CellVisitor {

    /**
     * Sees a pair as of its last event.
     *
     * @param cell valid during the call; the next pair reuses it
     */
    void visit(long entity, CellView cell);
}
