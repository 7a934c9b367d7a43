package io.tidaldb.control.ratis;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlNetwork;
import io.tidaldb.api.control.ControlPosition;
import io.tidaldb.api.control.ControlSnapshot;
import io.tidaldb.control.ratis.Wire.Kind;
import io.tidaldb.control.ratis.Wire.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.statemachine.TransactionContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A member of the group that agrees on the log. Safe for any number of threads. */
final class RatisControlLog implements ControlLog, CommandStateMachine.Events {

    private static final Logger LOG = LoggerFactory.getLogger(RatisControlLog.class);

    /** How long one message with a proposal may take before it is sent again. */
    private static final long FORWARD_MILLIS = 2000;

    private static final long REPLAY_SECONDS = 60;
    private static final long POLL_MILLIS = 5;
    private static final long ROOM_MILLIS = 50;

    private final ControlLogContext context;
    private final RaftPeerId self;
    private final Progress progress = new Progress();
    private final CommandStateMachine machine = new CommandStateMachine(this, progress);
    private final ControlExecutor executor;
    private final ReservedRoom room;
    private final Submitter submitter;
    private final Followers followers = new Followers();
    private final Proposals proposals;
    private final Reads reads;
    private final MemberChanges changes;
    private final RaftGroupMember member;
    private final AtomicBoolean watched = new AtomicBoolean();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private volatile boolean closed;
    private volatile @Nullable TidalException failure;

    private RatisControlLog(ControlLogContext context, Path directory) {
        this.context = context;
        this.self = Wire.peer(context.node());
        this.executor = new ControlExecutor(self.toString());
        this.member = new RaftGroupMember(directory, context);
        this.room = new ReservedRoom(
                directory.resolve("reserved"), () -> directory.toFile().getUsableSpace());
        this.submitter = new Submitter(member.group(), self, room);
        this.proposals = new Proposals(executor, this::send);
        this.changes =
                new MemberChanges(executor, this::isLeader, arguments -> submitter.change(member.server(), arguments));
        this.reads = new Reads(executor, this::agreed, progress::count);
    }

    /** Opens the directory and takes part from then on. */
    static RatisControlLog open(ControlLogContext context, Path directory) {
        RatisControlLog log = new RatisControlLog(context, directory);
        CompletableFuture<Void> started = new CompletableFuture<>();
        log.executor.execute(() -> {
            try {
                log.member.start(log.machine, log.submitter, log.followers);
                started.complete(null);
                log.keepRoom();
            } catch (RuntimeException | Error e) {
                log.executor.shutdown();
                started.completeExceptionally(e);
            }
        });
        try {
            started.join();
        } catch (CompletionException e) {
            throw StorageCheck.failure(directory, e);
        }
        return log;
    }

    private void keepRoom() {
        room.look();
        var unused = executor.schedule(this::keepRoom, ROOM_MILLIS);
    }

    @Override
    public CompletionStage<Long> propose(byte[] command) {
        if (command.length == 0 || command.length > MAX_COMMAND_BYTES) {
            throw TidalException.invalid("command of " + command.length + " bytes is out of range: expected 1 to "
                    + MAX_COMMAND_BYTES + " bytes");
        }
        checkOpen();
        if (!watched.get()) {
            throw TidalException.invalid(
                    "control log is not watched yet: expected a listener before the first proposal");
        }
        return proposals.propose(command.clone());
    }

    @Override
    public void watch(ControlListener listener) {
        checkOpen();
        if (!watched.compareAndSet(false, true)) {
            throw TidalException.invalid("control log is watched already: expected one listener");
        }
        machine.watch(listener);
        member.awaitReplay(() -> closed || failure != null, POLL_MILLIS, TimeUnit.SECONDS.toMillis(REPLAY_SECONDS));
    }

    @Override
    public CompletionStage<Long> read() {
        checkOpen();
        return reads.read();
    }

