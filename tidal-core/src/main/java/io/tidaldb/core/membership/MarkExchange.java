package io.tidaldb.core.membership;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlPosition;
import io.tidaldb.core.ClusterMember;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ControlMarks;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.NodeRecord;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.runtime.Waiting;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What nodes tell each other of how far their control logs have come. A node that is opened asks so many that they are a majority with it
 * before it takes part in anything, since its own disk can't tell that all of it was put back to an older copy. While it runs it tells all
 * others, twice a second; and it hears if it has told more before in the same process, whose memory was then put back as well.
 *
 * <p>A message and its answer are big-endian. Asked: u64 drawn by the process, u64 term, u64 entries, both 0 from one that only asks, and to
 * the end in UTF-8 what tells the asker's cluster from others, as far as it knows. Answered: term and entries that are known of the asker,
 * then those that this process of it has told. Whoever comes from another cluster is refused as UNSUPPORTED: nothing of its past is known here.
 *
 * <p>Safe for any number of threads.
 */
public final class MarkExchange {

    private static final Logger LOG = LoggerFactory.getLogger(MarkExchange.class);
    private static final Duration ANSWER = Duration.ofSeconds(1);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

    /** How long others are waited for when a majority has answered: it may be one of them that knows. */
    private static final Duration GRACE = Duration.ofSeconds(1);

    private static final Duration SAY_AGAIN = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final Duration TELL_AGAIN = Duration.ofMillis(500);
    private static final int ASKED_BYTES = 24;
    private static final int ANSWERED_BYTES = 32;

    private final ClusterMember member;
    private final NodeNetwork network;
    private final ControlMarks marks;
    private final Supplier<String> cluster;
    private final long process;
    private final Map<NodeId, Told> told = new ConcurrentHashMap<>();

    /** What a process of another node has told. */
    private record Told(long process, ControlPosition position) {

        static Told newer(Told before, Told now) {
            return before.process == now.process ? new Told(now.process, now.position.max(before.position)) : now;
        }
    }

    /** What another node knows of this one. */
    private record Known(ControlPosition ever, ControlPosition inProcess) {

        static final Known NOTHING = new Known(ControlPosition.NONE, ControlPosition.NONE);
    }

    /**
     * Prepares, and answers others from now on.
     *
     * @param cluster what tells the cluster from others, empty where that is not known; called by any thread
     * @param process drawn by chance: another one each time that the node is opened
     */
    public MarkExchange(
            ClusterMember member, NodeNetwork network, ControlMarks marks, Supplier<String> cluster, long process) {
        this.member = member;
        this.network = network;
        this.marks = marks;
        this.cluster = cluster;
        this.process = process;
        network.answerMarks(this::answer);
    }

    private CompletionStage<ByteBuffer> answer(NodeId peer, ByteBuffer message) {
        if (message.remaining() < ASKED_BYTES) {
            return CompletableFuture.failedFuture(TidalException.invalid("a mark of node " + peer + " has "
                    + message.remaining() + " bytes: expected at least " + ASKED_BYTES));
        }
        Told now = new Told(message.getLong(), position(message));
        String theirs = StandardCharsets.UTF_8.decode(message).toString();
        String ours = cluster.get();
        if (!theirs.isEmpty() && !ours.isEmpty() && !theirs.equals(ours)) {
            return CompletableFuture.failedFuture(new TidalException(
                    ErrorCode.UNSUPPORTED, "node " + peer + " is of another cluster than node " + member.node()));
        }
        Told all = told.merge(peer, now, Told::newer);
        if (!now.position.equals(ControlPosition.NONE)) {
            marks.reached(peer, now.position);
        }
        ByteBuffer answer = ByteBuffer.allocate(ANSWERED_BYTES);
        put(answer, marks.of(peer));
        put(answer, all.position);
        return CompletableFuture.completedFuture(answer.flip());
    }

    private static ControlPosition position(ByteBuffer from) {
        return new ControlPosition(from.getLong(), from.getLong());
    }

    private static void put(ByteBuffer to, ControlPosition position) {
        to.putLong(position.term()).putLong(position.entries());
    }

    private CompletionStage<Known> ask(NodeId peer, ControlPosition own) {
        byte[] of = cluster.get().getBytes(StandardCharsets.UTF_8);
        ByteBuffer message = ByteBuffer.allocate(ASKED_BYTES + of.length).putLong(process);
        put(message, own);
        message.put(of);
        return network.mark(peer, message.flip(), ANSWER).thenApply(MarkExchange::known);
    }

    private static Known known(ByteBuffer answer) {
        if (answer.remaining() > ANSWERED_BYTES) {
            throw TidalException.invalid(
                    "an answer to a mark has " + answer.remaining() + " bytes: expected at most " + ANSWERED_BYTES);
        }
        return answer.remaining() < ANSWERED_BYTES ? Known.NOTHING : new Known(position(answer), position(answer));
    }

