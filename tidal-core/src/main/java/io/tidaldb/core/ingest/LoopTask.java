package io.tidaldb.core.ingest;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Runs on the commit loop between two commits: before all that waits, or in a tenant's line after all that the tenant queued before. */
final class LoopTask<T> extends LoopItem {

    final CompletableFuture<T> result = new CompletableFuture<>();

    /** The only slot that it looks at; null if it may look at any. */
    final @Nullable TenantShard slot;

    private final Supplier<T> action;
    private final @Nullable Flow flow;
    private final int cost;

    /** Creates a task of the node itself. */
    LoopTask(Supplier<T> action) {
        this(action, null, null, 0);
    }

    /** Creates a task of the node itself that looks at one slot alone. */
    LoopTask(Supplier<T> action, TenantShard slot) {
        this(action, slot, null, 0);
    }

    /** Creates a task in a tenant's line that costs as much of its turn as a write of so many bytes. */
    LoopTask(Supplier<T> action, Flow flow, int cost) {
        this(action, null, flow, cost);
    }

    private LoopTask(Supplier<T> action, @Nullable TenantShard slot, @Nullable Flow flow, int cost) {
        this.action = action;
        this.slot = slot;
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
