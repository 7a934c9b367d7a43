package io.tidaldb.core.membership;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ClusterMember;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.Waiting;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of a member into its cluster, before it promises anything to anybody. One with an empty directory asks the others first: it may
 * be new, or have forgotten what it promised. It goes on when
 *
 * <ul>
 *   <li>the cluster agrees that it is this node, with this directory;
 *   <li>or one of those with which the cluster is made says that this directory is, too, though nothing can be agreed yet;
 *   <li>or all with which a cluster is made say that they are new themselves, too, and it is the first of them: then it makes one. If it is
 *       to wait for the word, it makes one when it is given the word, whichever it is.
 * </ul>
 *
 * <p>So whoever makes a cluster has asked everybody who could know of another one, and nobody else makes one at the same time. Two are made
 * only if all that knew of the first have lost their directories, and these two do not talk to each other.
 *
 * Used by the thread that opens.
 */
public final class Entry {

    private static final Logger LOG = LoggerFactory.getLogger(Entry.class);
    private static final Duration ANSWER = Duration.ofSeconds(3);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);
    private static final Duration SAY_AGAIN = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final ClusterMember member;
    private final Admission admission;
    private final NodeNetwork network;
    private final LoopFactory loops;
    private final @Nullable InitWord init;

    /**
     * Prepares.
     *
     * @param init the word on which the cluster is made; null if nobody is waited for
     */
    public Entry(
            ClusterMember member,
            Admission admission,
            NodeNetwork network,
            LoopFactory loops,
            @Nullable InitWord init) {
        this.member = member;
        this.admission = admission;
        this.network = network;
        this.loops = loops;
        this.init = init;
    }

    /**
     * Returns when this member may take part.
     *
     * @throws TidalException DIRECTORY_MISMATCH or INVALID_CONFIGURATION if it may not; DEADLINE_EXCEEDED if nobody says so for too long;
     *     CLOSED if the thread was interrupted
     */
    public void await() {
        if (admission.isFounded()) {
            return;
        }
        long begun = network.scheduler().nanoTime();
        long said = begun;
        if (init != null && !member.joins()) {
            init.await(true);
        }
        try {
            while (!enters(answers())) {
                long now = network.scheduler().nanoTime();
                if (now - said > SAY_AGAIN.toNanos()) {
                    LOG.info("{}", waiting());
                    said = now;
                }
                if (init == null && now - begun > PATIENCE.toNanos()) {
                    throw new TidalException(ErrorCode.DEADLINE_EXCEEDED, waiting());
                }
                pause();
            }
        } finally {
            if (init != null) {
                init.await(false);
            }
        }
    }

    private String waiting() {
        List<NodeId> away = member.peers().keySet().stream()
                .filter(peer -> !network.isUp(peer))
                .toList();
        if (member.joins()) {
            return "node " + member.node() + " waits until the cluster agrees that it joins: it has no link to " + away;
        }
        return "node " + member.node() + " waits for "
                + (init == null
                        ? "its cluster, or for all of " + member.nodes() + " to make one"
                        : "the cluster to be initialised: tidal cluster init")
                + ": it has no link to " + away;
    }

    private SortedMap<NodeId, Answer.Entered> answers() {
        SortedMap<NodeId, CompletableFuture<Answer.Entered>> asked = new TreeMap<>();
        member.peers().keySet().stream()
                .filter(network::isUp)
                .forEach(peer -> asked.put(peer, admission.ask(peer, ANSWER)));
        SortedMap<NodeId, Answer.Entered> answers = new TreeMap<>();
        asked.forEach((peer, answer) -> {
            try {
                answers.put(peer, await(answer));
            } catch (TidalException e) {
                if (Admission.isVerdict(e)) {
                    throw e;
                }
            }
        });
        return answers;
    }

    private boolean enters(SortedMap<NodeId, Answer.Entered> answers) {
        for (Answer.Entered each : answers.values()) {
            if (each.agreed()) {
                follow(each.nodes());
                admission.found(admission.isFounded() ? new TreeMap<>() : named(each.founders()));
                return true;
            }
            if (each.founded() && each.founders().containsKey(admission.self().name())) {
                admission.found(named(each.founders()));
                return true;
            }
        }
        boolean made = answers.values().stream().anyMatch(Answer.Entered::founded);
        return !member.joins() && (init == null ? makes(answers, made) : isTold(init, answers, made));
    }

    private boolean makes(SortedMap<NodeId, Answer.Entered> answers, boolean made) {
        boolean first = member.nodes().get(0).equals(member.node());
        if (made || !first || !answers.keySet().containsAll(member.peers().keySet())) {
            return false;
        }
        admission.found(with(answers));
        return true;
    }

    private boolean isTold(InitWord word, SortedMap<NodeId, Answer.Entered> answers, boolean made) {
        CompletableFuture<Void> asked = word.taken();
        if (asked == null) {
            return false;
        }
        if (made) {
            asked.completeExceptionally(word.made());
            return false;
        }
        List<NodeId> away = member.peers().keySet().stream()
                .filter(peer -> !answers.containsKey(peer))
                .toList();
        if (!away.isEmpty()) {
            asked.completeExceptionally(new TidalException(
                    ErrorCode.PEER_UNAVAILABLE,
                    "a cluster is made of all its nodes, and " + away
                            + " did not answer: start them first; nothing was done"));
            return false;
        }
        admission.found(with(answers));
        asked.complete(null);
        return true;
    }

    private SortedMap<NodeId, String> with(SortedMap<NodeId, Answer.Entered> answers) {
        SortedMap<NodeId, String> founders = new TreeMap<>();
        answers.forEach((node, answer) -> founders.put(node, answer.identity()));
        founders.put(admission.self(), admission.identity());
        return founders;
    }

    private static SortedMap<NodeId, String> named(Map<String, String> founders) {
        SortedMap<NodeId, String> named = new TreeMap<>();
        founders.forEach((node, identity) -> named.put(NodeId.of(node), identity));
        return named;
    }

    // One that joins need not name all: a link needs both of its ends to know each other.
    private void follow(Map<String, String> nodes) {
        nodes.forEach((node, address) -> {
            NodeId other = NodeId.of(node);
            if (!other.equals(member.node()) && !member.peers().containsKey(other)) {
                network.addPeer(other, address);
            }
        });
    }

    private void pause() {
        CompletableFuture<Void> over = new CompletableFuture<>();
        network.scheduler().schedule(LOOK_AGAIN, () -> over.complete(null));
        await(over);
    }

    private <T> T await(CompletableFuture<T> result) {
        try {
            return loops.await(result, ANSWER.multipliedBy(2).toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TidalException(ErrorCode.CLOSED, waiting() + "; it was told to stop", e);
        } catch (ExecutionException e) {
            throw Waiting.unwrap(e);
        } catch (TimeoutException e) {
            throw new TidalException(ErrorCode.DEADLINE_EXCEEDED, "a node did not answer", e);
        }
    }
}
