package io.tidaldb.server.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An answer's body as it comes: more is asked for when what is there has been read, and waited for so long and no longer. Read by one
 * thread.
 */
final class StreamedAnswer extends InputStream implements BodySubscriber<InputStream> {

    private static final long PATIENCE_SECONDS = 75;

    /** A part, or the end, or why there is none. */
    private record Part(
            List<ByteBuffer> buffers,
            boolean last,
            @Nullable Throwable failure) {}

    // One part that was asked for, and the end.
    private final BlockingQueue<Part> parts = new ArrayBlockingQueue<>(4);
    private volatile Flow.@Nullable Subscription subscription;
    private Part current = new Part(List.of(), false, null);
    private int next;

    @Override
    public CompletionStage<InputStream> getBody() {
        return CompletableFuture.completedFuture(this);
    }

    @Override
    public void onSubscribe(Flow.Subscription started) {
        subscription = started;
        started.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        parts.add(new Part(List.copyOf(buffers), false, null));
    }

    @Override
    public void onError(Throwable failure) {
        parts.add(new Part(List.of(), true, failure));
    }

    @Override
    public void onComplete() {
        parts.add(new Part(List.of(), true, null));
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        ByteBuffer buffer = buffer();
        if (buffer == null) {
            return -1;
        }
        int bytes = Math.min(length, buffer.remaining());
        buffer.get(into, from, bytes);
        return bytes;
    }

    /** Returns what is not read yet of a part, or null after the last. */
    private @Nullable ByteBuffer buffer() throws IOException {
        while (true) {
            while (next < current.buffers.size()) {
                if (current.buffers.get(next).hasRemaining()) {
                    return current.buffers.get(next);
                }
                next++;
            }
            if (current.failure != null) {
                throw new IOException("the answer broke off: " + current.failure.getMessage(), current.failure);
            }
            if (current.last) {
                return null;
            }
            take();
        }
    }

    private void take() throws IOException {
        try {
            Part part = parts.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (part == null) {
                close();
                throw new IOException("nothing more of the answer came for " + PATIENCE_SECONDS + " seconds");
            }
            current = part;
            next = 0;
            if (!part.last) {
                Objects.requireNonNull(subscription).request(1);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while reading an answer", e);
        }
    }

    @Override
    public void close() {
        Flow.Subscription begun = subscription;
        if (begun != null) {
            begun.cancel();
        }
    }
}
