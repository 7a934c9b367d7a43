package io.tidaldb.server.http.exchange;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** A request's body, of at most so many bytes, that must have come within a time. Used by one thread at a time. */
final class BoundedBody extends InputStream {

    private final InputStream body;
    private final long limit;
    private final long deadlineNanos;
    private long bytes;

    BoundedBody(InputStream body, long limit, Duration patience) {
        this.body = body;
        this.limit = limit;
        this.deadlineNanos = System.nanoTime() + patience.toNanos();
    }

    @Override
    public int read() throws IOException {
        int value = body.read();
        count(value < 0 ? 0 : 1);
        return value;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
        int read = body.read(into, from, length);
        count(Math.max(0, read));
        return read;
    }

    private void count(int more) {
        bytes += more;
        if (bytes > limit) {
            throw tooLarge(limit);
        }
        if (System.nanoTime() - deadlineNanos > 0) {
            throw new Refusal(Refusal.Code.REQUEST_TIMEOUT, "the body did not come in time: send less, or faster");
        }
    }

    static Refusal tooLarge(long limit) {
        return new Refusal(
                Refusal.Code.BODY_TOO_LARGE, "the body is too large: expected at most " + limit + " bytes; split it");
    }
}
