package io.tidaldb.api.control;

import io.tidaldb.api.TidalException;

/** Receives what is committed. Called by one thread at a time, in order, without gaps or repeats. Must not block. */
public interface ControlListener {

    /** Replaces all state, because the entries before it are no longer kept; the next entry is the snapshot's index + 1. */
    void snapshot(ControlSnapshot snapshot);

    /** The next entry. */
    void committed(ControlEntry entry);

    /**
     * Nothing is received any more, and nothing can be proposed, until the log is opened again. Told at most once, by any thread, and not
     * because of a close.
     */
    default void failed(TidalException reason) {}
}
