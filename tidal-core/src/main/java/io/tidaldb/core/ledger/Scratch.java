package io.tidaldb.core.ledger;

import org.jspecify.annotations.Nullable;

/** A state to work with, shared by the tables of a ledger as they share its lock; made when it is first needed, as it is 2 KiB. */
final class Scratch {

    private @Nullable CellState state;

    CellState state() {
        CellState known = state;
        if (known == null) {
            known = new CellState();
            state = known;
        }
        return known;
    }
}
