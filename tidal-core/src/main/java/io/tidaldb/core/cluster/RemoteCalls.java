package io.tidaldb.core.cluster;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.remote.CallCodec;
import io.tidaldb.core.remote.Refusals;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** Asks other nodes. Safe for any number of threads. */
public final class RemoteCalls {

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final NodeNetwork network;
    private final ControlPlane control;
    private final CallCodec codec = new CallCodec();

    /** Creates what asks other nodes, and says to them what is known here of decisions. */
    public RemoteCalls(NodeNetwork network, ControlPlane control) {
        this.network = network;
        this.control = control;
    }

    /** Returns whether there is a link to a node. */
    public boolean isUp(NodeId node) {
        return network.isUp(node);
    }

    /** Returns how long ago something came from a node; -1 if nothing ever did. */
    public long heardMillisAgo(NodeId node) {
        return network.heardMillisAgo(node);
    }

    /** Cuts the link to a node, as {@link NodeNetwork#cut}. */
    void cut(NodeId node, Duration span) {
        network.cut(node, span);
    }

    /** Asks a node; as {@link #ask(NodeId, LongFunction, ByteBuffer, Class, Duration)}. */
    public <A extends Answer> CompletableFuture<A> ask(
            NodeId node, LongFunction<Call> call, Class<A> expected, Duration deadline) {
        return ask(node, call, NOTHING, expected, deadline);
    }

    /**
     * Asks a node. Fails with what it refuses, NOT_OWNER once this node knows as much as the one asked; with PEER_UNAVAILABLE or
     * DEADLINE_EXCEEDED.
     *
     * @param call made with how much this node knows
     */
    public <A extends Answer> CompletableFuture<A> ask(
            NodeId node, LongFunction<Call> call, ByteBuffer attached, Class<A> expected, Duration deadline) {
        Call made = call.apply(control.index());
        return network.call(node, codec.encode(made, attached), deadline)
                .toCompletableFuture()
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(unanswered(node, failure)))
                .thenApply(codec::answer)
                .thenCompose(answer -> accepted(node, TenantId.of(made.tenant()), answer, expected));
    }

    // This end was closed with the call under way: nobody knows what came of it.
    private static TidalException unanswered(NodeId node, Throwable failure) {
        TidalException reason = reason(failure);
        return reason.code() == ErrorCode.CLOSED
                ? new TidalException(
                        ErrorCode.PEER_UNAVAILABLE, "this node stopped before node " + node + " had answered", reason)
                : reason;
    }

    private <A extends Answer> CompletableFuture<A> accepted(
            NodeId node, TenantId tenant, Answer answer, Class<A> expected) {
        if (expected.isInstance(answer)) {
            return CompletableFuture.completedFuture(expected.cast(answer));
        }
        if (!(answer instanceof Answer.Refused refused)) {
            return CompletableFuture.failedFuture(new TidalException(
                    ErrorCode.INTERNAL, "node " + node + " gave an answer to something else: " + answer.getClass()));
        }
        TidalException reason = Refusals.reason(tenant, refused);
        return reason.code() == ErrorCode.NOT_OWNER
                ? control.reach(refused.index()).thenCompose(nothing -> CompletableFuture.failedFuture(reason))
                : CompletableFuture.failedFuture(reason);
    }

    /** Returns why a call failed. */
    public static TidalException reason(Throwable failure) {
        @Nullable Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        return cause instanceof TidalException known
                ? known
                : new TidalException(ErrorCode.INTERNAL, "a call to another node failed: " + cause, cause);
    }
}
