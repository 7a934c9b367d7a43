package io.tidaldb.core.runtime;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
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

    /**
     * Returns what completes as a task does, and fails with what that failed with: a stage that follows another one wraps its failure, and
     * whoever looks at it would have to know.
     */
    @SuppressWarnings("FutureReturnValueIgnored") // What comes of it is handed on.
    public static <T> CompletableFuture<T> bare(CompletionStage<T> task) {
        CompletableFuture<T> bare = new CompletableFuture<>();
        task.whenComplete((done, failure) -> {
            if (failure == null) {
                bare.complete(done);
            } else {
                Throwable cause = failure instanceof CompletionException ? failure.getCause() : null;
                bare.completeExceptionally(cause == null ? failure : cause);
            }
        });
        return bare;
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
