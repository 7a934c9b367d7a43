package io.tidaldb.transport.inproc;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Scheduler;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportHandler;
import io.tidaldb.transport.inproc.Channel.Kind;
import io.tidaldb.transport.inproc.Channel.Parcel;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One node's end of the network. */
final class InprocTransport implements Transport {

    private final InprocNetwork network;
    private final TransportContext context;
    private final Map<NodeId, String> peers = new ConcurrentHashMap<>();
    private final Map<NodeId, Channel> channels = new ConcurrentHashMap<>();
    /** In the order in which they were made: that is the order in which they fail together. */
    private final Map<Long, OpenRequest> requests = new ConcurrentSkipListMap<>();

    private final AtomicLong nextRequest = new AtomicLong();
    private volatile @Nullable TransportHandler handler;
    private volatile boolean closed;
    private volatile boolean dead;

    private record OpenRequest(Channel channel, CompletableFuture<ByteBuffer> answer, Scheduler.Cancellable deadline) {}

    InprocTransport(InprocNetwork network, TransportContext context) {
        this.network = network;
        this.context = context;
    }

    InprocNetwork network() {
        return network;
    }

    NodeId local() {
        return context.local();
    }

    Scheduler scheduler() {
        return context.scheduler();
    }

    long queueBytes() {
        return context.queueBytes();
    }

    boolean knows(NodeId peer, String address) {
        return address.equals(peers.get(peer));
    }

    /** Returns whether a stranger may have a link. */
    boolean admits(NodeId stranger) {
        TransportHandler receiver = handler;
        return receiver != null && !peers.containsKey(stranger) && receiver.admits(stranger);
    }

    @Override
    public void start(TransportHandler receiver) {
        handler = receiver;
        network.listen(this);
    }

    @Override
    public String address() {
        return context.listen().isEmpty() ? context.local().name() : context.listen();
    }

    @Override
    public void addPeer(NodeId peer, String address) {
        if (!closed && !address.equals(peers.put(peer, address))) {
            network.changed(this);
        }
    }

    @Override
    public void removePeer(NodeId peer) {
        if (peers.remove(peer) != null) {
            network.changed(this);
        }
    }

    @Override
    public boolean send(NodeId peer, ByteBuffer message) {
        ByteBuffer copy = copy(peer, message);
        Channel channel = channels.get(peer);
        return channel != null && channel.send(new Parcel(Kind.MESSAGE, 0, copy));
    }

