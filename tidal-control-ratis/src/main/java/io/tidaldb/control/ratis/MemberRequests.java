package io.tidaldb.control.ratis;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlNetwork;
import io.tidaldb.control.ratis.Wire.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.FileChunkProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto.SnapshotChunkProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.apache.ratis.thirdparty.com.google.protobuf.MessageLite;

/**
 * Answers what other members ask. What arrives is parsed and checked at once, since it is valid during the call only, and handed to threads
 * of its own, since Ratis blocks. What waits for them is bounded in number and bytes; beyond that members are told OVERLOADED and ask again.
 */
final class MemberRequests implements ControlNetwork.Handler {

    /** Other members have one request of each kind under way; the rest is for proposals that they pass on. */
    private static final int MAX_WAITING = 1024;

    private static final int MAX_WAITING_BYTES = 32 << 20;
    private static final int THREADS = 4;
    private static final long END_MILLIS = 1000;
    private static final Pattern REQUEST_ID = Pattern.compile("[0-9a-f-]{36}");
    private static final Pattern SNAPSHOT_FILE = Pattern.compile("sm/snapshot\\.[0-9]{1,19}_[0-9]{1,19}");

    private final RaftServer server;
    private final Submitter submitter;
    private final Votes votes;
    private final Supplier<List<NodeId>> members;
    private final int maxMessageBytes;
    private final AtomicInteger waitingBytes = new AtomicInteger();
    private final ThreadPoolExecutor threads;

    /** Answers that are still to come, by number. */
    private final Map<Long, CompletableFuture<ByteBuffer>> open = new ConcurrentHashMap<>();

    private final AtomicLong requests = new AtomicLong();

    /**
     * What changes a member's log or vote is begun one after the other. Ratis compares the terms under its own lock, but adds entries to its log
     * after it has let go: those of a former leader, held up in between, would replace what the next one has added meanwhile, and a vote
     * would be given without a look at them.
     */
    private final Lock inOrder = new ReentrantLock();

