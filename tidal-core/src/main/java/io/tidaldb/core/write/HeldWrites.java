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
import org.jspecify.annotations.Nullable;

/**
 * Holds back writes of a tenant while one of its slots is about to be led by another replica of this process: they are sent again when it is,
 * until their deadline, or until this process can't hear any more who leads. What was refused so was not applied. Safe for any number of
 * threads.
 *
 * @param turn what completes when this process has done next what was agreed on the tenant
 */
public record HeldWrites(Instance tidal, Supplier<CompletableFuture<Void>> turn) {

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
        return again(refusal, attempt, end, FIRST_PAUSE, turn.get());
    }

    private CompletableFuture<Position> again(
            TidalException refusal,
            Supplier<CompletableFuture<Position>> attempt,
            long endNanos,
            Duration pause,
            CompletableFuture<Void> since) {
        if (!isHeld(refusal) || tidal.clock().monotonicNanos() + pause.toNanos() - endNanos > 0) {
            return CompletableFuture.failedFuture(refusal);
        }
        TidalException forGood = forGood(refusal);
        if (forGood != null) {
            return CompletableFuture.failedFuture(forGood);
        }
        Duration longer = pause.multipliedBy(2);
        Duration next = longer.compareTo(LONGEST_PAUSE) < 0 ? longer : LONGEST_PAUSE;
        return untilTurn(since, pause, refusal)
                .thenComposeAsync(
                        nothing -> {
                            CompletableFuture<Void> now = turn.get();
                            return attempted(attempt)
                                    .exceptionallyCompose(failure ->
                                            again(RemoteCalls.reason(failure), attempt, endNanos, next, now));
                        },
                        tidal.callbacks());
    }

    /**
     * Completes after a pause, or as soon as this process has done what was agreed on the tenant since a turn was asked for.
     *
     * @param refusal what it fails with if the instance is closed meanwhile: why it would have been tried again
     */
    public CompletableFuture<Void> untilTurn(CompletableFuture<Void> since, Duration pause, TidalException refusal) {
        return CompletableFuture.anyOf(since, tidal.pause(pause))
                .thenApply(either -> (Void) null)
                .exceptionallyCompose(closed -> CompletableFuture.failedFuture(refusal));
    }

    /** Returns what is said of a write that can't be tried again, because this process does not hear any more who leads; null while it does. */
    public @Nullable TidalException forGood(TidalException refusal) {
        TidalException undecided = tidal.undecided();
        return undecided == null
                ? null
                : new TidalException(
                        refusal.code(),
                        refusal.getMessage() + "; this process does not hear who leads until it is opened again: "
                                + undecided.getMessage(),
                        undecided);
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
