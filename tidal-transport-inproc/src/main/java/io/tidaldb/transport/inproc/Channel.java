package io.tidaldb.transport.inproc;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a link. Its lock orders what is sent; what is under way belongs to the receiver's scheduler.
 *
 * <p>Invariant: {@code pendingBytes} is what was sent and has neither been handed to the receiver's handler nor lost.
 */
final class Channel {

    /** What a message is to the transports at both ends. */
    enum Kind {
        MESSAGE,
        REQUEST,
        ANSWER,
        FAILURE
    }

    /** A message under way; {@code id} ties an answer to its request. */
    record Parcel(Kind kind, long id, ByteBuffer bytes) {}

    private final InprocTransport from;
    private final InprocTransport to;
    private final Queue<Parcel> held = new ArrayDeque<>();
    private @Nullable LongAdder holdCount;
    private long holds;
    private long pendingBytes;
    private long lastDueNanos = Long.MIN_VALUE;
    private boolean refused;
    private boolean closed;

    Channel(InprocTransport from, InprocTransport to) {
        this.from = from;
        this.to = to;
    }

    InprocTransport from() {
        return from;
    }

    InprocTransport to() {
        return to;
    }

    /** Sends; false if the link is down or the queue is full. An answer always finds room: its request was let in. */
    synchronized boolean send(Parcel parcel) {
        if (closed) {
            return false;
        }
        boolean bounded = parcel.kind == Kind.MESSAGE || parcel.kind == Kind.REQUEST;
        if (bounded && pendingBytes + parcel.bytes.remaining() > from.queueBytes()) {
            refused = true;
            return false;
        }
        pendingBytes += parcel.bytes.remaining();
        if (holdCount != null) {
            holdCount.increment();
            held.add(parcel);
        } else {
            dispatch(parcel);
        }
        return true;
    }

    synchronized long pendingBytes() {
        return pendingBytes;
    }

    private void dispatch(Parcel parcel) {
        int size = parcel.bytes.remaining();
        Fate fate = from.network().faults().fate(from.local(), to.local(), parcel.bytes);
        if (fate.copies() == 0) {
            consumed(size);
            return;
        }
        long now = to.scheduler().nanoTime();
        long due = now + fate.delay().toNanos();
        if (!fate.overtakes()) {
            due = lastDueNanos == Long.MIN_VALUE ? due : Math.max(due, lastDueNanos);
            lastDueNanos = due;
        }
        for (int copy = 0; copy < fate.copies(); copy++) {
            boolean first = copy == 0;
            Parcel delivered = new Parcel(parcel.kind, parcel.id, parcel.bytes.duplicate());
            Runnable delivery = () -> deliver(delivered, first ? size : 0);
            if (due == now) {
                to.scheduler().execute(delivery);
            } else {
                to.scheduler().schedule(Duration.ofNanos(due - now), delivery);
            }
        }
    }

    private void deliver(Parcel parcel, int size) {
        synchronized (this) {
            if (closed) {
                return;
            }
        }
        consumed(size);
        to.receive(this, parcel);
    }

    private void consumed(int size) {
        boolean room;
        synchronized (this) {
            pendingBytes -= size;
            room = refused && !closed && pendingBytes <= from.queueBytes() / 2;
            refused &= !room;
        }
        if (room) {
            from.writable(to.local());
        }
    }

    /** Holds back what is sent from now on; false if it does already. */
    synchronized boolean hold(LongAdder count) {
        if (holdCount != null) {
            return false;
        }
        holdCount = count;
        holds++;
        return true;
    }

    /** Returns whether it holds back what is sent. */
    synchronized boolean isHeld() {
        return holdCount != null;
    }

    /** Returns how often it has begun to hold back. */
    synchronized long holds() {
        return holds;
    }

    /** Sends what was held back. */
    synchronized void release() {
        if (holdCount == null) {
            return;
        }
        holdCount.add(-held.size());
        holdCount = null;
        for (Parcel parcel = held.poll(); parcel != null; parcel = held.poll()) {
            dispatch(parcel);
        }
    }

    /** Loses what is under way. */
    synchronized void close() {
        closed = true;
        held.clear();
    }
}
