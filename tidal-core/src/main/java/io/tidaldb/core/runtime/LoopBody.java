package io.tidaldb.core.runtime;

/** What an event loop runs, by one thread at a time. */
public interface LoopBody {

    /** Does what there is to do; false if there was nothing. */
    boolean runOnce();

    /** Returns whether there is something to do. Safe for any thread. */
    boolean hasWork();
}
