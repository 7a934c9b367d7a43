package io.tidaldb.transport.netty;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Scheduler;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.FileRange;
import io.tidaldb.api.transport.PeerRefusal;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportContext;
import io.tidaldb.api.transport.TransportHandler;
import io.tidaldb.transport.netty.Greeting.Hello;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A node's end of its links over TCP: who is there, and where it listens. Safe for any number of threads. */
@SuppressWarnings("FutureReturnValueIgnored") // What fails closes the channel, and that is seen.
final class NettyTransport implements Transport {

    private static final Endpoint ANYWHERE = new Endpoint("127.0.0.1", 0);

    private final TransportContext context;
    private final Limits limits;
    private final Sockets sockets;
    private final Endpoint listen;
    private final @Nullable Endpoint advertise;
    private final Tls.@Nullable Source tls;
    private final Refusals refusals;
    private final Gate gate;
    private final Resolver resolver = new Resolver();
    private final int instance = ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE);
    private final Map<NodeId, Peer> peers = new ConcurrentHashMap<>();
    private final AtomicInteger links = new AtomicInteger();
    private final ChannelGroup channels = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE);
    private volatile @Nullable EventLoopGroup loops;
    private volatile @Nullable Channel server;
    private volatile @Nullable TransportHandler handler;
    private volatile boolean closed;

    NettyTransport(TransportContext context, Limits limits, Sockets sockets) {
        this.context = context;
        this.limits = limits;
        this.sockets = sockets;
        this.listen = context.listen().isEmpty()
                ? ANYWHERE
                : Endpoint.parse(context.listen(), "listen", ErrorCode.INVALID_CONFIGURATION);
        this.advertise = context.advertise() == null
                ? null
                : Endpoint.parse(context.advertise(), "advertise", ErrorCode.INVALID_CONFIGURATION);
        this.tls = context.tls() == null ? null : new TlsFiles(context.tls());
        this.refusals = new Refusals(context.local().name(), context.scheduler().nanoTime());
        this.gate = new Gate(limits);
    }

    NodeId local() {
        return context.local();
    }

    String cluster() {
        return context.cluster();
    }

    int instance() {
        return instance;
    }

    Limits limits() {
        return limits;
    }

    Scheduler scheduler() {
        return context.scheduler();
    }

    long queueBytes() {
        return context.queueBytes();
    }

    int maxMessageBytes() {
        return context.maxMessageBytes();
    }

    /** Returns the scheduler's time, meaningful as a difference only. */
    int nowMillis() {
        return (int) TimeUnit.NANOSECONDS.toMillis(scheduler().nanoTime());
    }

    // Listening

    @Override
    public void start(TransportHandler receiver) {
        @Nullable InetAddress host = local().isClient() ? null : host();
        handler = receiver;
        EventLoopGroup started = sockets.eventLoops();
        loops = started;
        if (host == null) {
            // Nobody dials a client.
            return;
        }
        ChannelFuture bound = sockets.server(started, this::accepted)
                .bind(new InetSocketAddress(host, listen.port()))
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "node " + local() + " can't listen at " + listen + ": " + Tls.reason(bound.cause())
                            + "; expected an address of this machine that is free",
                    bound.cause());
        }
        server = bound.channel();
    }

    private InetAddress host() {
        InetAddress host;
        try {
            host = InetAddress.getByName(listen.host());
        } catch (UnknownHostException e) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "node " + local() + " can't listen at " + listen + ": the host is not known",
                    e);
        }
        if (tls == null && !host.isLoopbackAddress()) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "node " + local() + " would listen at " + listen
                            + ", where others than this machine reach it, without TLS: configure TLS with a certificate"
                            + " for the node, or listen at 127.0.0.1 or [::1]");
        }
        if (advertise == null && host.isAnyLocalAddress()) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "node " + local() + " would listen at " + listen
                            + ", which is no address to reach it at: say which one to advertise to its peers");
        }
        return host;
    }

    private void accepted(Channel channel) {
        String full = closed ? "the node is about to stop" : gate.enter(channel);
        if (full != null) {
            refused(Sockets.print(channel.remoteAddress()), full);
            channel.close();
            return;
        }
        greet(channel, null);
    }

    private void greet(Channel channel, @Nullable Peer dialled) {
        channels.add(channel);
        if (tls != null) {
            channel.pipeline()
                    .addLast(tls.current()
                            .handler(
                                    channel.alloc(),
                                    dialled != null,
                                    limits.handshake().toMillis()));
        }
        channel.pipeline().addLast(new Handshake(this, dialled));
    }

    void handshakeOver(Channel channel) {
        gate.handshakeOver(channel);
    }

    /** Returns what nodes prove with; null if they need not. */
    @Nullable
    Tls tls() {
        Tls.Source source = tls;
        return source == null ? null : source.current();
    }

    /** Says that somebody who asked for a link was refused. */
    void refusedPeer(SocketAddress from, PeerRefusal why) {
        TransportHandler told = handler;
        if (told != null && from instanceof InetSocketAddress address && address.getAddress() != null) {
            told.refused(address.getAddress().getHostAddress(), why);
        }
    }

    void refused(String who, String why) {
        refusals.say(who, why, scheduler().nanoTime());
    }

    @Override
    public String address() {
        Channel listening = server;
        int port = listening == null ? listen.port() : ((InetSocketAddress) listening.localAddress()).getPort();
        Endpoint reached = advertise == null ? listen : advertise;
        return (reached.port() == 0 || advertise == null ? reached.withPort(port) : reached).toString();
    }

    // Peers

    @Override
    public void addPeer(NodeId id, String address) {
        Endpoint endpoint = Endpoint.parse(address, "peer", ErrorCode.INVALID_ARGUMENT);
        if (endpoint.port() == 0) {
            throw TidalException.invalid("peer address \"" + endpoint + "\" has no port: expected 1 to 65535");
        }
        if (id.equals(local())) {
            throw TidalException.invalid("node " + id + " can't be its own peer: expected the name of another node");
        }
        if (!closed) {
            Peer known = peers.get(id);
            if (known != null && known.isGuest()) {
                removePeer(id);
            }
            peers.computeIfAbsent(id, each -> new Peer(this, each, false)).dial(endpoint);
        }
    }

    @Override
    public void removePeer(NodeId id) {
        Peer removed = peers.remove(id);
        if (removed != null) {
            removed.remove();
        }
    }

    @Nullable
    Peer peer(NodeId id) {
        return closed ? null : peers.get(id);
    }

    /** Returns a stranger as a peer for as long as he keeps a link; null if he may have none. */
    @Nullable
    Peer guest(NodeId id) {
        TransportHandler host = handler();
        return host != null && host.admits(id) ? peers.computeIfAbsent(id, each -> new Peer(this, each, true)) : null;
    }

    /** Returns a number for a link that no link before has had, whoever it is to: a peer can be forgotten and come back. */
    int nextLink() {
        return links.incrementAndGet();
    }

    void forget(Peer guest) {
        peers.remove(guest.id(), guest);
    }

    Hello hello(Peer to) {
        return new Hello(instance, to.lastLink(), maxMessageBytes(), cluster(), local(), to.id());
    }

    /** Connects to a peer; it is told when the attempt is over. */
    void connect(Peer peer, Endpoint address) {
        resolver.resolve(address, (found, failure) -> {
            EventLoopGroup running = loops;
            if (found == null || running == null || closed) {
                peer.dialled(failure);
                return;
            }
            try {
                sockets.client(running, limits.handshake(), channel -> greet(channel, peer))
                        .connect(found)
                        .addListener((ChannelFuture connected) -> {
                            if (connected.isSuccess()) {
                                connected.channel().closeFuture().addListener(ended -> peer.dialled(null));
                            } else {
                                peer.dialled(connected.cause());
                            }
                        });
            } catch (RejectedExecutionException e) {
                // The transport was closed.
                peer.dialled(e);
            }
        });
    }

    /** Runs something after a while on an event loop; null if the transport is closed. */
    @Nullable
    Future<?> later(Runnable task, long delay, TimeUnit unit) {
        EventLoopGroup running = loops;
        try {
            return running == null || closed ? null : running.next().schedule(task, delay, unit);
        } catch (RejectedExecutionException e) {
            return null;
        }
    }

    void lost(Link link, NodeId id) {
        Peer peer = peers.get(id);
        if (peer != null) {
            peer.lost(link);
        }
    }

    // Messages

    private @Nullable Link link(NodeId id) {
        Peer peer = peers.get(id);
        return peer == null ? null : peer.link();
    }

    @Override
    public boolean send(NodeId id, ByteBuffer message) {
        checkSize(id, message.remaining());
        Link link = link(id);
        return link != null && link.send(message);
    }

    @Override
    public boolean send(NodeId id, ByteBuffer head, FileRange body) {
        checkSize(id, (long) head.remaining() + body.bytes());
        Link link = link(id);
        return link != null && link.send(head, body);
    }

    @Override
    public CompletionStage<ByteBuffer> request(NodeId id, ByteBuffer message, Duration deadline) {
        checkSize(id, message.remaining());
        CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
        Link link = link(id);
        if (closed || link == null) {
            fail(answer, unavailable(id));
        } else {
            link.request(message, deadline, answer);
        }
        return answer;
    }

    private void checkSize(NodeId id, long bytes) {
        if (bytes > context.maxMessageBytes()) {
            throw TidalException.invalid("a message of " + bytes + " bytes to node " + id
                    + " is too large: expected at most " + context.maxMessageBytes());
        }
    }

    /** Fails on the scheduler, so that whoever waits is never called in the stack of whoever asks. */
    void fail(CompletableFuture<ByteBuffer> answer, TidalException reason) {
        scheduler().execute(() -> answer.completeExceptionally(reason));
    }

    /** Returns the failure of a request that can't be sent, or will not be answered. */
    TidalException unavailable(NodeId id) {
        return closed
                ? new TidalException(ErrorCode.CLOSED, "the transport of node " + local() + " is closed")
                : new TidalException(
                        ErrorCode.PEER_UNAVAILABLE, "there is no link to node " + id + ": it is down or unknown");
    }

    // The handler

    /** Returns whom to hand messages to; null once nobody wants any. */
    @Nullable
    TransportHandler handler() {
        return closed ? null : handler;
    }

    void tell(Consumer<TransportHandler> what) {
        scheduler().execute(() -> tellNow(what));
    }

    /** Tells the handler. On the scheduler. */
    void tellNow(Consumer<TransportHandler> what) {
        TransportHandler told = handler();
        if (told != null) {
            what.accept(told);
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        resolver.close();
        Channel listening = server;
        if (listening != null) {
            listening.close().awaitUninterruptibly();
        }
        List<Channel> ending = new ArrayList<>();
        for (Peer peer : peers.values()) {
            Link link = peer.close();
            if (link != null) {
                ending.add(link.finish());
                scheduler().execute(link::reportDown);
            }
        }
        awaitClosed(ending);
        channels.close().awaitUninterruptibly();
        EventLoopGroup running = loops;
        if (running != null) {
            running.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }

    /** Waits for those who read what was sent to them before, together no longer than the limit. */
    private void awaitClosed(List<Channel> ending) {
        long end = System.nanoTime() + limits.flush().toNanos();
        for (Channel channel : ending) {
            channel.closeFuture().awaitUninterruptibly(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
        }
    }
}
