package io.tidaldb.server.importing;

import io.tidaldb.api.Outcome;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Records the events of a file, many calls under way at once. Every line gets its own fate: where a whole call is refused, it is halved
 * until the lines that are to blame stand alone.
 *
 * <p>Used by one thread.
 */
public final class Importer {

    /** What happens to lines that the rate limit refuses. */
    public enum OnThrottle {
        /** They are recorded when the limit allows. */
        WAIT,
        /** They are left out. */
        SKIP
    }

    private static final int BATCH_LINES = 512;
    private static final int MAX_LINES_UNDER_WAY = 16 * BATCH_LINES;
    private static final int MALFORMED_SHOWN = 20;
    private static final long PROGRESS_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final Duration OVERLOAD_PAUSE = Duration.ofMillis(5);

    private final ImportTarget target;
    private final AckSink acks;
    private final OnThrottle onThrottle;
    private final boolean strict;
    private final Consumer<String> notes;

    private final Map<ImportTarget.Recipient, List<ParsedLine.Event>> gathering = new HashMap<>();
    private final Deque<Call> underWay = new ArrayDeque<>();
    private final Histogram ackNanos = new Histogram(3);
    private int linesUnderWay;
    private long read;
    private long accepted;
    private long throttled;
    private long malformed;
    private long skipped;
    private boolean refused;
    private @Nullable String stopped;
    private long nextProgressNanos = System.nanoTime() + PROGRESS_NANOS;

    /**
     * Prepares an import.
     *
     * @param strict whether the first malformed line ends it
     * @param notes is given lines for people: progress, and what is wrong with the first malformed lines
     */
    public Importer(ImportTarget target, AckSink acks, OnThrottle onThrottle, boolean strict, Consumer<String> notes) {
        this.target = target;
        this.acks = acks;
        this.onThrottle = onThrottle;
        this.strict = strict;
        this.notes = notes;
    }

    /** A call under way. */
    private record Call(ImportBatch batch, boolean wasThrottled, CompletableFuture<Position> result) {}

    /**
     * Records everything. Whatever ends it, every call that was made has got its answer, and all that was acknowledged is counted and has
     * been told to the sink. A file that can't be read to its end is recorded as far as it could be read.
     *
     * @throws IOException if the file can't be read on
     * @throws TidalException if the store fails in a way that no other line would survive
     */
    public ImportReport run(EventFile file) throws IOException {
        try {
            try {
                ParsedLine line = file.next();
                while (line != null && stopped == null) {
                    read++;
                    take(line);
                    progress();
                    line = file.next();
                }
            } catch (IOException e) {
                settleAll();
                throw e;
            }
            settleAll();
        } finally {
            while (!underWay.isEmpty()) {
                outcome(next());
            }
        }
        return report();
    }

    private void settleAll() {
        List.copyOf(gathering.keySet()).forEach(this::send);
        while (!underWay.isEmpty()) {
            settle(next());
        }
    }

    /** Returns the counts so far. */
    public ImportReport report() {
        return new ImportReport(read, accepted, throttled, malformed, skipped, refused, stopped);
    }

    /** Returns the nanoseconds from a call to its acknowledgement, once for each line. */
    public Histogram ackNanos() {
        return ackNanos;
    }

    private void take(ParsedLine line) {
        if (line instanceof ParsedLine.Malformed fault) {
            malformed(fault.line(), fault.reason());
        } else if (line instanceof ParsedLine.Event event) {
            ImportTarget.Recipient tenant = tenantOf(event);
            if (tenant != null && isDeclared(tenant, event)) {
                gather(tenant, event);
            }
        }
    }

    private ImportTarget.@Nullable Recipient tenantOf(ParsedLine.Event event) {
        try {
            ImportTarget.Recipient tenant = target.tenant(event.tenant());
            if (tenant == null) {
                malformed(
                        event.line(),
                        "tenant " + Quoted.of(event.tenant()) + " does not exist; --create-tenants would create it");
            }
            return tenant;
        } catch (TidalException e) {
            malformed(event.line(), blamed(e));
            return null;
        }
    }

    private boolean isDeclared(ImportTarget.Recipient tenant, ParsedLine.Event event) {
        try {
            if (target.takes(tenant, event.signal())) {
                return true;
            }
            malformed(
                    event.line(),
                    "signal " + Quoted.of(event.signal()) + " is not declared: " + target.expectedSignals());
        } catch (TidalException e) {
            malformed(event.line(), blamed(e));
        }
        return false;
    }

    // A server that can't be reached is not the line's fault.
    private static String blamed(TidalException failure) {
        if (failure.outcome() != Outcome.NOT_APPLIED) {
            throw failure;
        }
        return String.valueOf(failure.getMessage());
    }

