package io.tidaldb.server.http;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Bounds how long headers may take: ends connections on which a request's header does not come within a time. For Jetty each byte begins the idle time anew, so that one byte
 * now and then would hold a connection for hours. A connection that is new, its TLS handshake included, has that time for its first header.
 *
 * <p>Safe for any number of threads. What the watching thread sees may be a moment old; at worst it looks once more.
 */
final class HeaderLimit extends Handler.Wrapper implements Connection.Listener {

    private final long patienceNanos;
    private final Map<Connection, Progress> open = new ConcurrentHashMap<>();

    /** What has come on a connection. */
    private static final class Progress {

        /** Whether a request is being answered, whose body has other bounds. */
        volatile boolean answering;

        /** How many bytes had come when nothing was under way. */
        volatile long idleBytes = -1;

        /** When that was. */
        volatile long idleNanos = System.nanoTime();
    }

    HeaderLimit(Duration patience) {
        this.patienceNanos = patience.toNanos();
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        watchLater();
    }

    @Override
    public void onOpened(Connection connection) {
        // The one under TLS has no requests of its own.
        if (connection instanceof ConnectionMetaData) {
            open.put(connection, new Progress());
        }
    }

    @Override
    public void onClosed(Connection connection) {
        open.remove(connection);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        Connection connection = request.getConnectionMetaData().getConnection();
        Progress progress = open.get(connection);
        if (progress != null) {
            progress.answering = true;
            Request.addCompletionListener(request, failure -> {
                idle(connection, progress);
                progress.answering = false;
            });
        }
        return super.handle(request, response, callback);
    }

    private static void idle(Connection connection, Progress progress) {
        progress.idleBytes = connection.getBytesIn();
        progress.idleNanos = System.nanoTime();
    }

    private void watchLater() {
        if (isRunning() || isStarting()) {
            getServer().getScheduler().schedule(this::watch, Math.max(1, patienceNanos / 4), TimeUnit.NANOSECONDS);
        }
    }

    private void watch() {
        open.forEach((connection, progress) -> {
            if (progress.answering) {
                return;
            }
            if (connection.getBytesIn() == progress.idleBytes) {
                progress.idleNanos = System.nanoTime();
            } else if (System.nanoTime() - progress.idleNanos > patienceNanos) {
                connection.close();
            }
        });
        watchLater();
    }
}
