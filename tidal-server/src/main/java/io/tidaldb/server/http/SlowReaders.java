package io.tidaldb.server.http;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * Bounds what clients cost that do not read their answers: each holds a thread and an answer while its socket takes no more. When more than
 * a number of answers wait like that, the one that has waited longest is cut off, and each is after a time. That is the time for one piece
 * of an answer, so that a byte now and then does not begin it anew.
 *
 * <p>Safe for any number of threads.
 */
final class SlowReaders extends Handler.Wrapper {

    private final int most;
    private final Duration patience;

    /** Oldest first; guarded by itself. */
    private final Set<Waiting> waiting = new LinkedHashSet<>();

    /** @param patience for how long a piece of an answer may wait, at most 64 KiB */
    SlowReaders(int most, Duration patience) {
        this.most = most;
        this.patience = patience;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        EndPoint client = request.getConnectionMetaData().getConnection().getEndPoint();
        Response watched = new Response.Wrapper(request, response) {
            @Override
            public void write(boolean last, ByteBuffer content, Callback written) {
                Waiting write = new Waiting(client, written);
                super.write(last, content, write);
                if (!write.over) {
                    await(write);
                }
            }
        };
        return super.handle(request, watched, callback);
    }

    private void await(Waiting write) {
        Waiting longest = null;
        synchronized (waiting) {
            if (write.over) {
                return;
            }
            write.timer = getServer().getScheduler().schedule(write::cut, patience.toNanos(), TimeUnit.NANOSECONDS);
            waiting.add(write);
            if (waiting.size() > most) {
                Iterator<Waiting> oldest = waiting.iterator();
                longest = oldest.next();
                oldest.remove();
            }
        }
        if (longest != null) {
            longest.cut();
        }
    }

    private final class Waiting extends Callback.Nested {

        private final EndPoint client;
        private volatile boolean over;
        private Scheduler.@Nullable Task timer;

        Waiting(EndPoint client, Callback written) {
            super(written);
            this.client = client;
        }

        void cut() {
            // As if it had gone: nobody needs to hear of it.
            client.close(new EofException("the client does not read its answer"));
        }

        @Override
        public void completed() {
            synchronized (waiting) {
                over = true;
                waiting.remove(this);
                if (timer != null) {
                    timer.cancel();
                }
            }
        }
    }
}
