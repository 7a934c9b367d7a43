package io.tidaldb.core.runtime;

import io.tidaldb.api.Scheduler;

/** A scheduler that can be ended. Safe for any number of threads. */
public interface LoopScheduler extends Scheduler, AutoCloseable {

    /** Drops what has not begun and waits for what has; what is handed over afterwards is dropped. A second close does nothing. */
    @Override
    void close();
}
