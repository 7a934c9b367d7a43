package io.tidaldb.control.ratis;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlNetwork;
import io.tidaldb.control.ratis.Wire.Kind;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotReplyProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexReplyProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionReplyProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerRpc;
import org.apache.ratis.server.protocol.RaftServerAsynchronousProtocol;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.apache.ratis.thirdparty.com.google.protobuf.MessageLite;
import org.apache.ratis.thirdparty.com.google.protobuf.Parser;
import org.jspecify.annotations.Nullable;

/** Carries Raft's requests over the node's network. It listens nowhere itself. */
final class MemberRpc implements RaftServerRpc, RaftServerAsynchronousProtocol {

    /** A vote that comes later than an election lasts is of no use, nor is a heartbeat. */
    private static final Duration SHORT = Duration.ofSeconds(1);

    /** Long enough for the largest batch over a slow line. */
    private static final Duration LONG = Duration.ofSeconds(5);

    /** Ratis asks for an address; nothing is there. */
    private static final InetSocketAddress NOWHERE = InetSocketAddress.createUnresolved("tidal", 0);

    private final RpcType type;
    private final RaftServer server;
    private final ControlLogContext context;
    private final @Nullable ControlNetwork network;
    private final Submitter submitter;
    private final Votes votes;
    private volatile @Nullable MemberRequests requests;

    MemberRpc(RpcType type, RaftServer server, ControlLogContext context, Submitter submitter, Votes votes) {
        this.type = type;
        this.server = server;
        this.context = context;
        this.network = context.network();
        this.submitter = submitter;
        this.votes = votes;
    }

    @Override
    public void start() {
        if (network != null) {
            MemberRequests started =
                    new MemberRequests(server, submitter, votes, this::members, network.maxMessageBytes());
            requests = started;
            network.serve(started);
        }
    }

    private List<NodeId> members() {
        try {
            RaftConfiguration known = server.getDivision(submitter.group()).getRaftConf();
            return Stream.of(RaftPeerRole.FOLLOWER, RaftPeerRole.LISTENER)
                    .flatMap(role -> known.getAllPeers(role).stream())
                    .map(peer -> Wire.node(peer.getId()))
                    .toList();
        } catch (IOException e) {
            return context.members();
        }
    }

    @Override
    public void close() {
        MemberRequests started = requests;
        if (started != null) {
            started.close();
        }
    }

    @Override
    public RequestVoteReplyProto requestVote(RequestVoteRequestProto request) throws IOException {
        // It votes for itself.
        votes.durableTerm(server.getDivision(submitter.group()));
        return ask(Kind.VOTE, request, request.getServerRequest(), SHORT, RequestVoteReplyProto.parser());
    }

    @Override
    public AppendEntriesReplyProto appendEntries(AppendEntriesRequestProto request) throws IOException {
        Duration deadline = request.getEntriesCount() == 0 ? SHORT : LONG;
        return ask(Kind.APPEND, request, request.getServerRequest(), deadline, AppendEntriesReplyProto.parser());
    }

    @Override
    public InstallSnapshotReplyProto installSnapshot(InstallSnapshotRequestProto request) throws IOException {
        return ask(Kind.SNAPSHOT, request, request.getServerRequest(), LONG, InstallSnapshotReplyProto.parser());
    }

    @Override
    public StartLeaderElectionReplyProto startLeaderElection(StartLeaderElectionRequestProto request)
            throws IOException {
        return ask(Kind.ELECTION, request, request.getServerRequest(), SHORT, StartLeaderElectionReplyProto.parser());
    }

    @Override
    public RaftServerAsynchronousProtocol async() {
        return this;
    }

    @Override
    public CompletableFuture<AppendEntriesReplyProto> appendEntriesAsync(AppendEntriesRequestProto request) {
        return send(Kind.APPEND, request, request.getServerRequest(), LONG, AppendEntriesReplyProto.parser());
    }

    @Override
    public CompletableFuture<ReadIndexReplyProto> readIndexAsync(ReadIndexRequestProto request) {
        return send(Kind.READ_INDEX, request, request.getServerRequest(), SHORT, ReadIndexReplyProto.parser());
    }

    @Override
    public void addRaftPeers(Collection<RaftPeer> peers) {
        // The network knows all members.
    }

    @Override
    public void handleException(RaftPeerId peer, Exception failure, boolean reconnect) {
        // The network connects again by itself.
    }

    @Override
    public InetSocketAddress getInetSocketAddress() {
        return NOWHERE;
    }

    @Override
    public RpcType getRpcType() {
        return type;
    }

    private <T> T ask(Kind kind, MessageLite body, RaftRpcRequestProto header, Duration deadline, Parser<T> parser)
            throws IOException {
        try {
            return send(kind, body, header, deadline, parser).get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for an answer");
        } catch (ExecutionException e) {
            throw new Unanswered(kind + " to " + header.getReplyId().toStringUtf8() + ": " + e.getCause());
        }
    }

    private <T> CompletableFuture<T> send(
            Kind kind, MessageLite body, RaftRpcRequestProto header, Duration deadline, Parser<T> parser) {
        if (network == null) {
            return CompletableFuture.failedFuture(new Unanswered("this node is the only member"));
        }
        try {
            return network.request(
                            Wire.node(RaftPeerId.valueOf(header.getReplyId())), Wire.message(kind, body), deadline)
                    .thenApply(answer -> parsed(parser, answer))
                    .toCompletableFuture();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static <T> T parsed(Parser<T> parser, ByteBuffer answer) {
        try {
            return parser.parseFrom(answer);
        } catch (InvalidProtocolBufferException e) {
            throw new CompletionException(e);
        }
    }

    /** An everyday failure: a member that is away is asked several times a second, so it has no stack trace. */
    private static final class Unanswered extends IOException {

        private static final long serialVersionUID = 1L;

        Unanswered(String message) {
            super(message);
        }

        @Override
        @SuppressWarnings("UnsynchronizedOverridesSynchronized") // does nothing
        public Throwable fillInStackTrace() {
            return this;
        }
    }
}
