package io.tidaldb.transport.netty;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Scheduler;
import io.tidaldb.api.TidalException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Requests on a link that have no answer yet. Any thread opens them; they end on the scheduler.
 *
 * <p>One timer stands for all deadlines: it is set for the first one known, and when it rings looks for the next. What was answered in time
 * never touches it.
 */
final class OpenRequests {

    /** Most at a time, also that a node works on for one peer. */
    static final int MAX = 16_384;

    private static final long MIN_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final NodeId peer;
    private final Scheduler scheduler;
    private final Map<Integer, Open> open = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicInteger last = new AtomicInteger();
    private Scheduler.@Nullable Cancellable timer;
    private long timerNanos;

    private record Open(CompletableFuture<ByteBuffer> answer, Duration deadline, long dueNanos) {}

    OpenRequests(NodeId peer, Scheduler scheduler) {
        this.peer = peer;
        this.scheduler = scheduler;
    }

    /** Returns the number of a new request, or 0 if there are too many. */
    int open(CompletableFuture<ByteBuffer> answer, Duration deadline) {
        if (count.incrementAndGet() > MAX) {
            count.decrementAndGet();
            return 0;
        }
        long due = scheduler.nanoTime() + nanos(deadline);
        Open request = new Open(answer, deadline, due);
        int number;
        do {
            number = last.incrementAndGet();
        } while (number == 0 || open.putIfAbsent(number, request) != null);
        arm(due);
        return number;
    }

    private static long nanos(Duration deadline) {
        return Math.min(TimeUnit.MILLISECONDS.toNanos(Frame.MAX_MILLIS), Math.max(0, saturated(deadline)));
    }

    private static long saturated(Duration deadline) {
        return deadline.compareTo(Duration.ofNanos(Long.MAX_VALUE)) < 0 ? deadline.toNanos() : Long.MAX_VALUE;
    }

    /** Completes a request. On the scheduler. */
    void complete(int number, ByteBuffer answer) {
        Open request = remove(number);
        if (request != null) {
            request.answer.complete(answer);
        }
    }

    /** Fails a request. On the scheduler. */
    void fail(int number, TidalException reason) {
        Open request = remove(number);
        if (request != null) {
            request.answer.completeExceptionally(reason);
        }
    }

    /** Fails all requests. On the scheduler. */
    void failAll(TidalException reason) {
        open.keySet().stream().sorted().forEach(number -> fail(number, reason));
        disarm();
    }

    private @Nullable Open remove(int number) {
        Open request = open.remove(number);
        if (request != null) {
            count.decrementAndGet();
        }
        return request;
    }

    private synchronized void arm(long due) {
        if (timer == null || due - timerNanos < 0) {
            disarm();
            long now = scheduler.nanoTime();
            timerNanos = due;
            timer = scheduler.schedule(Duration.ofNanos(Math.max(0, due - now)), this::ring);
        }
    }

    private synchronized void disarm() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    private void ring() {
        synchronized (this) {
            timer = null;
        }
        long now = scheduler.nanoTime();
        long next = Long.MAX_VALUE;
        for (Map.Entry<Integer, Open> entry : open.entrySet()) {
            long left = entry.getValue().dueNanos - now;
            if (left <= 0) {
                fail(entry.getKey(), late(entry.getValue().deadline));
            } else {
                next = Math.min(next, left);
            }
        }
        if (next != Long.MAX_VALUE) {
            arm(now + Math.max(MIN_PAUSE_NANOS, next));
        }
    }

    private TidalException late(Duration deadline) {
        return new TidalException(
                ErrorCode.DEADLINE_EXCEEDED, "node " + peer + " did not answer a request within " + deadline);
    }
}
