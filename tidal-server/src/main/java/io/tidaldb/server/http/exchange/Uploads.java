package io.tidaldb.server.http.exchange;

import java.util.concurrent.Semaphore;

/** Bounds the bodies that come in at a time, so that slow ones leave threads to others. Safe for any number of threads. */
public final class Uploads {

    private final Semaphore permits;
    private final int limit;

    /** @param limit how many bodies may come in at a time */
    public Uploads(int limit) {
        this.limit = limit;
        this.permits = new Semaphore(limit);
    }

    /** Takes leave to read one body; {@link #end} gives it back. */
    void begin() {
        if (!permits.tryAcquire()) {
            throw new Refusal(
                    Refusal.Code.UNAVAILABLE,
                    "the node has as many uploads under way as it takes, " + limit + ": try again after a pause",
                    1);
        }
    }

    void end() {
        permits.release();
    }
}
