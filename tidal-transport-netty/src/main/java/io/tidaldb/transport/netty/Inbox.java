package io.tidaldb.transport.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.tidaldb.api.Scheduler;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * What came on a link and waits for the scheduler. Added to by the event loop, taken by the scheduler, which is woken once for all that has
 * come meanwhile. Beyond a bound nothing is read from the socket any more, until half of it is taken: so a slow receiver slows its peer.
 */
final class Inbox {

    /** What a frame costs beside its bytes. */
    private static final int OVERHEAD = 256;

    private static final int BATCH = 256;
    private static final long MAX_BOUND = 4 << 20;

    private final Channel channel;
    private final Scheduler scheduler;
    private final Consumer<ByteBuf> receiver;
    private final long bound;
    private final Queue<ByteBuf> queue = new ConcurrentLinkedQueue<>();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicBoolean woken = new AtomicBoolean();
    private final Runnable deliver = this::deliver;
    private volatile boolean discarding;
    /** Changed under the lock, with the channel's reading. */
    private volatile boolean paused;

    /**
     * Creates an empty one.
     *
     * @param receiver takes frames, on the scheduler; does not throw, and does not keep them
     */
    Inbox(Channel channel, Scheduler scheduler, long queueBytes, Consumer<ByteBuf> receiver) {
        this.channel = channel;
        this.scheduler = scheduler;
        this.receiver = receiver;
        this.bound = Math.min(queueBytes, MAX_BOUND);
    }

    /** Takes a frame over. On the event loop. */
    void add(ByteBuf frame) {
        if (discarding) {
            frame.release();
            return;
        }
        long waiting = bytes.addAndGet(cost(frame));
        queue.add(frame);
        if (waiting > bound && !paused) {
            pause();
        }
        if (woken.compareAndSet(false, true)) {
            scheduler.executeHere(deliver);
        }
    }

    private static long cost(ByteBuf frame) {
        return (long) frame.readableBytes() + OVERHEAD;
    }

    private synchronized void pause() {
        if (!discarding && bytes.get() > bound) {
            paused = true;
            channel.config().setAutoRead(false);
        }
    }

    private synchronized void resume() {
        if (paused && (discarding || bytes.get() <= bound / 2)) {
            paused = false;
            channel.config().setAutoRead(true);
        }
    }

    boolean isPaused() {
        return paused;
    }

    private void deliver() {
        for (int i = 0; i < BATCH; i++) {
            if (!deliverNext()) {
                woken.set(false);
                // What came between the look and the flag has woken nobody.
                if (queue.isEmpty() || !woken.compareAndSet(false, true)) {
                    return;
                }
            }
        }
        // The scheduler's other tasks have their turn.
        scheduler.execute(deliver);
    }

    private boolean deliverNext() {
        ByteBuf frame = queue.poll();
        if (frame == null) {
            return false;
        }
        long cost = cost(frame);
        try {
            if (!discarding) {
                receiver.accept(frame);
            }
        } finally {
            frame.release();
            if (bytes.addAndGet(-cost) <= bound / 2 && paused) {
                resume();
            }
        }
        return true;
    }

    /** Hands over all that came. On the scheduler, when nothing comes any more. */
    void drain() {
        while (deliverNext()) {
            // Each is handed over once.
        }
    }

    /** Drops what came and what comes. */
    void discard() {
        discarding = true;
        for (ByteBuf frame = queue.poll(); frame != null; frame = queue.poll()) {
            bytes.addAndGet(-cost(frame));
            frame.release();
        }
        resume();
    }
}
