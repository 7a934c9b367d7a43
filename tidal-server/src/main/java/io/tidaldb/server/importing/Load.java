package io.tidaldb.server.importing;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Open-loop load: event {@code i} is due at {@code i / rate}, however long the ones before it take, and its latency counts from then. Each
 * event has its own (entity, time). Once as many as the target takes are unanswered, senders wait, and their waiting counts as latency too.
 */
public final class Load {

    private static final long MAX_SLEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final LoadTarget target;
    private final LoadPlan plan;
    private final AckSink acks;
    private final BooleanSupplier stop;
    private final Consumer<String> notes;

    private final Semaphore free;
    private final BlockingQueue<Answer> answers;
    private final AtomicLong nextEvent = new AtomicLong();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong reads = new AtomicLong();
    private final AtomicLong readsFailed = new AtomicLong();
    private final Histogram ackNanos = new Histogram(3);
    private final long baseWallNanos = EventTime.nanos(Instant.now());
    private final long startNanos = System.nanoTime();
    private final long events;
    // Written by the thread that takes answers.
    private long acked;
    private long refused;
    private long failed;
    private long lastAckNanos = startNanos;
    private long longestGapNanos;
    private @Nullable Throwable firstFailure;

    /**
     * Prepares a load.
     *
     * @param stop asked before each event; true ends the load early
     */
    public Load(LoadTarget target, LoadPlan plan, AckSink acks, BooleanSupplier stop, Consumer<String> notes) {
        this.target = target;
        this.free = new Semaphore(target.callsAtOnce());
        this.answers = new ArrayBlockingQueue<>(target.callsAtOnce());
        this.plan = plan;
        this.acks = acks;
        this.stop = stop;
        this.notes = notes;
        this.events = (long) Math.ceil(plan.perSecond() * plan.duration().toNanos() / 1e9);
    }

    /** The answer to an event; a position or a failure. */
    private record Answer(
            long event,
            long atNanos,
            @Nullable Position position,
            @Nullable Throwable failure) {}

    /** Sends everything, waits for the answers and returns what happened. */
    public LoadReport run() throws InterruptedException {
        List<Thread> writers = new ArrayList<>();
        for (int i = 0; i < plan.writers(); i++) {
            writers.add(started("tidal-load-writer-" + i, this::write));
        }
        Duration every = plan.readsEvery();
        Thread reader = every == null ? null : started("tidal-load-reader-0", () -> read(every.toNanos()));
        long taken = 0;
        boolean sending = true;
        while (sending || taken < sent.get()) {
            sending = writers.stream().anyMatch(Thread::isAlive);
            taken += takeAnswers();
        }
        if (reader != null) {
            reader.interrupt();
            reader.join();
        }
        return report();
    }

    private static Thread started(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void write() {
        long event = nextEvent.getAndIncrement();
        while (event < events && awaitDue(dueNanos(event))) {
            free.acquireUninterruptibly();
            sent.incrementAndGet();
            send(event);
            event = nextEvent.getAndIncrement();
        }
    }

    /** Returns false if the load is to end first. */
    private boolean awaitDue(long dueNanos) {
        while (!stop.getAsBoolean()) {
            long soon = System.nanoTime() + MAX_SLEEP_NANOS;
            if (dueNanos - soon <= 0) {
                return sleepUntil(dueNanos);
            }
            sleepUntil(soon);
        }
        return false;
    }

    private void send(long event) {
        try {
            target.record(signal(event), plan.options())
                    .whenComplete((position, failure) ->
                            answers.add(new Answer(event, System.nanoTime(), position, failure)));
        } catch (RuntimeException e) {
            answers.add(new Answer(event, System.nanoTime(), null, e));
        }
    }

    private long dueNanos(long event) {
        return startNanos + (long) (event * (1e9 / plan.perSecond()));
    }

    private Signal signal(long event) {
        // Entity and time together are unique: the time is within one turn of the entities if the rate is above 1e9 a
        // second.
        long entity = 1 + event % plan.entities();
        long eventNanos = baseWallNanos + (dueNanos(event) - startNanos);
        return new Signal(plan.signal(), EntityId.of(entity), null, 1.0, eventNanos);
    }

    private void read(long everyNanos) {
        long due = startNanos;
        while (!Thread.currentThread().isInterrupted()) {
            due += everyNanos;
            if (!sleepUntil(due)) {
                return;
            }
            reads.incrementAndGet();
            try {
                target.read(plan.signal(), EntityId.of(1 + reads.get() % plan.entities()));
            } catch (RuntimeException e) {
                readsFailed.incrementAndGet();
            }
        }
    }

    /** Returns false if it was interrupted. */
    private static boolean sleepUntil(long dueNanos) {
        long left = dueNanos - System.nanoTime();
        try {
            // Sleeping is coarse, and a late event is measured as late; below this, run ahead of time by at most as
            // much.
            if (left > 50_000) {
                TimeUnit.NANOSECONDS.sleep(left);
            }
            return !Thread.interrupted();
        } catch (InterruptedException e) {
            return false;
        }
    }

    private int takeAnswers() throws InterruptedException {
        Answer answer = answers.poll(10, TimeUnit.MILLISECONDS);
        int taken = 0;
        while (answer != null) {
            take(answer);
            taken++;
            answer = taken < 1_000 ? answers.poll() : null;
        }
        if (taken > 0) {
            acks.flush();
            free.release(taken);
        }
        return taken;
    }

    private void take(Answer answer) {
        if (answer.position() != null) {
            acked++;
            ackNanos.recordValue(Math.max(0, answer.atNanos() - dueNanos(answer.event())));
            gapUntil(answer.atNanos());
            Signal signal = signal(answer.event());
            acks.acknowledged(new Acknowledgement(
                    answer.event() + 1,
                    target.tenant(),
                    answer.position(),
                    signal.type(),
                    signal.entity(),
                    null,
                    (float) signal.weight(),
                    signal.eventNanos()));
            return;
        }
        Throwable failure = answer.failure() instanceof CompletionException wrapped && wrapped.getCause() != null
                ? wrapped.getCause()
                : answer.failure();
        if (failure instanceof QuotaExceededException) {
            refused++;
        } else {
            failed++;
            if (firstFailure == null) {
                firstFailure = failure;
                notes.accept("first failed write: " + (failure == null ? "unknown" : failure.getMessage()));
            }
        }
    }

    private void gapUntil(long nanos) {
        longestGapNanos = Math.max(longestGapNanos, nanos - lastAckNanos);
        lastAckNanos = Math.max(lastAckNanos, nanos);
    }

    private LoadReport report() {
        // A store that answers nothing more until the end has a gap until the end.
        if (acked < sent.get() - refused) {
            gapUntil(System.nanoTime());
        }
        long asked = acked + failed + reads.get();
        long answered = acked + reads.get() - readsFailed.get();
        return new LoadReport(
                sent.get(),
                acked,
                refused,
                failed,
                reads.get(),
                readsFailed.get(),
                longestGapNanos / 1e6,
                ackNanos.getValueAtPercentile(50) / 1e3,
                ackNanos.getValueAtPercentile(99) / 1e3,
                asked == 0 ? 1.0 : (double) answered / asked);
    }
}
