package io.tidaldb.api.control;

/** Receives what is committed. Called by one thread at a time, in order, without gaps or repeats. Must not block. */
public interface ControlListener {

    /** Replaces all state, because the entries before it are no longer kept; the next entry is the snapshot's index + 1. */
    void snapshot(ControlSnapshot snapshot);

    /** The next entry. */
    void committed(ControlEntry entry);
}
