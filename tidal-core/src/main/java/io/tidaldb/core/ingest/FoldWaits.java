package io.tidaldb.core.ingest;

import io.tidaldb.api.OverloadedException;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/** Those who wait for a slot to have folded something. Safe for any number of threads. */
final class FoldWaits {

    private static final int MAX_WAITING = 10_000;

    private record Waiting(BooleanSupplier condition, CompletableFuture<Void> met) {}

    private final Queue<Waiting> all = new ConcurrentLinkedQueue<>();
    private final AtomicInteger size = new AtomicInteger();

    /**
     * Returns what completes when a condition is met. Whoever gives up completes it.
     *
     * @throws OverloadedException if too many wait
     */
    @SuppressWarnings("FutureReturnValueIgnored") // It is the caller's.
    CompletableFuture<Void> until(BooleanSupplier condition) {
        CompletableFuture<Void> met = new CompletableFuture<>();
        if (condition.getAsBoolean()) {
            met.complete(null);
            return met;
        }
        if (size.incrementAndGet() > MAX_WAITING) {
            size.decrementAndGet();
            throw new OverloadedException(
                    "more than " + MAX_WAITING + " callers wait for what a slot has not got yet: try again later");
        }
        Waiting waiting = new Waiting(condition, met);
        met.whenComplete((nothing, failure) -> {
            if (all.remove(waiting)) {
                size.decrementAndGet();
            }
        });
        all.add(waiting);
        // It may have been met before it was there to be looked at.
        look(waiting);
        return met;
    }

    /** Looks whether conditions are met. Called by the loop, after it has folded something. */
    void look() {
        if (!all.isEmpty()) {
            all.forEach(FoldWaits::look);
        }
    }

    private static void look(Waiting waiting) {
        if (waiting.condition.getAsBoolean()) {
            waiting.met.complete(null);
        }
    }
}
