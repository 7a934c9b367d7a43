package io.tidaldb.core.client;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.remote.CallCodec;
import io.tidaldb.core.remote.Refusals;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.Platform;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** The nodes of a cluster as a client reaches them: its links, and how each has answered lately. Safe for any number of threads. */
final class Cluster implements AutoCloseable {

    /** What most calls have attached. */
    static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(10);

    /** For how long a node that did not answer is asked last. */
    private static final Duration SHUN = Duration.ofSeconds(2);

    private static final Duration TO_FIND_THE_WAY = Duration.ofMillis(500);

    private final NodeNetwork network;
    private final Platform platform;
    private final SortedMap<NodeId, String> seeds;
    private final Limits limits;
    private final LoopFactory.CallbackExecutor callbacks;
    private final CallCodec codec = new CallCodec();
    private final AtomicInteger openWrites = new AtomicInteger();
    private final AtomicInteger turns = new AtomicInteger();

    private final AtomicLong pauses = new AtomicLong();
    private final Map<Long, CompletableFuture<Void>> paused = new ConcurrentHashMap<>();

    /** Until when a node is asked last. */
    private final Map<NodeId, Long> shunned = new ConcurrentHashMap<>();

    /** Nodes that the client was told of, seeds among them. Replaced as a whole. */
    private volatile SortedMap<NodeId, String> nodes;

    private volatile boolean closed;

    /** How long things may take, and how many writes may have no answer. */
    record Limits(Duration connectWithin, Duration readWithin, int openWrites) {}

    Cluster(NodeNetwork network, Platform platform, SortedMap<NodeId, String> seeds, Limits limits) {
        this.network = network;
        this.platform = platform;
        this.seeds = new TreeMap<>(seeds);
        this.nodes = this.seeds;
        this.limits = limits;
        this.callbacks = platform.loops().callbacks("client-callback");
    }

    Limits limits() {
        return limits;
    }

    Executor callbacks() {
        return callbacks;
    }

    void checkOpen() {
        if (closed) {
            throw new TidalException(ErrorCode.CLOSED, "this client was closed");
        }
    }

    boolean isOpen() {
        return !closed;
    }

    AtomicInteger openWrites() {
        return openWrites;
    }

    long nowNanos() {
        return platform.clock().monotonicNanos();
    }

    long wallNanos() {
        return platform.clock().wallNanos();
    }

    IdempotencyKey newKey() {
        return new IdempotencyKey(
                platform.random().nextLong(), platform.random().nextLong());
    }

    // Nodes

    boolean isUp(NodeId node) {
        return network.isUp(node);
    }

    /** Returns whether a node can be expected to answer. */
    boolean isWell(NodeId node) {
        Long until = shunned.get(node);
        return isUp(node) && (until == null || until - nowNanos() < 0);
    }

    /** Keeps links to the nodes that there are, and to the seeds. */
    synchronized void follow(Map<NodeId, String> agreed) {
        SortedMap<NodeId, String> next = new TreeMap<>(agreed);
        next.values().removeIf(String::isEmpty);
        next.putAll(seeds);
        if (closed || next.equals(nodes)) {
            return;
        }
        nodes.keySet().stream().filter(node -> !next.containsKey(node)).forEach(node -> {
            network.removePeer(node);
            shunned.remove(node);
        });
        next.forEach(network::addPeer);
        nodes = next;
    }

    /** Returns a node to find out from, another one each time, one that answers if there is any. */
    private NodeId anyNode() {
        List<NodeId> up = nodes.keySet().stream().filter(this::isUp).toList();
        if (up.isEmpty()) {
            throw new TidalException(
                    ErrorCode.PEER_UNAVAILABLE,
                    "no node of the cluster is reached: tried " + nodes
                            + "; are they up, and is the cluster's name right?");
        }
        List<NodeId> well = up.stream().filter(this::isWell).toList();
        List<NodeId> best = well.isEmpty() ? up : well;
        return best.get(Math.floorMod(turns.getAndIncrement(), best.size()));
    }

