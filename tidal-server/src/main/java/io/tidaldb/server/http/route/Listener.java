package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.sse.SseClient;
import io.tidaldb.server.importing.Json;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** One client that is told of events, one at a time, by a thread that is borrowed while there are any. Guarded by its own lock. */
final class Listener {

    private static final int MAX_WAITING = 256;

    private final SseClient client;
    private final Executor executor;
    private final Deque<Event> waiting = new ArrayDeque<>();
    private boolean telling;
    private long missed;

    private record Event(String name, String content) {}

    Listener(SseClient client, Executor executor) {
        this.client = client;
        this.executor = executor;
    }

    /** Tells the client, or counts what it misses if too much waits already. */
    void offer(String name, ObjectNode event) {
        synchronized (this) {
            if (waiting.size() == MAX_WAITING) {
                missed++;
                return;
            }
            if (missed > 0) {
                waiting.add(new Event("missed", Json.print(Json.object().put("events", missed))));
                missed = 0;
            }
            waiting.add(new Event(name, Json.print(event)));
            if (telling) {
                return;
            }
            telling = true;
        }
        try {
            executor.execute(this::tell);
        } catch (RejectedExecutionException e) {
            close();
        }
    }

    private void tell() {
        Event next = next();
        while (next != null && !client.terminated()) {
            client.sendEvent(next.name, next.content);
            next = next();
        }
    }

    @org.jspecify.annotations.Nullable
    private synchronized Event next() {
        Event next = waiting.poll();
        telling = next != null;
        return next;
    }

    void close() {
        client.close();
    }
}
