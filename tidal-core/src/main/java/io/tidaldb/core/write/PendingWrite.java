package io.tidaldb.core.write;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.Position;
import io.tidaldb.core.ingest.Completions;
import io.tidaldb.core.ingest.WriteListener;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** A write that waits for its parts: one for each shard that it touches. Guarded by its own lock, held for a few instructions. */
public final class PendingWrite implements WriteListener {

    private final CompletableFuture<Position> result = new CompletableFuture<>();
    private final @Nullable Executor callbacks;
    private final List<WalSegmentId> ends = new ArrayList<>(1);
    private @Nullable TidalException refusal;
    private int open;

    /**
     * Creates a write of this many parts.
     *
     * @param callbacks completes the result, or null if nobody but a waiting thread looks at it
     */
    PendingWrite(int parts, @Nullable Executor callbacks) {
        this.open = parts;
        this.callbacks = callbacks;
    }

    /** Returns what completes when all parts are answered. */
    public CompletableFuture<Position> result() {
        return result;
    }

    @Override
    public void acknowledged(WalSegmentId last, Completions completions) {
        answered(List.of(last), null, completions);
    }

    /** Takes the answer of another node to one part. */
    public void acknowledged(Position position) {
        answered(position.records(), null, Completions.AT_ONCE);
    }

    @Override
    public void refused(TidalException reason) {
        answered(List.of(), reason, Completions.AT_ONCE);
    }

    private void answered(List<WalSegmentId> last, @Nullable TidalException reason, Completions completions) {
        boolean done;
        synchronized (this) {
            ends.addAll(last);
            if (reason != null && (refusal == null || saysMore(reason, refusal))) {
                refusal = reason;
            }
            done = --open == 0;
        }
        if (!done) {
            return;
        }
        if (callbacks == null) {
            complete();
        } else {
            completions.add(callbacks, this::complete);
        }
    }

    // One part that may have happened is enough for the whole not to be called refused.
    private static boolean saysMore(TidalException reason, TidalException before) {
        return before.code().outcome() == Outcome.NOT_APPLIED && reason.code().outcome() != Outcome.NOT_APPLIED;
    }

    private void complete() {
        TidalException reason = refusal;
        if (reason == null) {
            result.complete(new Position(ends));
        } else {
            result.completeExceptionally(ends.isEmpty() ? reason : partly(reason));
        }
    }

    // The refusal alone would say that nothing was applied.
    private TidalException partly(TidalException reason) {
        return new TidalException(
                ErrorCode.PARTLY_APPLIED,
                "a write to several shards was applied up to " + new Position(ends) + " and refused elsewhere: "
                        + reason.getMessage() + "; retry it with the same idempotency key to complete it",
                reason);
    }
}