    @Override
    public void compact(ControlSnapshot snapshot) {
        checkOpen();
        long received = progress.count();
        if (snapshot.index() < 1 || snapshot.index() > received) {
            throw TidalException.invalid("snapshot at index " + snapshot.index()
                    + " is out of range: expected an index that the listener has received, 1 to " + received);
        }
        if (snapshot.state().length > StoredSnapshot.MAX_STATE_BYTES) {
            throw TidalException.invalid("snapshot of " + snapshot.state().length
                    + " bytes is out of range: expected at most " + StoredSnapshot.MAX_STATE_BYTES + " bytes");
        }
        try {
            machine.store(snapshot).ifPresent(member::purge);
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED,
                    "control log: snapshot at index " + snapshot.index() + " can't be written: " + e
                            + "; the log goes on without it",
                    e);
        }
    }

    @Override
    public List<NodeId> members() {
        return member.members(RaftPeerRole.FOLLOWER);
    }

    @Override
    public List<NodeId> followers() {
        return member.members(RaftPeerRole.LISTENER);
    }

    @Override
    public CompletionStage<Void> changeMembers(List<NodeId> voters, List<NodeId> followers) {
        checkOpen();
        return changes.begin(voters, followers);
    }

    @Override
    public Optional<NodeId> leader() {
        return Optional.ofNullable(closed ? null : member.leader()).map(Wire::node);
    }

    @Override
    public ControlPosition position() {
        return member.position();
    }

    @Override
    public void close() {
        end(new TidalException(ErrorCode.CLOSED, "control log is closed: open it again"));
        if (machine.isApplier()) {
            return;
        }
        try {
            ended.get(REPLAY_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            throw new TidalException(ErrorCode.INTERNAL, "control log can't be closed: " + e, e);
        }
    }

    @Override
    public void applied(Proposal proposal, long index) {
        followers.committed();
        proposals.applied(proposal, index);
    }

    @Override
    public void leftOut(Proposal proposal) {
        proposals.leftOut(proposal);
    }

    @Override
    public void replaced() {
        proposals.replaced(progress.newest(proposals.session()));
    }

    @Override
    public void appending(TransactionContext transaction) {
        submitter.appending(transaction);
    }

    @Override
    public void failed(TidalException reason) {
        if (closed) {
            return;
        }
        LOG.error("control log of {} has failed", context.node(), reason);
        end(reason);
        machine.failed(reason);
    }

    @Override
    public void membersChanged(List<RaftPeerId> voters) throws IOException {
        member.agreed(voters.stream().map(Wire::node).sorted().toList());
    }

    private boolean isLeader() {
        return self.equals(member.leader());
    }

    @Override
    public void leaderChanged(RaftPeerId leader) {
        LOG.info("control log: {} decides", Wire.node(leader));
    }

    /** Ratis serves no reads on a member that has joined without a vote, so that asks the leader for one. */
    private CompletableFuture<Long> agreed() {
        RaftPeerId leader = member.leader();
        ControlNetwork network = context.network();
        if (network == null || leader == null || members().contains(context.node())) {
            return submitter.read(member.server());
        }
        return network.request(
                        Wire.node(leader), Wire.message(Kind.READ, new byte[0]), Duration.ofMillis(FORWARD_MILLIS))
                .thenApply(ByteBuffer::getLong)
                .toCompletableFuture();
    }

    private CompletionStage<Verdict> send(byte[] entry, long millisLeft) {
        RaftPeerId leader = member.leader();
        ControlNetwork network = context.network();
        if (leader == null) {
            return CompletableFuture.completedFuture(Verdict.REFUSED);
        } else if (leader.equals(self) || network == null) {
            return submitter.submit(member.server(), entry);
        }
        try {
            return network.request(
                            Wire.node(leader),
                            Wire.message(Kind.PROPOSE, entry),
                            Duration.ofMillis(Math.min(millisLeft, FORWARD_MILLIS)))
                    .handle((answer, thrown) -> thrown == null ? Wire.verdict(answer) : verdict(thrown));
        } catch (TidalException e) {
            return CompletableFuture.completedFuture(verdict(e));
        }
    }

    /** A member's queue that is full, and a member that understands something else, have not taken the proposal. */
    private static Verdict verdict(Throwable thrown) {
        Throwable cause = thrown instanceof CompletionException ? thrown.getCause() : thrown;
        boolean refused = cause instanceof TidalException known
                && (known.code() == ErrorCode.OVERLOADED
                        || known.code() == ErrorCode.INVALID_ARGUMENT
                        || known.code() == ErrorCode.UNSUPPORTED);
        return refused ? Verdict.REFUSED : Verdict.UNKNOWN;
    }

    private void end(TidalException reason) {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            failure = reason;
        }
        machine.release();
        proposals.fail(reason);
        reads.fail(reason);
        changes.fail(reason);
        executor.execute(() -> {
            // Closing waits for Ratis' thread, which may be inside the listener and wait for this one in turn.
            Thread closer = new Thread(
                    () -> {
                        member.close();
                        ended.complete(null);
                    },
                    self + "-close");
            closer.setDaemon(true);
            closer.start();
            executor.shutdown();
        });
    }

    private void checkOpen() {
        TidalException reason = failure;
        if (reason != null) {
            throw new TidalException(reason.code(), reason.getMessage() + "", reason);
        }
    }
}
