package io.tidaldb.core.runtime;

/** What an event loop runs, by one thread at a time. */
public interface LoopBody {

    /** Does what there is to do; false if there was nothing. */
    boolean runOnce();

    /** An error came out of {@link #runOnce}, so that what it has done is not known. It may be called again. Called by whoever called it. */
    void broken(Error error);

    /** Returns whether there is something to do. Safe for any thread. */
    boolean hasWork();

    /**
     * Returns for how long there may be nothing to do before {@link #idled} is to be called; {@link Long#MAX_VALUE} if it need not be. Called
     * after a turn that found nothing to do.
     */
    default long idleNanos() {
        return Long.MAX_VALUE;
    }

    /** There was nothing to do for a while, maybe less than was asked for. Called by whoever calls {@link #runOnce}. */
    default void idled() {}
}