    @Override
    public CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message, Duration deadline) {
        ByteBuffer copy = copy(peer, message);
        CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
        Channel channel = channels.get(peer);
        if (closed || channel == null) {
            fail(answer, closed ? closed() : unavailable(peer));
            return answer;
        }
        long id = nextRequest.incrementAndGet();
        Scheduler.Cancellable timer = scheduler().schedule(deadline, () -> end(id, late(peer, deadline)));
        requests.put(id, new OpenRequest(channel, answer, timer));
        if (!channel.send(new Parcel(Kind.REQUEST, id, copy))) {
            boolean up = channels.get(peer) == channel;
            end(
                    id,
                    up
                            ? new TidalException(
                                    ErrorCode.OVERLOADED,
                                    "the queue of " + context.queueBytes() + " bytes to node " + peer
                                            + " is full: try again after a pause")
                            : unavailable(peer));
        }
        return answer;
    }

    private ByteBuffer copy(NodeId peer, ByteBuffer message) {
        if (message.remaining() > context.maxMessageBytes()) {
            throw TidalException.invalid("a message of " + message.remaining() + " bytes to node " + peer
                    + " is too large: expected at most " + context.maxMessageBytes());
        }
        return ByteBuffer.allocate(message.remaining()).put(message).flip();
    }

    private void end(long id, TidalException reason) {
        OpenRequest request = requests.remove(id);
        if (request != null) {
            request.deadline.cancel();
            fail(request.answer, reason);
        }
    }

    // On the scheduler, so that whoever waits is never called in the stack of whoever closes or sends.
    private void fail(CompletableFuture<ByteBuffer> answer, TidalException reason) {
        scheduler().execute(() -> answer.completeExceptionally(reason));
    }

    void open(Channel channel) {
        channels.put(channel.to().local(), channel);
    }

    void drop(Channel channel) {
        NodeId peer = channel.to().local();
        channels.remove(peer, channel);
        requests.forEach((id, request) -> {
            if (request.channel == channel) {
                end(id, closed ? closed() : unavailable(peer));
            }
        });
    }

    void announce(Channel channel, boolean up) {
        NodeId peer = channel.to().local();
        tell(receiver -> {
            if (up) {
                receiver.peerUp(peer);
            } else {
                receiver.peerDown(peer);
            }
        });
    }

    void writable(NodeId peer) {
        tell(receiver -> receiver.writable(peer));
    }

    private void tell(Consumer<TransportHandler> what) {
        scheduler().execute(() -> {
            TransportHandler receiver = handler;
            if (!closed && receiver != null) {
                what.accept(receiver);
            }
        });
    }

    /** Takes a message from a peer's channel. On the scheduler. */
    void receive(Channel from, Parcel parcel) {
        TransportHandler receiver = handler;
        if (closed || receiver == null) {
            return;
        }
        NodeId peer = from.from().local();
        switch (parcel.kind()) {
            case MESSAGE -> receiver.message(peer, parcel.bytes());
            case REQUEST -> answer(from.from(), receiver, parcel);
            case ANSWER -> complete(parcel, null);
            case FAILURE -> complete(parcel, failure(parcel.bytes()));
        }
    }

    private void answer(InprocTransport asking, TransportHandler receiver, Parcel request) {
        NodeId peer = asking.local();
        CompletionStage<ByteBuffer> answer;
        try {
            answer = receiver.request(peer, request.bytes());
        } catch (RuntimeException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        answer.whenComplete((bytes, failure) -> {
            Channel back = channels.get(peer);
            // One that has been opened again numbers its requests anew.
            if (back != null && back.to() == asking) {
                back.send(
                        failure == null
                                ? new Parcel(
                                        Kind.ANSWER,
                                        request.id(),
                                        ByteBuffer.allocate(bytes.remaining())
                                                .put(bytes)
                                                .flip())
                                : new Parcel(Kind.FAILURE, request.id(), failure(failure)));
            }
        });
    }

    private void complete(Parcel parcel, @Nullable TidalException failure) {
        OpenRequest request = requests.remove(parcel.id());
        if (request != null) {
            request.deadline.cancel();
            if (failure == null) {
                request.answer.complete(parcel.bytes());
            } else {
                request.answer.completeExceptionally(failure);
            }
        }
    }

    private static ByteBuffer failure(Throwable thrown) {
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        String text = cause instanceof TidalException known
                ? known.code() + " " + known.getMessage()
                : ErrorCode.INTERNAL + " the peer's handler failed: " + cause;
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static TidalException failure(ByteBuffer bytes) {
        String text = StandardCharsets.UTF_8.decode(bytes).toString();
        for (ErrorCode code : ErrorCode.values()) {
            if (text.startsWith(code + " ")) {
                return new TidalException(code, text.substring(code.name().length() + 1));
            }
        }
        // Spoilt on its way.
        return new TidalException(ErrorCode.INTERNAL, text);
    }

    private static TidalException unavailable(NodeId peer) {
        return new TidalException(
                ErrorCode.PEER_UNAVAILABLE, "there is no link to node " + peer + ": it is down, unknown or cut off");
    }

    private static TidalException late(NodeId peer, Duration deadline) {
        return new TidalException(
                ErrorCode.DEADLINE_EXCEEDED, "node " + peer + " did not answer a request within " + deadline);
    }

    private TidalException closed() {
        return new TidalException(ErrorCode.CLOSED, "the transport of node " + local() + " is closed");
    }

    /** Ends without a word, as its process did. */
    void die() {
        dead = true;
        closed = true;
        channels.clear();
        requests.clear();
    }

    boolean isDead() {
        return dead;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            network.leave(this);
        }
    }
}
