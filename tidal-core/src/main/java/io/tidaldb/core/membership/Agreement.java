package io.tidaldb.core.membership;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ClusterMember;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.Waiting;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has things decided while an instance is opened. One of several nodes waits until so many others run that something can be decided. Used
 * by the thread that opens.
 */
public final class Agreement {

    private static final Logger LOG = LoggerFactory.getLogger(Agreement.class);
    private static final Duration WAIT_FOR_DECISION = Duration.ofSeconds(60);

    private static final Duration ASK_AGAIN = Duration.ofSeconds(1);

    /** Others may have to be started first. */
    private static final Duration WAIT_FOR_MAJORITY = Duration.ofMinutes(5);

    private final LoopFactory loops;
    private final @Nullable ClusterMember member;
    private final @Nullable NodeNetwork network;
    private final @Nullable Admission admission;

    /**
     * Prepares.
     *
     * @param network of the member, if it has peers
     * @param admission tells whether the others have it as one of theirs; null where nobody can
     */
    public Agreement(
            LoopFactory loops,
            @Nullable ClusterMember member,
            @Nullable NodeNetwork network,
            @Nullable Admission admission) {
        this.loops = loops;
        this.member = member;
        this.network = network;
        this.admission = admission;
    }

    /**
     * Has something decided that may be decided twice without harm: it is asked for again while there is no majority.
     *
     * @throws TidalException what it was refused with; NOT_OWNER or DEADLINE_EXCEEDED if there was no majority in time; CLOSED if the thread
     *     was interrupted, who finds the interrupt afterwards
     */
    public void await(Supplier<CompletableFuture<Long>> decision) {
        if (member == null || network == null) {
            Waiting.uninterruptibly(loops, decision.get(), WAIT_FOR_DECISION.toNanos());
            return;
        }
        long begun = network.scheduler().nanoTime();
        while (true) {
            CompletableFuture<Long> attempt = refused(decision.get(), member, network);
            try {
                once(member, attempt);
                return;
            } catch (TidalException e) {
                attempt.completeExceptionally(e);
                boolean late = network.scheduler().nanoTime() - begun > WAIT_FOR_MAJORITY.toNanos();
                if (late || e.code() != ErrorCode.NOT_OWNER && e.code() != ErrorCode.DEADLINE_EXCEEDED) {
                    throw e;
                }
                LOG.info("{}", missing(member, network));
            }
        }
    }

    // Who was removed has nobody to decide with, and would wait in vain: the others say so if they are asked.
    private CompletableFuture<Long> refused(
            CompletableFuture<Long> decision, ClusterMember waiting, NodeNetwork links) {
        CompletableFuture<Long> first = decision.copy();
        Admission asking = admission;
        if (asking != null) {
            ask(asking, first, waiting, links);
        }
        return first;
    }

    private static void ask(Admission asking, CompletableFuture<Long> first, ClusterMember waiting, NodeNetwork links) {
        if (first.isDone()) {
            return;
        }
        waiting.peers().keySet().stream()
                .filter(links::isUp)
                .forEach(peer -> asking.ask(peer, ASK_AGAIN).exceptionally(failure -> {
                    TidalException reason = RemoteCalls.reason(failure);
                    if (Admission.isVerdict(reason)) {
                        first.completeExceptionally(reason);
                    }
                    return null;
                }));
        links.scheduler().schedule(ASK_AGAIN, () -> ask(asking, first, waiting, links));
    }

    private void once(ClusterMember waiting, CompletableFuture<Long> decision) {
        try {
            loops.await(decision, WAIT_FOR_DECISION.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TidalException(
                    ErrorCode.CLOSED,
                    "node " + waiting.node() + " was told to stop while it waited for a majority of " + waiting.nodes(),
                    e);
        } catch (ExecutionException e) {
            throw Waiting.unwrap(e);
        } catch (TimeoutException e) {
            throw new TidalException(ErrorCode.DEADLINE_EXCEEDED, "there was no answer within " + WAIT_FOR_DECISION, e);
        }
    }

    private static String missing(ClusterMember member, NodeNetwork network) {
        List<NodeId> away = member.peers().keySet().stream()
                .filter(peer -> !network.isUp(peer))
                .toList();
        return "node " + member.node() + " waits for a majority of " + member.nodes() + ": it has no link to " + away;
    }
}
