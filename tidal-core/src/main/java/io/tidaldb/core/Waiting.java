package io.tidaldb.core;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.runtime.LoopFactory;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** Waits for what other threads do. */
final class Waiting {

    private Waiting() {}

    /**
     * Waits for a task, also if the caller is interrupted, who finds the interrupt afterwards.
     *
     * @throws TidalException what the task failed with; DEADLINE_EXCEEDED
     */
    static <T> T uninterruptibly(LoopFactory loops, CompletableFuture<T> task, long atMostNanos) {
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
            throw EmbeddedTenant.unwrap(e);
        } catch (TimeoutException e) {
            throw new TidalException(
                    ErrorCode.DEADLINE_EXCEEDED, "there was no answer within " + Duration.ofNanos(atMostNanos), e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
