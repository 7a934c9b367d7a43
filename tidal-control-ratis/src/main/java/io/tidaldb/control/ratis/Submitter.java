package io.tidaldb.control.ratis;

import io.tidaldb.control.ratis.Wire.Verdict;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.exceptions.ResourceUnavailableException;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.jspecify.annotations.Nullable;

/**
 * Submits to this member's own Raft server. Ratis answers in the same way whether a leader refused an entry or had written it before it
 * lost its office; so what is about to be written is noted, and the two are told apart.
 */
final class Submitter {

    private static final RaftClientRequest.Type WRITE = RaftClientRequest.writeRequestType();
    private static final RaftClientRequest.Type READ = RaftClientRequest.readRequestType();

    private final RaftGroupId group;
    private final RaftPeerId self;
    private final ClientId client = ClientId.randomId();
    private final AtomicLong calls = new AtomicLong();

    /** By call; true once the entry is about to be written. Bounded by {@link Settings#QUEUE_ENTRIES}. */
    private final ConcurrentHashMap<Long, Boolean> open = new ConcurrentHashMap<>();

    private final ReservedRoom room;

    Submitter(RaftGroupId group, RaftPeerId self, ReservedRoom room) {
        this.group = group;
        this.self = self;
        this.room = room;
    }

    RaftGroupId group() {
        return group;
    }

    /**
     * Submits an entry. The stage never fails.
     *
     * @param entry an encoded {@link Proposal}; must not be changed
     */
    CompletionStage<Verdict> submit(RaftServer server, byte[] entry) {
        if (open.size() >= Settings.QUEUE_ENTRIES) {
            return CompletableFuture.completedFuture(Verdict.FULL);
        }
        long call = calls.incrementAndGet();
        open.put(call, false);
        return send(server, call, WRITE, Message.valueOf(UnsafeByteOperations.unsafeWrap(entry)))
                .handle((reply, thrown) -> verdict(call, reply));
    }

    /** Asks for a linearizable read: how many commands are agreed. The stage fails if that can't be had now. */
    CompletableFuture<Long> read(RaftServer server) {
        return send(server, calls.incrementAndGet(), READ, Message.valueOf("read"))
                .thenApply(reply -> {
                    if (!reply.isSuccess()) {
                        throw new CompletionException(reply.getException());
                    }
                    return Long.parseLong(reply.getMessage().getContent().toStringUtf8());
                });
    }

    /** Changes the members. The stage fails, or the reply says so, if that can't be. */
    CompletableFuture<RaftClientReply> change(RaftServer server, SetConfigurationRequest.Arguments members) {
        try {
            return server.setConfigurationAsync(
                    new SetConfigurationRequest(client, self, group, calls.incrementAndGet(), members));
        } catch (IOException | RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Sees to it that entries of another member can be written, which are about to be. */
    void receiving() {
        room.look();
    }

    /** Notes that an entry is about to be written, and sees to it that it can be. */
    void appending(TransactionContext transaction) {
        room.look();
        RaftClientRequest request = transaction.getClientRequest();
        if (request != null && client.equals(request.getClientId())) {
            open.replace(request.getCallId(), true);
        }
    }

    private CompletableFuture<RaftClientReply> send(
            RaftServer server, long call, RaftClientRequest.Type type, Message message) {
        RaftClientRequest request = RaftClientRequest.newBuilder()
                .setClientId(client)
                .setServerId(self)
                .setGroupId(group)
                .setCallId(call)
                .setMessage(message)
                .setType(type)
                .build();
        try {
            return server.submitClientRequestAsync(request);
        } catch (IOException | RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private Verdict verdict(long call, @Nullable RaftClientReply reply) {
        boolean appended = Boolean.TRUE.equals(open.remove(call));
        if (reply != null && reply.isSuccess()) {
            return Verdict.AGREED;
        } else if (appended) {
            return Verdict.UNKNOWN;
        } else if (reply != null && reply.getException() instanceof ResourceUnavailableException) {
            return Verdict.FULL;
        }
        return Verdict.REFUSED;
    }
}
