package io.tidaldb.core.runtime;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** Waits for what other threads do. */
public final class Waiting {

    private Waiting() {}

    /**
     * Waits for a task, also if the caller is interrupted, who finds the interrupt afterwards.
     *
     * @throws TidalException what the task failed with; DEADLINE_EXCEEDED
     */
    public static <T> T uninterruptibly(LoopFactory loops, CompletableFuture<T> task, long atMostNanos) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return loops.await(task, atMostNanos);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            throw unwrap(e);
        } catch (TimeoutException e) {
            throw new TidalException(
                    ErrorCode.DEADLINE_EXCEEDED, "there was no answer within " + Duration.ofNanos(atMostNanos), e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Returns what a task failed with. */
    public static TidalException unwrap(Exception e) {
        if (e.getCause() instanceof TidalException known) {
            return known;
        }
        return new TidalException(
                ErrorCode.INTERNAL, "a task of the commit loop failed: " + e.getCause(), e.getCause());
    }
}