    private void malformed(long line, String reason) {
        malformed++;
        if (malformed <= MALFORMED_SHOWN) {
            notes.accept("line " + line + ": " + reason);
        } else if (malformed == MALFORMED_SHOWN + 1) {
            notes.accept("further malformed lines are counted, not shown");
        }
        if (strict && stopped == null) {
            stopped = "line " + line + " is malformed: " + reason;
        }
    }

    private void gather(ImportTarget.Recipient tenant, ParsedLine.Event event) {
        List<ParsedLine.Event> lines = gathering.computeIfAbsent(tenant, unused -> new ArrayList<>());
        lines.add(event);
        // Which of several shards a line goes to is the store's business, so its position is known only if it goes
        // alone.
        if (lines.size() >= (tenant.isSpread() ? 1 : BATCH_LINES)) {
            send(tenant);
        }
    }

    private void send(ImportTarget.Recipient tenant) {
        List<ParsedLine.Event> lines = gathering.remove(tenant);
        if (lines == null) {
            return;
        }
        while (underWay.size() >= target.callsAtOnce() || linesUnderWay >= MAX_LINES_UNDER_WAY) {
            settle(next());
        }
        underWay.add(call(new ImportBatch(tenant, lines), false));
        linesUnderWay += lines.size();
    }

    private Call next() {
        Call call = underWay.remove();
        linesUnderWay -= call.batch().events().size();
        return call;
    }

    private Call call(ImportBatch batch, boolean wasThrottled) {
        long start = System.nanoTime();
        CompletableFuture<Position> result = batch.tenant()
                .record(batch.signals())
                .toCompletableFuture()
                .thenApply(position -> {
                    long nanos = System.nanoTime() - start;
                    synchronized (ackNanos) {
                        ackNanos.recordValueWithCount(nanos, batch.events().size());
                    }
                    return position;
                });
        return new Call(batch, wasThrottled, result);
    }

    /** Waits until each line of a call has its fate. */
    private void settle(Call first) {
        Call call = first;
        TidalException failure = outcome(call);
        while (failure != null) {
            Duration pause = pauseBeforeRetry(failure);
            if (pause == null) {
                giveUp(call, failure);
                return;
            }
            boolean wasThrottled = call.wasThrottled();
            if (failure instanceof QuotaExceededException && !wasThrottled) {
                throttled += call.batch().events().size();
                wasThrottled = true;
            }
            sleep(pause);
            call = call(call.batch(), wasThrottled);
            failure = outcome(call);
        }
    }

    /** Acknowledges the lines of a call, or returns why it failed. */
    private @Nullable TidalException outcome(Call call) {
        try {
            Position position = call.result().join();
            accepted += call.batch().events().size();
            call.batch().acknowledge(position, acks);
            return null;
        } catch (CompletionException e) {
            if (e.getCause() instanceof TidalException failure) {
                return failure;
            }
            throw e;
        }
    }

    private @Nullable Duration pauseBeforeRetry(TidalException failure) {
        if (failure instanceof QuotaExceededException quota) {
            return onThrottle == OnThrottle.WAIT ? quota.retryAfter() : null;
        }
        return failure.code() == io.tidaldb.api.ErrorCode.OVERLOADED ? OVERLOAD_PAUSE : null;
    }

    private void giveUp(Call call, TidalException failure) {
        boolean blamesLines = switch (failure.code()) {
            case QUOTA_EXCEEDED, NAME_COLLISION, EVENT_TIME_TOO_FAR, INVALID_ARGUMENT, UNKNOWN_SIGNAL -> true;
            default -> false;
        };
        if (!blamesLines) {
            throw failure;
        }
        if (call.batch().events().size() > 1) {
            call.batch().halves().forEach(half -> settle(call(half, call.wasThrottled())));
        } else if (failure instanceof QuotaExceededException quota) {
            skip(call, quota);
        } else {
            malformed(call.batch().events().get(0).line(), String.valueOf(failure.getMessage()));
        }
    }

    private void skip(Call call, QuotaExceededException quota) {
        skipped++;
        if (quota.retryAfter() != null) {
            throttled += call.wasThrottled() ? 0 : 1;
        } else if (!refused) {
            refused = true;
            notes.accept("line " + call.batch().events().get(0).line() + ": " + quota.getMessage()
                    + "; further lines that it refuses are counted, not shown");
        }
    }

    private void progress() {
        if (read % 256 == 0 && System.nanoTime() - nextProgressNanos >= 0) {
            nextProgressNanos = System.nanoTime() + PROGRESS_NANOS;
            notes.accept(String.format("read %,d lines, accepted %,d", read, accepted));
        }
    }

    private static void sleep(Duration pause) {
        try {
            TimeUnit.NANOSECONDS.sleep(pause.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CompletionException(e);
        }
    }
}
