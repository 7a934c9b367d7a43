package io.tidaldb.bench;

import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many writes of one writer may be under way. The same for all contenders: a writer that has to wait goes on when a quarter of its
 * window is free, since to wake a thread for each write costs more than most writes do.
 *
 * <p>Begun by one thread; ended by any.
 */
final class Window {

    private static final int STEPS = 4;

    private final int writes;
    private final int step;
    private final Semaphore free;
    private final AtomicInteger ended = new AtomicInteger();
    private int begun;

    /** @param writes how many may be under way */
    Window(int writes) {
        this.writes = writes;
        this.step = Math.max(1, writes / STEPS);
        this.free = new Semaphore(writes);
    }

    /** Waits until there is room for a write, and takes it. */
    void begin() {
        begun++;
        free.acquireUninterruptibly();
    }

    /** Gives back the room of a write. */
    void end() {
        if (ended.incrementAndGet() % step == 0) {
            free.release(step);
        }
    }

    /** Waits until all writes have ended. */
    void await() {
        free.acquireUninterruptibly(writes - begun % step);
    }
}
