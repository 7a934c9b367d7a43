package io.tidaldb.testkit;

import io.tidaldb.api.Scheduler;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Time that passes only when it is told to: tasks run in the calling thread, in the order of their times, and take no time themselves. The
 * same calls always lead to the same run. Not thread-safe.
 *
 * <p>A task may let time pass itself, as one that blocks does: what becomes due meanwhile runs within it.
 */
public final class VirtualTime implements Scheduler {

    private static final int FEW = 64;

    /** A binary heap by due time, then number. A cancelled event stays until it is due or until half of the heap is cancelled. */
    private @Nullable Event[] events = new @Nullable Event[FEW];

    private int size;
    private int cancelled;
    private long nowNanos;
    private long nextNumber;

    private final class Event implements Cancellable {

        private final long dueNanos;
        private final long number;
        private @Nullable Runnable task;

        Event(long dueNanos, long number, Runnable task) {
            this.dueNanos = dueNanos;
            this.number = number;
            this.task = task;
        }

        boolean isBefore(Event other) {
            return dueNanos < other.dueNanos || dueNanos == other.dueNanos && number < other.number;
        }

        @Override
        public void cancel() {
            if (task != null) {
                task = null;
                cancelled++;
                if (cancelled > FEW && cancelled > size / 2) {
                    sweep();
                }
            }
        }
    }

    /** Starts at 0 with nothing to do. */
    public VirtualTime() {}

    @Override
    public long nanoTime() {
        return nowNanos;
    }

    @Override
    public void execute(Runnable task) {
        at(nowNanos, task);
    }

    @Override
    public Cancellable schedule(Duration delay, Runnable task) {
        return at(nowNanos + delay.toNanos(), task);
    }

    /** Runs a task at a time, or as soon as those before it are done if that has passed. */
    public Cancellable at(long dueNanos, Runnable task) {
        Event event = new Event(Math.max(dueNanos, nowNanos), nextNumber++, task);
        if (size == events.length) {
            events = Arrays.copyOf(events, 2 * size);
        }
        int at = size++;
        while (at > 0) {
            int parent = (at - 1) / 2;
            Event above = event(parent);
            if (!event.isBefore(above)) {
                break;
            }
            events[at] = above;
            at = parent;
        }
        events[at] = event;
        return event;
    }

    /** Returns how many tasks wait for their time. */
    public int waiting() {
        return size - cancelled;
    }

    /** Returns when the next task is due, or {@link Long#MAX_VALUE} if there is none. */
    public long nextDueNanos() {
        while (size > 0 && event(0).task == null) {
            removeFirst();
            cancelled--;
        }
        return size == 0 ? Long.MAX_VALUE : event(0).dueNanos;
    }

    /** Lets time pass to the next task and runs it; false if there is none. */
    public boolean runNext() {
        if (nextDueNanos() == Long.MAX_VALUE) {
            return false;
        }
        Event next = event(0);
        removeFirst();
        nowNanos = next.dueNanos;
        Runnable task = Objects.requireNonNull(next.task);
        // A cancel from now on finds it begun.
        next.task = null;
        task.run();
        return true;
    }

    /** Runs what is due now, and what that hands over for now. */
    public void runDue() {
        runFor(Duration.ZERO);
    }

    /** Lets time pass, running what becomes due meanwhile. */
    public void runFor(Duration duration) {
        runUntil(nowNanos + duration.toNanos());
    }

    /** Lets time pass until a moment, running what becomes due meanwhile; a moment that has passed runs nothing. */
    public void runUntil(long endNanos) {
        while (nextDueNanos() <= endNanos) {
            runNext();
        }
        nowNanos = Math.max(nowNanos, endNanos);
    }

    private Event event(int at) {
        return Objects.requireNonNull(events[at]);
    }

    private void removeFirst() {
        Event last = event(--size);
        events[size] = null;
        if (size > 0) {
            sink(0, last);
        }
    }

    private void sink(int from, Event event) {
        int at = from;
        for (int child = 2 * at + 1; child < size; child = 2 * at + 1) {
            if (child + 1 < size && event(child + 1).isBefore(event(child))) {
                child++;
            }
            Event below = event(child);
            if (!below.isBefore(event)) {
                break;
            }
            events[at] = below;
            at = child;
        }
        events[at] = event;
    }

    private void sweep() {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (event(i).task != null) {
                events[kept++] = events[i];
            }
        }
        Arrays.fill(events, kept, size, null);
        size = kept;
        cancelled = 0;
        for (int i = size / 2 - 1; i >= 0; i--) {
            sink(i, event(i));
        }
    }
}
