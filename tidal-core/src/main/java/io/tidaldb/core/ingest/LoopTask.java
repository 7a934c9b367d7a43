package io.tidaldb.core.ingest;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Runs on the commit loop, after everything that was queued before it was committed. */
final class LoopTask<T> extends LoopItem {

    final CompletableFuture<T> result = new CompletableFuture<>();
    private final Supplier<T> action;

    LoopTask(Supplier<T> action) {
        this.action = action;
    }

    void run() {
        try {
            result.complete(action.get());
        } catch (RuntimeException e) {
            result.completeExceptionally(e);
        }
    }
}
