package io.tidaldb.transport.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What waits to be sent on a link. Any thread adds; the channel's event loop writes, in batches with one flush each, and owns the rest.
 *
 * <p>Answers have a budget of their own: who asked has made room for them, and two nodes that only ask each other must not wait for ever.
 */
@SuppressWarnings("FutureReturnValueIgnored") // What fails closes the channel, and that is seen.
final class Outbox {

    /** What a message costs beside its bytes, so that a queue of empty ones is bounded too. */
    private static final int OVERHEAD = 64;

    private static final int BATCH_BYTES = 256 << 10;
    private static final int ROUNDS = 16;

    private final Channel channel;
    private final Budget messages;
    private final Budget answers;
    private final Runnable writable;
    private final Consumer<String> fail;

    /** {@link ByteBuf} and {@link FileMessage}. */
    private final Queue<Object> queue = new ConcurrentLinkedQueue<>();

    /** Whether the event loop will look at the queue without being asked: it was asked, or waits for the channel. */
    private final AtomicBoolean woken = new AtomicBoolean();

    private final Runnable write = this::write;
    private volatile boolean closed;
    private boolean writing;
    private @Nullable FileMessage reading;
    private @Nullable Object last;
    private @Nullable Runnable whenEmpty;

    /**
     * Creates an empty one.
     *
     * @param writable called by the event loop when there is room again for somebody who was refused
     * @param fail called by the event loop when the link can't go on, with the reason
     */
    Outbox(Channel channel, long queueBytes, Runnable writable, Consumer<String> fail) {
        this.channel = channel;
        this.messages = new Budget(queueBytes);
        this.answers = new Budget(queueBytes);
        this.writable = writable;
        this.fail = fail;
    }

    /** Makes room for a message or a request with so many bytes; false if the queue is full. */
    boolean admit(long bytes) {
        return messages.take(bytes + OVERHEAD);
    }

    /** The same for an answer. */
    boolean admitAnswer(long bytes) {
        return answers.take(bytes + OVERHEAD);
    }

    /** Sends a frame that was admitted. */
    void add(ByteBuf frame) {
        enqueue(frame);
    }

    /** Sends a message that was admitted. */
    void add(FileMessage message) {
        enqueue(message);
    }

    private void enqueue(Object next) {
        queue.add(next);
        if (closed) {
            dropQueue();
        } else {
            wake();
        }
    }

    private void wake() {
        if (woken.compareAndSet(false, true)) {
            writeSoon();
        }
    }

    private void writeSoon() {
        try {
            channel.eventLoop().execute(write);
        } catch (RejectedExecutionException e) {
            // The transport was closed, and nobody else will look.
            closed = true;
            dropQueue();
        }
    }

    /** Writes what the channel takes. On the event loop, also when the channel has become writable. */
    void write() {
        if (writing || closed) {
            return;
        }
        writing = true;
        try {
            for (int round = 0; round < ROUNDS && !isEmpty() && channel.isWritable(); round++) {
                batch();
            }
        } catch (IOException e) {
            fail.accept("the file of a message can't be read: " + e);
        } finally {
            writing = false;
        }
        if (isEmpty()) {
            finishIfAsked();
            // Before the last look: whoever adds after it wakes again.
            woken.set(false);
            if (!queue.isEmpty()) {
                wake();
            }
        } else if (channel.isWritable()) {
            // Other channels of the loop have their turn first.
            writeSoon();
        }
    }

    private void batch() throws IOException {
        long messageBytes = 0;
        long answerBytes = 0;
        while (messageBytes + answerBytes < BATCH_BYTES && channel.isWritable()) {
            if (reading != null) {
                messageBytes += readOn(reading);
                continue;
            }
            Object next = queue.poll();
            if (next == null) {
                break;
            } else if (next instanceof ByteBuf frame) {
                int cost = frame.readableBytes() - Frame.HEADER_BYTES + OVERHEAD;
                if (Frame.kind(frame) == Frame.ANSWER || Frame.kind(frame) == Frame.FAILURE) {
                    answerBytes += cost;
                } else {
                    messageBytes += cost;
                }
                put(frame);
            } else if (next instanceof FileMessage message) {
                messageBytes += message.headBytes() + OVERHEAD;
                messageBytes += begin(message);
            }
        }
        flush(messageBytes, answerBytes);
    }

    private long begin(FileMessage message) {
        put(message.head());
        if (message.region() != null) {
            put(message.region());
            return message.bodyBytes();
        }
        reading = message.isRead() ? null : message;
        return 0;
    }

    private long readOn(FileMessage message) throws IOException {
        ByteBuf part = message.read(channel.alloc());
        long bytes = part.readableBytes();
        put(part);
        reading = message.isRead() ? null : message;
        return bytes;
    }

    // All but the last of a batch are written without a promise of their own: it is sent when the last one is.
    private void put(Object next) {
        if (last != null) {
            channel.write(last, channel.voidPromise());
        }
        last = next;
    }

    private void flush(long messageBytes, long answerBytes) {
        Object end = last;
        last = null;
        if (end == null) {
            return;
        }
        channel.writeAndFlush(end).addListener(sent -> {
            if (sent.isSuccess()) {
                answers.give(answerBytes);
                if (messages.give(messageBytes)) {
                    writable.run();
                }
            } else {
                fail.accept("it can't be written to: " + sent.cause());
            }
        });
    }

    private boolean isEmpty() {
        return reading == null && queue.isEmpty();
    }

    /** Returns whether nothing is half written, so that a heartbeat can go between. On the event loop. */
    boolean isBetweenMessages() {
        return reading == null && !writing;
    }

    /** Calls back, on the event loop, when all that waits was written. */
    void whenEmpty(Runnable then) {
        channel.eventLoop().execute(() -> {
            whenEmpty = then;
            write();
        });
    }

    private void finishIfAsked() {
        Runnable then = whenEmpty;
        if (then != null) {
            whenEmpty = null;
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> then.run());
        }
    }

    /** Drops what waits, and all that comes. On the event loop. */
    void close() {
        closed = true;
        dropQueue();
        ReferenceCountUtil.release(last);
        last = null;
        FileMessage half = reading;
        reading = null;
        if (half != null) {
            half.release();
        }
    }

    private void dropQueue() {
        for (Object next = queue.poll(); next != null; next = queue.poll()) {
            if (next instanceof ByteBuf frame) {
                frame.release();
            } else if (next instanceof FileMessage message) {
                message.drop();
            }
        }
    }
}
