package io.tidaldb.core.ingest;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Runs on the commit loop between two commits: before all that waits, or in a tenant's line after all that the tenant queued before. */
final class LoopTask<T> extends LoopItem {

    final CompletableFuture<T> result = new CompletableFuture<>();
    private final Supplier<T> action;
    private final @Nullable Flow flow;
    private final int cost;

    /** Creates a task of the node itself. */
    LoopTask(Supplier<T> action) {
        this(action, null, 0);
    }

    /** Creates a task in a tenant's line that costs as much of its turn as a write of so many bytes. */
    LoopTask(Supplier<T> action, @Nullable Flow flow, int cost) {
        this.action = action;
        this.flow = flow;
        this.cost = cost;
    }

    @Override
    @Nullable
    Flow flow() {
        return flow;
    }

    @Override
    int cost() {
        return cost;
    }

    void run() {
        try {
            result.complete(action.get());
        } catch (RuntimeException e) {
            result.completeExceptionally(e);
        }
    }
}
