package io.tidaldb.core.write;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.runtime.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Holds back writes of a tenant while one of its slots is about to be led by another replica of this process: they are sent again when it is,
 * until their deadline. What was refused so was not applied. Safe for any number of threads.
 */
public record HeldWrites(Instance tidal) {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(10);

    /** Returns what comes of a write that has been sent: of this attempt, or if another replica takes it or will, of a later one. */
    @SuppressWarnings("FutureReturnValueIgnored") // What comes of it is handed on.
    public CompletableFuture<Position> watched(
            CompletableFuture<Position> first, Supplier<CompletableFuture<Position>> attempt, Duration deadline) {
        CompletableFuture<Position> result = new CompletableFuture<>();
        first.whenComplete((position, failure) -> {
            if (failure == null) {
                result.complete(position);
                return;
            }
            TidalException reason = RemoteCalls.reason(failure);
            if (isHeld(reason)) {
                again(reason, attempt, deadline).whenComplete((later, refusal) -> {
                    if (refusal == null) {
                        result.complete(later);
                    } else {
                        result.completeExceptionally(RemoteCalls.reason(refusal));
                    }
                });
            } else {
                result.completeExceptionally(reason);
            }
        });
        return result;
    }

    /** Returns what comes of a write that another replica takes, or will. */
    public CompletableFuture<Position> again(
            TidalException refusal, Supplier<CompletableFuture<Position>> attempt, Duration deadline) {
        long end = tidal.clock().monotonicNanos() + Clock.nanos(deadline);
        return again(refusal, attempt, end, FIRST_PAUSE);
    }

    private CompletableFuture<Position> again(
            TidalException refusal, Supplier<CompletableFuture<Position>> attempt, long endNanos, Duration pause) {
        if (!isHeld(refusal) || tidal.clock().monotonicNanos() + pause.toNanos() - endNanos > 0) {
            return CompletableFuture.failedFuture(refusal);
        }
        Duration longer = pause.multipliedBy(2);
        Duration next = longer.compareTo(LONGEST_PAUSE) < 0 ? longer : LONGEST_PAUSE;
        // One that is closed meanwhile says why it would have tried again.
        return tidal.pause(pause)
                .exceptionallyCompose(closed -> CompletableFuture.failedFuture(refusal))
                .thenComposeAsync(nothing -> attempted(attempt), tidal.callbacks())
                .exceptionallyCompose(failure -> {
                    TidalException reason = RemoteCalls.reason(failure);
                    return reason == refusal
                            ? CompletableFuture.failedFuture(reason)
                            : again(reason, attempt, endNanos, next);
                });
    }

    private static CompletableFuture<Position> attempted(Supplier<CompletableFuture<Position>> attempt) {
        try {
            return attempt.get();
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Returns whether another replica leads, or is about to. */
    public boolean isHeld(TidalException refusal) {
        return refusal.code() == ErrorCode.NOT_OWNER && tidal.isOpen();
    }
}
