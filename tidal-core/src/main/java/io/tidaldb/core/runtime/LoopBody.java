package io.tidaldb.core.runtime;

/** What an event loop runs, by one thread at a time. */
public interface LoopBody {

    /** Does what there is to do; false if there was nothing. */
    boolean runOnce();

    /** An error came out of {@link #runOnce}, so that what it has done is not known. It may be called again. Called by whoever called it. */
    void broken(Error error);

    /** Returns whether there is something to do. Safe for any thread. */
    boolean hasWork();
}