    /** @param members who takes part, as far as is known here at the time */
    MemberRequests(
            RaftServer server, Submitter submitter, Votes votes, Supplier<List<NodeId>> members, int maxMessageBytes) {
        this.server = server;
        this.submitter = submitter;
        this.votes = votes;
        this.members = members;
        this.maxMessageBytes = maxMessageBytes;
        AtomicInteger count = new AtomicInteger();
        this.threads = new ThreadPoolExecutor(
                THREADS, THREADS, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_WAITING), task -> {
                    Thread thread = new Thread(task, server.getId() + "-member-" + count.getAndIncrement());
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
    }

    /** What to do about a request; blocks. */
    @FunctionalInterface
    private interface Work {

        CompletionStage<ByteBuffer> run() throws IOException;
    }

    @Override
    public CompletionStage<ByteBuffer> request(NodeId member, ByteBuffer message) {
        int size = message.remaining();
        Work work;
        try {
            work = work(member, message);
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        } catch (InvalidProtocolBufferException | RuntimeException e) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "a request of " + size + " bytes from " + member + " is not in Raft's form: " + e.getMessage());
        }
        return queue(size, work);
    }

    /**
     * Takes no more, lets what was begun come to its end for a moment, and answers the rest: who asks would wait for it until his time is up.
     */
    void close() {
        threads.shutdown();
        try {
            // Not interrupted: Ratis takes an interrupt while it writes for the end of its log.
            threads.awaitTermination(END_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        open.values().forEach(each -> each.completeExceptionally(closed()));
    }

    private Work work(NodeId member, ByteBuffer message) throws InvalidProtocolBufferException {
        if (message.remaining() < 1 || message.remaining() > maxMessageBytes) {
            throw TidalException.invalid("a request of " + message.remaining() + " bytes from " + member
                    + " is out of range: expected 1 to " + maxMessageBytes + " bytes");
        }
        int position = message.get();
        if (position < 0 || position >= Kind.values().length) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED, "a request of kind " + position + " from " + member + " is not known");
        }
        return switch (Kind.values()[position]) {
            case VOTE -> {
                RequestVoteRequestProto vote = RequestVoteRequestProto.parseFrom(message);
                check(member, vote.getServerRequest());
                yield () -> ordered(() -> answer(vote(vote)));
            }
            case APPEND -> {
                AppendEntriesRequestProto append = AppendEntriesRequestProto.parseFrom(message);
                check(member, append.getServerRequest());
                yield () -> ordered(() -> {
                    submitter.receiving();
                    return server.appendEntriesAsync(append).thenApply(MemberRequests::bytes);
                });
            }
            case SNAPSHOT -> {
                InstallSnapshotRequestProto snapshot = InstallSnapshotRequestProto.parseFrom(message);
                check(member, snapshot.getServerRequest());
                check(member, snapshot.getSnapshotChunk());
                yield () -> ordered(() -> answer(server.installSnapshot(snapshot)));
            }
            case ELECTION -> {
                StartLeaderElectionRequestProto election = StartLeaderElectionRequestProto.parseFrom(message);
                check(member, election.getServerRequest());
                yield () -> ordered(() -> answer(server.startLeaderElection(election)));
            }
            case READ_INDEX -> {
                ReadIndexRequestProto read = ReadIndexRequestProto.parseFrom(message);
                checkMember(member);
                check(member, read.getServerRequest());
                yield () -> server.readIndexAsync(read).thenApply(MemberRequests::bytes);
            }
            case READ -> {
                checkMember(member);
                yield () -> submitter
                        .read(server)
                        .thenApply(agreed ->
                                ByteBuffer.allocate(Long.BYTES).putLong(agreed).flip());
            }
            case PROPOSE -> {
                checkMember(member);
                Proposal.decode(message.duplicate());
                byte[] entry = new byte[message.remaining()];
                message.get(entry);
                yield () -> submitter.submit(server, entry).thenApply(Wire::answer);
            }
        };
    }

    private RequestVoteReplyProto vote(RequestVoteRequestProto vote) throws IOException {
        RequestVoteReplyProto reply = server.requestVote(vote);
        votes.durableTerm(server.getDivision(submitter.group()));
        return reply;
    }

    private CompletionStage<ByteBuffer> ordered(Work work) throws IOException {
        inOrder.lock();
        try {
            return work.run();
        } finally {
            inOrder.unlock();
        }
    }

    /**
     * Only members may have something agreed, or know of it. Raft's own requests are answered to whoever has a link: who was away while the
     * members changed does not know those who lead now.
     */
    private void checkMember(NodeId member) {
        List<NodeId> known = members.get();
        if (!known.contains(member)) {
            throw TidalException.invalid(
                    "a request from " + member + " is refused: the control log's members are " + known);
        }
    }

    /** A member speaks for itself alone, and to this one. */
    private void check(NodeId member, RaftRpcRequestProto header) {
        if (!RaftPeerId.valueOf(header.getRequestorId()).equals(Wire.peer(member))
                || !RaftPeerId.valueOf(header.getReplyId()).equals(server.getId())) {
            throw TidalException.invalid("a request from " + member + " says that it is from "
                    + header.getRequestorId().toStringUtf8() + " to "
                    + header.getReplyId().toStringUtf8() + ": expected " + Wire.peer(member) + " and "
                    + server.getId());
        }
    }

    /** What names files must name those that a member sends. */
    private static void check(NodeId member, SnapshotChunkProto part) {
        boolean proper = REQUEST_ID.matcher(part.getRequestId()).matches()
                && part.getTotalSize() <= StoredSnapshot.MAX_BYTES
                && part.getFileChunksCount() == 1;
        for (FileChunkProto chunk : part.getFileChunksList()) {
            proper &= SNAPSHOT_FILE.matcher(chunk.getFilename()).matches()
                    && chunk.getOffset() >= 0
                    && chunk.getOffset() + chunk.getData().size() <= StoredSnapshot.MAX_BYTES;
        }
        if (!proper) {
            throw TidalException.invalid("a part of a snapshot from " + member
                    + " is refused: expected one part of a file sm/snapshot.TERM_INDEX of at most "
                    + StoredSnapshot.MAX_BYTES + " bytes");
        }
    }

    private CompletionStage<ByteBuffer> queue(int size, Work work) {
        if (waitingBytes.addAndGet(size) > MAX_WAITING_BYTES) {
            waitingBytes.addAndGet(-size);
            return refused(
                    ErrorCode.OVERLOADED,
                    "control log has more than " + MAX_WAITING_BYTES
                            + " bytes of members' requests waiting: try again later");
        }
        CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
        long number = requests.incrementAndGet();
        open.put(number, answer);
        var unused = answer.whenComplete((bytes, thrown) -> open.remove(number));
        try {
            threads.execute(() -> run(size, work, answer));
        } catch (RejectedExecutionException e) {
            open.remove(number);
            waitingBytes.addAndGet(-size);
            return threads.isShutdown()
                    ? CompletableFuture.failedFuture(closed())
                    : refused(
                            ErrorCode.OVERLOADED,
                            "control log has " + MAX_WAITING + " requests of members waiting: try again later");
        }
        return answer;
    }

    private void run(int size, Work work, CompletableFuture<ByteBuffer> answer) {
        try {
            if (threads.isShutdown()) {
                answer.completeExceptionally(closed());
                return;
            }
            work.run().whenComplete((bytes, thrown) -> {
                if (thrown == null) {
                    answer.complete(bytes);
                } else {
                    answer.completeExceptionally(unavailable(thrown));
                }
            });
        } catch (IOException | RuntimeException e) {
            answer.completeExceptionally(unavailable(e));
        } finally {
            waitingBytes.addAndGet(-size);
        }
    }

    private static TidalException unavailable(Throwable thrown) {
        return new TidalException(
                ErrorCode.PEER_UNAVAILABLE, "control log can't answer now: " + thrown.getMessage(), thrown);
    }

    private static TidalException closed() {
        return new TidalException(ErrorCode.PEER_UNAVAILABLE, "control log is closed");
    }

    private static CompletionStage<ByteBuffer> refused(ErrorCode code, String message) {
        return CompletableFuture.failedFuture(new TidalException(code, message));
    }

    private static CompletionStage<ByteBuffer> answer(MessageLite reply) {
        return CompletableFuture.completedFuture(bytes(reply));
    }

    private static ByteBuffer bytes(MessageLite reply) {
        return ByteBuffer.wrap(reply.toByteArray());
    }
}
