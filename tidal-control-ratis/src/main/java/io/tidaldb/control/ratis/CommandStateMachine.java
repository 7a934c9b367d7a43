package io.tidaldb.control.ratis;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlSnapshot;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.apache.ratis.proto.RaftProtos;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;

/**
 * Hands the listener what is committed. Ratis calls {@link #applyTransaction} and {@link #reinitialize} from one thread of its own, which
 * waits here until there is a listener.
 */
final class CommandStateMachine extends BaseStateMachine {

    /** What the log wants to know. Called by Ratis' threads; must not block. */
    interface Events {

        /** A proposal is applied and has been received by the listener. */
        void applied(Proposal proposal, long index);

        /** A proposal was left out, because its session has a newer one. */
        void leftOut(Proposal proposal);

        /** A snapshot took the place of entries that were not applied one by one. */
        void replaced();

        /** This node is about to write a proposal to its log as the leader. */
        void appending(TransactionContext transaction);

        /** Nothing can go on. */
        void failed(TidalException failure);

        /** These vote from now on. Durable when this returns. */
        void membersChanged(List<RaftPeerId> voters) throws IOException;

        /** Somebody else decides from now on. */
        void leaderChanged(RaftPeerId leader);
    }

    private final Events events;
    private final Progress progress;
    private final SnapshotStore snapshots = new SnapshotStore();
    private final CountDownLatch watched = new CountDownLatch(1);

    /** What the listener must be told first; null if the log begins at its beginning. */
    private @Nullable ControlSnapshot recovered;

    /** Set before the latch is opened; null then if the log is closed. */
    private volatile @Nullable ControlListener listener;

    private volatile boolean closed;
    private volatile @Nullable Thread applier;

    CommandStateMachine(Events events, Progress progress) {
        this.events = events;
        this.progress = progress;
    }

    @Override
    public void initialize(RaftServer server, RaftGroupId group, RaftStorage storage) throws IOException {
        getLifeCycle().startAndTransition(() -> {
            super.initialize(server, group, storage);
            snapshots.init(storage);
            load();
        });
    }

    @Override
    public void pause() {
        try {
            snapshots.forceReceived();
        } catch (IOException e) {
            throw fail(new TidalException(
                    ErrorCode.STORE_FAILED, "control log: a snapshot that was received can't be stored: " + e, e));
        }
        getLifeCycle().transition(LifeCycle.State.PAUSING);
        getLifeCycle().transition(LifeCycle.State.PAUSED);
    }

    @Override
    public void reinitialize() throws IOException {
        getLifeCycle().transition(LifeCycle.State.STARTING);
        try {
            load();
            ControlListener receiver = awaitListener();
            ControlSnapshot snapshot = recovered;
            if (receiver != null && snapshot != null) {
                receiver.snapshot(snapshot);
                recovered = null;
                events.replaced();
            }
        } catch (RuntimeException e) {
            throw fail(e);
        }
        getLifeCycle().transition(LifeCycle.State.RUNNING);
    }

    private void load() throws IOException {
        StoredSnapshot newest = snapshots.read();
        if (newest != null) {
            progress.reset(newest);
            recovered = newest.snapshot();
            setLastAppliedTermIndex(snapshots.getLatestSnapshot().getTermIndex());
        }
    }

    @Override
    public TransactionContext preAppendTransaction(TransactionContext transaction) {
        events.appending(transaction);
        return transaction;
    }

    @Override
    public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
        ControlListener receiver = awaitListener();
        if (receiver == null || closed) {
            // Applied after the next start: it counts only there.
            return CompletableFuture.completedFuture(Message.EMPTY);
        }
        RaftProtos.LogEntryProto entry = transaction.getLogEntry();
        TermIndex place = TermIndex.valueOf(entry);
        try {
            Proposal proposal =
                    Proposal.decode(entry.getStateMachineLogEntry().getLogData().asReadOnlyByteBuffer());
            long index = progress.apply(place, proposal);
            if (index > 0) {
                receiver.committed(new ControlEntry(index, proposal.command()));
            }
            updateLastAppliedTermIndex(place);
            if (index > 0) {
                events.applied(proposal, index);
            } else {
                events.leftOut(proposal);
            }
            return CompletableFuture.completedFuture(Message.EMPTY);
        } catch (RuntimeException e) {
            throw fail(e);
        }
    }

    /** Answers a linearizable read: with the index reached. */
    @Override
    public CompletableFuture<Message> query(Message request) {
        return CompletableFuture.completedFuture(
                Message.valueOf(ByteString.copyFromUtf8(Long.toString(progress.count()))));
    }

    /** Gives the listener what was recovered; entries follow. */
    void watch(ControlListener receiver) {
        ControlSnapshot snapshot = recovered;
        if (snapshot != null) {
            receiver.snapshot(snapshot);
            recovered = null;
        }
        listener = receiver;
        watched.countDown();
    }

    /** Tells the listener, if there is one, that nothing follows. */
    void failed(TidalException reason) {
        ControlListener receiver = listener;
        if (receiver != null) {
            receiver.failed(reason);
        }
    }

    /** Lets go of Ratis' thread; nothing more is handed on. */
    void release() {
        closed = true;
        watched.countDown();
    }

    /** Returns whether the caller is inside a call of the listener. */
    boolean isApplier() {
        return Thread.currentThread() == applier;
    }

    /**
     * Stores a snapshot durably.
     *
     * @return the index in the Raft log up to which it stands for the entries; empty if there is a newer one
     */
    Optional<Long> store(ControlSnapshot snapshot) throws IOException {
        Optional<Progress.Placed> placed = progress.place(snapshot);
        if (placed.isPresent()) {
            snapshots.write(placed.get().place(), placed.get().stored().encode());
        }
        return placed.map(it -> it.place().getIndex());
    }

    private @Nullable ControlListener awaitListener() {
        applier = Thread.currentThread();
        try {
            watched.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
        return listener;
    }

    private TidalException fail(RuntimeException thrown) {
        TidalException failure = thrown instanceof TidalException known
                ? known
                : new TidalException(
                        ErrorCode.INTERNAL, "control log's listener failed: the node must stop: " + thrown, thrown);
        events.failed(failure);
        return failure;
    }

    @Override
    public void notifyLogFailed(Throwable cause, RaftProtos.@Nullable LogEntryProto entry) {
        events.failed(new TidalException(
                ErrorCode.STORE_FAILED, "control log can't be written: " + cause + "; reopen it", cause));
    }

    @Override
    public void notifyConfigurationChanged(long term, long index, RaftProtos.RaftConfigurationProto agreed) {
        if (agreed.getOldPeersCount() == 0) {
            try {
                events.membersChanged(agreed.getPeersList().stream()
                        .map(peer -> RaftPeerId.valueOf(peer.getId()))
                        .toList());
            } catch (IOException e) {
                throw fail(new TidalException(
                        ErrorCode.STORE_FAILED, "control log: its members can't be written: " + e + "; reopen it", e));
            }
        }
    }

    @Override
    public void notifyLeaderChanged(RaftGroupMemberId member, RaftPeerId leader) {
        events.leaderChanged(leader);
    }

    @Override
    public long takeSnapshot() {
        return RaftLog.INVALID_LOG_INDEX;
    }

    @Override
    public StateMachineStorage getStateMachineStorage() {
        return snapshots;
    }
}