    /**
     * Opens something once so many others have said how far this node has come; used by the thread that opens it.
     *
     * @param opener what opens it, off the thread that waits: in a simulation that is one for all nodes
     * @throws TidalException what it can't be opened for; DEADLINE_EXCEEDED if too few answer for too long, CLOSED if the thread was interrupted
     */
    public <T extends AutoCloseable> T open(LoopFactory loops, Executor opener, Supplier<T> opening) {
        Asking asking = new Asking(others());
        network.scheduler().execute(asking::again);
        CompletableFuture<T> opened = asking.learned.thenApplyAsync(nothing -> opening.get(), opener);
        try {
            return loops.await(opened, PATIENCE.multipliedBy(2).toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw asking.ended(
                    opened,
                    new TidalException(
                            ErrorCode.CLOSED, "node " + member.node() + " was told to stop while it asked others", e));
        } catch (ExecutionException e) {
            throw Waiting.unwrap(e);
        } catch (TimeoutException e) {
            throw asking.ended(opened, new TidalException(ErrorCode.DEADLINE_EXCEEDED, asking.waiting(), e));
        }
    }

    /** Asks others until there are enough answers. Confined to the network's scheduler, but for its end. */
    private final class Asking {

        private final SortedSet<NodeId> others;
        private final SortedSet<NodeId> asked = new TreeSet<>();
        private final SortedSet<NodeId> answered = new TreeSet<>();
        private final long begun = network.scheduler().nanoTime();
        private long said = begun;

        /** When there were enough answers; 0 before. */
        private long enough;

        final CompletableFuture<Void> learned = new CompletableFuture<>();

        Asking(SortedSet<NodeId> others) {
            this.others = others;
        }

        void again() {
            long now = network.scheduler().nanoTime();
            if (learned.isDone()) {
                return;
            } else if (now - begun > PATIENCE.toNanos()) {
                learned.completeExceptionally(new TidalException(ErrorCode.DEADLINE_EXCEEDED, waiting()));
                return;
            } else if (now - said > SAY_AGAIN.toNanos()) {
                LOG.info("{}", waiting());
                said = now;
            }
            others.stream()
                    .filter(peer -> network.isUp(peer) && !answered.contains(peer) && asked.add(peer))
                    .forEach(this::ask);
            if (answered.size() >= (others.size() + 1) / 2) {
                enough = enough == 0 ? now : enough;
                if (answered.size() == others.size() || now - enough >= GRACE.toNanos()) {
                    learned.complete(null);
                    return;
                }
            }
            network.scheduler().schedule(LOOK_AGAIN, this::again);
        }

        private void ask(NodeId peer) {
            CompletionStage<Known> answer = MarkExchange.this.ask(peer, ControlPosition.NONE);
            answer.whenComplete((known, failure) -> network.scheduler().execute(() -> heard(peer, known, failure)));
        }

        private void heard(NodeId peer, @Nullable Known known, @Nullable Throwable failure) {
            asked.remove(peer);
            if (known != null) {
                marks.reached(member.node(), known.ever);
                answered.add(peer);
            } else if (failure != null && RemoteCalls.reason(failure).code() == ErrorCode.UNSUPPORTED) {
                // An older release, or it takes this one for none of its cluster, and will say so where that is asked.
                answered.add(peer);
            }
        }

        String waiting() {
            return "node " + member.node() + " waits for a majority with " + others
                    + " to say how far it had come: it has no link to "
                    + others.stream().filter(peer -> !network.isUp(peer)).toList();
        }

        /** Ends it, and what may still be opened. */
        @SuppressWarnings("FutureReturnValueIgnored") // What fails to open needs no end.
        TidalException ended(CompletableFuture<? extends AutoCloseable> opened, TidalException reason) {
            learned.completeExceptionally(reason);
            opened.thenAccept(late -> {
                try {
                    late.close();
                } catch (Exception e) {
                    reason.addSuppressed(e);
                }
            });
            return reason;
        }
    }

    /** Returns those that are known to be nodes, each with a link: who was away knows them by what it has kept. */
    private SortedSet<NodeId> others() {
        SortedSet<NodeId> nodes = marks.nodes();
        for (NodeId each : nodes) {
            String address = marks.address(each);
            if (address != null
                    && !each.equals(member.node())
                    && !member.peers().containsKey(each)) {
                network.addPeer(each, address);
            }
        }
        if (nodes.size() < 2) {
            nodes.addAll(member.nodes());
        }
        nodes.remove(member.node());
        return nodes;
    }

    /** Tells others from now on how far this node has come, and ends its part in all decisions if they know better. */
    public void start(ControlPlane control, LoopScheduler scheduler) {
        scheduler.schedule(TELL_AGAIN, () -> start(control, scheduler));
        ControlPosition own = control.position();
        if (own.equals(ControlPosition.NONE)) {
            return;
        }
        control.nodes().stream()
                .filter(each -> !each.removed() && !each.node().equals(member.node()) && network.isUp(each.node()))
                .map(NodeRecord::node)
                .forEach(peer -> tell(control, peer, own));
    }

    private void tell(ControlPlane control, NodeId peer, ControlPosition own) {
        CompletionStage<Known> answer = ask(peer, own);
        answer.whenComplete((known, failure) -> {
            if (failure == null) {
                compare(control, peer, known);
            } else {
                LOG.debug(
                        "{} is not told: {}", peer, RemoteCalls.reason(failure).getMessage());
            }
        });
    }

    private void compare(ControlPlane control, NodeId peer, Known known) {
        ControlPosition own = control.position();
        marks.reached(member.node(), known.ever);
        if (!own.reaches(known.inProcess)) {
            control.fail(new TidalException(
                    ErrorCode.DIRECTORY_MISMATCH,
                    "control log of node " + member.node() + " has " + own + ", and this process has told node " + peer
                            + " of " + known.inProcess
                            + ": its machine was put back to an older copy while it ran, and has forgotten what it"
                            + " promised; let a node with another name take the place of this one (tidal cluster replace "
                            + member.node() + ")"));
        }
    }
}