    /** Waits until a node is linked. */
    void awaitLink() {
        network.start();
        seeds.forEach(network::addPeer);
        await(
                linked(nowNanos() + limits.connectWithin().toNanos()),
                limits.connectWithin().multipliedBy(2));
    }

    private CompletableFuture<Void> linked(long endNanos) {
        if (nodes.keySet().stream().anyMatch(this::isUp)) {
            return CompletableFuture.completedFuture(null);
        }
        if (nowNanos() - endNanos > 0) {
            return CompletableFuture.failedFuture(new TidalException(
                    ErrorCode.PEER_UNAVAILABLE,
                    "no node was reached within " + limits.connectWithin() + ": tried " + nodes
                            + "; are they up, and are the cluster's name and the certificates right?"));
        }
        return after(LOOK_AGAIN).thenCompose(nothing -> linked(endNanos));
    }

    // Calls

    /** Asks any node where a tenant is. */
    CompletableFuture<Answer.Route> route(TenantId tenant, long index) {
        Call call = new Call.Route(index, tenant.value());
        return ask(anyNode(), tenant, call, NOTHING, Answer.Route.class, TO_FIND_THE_WAY);
    }

    /** Asks a node. Fails with what it refuses; a node that does not answer is asked last for a while. */
    <A extends Answer> CompletableFuture<A> ask(
            NodeId node, TenantId tenant, Call call, ByteBuffer attached, Class<A> expected, Duration deadline) {
        checkOpen();
        return network.call(node, codec.encode(call, attached), deadline)
                .toCompletableFuture()
                .thenApply(codec::answer)
                .handle((answer, failure) -> {
                    if (failure == null && answer != null && expected.isInstance(answer)) {
                        return expected.cast(answer);
                    }
                    TidalException reason = failure != null
                            ? unanswered(node, reason(failure))
                            : answer instanceof Answer.Refused refused
                                    ? Refusals.reason(tenant, refused)
                                    : new TidalException(
                                            ErrorCode.INTERNAL, "node " + node + " answered something else: " + answer);
                    throw noted(node, reason);
                });
    }

    /** Returns why a node has not done what it was asked, and asks it last for a while if it was late. */
    TidalException noted(NodeId node, TidalException reason) {
        if (reason.code() == ErrorCode.DEADLINE_EXCEEDED) {
            shunned.put(node, nowNanos() + SHUN.toNanos());
        }
        return reason;
    }

    // This end was closed with the call under way: nobody knows what came of it.
    private static TidalException unanswered(NodeId node, TidalException reason) {
        return reason.code() == ErrorCode.CLOSED
                ? new TidalException(
                        ErrorCode.PEER_UNAVAILABLE,
                        "this client was closed before node " + node + " had answered",
                        reason)
                : reason;
    }

    /** Returns why something failed. */
    static TidalException reason(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof TidalException known
                ? known
                : new TidalException(ErrorCode.INTERNAL, "a call to a node failed: " + cause, cause);
    }

    // Time

    /** Completes after a pause; CLOSED if the client is closed before. */
    CompletableFuture<Void> after(Duration pause) {
        long number = pauses.incrementAndGet();
        CompletableFuture<Void> over = new CompletableFuture<>();
        paused.put(number, over);
        network.scheduler().schedule(pause, () -> {
            paused.remove(number);
            over.complete(null);
        });
        if (closed) {
            endPauses();
        }
        return over;
    }

    private void endPauses() {
        TidalException reason = new TidalException(ErrorCode.CLOSED, "this client was closed");
        for (long number : new ArrayList<>(paused.keySet())) {
            CompletableFuture<Void> pause = paused.remove(number);
            if (pause != null) {
                pause.completeExceptionally(reason);
            }
        }
    }

    /** Waits for a result. */
    <T> T await(CompletableFuture<T> result, Duration atMost) {
        try {
            return platform.loops().await(result, atMost.toNanos());
        } catch (ExecutionException e) {
            throw reason(e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            throw new TidalException(ErrorCode.DEADLINE_EXCEEDED, "there was no answer within " + atMost, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TidalException(
                    ErrorCode.DEADLINE_EXCEEDED, "the caller was interrupted while it waited for a node", e);
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        network.close();
        endPauses();
        callbacks.close();
    }
}
