package io.tidaldb.testkit;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlNetwork;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The network between the members of a control log within a test: messages are copied and handed over by a thread of the member that gets
 * them, as a transport's scheduler would. Links can be cut, and a member can be torn off altogether.
 */
public final class ControlNetworks implements AutoCloseable {

    private static final int MAX_MESSAGE_BYTES = 2 * ControlLog.MAX_COMMAND_BYTES;

    private final Map<NodeId, Endpoint> endpoints = new ConcurrentHashMap<>();
    private final Set<Link> cut = ConcurrentHashMap.newKeySet();

    /** Creates a network without members. */
    public ControlNetworks() {}

    private record Link(NodeId from, NodeId to) {}

    /** A member's end: the newest handler that it has set, and the thread that calls it. */
    private static final class Endpoint {

        final ScheduledThreadPoolExecutor thread;
        volatile ControlNetwork.@Nullable Handler handler;

        Endpoint(NodeId member) {
            thread = new ScheduledThreadPoolExecutor(1, task -> {
                Thread made = new Thread(task, "tidal-test-network-" + member);
                made.setDaemon(true);
                return made;
            });
            thread.setRemoveOnCancelPolicy(true);
        }

        void execute(Runnable task) {
            try {
                thread.execute(task);
            } catch (RejectedExecutionException e) {
                // The test is over.
            }
        }
    }

    /** Returns the network as a member sees it. A member that is opened again takes another one. */
    public ControlNetwork of(NodeId member) {
        Endpoint endpoint = endpoints.computeIfAbsent(member, Endpoint::new);
        endpoint.handler = null;
        return new ControlNetwork() {
            @Override
            public int maxMessageBytes() {
                return MAX_MESSAGE_BYTES;
            }

            @Override
            public void serve(Handler handler) {
                endpoint.handler = handler;
            }

            @Override
            public CompletionStage<ByteBuffer> request(NodeId to, ByteBuffer message, Duration deadline) {
                return send(member, to, message, deadline);
            }
        };
    }

    /** Cuts the link between two members, in both directions. What is under way is lost. */
    public void cut(NodeId one, NodeId other) {
        cut.add(new Link(one, other));
        cut.add(new Link(other, one));
    }

    /** Cuts a member off from all others. */
    public void isolate(NodeId member) {
        endpoints.keySet().stream().filter(other -> !other.equals(member)).forEach(other -> cut(member, other));
    }

    /** Mends all links. */
    public void heal() {
        cut.clear();
    }

    /** Stops answering for a member, as if its process had ended. */
    public void stop(NodeId member) {
        Endpoint endpoint = endpoints.get(member);
        if (endpoint != null) {
            endpoint.handler = null;
        }
    }

    /** Ends the threads. */
    @Override
    public void close() {
        endpoints.values().forEach(endpoint -> endpoint.thread.shutdownNow());
    }

    private CompletionStage<ByteBuffer> send(NodeId from, NodeId to, ByteBuffer message, Duration deadline) {
        if (message.remaining() > MAX_MESSAGE_BYTES) {
            throw TidalException.invalid("a message of " + message.remaining()
                    + " bytes is too large: expected at most " + MAX_MESSAGE_BYTES);
        }
        Endpoint sender = Objects.requireNonNull(endpoints.get(from));
        CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
        Endpoint receiver = endpoints.get(to);
        if (receiver == null || receiver.handler == null) {
            sender.execute(() -> answer.completeExceptionally(failure(ErrorCode.PEER_UNAVAILABLE, from, to)));
            return answer;
        }
        try {
            var expiry = sender.thread.schedule(
                    () -> answer.completeExceptionally(failure(ErrorCode.DEADLINE_EXCEEDED, from, to)),
                    deadline.toNanos(),
                    TimeUnit.NANOSECONDS);
            var unused = answer.whenComplete((bytes, thrown) -> expiry.cancel(false));
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(failure(ErrorCode.CLOSED, from, to));
        }
        ByteBuffer copy = copy(message);
        receiver.execute(() -> deliver(from, to, receiver, copy, sender, answer));
        return answer;
    }

    private void deliver(
            NodeId from,
            NodeId to,
            Endpoint receiver,
            ByteBuffer message,
            Endpoint sender,
            CompletableFuture<ByteBuffer> answer) {
        ControlNetwork.Handler handler = receiver.handler;
        if (cut.contains(new Link(from, to))) {
            return;
        }
        if (handler == null) {
            sender.execute(() -> answer.completeExceptionally(failure(ErrorCode.PEER_UNAVAILABLE, from, to)));
            return;
        }
        var unused = handler.request(from, message).whenComplete((bytes, thrown) -> {
            if (cut.contains(new Link(to, from))) {
                return;
            }
            ByteBuffer reply = bytes == null ? null : copy(bytes);
            sender.execute(() -> {
                if (reply != null) {
                    answer.complete(reply);
                } else {
                    answer.completeExceptionally(thrown);
                }
            });
        });
        // Valid during the call only: whoever keeps it finds it overwritten.
        for (int i = 0; i < message.capacity(); i++) {
            message.put(i, (byte) 0x5a);
        }
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        ByteBuffer copy = ByteBuffer.allocate(bytes.remaining());
        copy.put(bytes.duplicate()).flip();
        return copy;
    }

    private static TidalException failure(ErrorCode code, NodeId from, NodeId to) {
        return new TidalException(code, "a message from " + from + " to " + to + " was not answered");
    }
}
