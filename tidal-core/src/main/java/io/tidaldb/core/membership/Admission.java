package io.tidaldb.core.membership;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.NodeRecord;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.remote.CallCodec;
import io.tidaldb.core.remote.Refusals;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Who may take part in the cluster: what a member says when another one asks. Before it is part of a cluster itself it says that; then it
 * has the other one agreed on, or refused, by the cluster; and where nothing can be agreed, says with whom the cluster was made.
 *
 * <p>Safe for any number of threads.
 */
public final class Admission {

    /** Less than whoever asks waits for an answer. */
    private static final Duration TO_AGREE = Duration.ofSeconds(2);

    private final NodeId self;
    private final RegionId region;
    private final String identity;
    private final NodeNetwork network;
    private final Founders file;
    private final CallCodec codec = new CallCodec();
    private volatile SortedMap<NodeId, String> founders;
    private volatile boolean founded;
    private volatile @Nullable ControlPlane control;

    /**
     * Prepares, and answers from now on.
     *
     * @param founded whether it has promised something to others, or may have
     */
    public Admission(
            NodeId self, RegionId region, String identity, NodeNetwork network, Founders file, boolean founded) {
        this.self = self;
        this.region = region;
        this.identity = identity;
        this.network = network;
        this.file = file;
        this.founders = file.read();
        this.founded = founded || !founders.isEmpty();
        network.answerEntries(this::answer);
    }

    NodeId self() {
        return self;
    }

    String identity() {
        return identity;
    }

    /** Returns whether it has promised something to others, or may have. */
    public boolean isFounded() {
        return founded;
    }

    /** Takes part from now on, with those that the cluster is made with, as far as they are known. */
    void found(SortedMap<NodeId, String> with) {
        if (!with.isEmpty()) {
            file.write(with);
        }
        founders = with;
        founded = true;
    }

    /** Returns what tells its cluster from any other one; empty if it is not known. */
    public String cluster() {
        return Founders.cluster(founders);
    }

    /** Answers from what is agreed from now on. */
    public void decideBy(ControlPlane agreed) {
        control = agreed;
    }

    // What others ask

    private CompletionStage<ByteBuffer> answer(NodeId peer, ByteBuffer message) {
        Call call = codec.call(message).call();
        if (!(call instanceof Call.Enter enter)) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED, "a call of kind " + call.getClass().getSimpleName() + " is no entry");
        }
        return admitted(peer, enter)
                .handle((agreed, failure) ->
                        codec.encode(failure == null ? entered(agreed) : refusal(RemoteCalls.reason(failure))));
    }

    private Answer entered(boolean agreed) {
        Map<String, String> with = new TreeMap<>();
        founders.forEach((node, uuid) -> with.put(node.name(), uuid));
        Map<String, String> nodes = new TreeMap<>();
        ControlPlane decided = control;
        if (decided != null) {
            decided.nodes().stream()
                    .filter(node -> !node.removed() && !node.address().isEmpty())
                    .forEach(node -> nodes.put(node.node().name(), node.address()));
        }
        return new Answer.Entered(identity, founded, agreed, with, nodes);
    }

    private static Answer refusal(TidalException reason) {
        return new Answer.Refused(reason.code().name(), String.valueOf(reason.getMessage()), 0, null);
    }

    /** Returns whether the cluster agrees; fails if it does not. */
    @SuppressWarnings("FutureReturnValueIgnored") // Whatever comes of it completes the other one.
    private CompletableFuture<Boolean> admitted(NodeId peer, Call.Enter enter) {
        if (isOfAnother(enter)) {
            return CompletableFuture.failedFuture(new TidalException(
                    ErrorCode.DIRECTORY_MISMATCH,
                    "node " + peer + " comes with data directory " + enter.identity() + ", which belongs to another"
                            + " cluster than node " + self + ", whatever they are called: start it with a directory of"
                            + " this cluster, or with an empty one and another name"));
        }
        ControlPlane decided = control;
        if (decided == null || decided.shards().isEmpty()) {
            return known(peer, enter);
        }
        if (decided.nodes().stream().anyMatch(node -> isAgreed(node, peer, enter))) {
            return CompletableFuture.completedFuture(true);
        }
        ClusterCommand command =
                new ClusterCommand.RegisterNode(peer, RegionId.of(enter.region()), enter.identity(), enter.address());
        if (decided.nodes().stream().anyMatch(node -> node.node().equals(peer))) {
            // What is known of a directory, or that a node is gone, never changes: no majority is needed to say so.
            try {
                decided.preview(command);
            } catch (TidalException e) {
                return CompletableFuture.failedFuture(e);
            }
        } else if (known(peer, enter).isCompletedExceptionally()) {
            return known(peer, enter);
        }
        CompletableFuture<Boolean> agreed = new CompletableFuture<>();
        network.scheduler().schedule(TO_AGREE, () -> agreed.complete(false));
        decided.submit(command).whenComplete((done, failure) -> {
            if (failure != null && isVerdict(RemoteCalls.reason(failure))) {
                agreed.completeExceptionally(RemoteCalls.reason(failure));
            } else {
                agreed.complete(failure == null);
            }
        });
        return agreed;
    }

    private boolean isOfAnother(Call.Enter enter) {
        String theirs = enter.cluster();
        return theirs != null && !theirs.isEmpty() && !founders.isEmpty() && !theirs.equals(Founders.cluster(founders));
    }

    // A directory with which the cluster was made may have voted before anybody agreed on it.
    private CompletableFuture<Boolean> known(NodeId peer, Call.Enter enter) {
        String identity = founders.get(peer);
        return identity == null || identity.equals(enter.identity())
                ? CompletableFuture.completedFuture(false)
                : CompletableFuture.failedFuture(new TidalException(
                        ErrorCode.DIRECTORY_MISMATCH,
                        "node " + peer + " comes with data directory " + enter.identity()
                                + ", and the cluster was made with its directory " + identity
                                + ": it has lost what it had promised; start it with its own directory, or let a node"
                                + " with another name take its place"));
    }

    private static boolean isAgreed(NodeRecord node, NodeId peer, Call.Enter enter) {
        return node.node().equals(peer)
                && !node.removed()
                && node.region().value() == enter.region()
                && node.identity().equals(enter.identity())
                && node.address().equals(enter.address());
    }

    /** Returns whether a refusal says something about who asks, other than that nobody could decide. */
    static boolean isVerdict(TidalException reason) {
        return switch (reason.code()) {
            case DIRECTORY_MISMATCH, INVALID_CONFIGURATION, INVALID_ARGUMENT -> true;
            default -> false;
        };
    }

    // What this one asks

    /** Asks another node whether this one may take part. Fails with what it refuses. */
    CompletableFuture<Answer.Entered> ask(NodeId node, Duration deadline) {
        Call call = new Call.Enter(0, 0, region.value(), identity, network.address(), cluster());
        return network.enter(node, codec.encode(call, ByteBuffer.allocate(0)), deadline)
                .toCompletableFuture()
                .thenApply(codec::answer)
                .thenCompose(answer -> answer instanceof Answer.Entered entered
                        ? CompletableFuture.completedFuture(entered)
                        : CompletableFuture.failedFuture(
                                answer instanceof Answer.Refused refused
                                        ? Refusals.reason(TenantId.DEFAULT, refused)
                                        : new TidalException(
                                                ErrorCode.INTERNAL, "node " + node + " answered something else")));
    }
}
