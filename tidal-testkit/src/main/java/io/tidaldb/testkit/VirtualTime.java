package io.tidaldb.testkit;

import io.tidaldb.api.Scheduler;
import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * Time that passes only when it is told to: tasks run in the calling thread, in the order of their times, and take no time themselves. The
 * same calls always lead to the same run. Not thread-safe.
 */
public final class VirtualTime implements Scheduler {

    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::dueNanos).thenComparingLong(Event::number));
    private long nowNanos;
    private long nextNumber;

    private record Event(long dueNanos, long number, Runnable task) {}

    /** Starts at 0 with nothing to do. */
    public VirtualTime() {}

    @Override
    public long nanoTime() {
        return nowNanos;
    }

    @Override
    public void execute(Runnable task) {
        schedule(Duration.ZERO, task);
    }

    @Override
    public Cancellable schedule(Duration delay, Runnable task) {
        Event event = new Event(nowNanos + delay.toNanos(), nextNumber++, task);
        events.add(event);
        return () -> events.remove(event);
    }

    /** Runs what is due now, and what that hands over for now. */
    public void runDue() {
        runFor(Duration.ZERO);
    }

    /** Lets time pass, running what becomes due meanwhile. */
    public void runFor(Duration duration) {
        long end = nowNanos + duration.toNanos();
        for (Event next = events.peek(); next != null && next.dueNanos <= end; next = events.peek()) {
            events.remove();
            nowNanos = next.dueNanos;
            next.task.run();
        }
        nowNanos = end;
    }
}
