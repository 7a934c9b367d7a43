package io.tidaldb.core;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.runtime.Waiting;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The word on which a cluster is made, for a member that waits for it: given to the builder, and said by another thread while the member is
 * being opened. Safe for any number of threads.
 */
public final class ClusterInit {

    private static final long SECONDS_TO_DECIDE = 30;

    // Guarded by this object's lock.
    private boolean waiting;
    private @Nullable CompletableFuture<Void> asked;

    /** A word that has not been said. */
    public ClusterInit() {}

    /**
     * Makes the cluster, of this member and all that it was told of. Returns when it is made: then the others follow, and all begin to
     * serve.
     *
     * @throws TidalException NOT_CAUGHT_UP if the cluster is made already; PEER_UNAVAILABLE if one of the others is not there, and then
     *     nothing was done
     */
    public void init() {
        CompletableFuture<Void> said;
        synchronized (this) {
            if (!waiting) {
                throw made();
            }
            said = asked == null ? new CompletableFuture<>() : asked;
            asked = said;
        }
        try {
            said.get(SECONDS_TO_DECIDE, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw Waiting.unwrap(e);
        } catch (TimeoutException e) {
            throw new TidalException(
                    ErrorCode.DEADLINE_EXCEEDED,
                    "the cluster was not made within " + SECONDS_TO_DECIDE + " s: ask again, it is made once",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TidalException(ErrorCode.CLOSED, "the caller was interrupted while the cluster was made", e);
        }
    }

    static TidalException made() {
        return new TidalException(
                ErrorCode.NOT_CAUGHT_UP, "the cluster is initialised already, which is done once: nothing was changed");
    }

    /** Returns whether the member waits for the word. */
    public synchronized boolean isAwaited() {
        return waiting;
    }

    /** Waits for the word from now on, or not any more. */
    synchronized void await(boolean from) {
        waiting = from;
        CompletableFuture<Void> left = asked;
        if (!from && left != null) {
            asked = null;
            left.completeExceptionally(made());
        }
    }

    /** Returns the word if it was said, to be completed with what comes of it; else null. */
    synchronized @Nullable CompletableFuture<Void> taken() {
        CompletableFuture<Void> word = asked;
        asked = null;
        return word;
    }
}
