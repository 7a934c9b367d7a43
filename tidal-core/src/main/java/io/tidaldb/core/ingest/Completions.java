package io.tidaldb.core.ingest;

import java.util.concurrent.Executor;

/** Takes what is to be done on other threads about writes that are acknowledged. */
@FunctionalInterface
public interface Completions {

    /** Hands each over by itself, at once. Safe for any thread. */
    Completions AT_ONCE = Executor::execute;

    /** Has a completion run by an executor, soon, and in the order in which that executor is given any. */
    void add(Executor executor, Runnable completion);
}
