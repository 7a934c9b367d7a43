package io.tidaldb.control.ratis;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Linearizable reads that wait for an answer: asked for again until there is somebody who decides. Confined to the executor's thread. */
final class Reads {

    private static final long RETRY_MILLIS = 20;
    private static final int MAX_WAITING = 4096;

    private final ControlExecutor executor;
    private final Supplier<CompletableFuture<Long>> source;
    private final LongSupplier received;
    private final AtomicInteger waiting = new AtomicInteger();
    private final Set<Read> open = new LinkedHashSet<>();
    private volatile @Nullable TidalException failure;

    /**
     * Creates an empty set.
     *
     * @param source tells how many commands are agreed; fails if that can't be told now
     * @param received how many commands the listener here has received
     */
    Reads(ControlExecutor executor, Supplier<CompletableFuture<Long>> source, LongSupplier received) {
        this.executor = executor;
        this.source = source;
        this.received = received;
    }

    private static final class Read {

        final CompletableFuture<Long> stage = new CompletableFuture<>();

        @Nullable
        Future<?> expiry;
    }

    CompletionStage<Long> read() {
        if (waiting.incrementAndGet() > MAX_WAITING) {
            waiting.decrementAndGet();
            return CompletableFuture.failedFuture(new TidalException(
                    ErrorCode.OVERLOADED, "control log has " + MAX_WAITING + " reads waiting: try again later"));
        }
        Read read = new Read();
        if (!executor.execute(() -> begin(read))) {
            waiting.decrementAndGet();
            read.stage.completeExceptionally(Objects.requireNonNull(failure));
        }
        return read.stage;
    }

    /** Fails what is open, and everything later. */
    void fail(TidalException reason) {
        failure = reason;
        executor.execute(() -> new ArrayList<>(open).forEach(each -> fail(each, reason)));
    }

    private void begin(Read read) {
        open.add(read);
        TidalException broken = failure;
        if (broken != null) {
            fail(read, broken);
            return;
        }
        read.expiry = executor.schedule(
                () -> fail(
                        read,
                        new TidalException(
                                ErrorCode.NOT_OWNER,
                                "nobody has decided for " + Settings.READ_TIMEOUT_MILLIS
                                        + " ms: a majority of the members must run and reach each other, then try again")),
                Settings.READ_TIMEOUT_MILLIS);
        attempt(read);
    }

    private void attempt(Read read) {
        if (open.contains(read)) {
            var unused = source.get().whenComplete((agreed, thrown) -> executor.execute(() -> answered(read, agreed)));
        }
    }

    private void answered(Read read, @Nullable Long agreed) {
        if (agreed == null) {
            var unused = executor.schedule(() -> attempt(read), RETRY_MILLIS);
        } else if (received.getAsLong() < agreed) {
            var unused = executor.schedule(() -> answered(read, agreed), RETRY_MILLIS);
        } else if (end(read)) {
            read.stage.complete(agreed);
        }
    }

    private void fail(Read read, TidalException reason) {
        if (end(read)) {
            read.stage.completeExceptionally(reason);
        }
    }

    private boolean end(Read read) {
        if (read.expiry != null) {
            read.expiry.cancel(false);
        }
        boolean ended = open.remove(read);
        if (ended) {
            waiting.decrementAndGet();
        }
        return ended;
    }
}
