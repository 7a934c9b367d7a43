package io.tidaldb.core.runtime;

/** A running event loop. Safe for any number of threads. */
public interface LoopHandle extends AutoCloseable {

    /** Says that there may be something to do. Cheap when the loop is busy. */
    void wake();

    /** Stops the loop after its current turn and waits for that. A second close does nothing. */
    @Override
    void close();
}
