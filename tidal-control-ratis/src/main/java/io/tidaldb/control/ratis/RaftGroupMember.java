package io.tidaldb.control.ratis;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlPosition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ratis' server and its one group: started once, closed once. The group follows from the cluster's name. */
final class RaftGroupMember {

    private static final Logger LOG = LoggerFactory.getLogger(RaftGroupMember.class);

    /** For how long one member is given to take the lead over, and all of them. */
    private static final long TO_ONE_MILLIS = 500;

    private static final long RESIGN_MILLIS = 1_000;

    private final Path directory;
    private final Path raft;
    private final ControlLogContext context;
    private final RaftGroupId group;
    private final GroupFile owner;
    private final Votes votes = new Votes();
    private volatile @Nullable RaftServer server;
    private volatile RaftServer.@Nullable Division division;

    /** Who votes as far as the group's file says. Changed by Ratis' thread that applies. */
    private List<NodeId> known;

    RaftGroupMember(Path directory, ControlLogContext context) {
        this.directory = directory;
        this.raft = directory.resolve("raft");
        this.context = context;
        this.owner = new GroupFile(directory, context);
        this.known = context.members().stream().sorted().toList();
        this.group = group(context.cluster());
    }

    /** Returns the group of a cluster. */
    static RaftGroupId group(String cluster) {
        return RaftGroupId.valueOf(
                UUID.nameUUIDFromBytes(("tidal-control/" + cluster).getBytes(StandardCharsets.UTF_8)));
    }

    RaftGroupId group() {
        return group;
    }

    /** Opens what is there and takes part. */
    void start(CommandStateMachine machine, Submitter submitter, Followers followers) {
        try {
            Path files = raft.resolve(group.getUuid().toString());
            owner.check(files);
            context.checkReached(StorageCheck.check(files));
            MemberRpcType.register();
            RaftServer made = RaftServer.newBuilder()
                    .setServerId(Wire.peer(context.node()))
                    .setGroup(founders())
                    .setOption(RaftStorage.StartupOption.RECOVER)
                    .setStateMachine(machine)
                    .setProperties(Settings.properties(raft, context.network()))
                    .setParameters(MemberRpcType.parameters(context, submitter, followers, votes))
                    .build();
            server = made;
            made.start();
            division = made.getDivision(group);
            owner.made();
        } catch (IOException | ClassNotFoundException | RuntimeException e) {
            close();
            throw StorageCheck.failure(directory, e);
        }
    }

    /** One that joins others has no group before they have agreed on it: it neither votes nor asks for votes. */
    private RaftGroup founders() {
        return context.members().contains(context.node())
                ? RaftGroup.valueOf(group, peers(context.members()))
                : RaftGroup.valueOf(group);
    }

    private static List<RaftPeer> peers(List<NodeId> members) {
        return members.stream()
                .map(member -> RaftPeer.newBuilder().setId(Wire.peer(member)).build())
                .toList();
    }

    static SetConfigurationRequest.Arguments arguments(List<NodeId> voters, List<NodeId> followers) {
        return SetConfigurationRequest.Arguments.newBuilder()
                .setServersInNewConf(peers(voters))
                .setListenersInNewConf(peers(followers))
                .build();
    }

    /** Returns the members that have a part, in order; as far as is known here. */
    List<NodeId> members(RaftPeerRole role) {
        RaftServer.Division running = division;
        Stream<NodeId> known = running == null
                ? role == RaftPeerRole.FOLLOWER ? context.members().stream() : Stream.of()
                : running.getRaftConf().getCurrentPeers(role).stream().map(peer -> Wire.node(peer.getId()));
        return known.sorted().toList();
    }

    /** Remembers who was agreed to vote, if that is not who is known. */
    void agreed(List<NodeId> voters) throws IOException {
        if (!voters.equals(known)) {
            owner.agreed(voters);
            known = voters;
        }
    }

    /** Returns what of this member's past is on its disk for good. */
    ControlPosition position() {
        RaftServer.Division running = division;
        if (running == null) {
            return ControlPosition.NONE;
        }
        try {
            // What is applied was flushed before.
            return new ControlPosition(
                    votes.durableTerm(running), running.getInfo().getLastAppliedIndex() + 1);
        } catch (IOException e) {
            LOG.debug("control log of {} can't tell its term", context.node(), e);
            return ControlPosition.NONE;
        }
    }

    RaftServer server() {
        return Objects.requireNonNull(server);
    }

    /** Returns who leads as far as is known here, or null. */
    @Nullable
    RaftPeerId leader() {
        RaftServer.Division running = division;
        return running == null || !running.getInfo().isAlive()
                ? null
                : running.getInfo().getLeaderId();
    }

    /**
     * Waits until what was known to be agreed when this member was opened is applied; an only member finds that out by itself.
     *
     * @throws TidalException DEADLINE_EXCEEDED if that takes too long
     */
    void awaitReplay(BooleanSupplier ended, long pollMillis, long patienceMillis) {
        RaftServer.Division running = Objects.requireNonNull(division);
        boolean alone = members(RaftPeerRole.FOLLOWER).equals(List.of(context.node()));
        long last = running.getRaftLog().getLastCommittedIndex();
        for (long waited = 0; waited < patienceMillis && !ended.getAsBoolean(); waited += pollMillis) {
            boolean known = !alone || running.getInfo().isLeaderReady();
            if (known && running.getInfo().getLastAppliedIndex() >= last) {
                return;
            }
            try {
                Thread.sleep(pollMillis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        if (!ended.getAsBoolean()) {
            throw new TidalException(
                    ErrorCode.DEADLINE_EXCEEDED,
                    "control log of " + context.node() + " was not replayed within " + patienceMillis
                            + " ms: expected entries up to " + last + ", got to "
                            + running.getInfo().getLastAppliedIndex());
        }
    }

    /** Drops the part of the log that a snapshot stands for. */
    void purge(long index) {
        RaftServer.Division running = division;
        if (running != null && running.getInfo().getLifeCycleState() == LifeCycle.State.RUNNING) {
            var unused = running.getRaftLog().purge(index);
        }
    }

    // Else the others would wait until they miss this one before they elect.
    private void resign(RaftServer made) {
        RaftServer.Division running = division;
        if (running == null || !running.getInfo().isLeaderReady()) {
            return;
        }
        long end = System.nanoTime() + RESIGN_MILLIS * 1_000_000;
        for (NodeId next : members(RaftPeerRole.FOLLOWER)) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (next.equals(context.node()) || left <= 0) {
                continue;
            }
            try {
                RaftPeerId self = Wire.peer(context.node());
                if (made.transferLeadership(new TransferLeadershipRequest(
                                ClientId.randomId(), self, group, 0, Wire.peer(next), Math.min(left, TO_ONE_MILLIS)))
                        .isSuccess()) {
                    return;
                }
            } catch (IOException | RuntimeException e) {
                LOG.debug("control log of {} is not led by {} next: {}", context.node(), next, e.getMessage());
            }
        }
    }

    void close() {
        RaftServer made = server;
        if (made != null) {
            resign(made);
            try {
                // Before the log: what the next leader sends would fail in the middle of it.
                made.getServerRpc().close();
                made.close();
            } catch (IOException e) {
                LOG.warn("control log of {} was not closed cleanly", context.node(), e);
            }
        }
    }
}
