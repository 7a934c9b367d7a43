package io.tidaldb.server.http.route;

import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.server.http.body.Keys;
import io.tidaldb.server.http.body.SignalLines;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.Refusal;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A stream of signals, one a line. A chunk is read while the one before is recorded, and recorded when that is acknowledged: the sender is
 * held back by what the node takes, and what was acknowledged is always the first lines. No thread waits meanwhile. With an idempotency key each line is a write of its own, under a key of its own, so that a retry may be
 * cut into chunks elsewhere.
 *
 * <p>One thread at a time, handed on by futures.
 */
final class NdjsonUpload {

    private static final int MAX_CHUNK = 1_000;
    private static final long CHUNK_SECONDS = 60;

    private final Exchange exchange;
    private final Tenant tenant;
    private final WriteOptions options;
    private final SignalLines lines;
    private final int chunkLines;
    private long accepted;
    private @Nullable Position position;
    private @Nullable CompletableFuture<Outcome> underWay;

    /** What a chunk came to: of so many lines, so many were acknowledged. */
    private record Outcome(
            int acknowledged,
            @Nullable Position end,
            @Nullable Throwable failure) {}

    /** Signals, the numbers of their lines, whether there may be more, and why not. */
    private record Chunk(
            List<Signal> signals,
            long[] numbers,
            boolean goesOn,
            @Nullable Throwable fault) {}

    NdjsonUpload(Exchange exchange, Tenant tenant, WriteOptions options) throws IOException {
        this.exchange = exchange;
        this.tenant = tenant;
        this.options = options;
        this.lines = new SignalLines(exchange.stream(), tenant.id());
        this.chunkLines = chunkLines(tenant.config());
    }

    // A chunk that is larger than the bucket could never be admitted.
    private static int chunkLines(TenantConfig config) {
        OptionalDouble rate = config.maxSignalsPerSecond();
        double burst = config.burst().orElse(rate.isPresent() ? 2 * rate.getAsDouble() : MAX_CHUNK);
        return (int) Math.max(1, Math.min(MAX_CHUNK, burst));
    }

    void begin() {
        exchange.keepBody();
        exchange.context()
                .future(() -> CompletableFuture.supplyAsync(this::next, exchange.executor())
                        .thenCompose(done -> done)
                        .handle((result, failure) -> {
                            try {
                                end(failure);
                            } finally {
                                exchange.endBody();
                            }
                            return exchange;
                        }));
    }

    private void end(@Nullable Throwable failure) {
        if (failure == null) {
            exchange.answer(200, SignalRoutes.accepted(accepted, position));
        } else {
            exchange.discardBody();
            exchange.refuse(failure, accepted);
        }
    }

    /** Reads a chunk, and records it when the one before is recorded; then goes on while it is. */
    private CompletionStage<Void> next() {
        Chunk chunk = chunk();
        return settled().thenCompose(done -> {
            if (!chunk.signals.isEmpty()) {
                underWay = write(chunk).orTimeout(CHUNK_SECONDS, TimeUnit.SECONDS);
            }
            return chunk.fault == null && chunk.goesOn ? ahead() : settled().thenCompose(last -> fault(chunk));
        });
    }

    /** Reads on; but who was refused at once is not kept waiting for what it still sends. */
    private CompletionStage<Void> ahead() {
        return underWay != null && underWay.isDone() ? settled().thenCompose(done -> next()) : next();
    }

    private static CompletionStage<Void> fault(Chunk chunk) {
        return chunk.fault == null
                ? CompletableFuture.completedFuture(null)
                : CompletableFuture.failedFuture(chunk.fault);
    }

    private Chunk chunk() {
        List<Signal> signals = new ArrayList<>(chunkLines);
        long[] numbers = new long[chunkLines];
        try {
            while (signals.size() < chunkLines) {
                Signal signal = lines.next();
                if (signal == null) {
                    return new Chunk(signals, numbers, false, null);
                }
                numbers[signals.size()] = lines.number();
                signals.add(signal);
            }
            return new Chunk(signals, numbers, true, null);
        } catch (IOException | TidalException | Refusal e) {
            // Lines before the one that can't be read are as good as those of earlier chunks.
            return new Chunk(signals, numbers, false, e);
        }
    }

    /** Waits for the chunk that is being recorded, and counts it; fails if it failed. */
    private CompletionStage<Void> settled() {
        CompletableFuture<Outcome> pending = underWay;
        if (pending == null) {
            return CompletableFuture.completedFuture(null);
        }
        underWay = null;
        return pending.handleAsync(this::count, exchange.executor()).thenCompose(counted -> counted);
    }

    private CompletionStage<Void> count(@Nullable Outcome outcome, @Nullable Throwable failure) {
        Throwable reason = failure;
        if (outcome != null) {
            accepted += outcome.acknowledged;
            if (outcome.end != null) {
                position = position == null ? outcome.end : position.and(outcome.end);
            }
            reason = outcome.failure;
        }
        return reason == null ? CompletableFuture.completedFuture(null) : CompletableFuture.failedFuture(reason);
    }

    private CompletableFuture<Outcome> write(Chunk chunk) {
        return options.idempotencyKey().map(key -> writeEach(chunk, key)).orElseGet(() -> writeWhole(chunk.signals));
    }

    private CompletableFuture<Outcome> writeWhole(List<Signal> signals) {
        return tenant.recordAllAsync(signals, options)
                .toCompletableFuture()
                .handle((end, failure) ->
                        failure == null ? new Outcome(signals.size(), end, null) : new Outcome(0, null, failure));
    }

    private CompletableFuture<Outcome> writeEach(Chunk chunk, IdempotencyKey key) {
        List<CompletableFuture<Position>> writes = new ArrayList<>(chunk.signals.size());
        for (Signal signal : chunk.signals) {
            CompletableFuture<Position> write = tenant.recordAllAsync(
                            List.of(signal), options.with(Keys.ofLine(key, chunk.numbers[writes.size()])))
                    .toCompletableFuture();
            writes.add(write);
            if (write.isCompletedExceptionally()) {
                break;
            }
        }
        CompletableFuture<?>[] all = writes.stream()
                .map(write -> write.handle((end, failure) -> null))
                .toArray(CompletableFuture[]::new);
        return CompletableFuture.allOf(all).thenApply(done -> sum(writes));
    }

    private static Outcome sum(List<CompletableFuture<Position>> writes) {
        int acknowledged = 0;
        Position end = null;
        Throwable failure = null;
        for (CompletableFuture<Position> write : writes) {
            if (write.isCompletedExceptionally()) {
                Throwable reason = write.handle((position, why) -> why).join();
                failure = failure == null ? reason : failure;
            } else {
                Position position = write.join();
                end = end == null ? position : end.and(position);
                acknowledged++;
            }
        }
        return new Outcome(acknowledged, end, failure);
    }
}
