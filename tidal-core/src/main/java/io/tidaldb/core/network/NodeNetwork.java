package io.tidaldb.core.network;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlNetwork;
import io.tidaldb.api.transport.PeerRefusal;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportHandler;
import io.tidaldb.core.runtime.LoopScheduler;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One transport for everything that nodes tell each other: messages belong to replication; a request begins with a byte that says whether
 * it is the control log's, or a call on behalf of a client. Clients themselves can make calls and nothing else.
 *
 * <p>Safe for any number of threads. Handlers are called by the scheduler alone.
 */
public final class NodeNetwork implements AutoCloseable {

    /** Answers the calls of other nodes. */
    @FunctionalInterface
    public interface Calls {

        /**
         * Answers a call; the stage's result, or its failure's code and text, is sent back. Must not block.
         *
         * @param message valid during the call
         */
        CompletionStage<ByteBuffer> call(NodeId peer, ByteBuffer message);
    }

    /** Most clients that a node is linked to. */
    private static final int MAX_CLIENTS = 512;

    private static final byte CONTROL = 1;
    private static final byte CALL = 2;
    private static final byte ENTRY = 3;
    private static final byte MARK = 4;

    private final Transport transport;
    private final LoopScheduler scheduler;
    private final int maxMessageBytes;
    private final Map<NodeId, String> addresses = new ConcurrentHashMap<>();
    private final Set<NodeId> up = ConcurrentHashMap.newKeySet();
    private final Set<NodeId> clients = ConcurrentHashMap.newKeySet();
    private final Map<NodeId, AtomicLong> heard = new ConcurrentHashMap<>();
    private volatile ControlNetwork.@Nullable Handler control;
    private volatile @Nullable Calls calls;
    private volatile @Nullable Calls entries;
    private volatile @Nullable Calls marks;

    /** Nodes that are part of the cluster no more: they may ask whether they are, and nothing else. */
    private final Set<NodeId> banished = ConcurrentHashMap.newKeySet();

    /** Until when links are cut on purpose, by this machine's clock. Guarded by itself. */
    private final Map<NodeId, Long> cuts = new HashMap<>();

    // Confined to the scheduler.
    private @Nullable TransportHandler replication;

    private boolean started;

    private volatile BiConsumer<String, PeerRefusal> refusals = (host, why) -> {};

    /**
     * Takes over a transport that is not started.
     *
     * @param scheduler the one that the transport was given
     * @param maxMessageBytes size of the transport's largest message
     */
    public NodeNetwork(Transport transport, LoopScheduler scheduler, int maxMessageBytes) {
        this.transport = transport;
        this.scheduler = scheduler;
        this.maxMessageBytes = maxMessageBytes;
    }

    /**
     * Tells this one, from any thread, of everybody who asks for a link and is refused, from which host, and of whoever has one and asks for what
     * is not his, by his name; and why.
     */
    public void onRefused(BiConsumer<String, PeerRefusal> listener) {
        refusals = listener;
    }

    /** Whoever is no node has asked for what only nodes may. */
    public void refused(NodeId stranger) {
        refusals.accept(stranger.name(), PeerRefusal.REQUEST);
    }

    /** Returns what runs the handlers. */
    public LoopScheduler scheduler() {
        return scheduler;
    }

    /** Begins to listen; a second call does nothing. */
    public synchronized void start() {
        if (!started) {
            transport.start(new Receiver());
            started = true;
        }
    }

    /** Returns the address at which peers reach this node, once it listens. */
    public String address() {
        return transport.address();
    }

    /** Keeps a link to a peer from now on; one that is there already under this address stays as it is. */
    public void addPeer(NodeId peer, String address) {
        synchronized (cuts) {
            if (!address.equals(addresses.put(peer, address)) && !cuts.containsKey(peer)) {
                transport.addPeer(peer, address);
            }
        }
    }

    /**
     * Closes the link to a peer and lets neither side make another one for a while; then it is made again. A cut that is there already
     * ends with the later of the two, and at once if the span is nothing. For drills and tests.
     *
     * @throws TidalException PEER_UNAVAILABLE if no link to such a peer is kept
     */
    public void cut(NodeId peer, Duration span) {
        synchronized (cuts) {
            if (!addresses.containsKey(peer)) {
                throw new TidalException(ErrorCode.PEER_UNAVAILABLE, "there is no link to node " + peer + " to cut");
            }
            long end = scheduler.nanoTime() + span.toNanos();
            Long known = cuts.get(peer);
            if (span.isZero()) {
                cuts.computeIfPresent(peer, (cut, before) -> end);
            } else if (known == null) {
                transport.removePeer(peer);
            } else if (known - end >= 0) {
                return;
            }
            if (!span.isZero()) {
                cuts.put(peer, end);
            }
        }
        scheduler.schedule(span, () -> mend(peer));
    }

    private void mend(NodeId peer) {
        synchronized (cuts) {
            Long end = cuts.get(peer);
            if (end == null || end - scheduler.nanoTime() > 0) {
                // It was prolonged, or the peer is gone.
                return;
            }
            cuts.remove(peer);
            String address = addresses.get(peer);
            if (address != null) {
                transport.addPeer(peer, address);
            }
        }
    }

    /** Drops the link to a peer for good; one that is not there is ignored. */
    public void removePeer(NodeId peer) {
        synchronized (cuts) {
            if (addresses.remove(peer) != null && cuts.remove(peer) == null) {
                transport.removePeer(peer);
            }
        }
    }

    /** As {@link #removePeer}; who it was may still ask whether it may take part, and is told that it may not. */
    public void banish(NodeId peer) {
        removePeer(peer);
        banished.add(peer);
    }

    private boolean isStranger(NodeId peer) {
        return peer.isClient() || banished.contains(peer);
    }

    /** Returns whether there is a link to a peer. */
    public boolean isUp(NodeId peer) {
        return up.contains(peer);
    }

    /** Returns how long ago something came from a peer; -1 if nothing ever did. */
    public long heardMillisAgo(NodeId peer) {
        AtomicLong last = heard.get(peer);
        return last == null ? -1 : Math.max(0, (scheduler.nanoTime() - last.get()) / 1_000_000);
    }

    /** Begins to answer calls; what comes before is refused as PEER_UNAVAILABLE. */
    public void answer(Calls handler) {
        calls = handler;
    }

    /** Calls another node. Fails as {@link Transport#request} does. */
    public CompletionStage<ByteBuffer> call(NodeId peer, ByteBuffer message, Duration deadline) {
        return request(CALL, peer, message, deadline);
    }

    /** Begins to answer those who ask whether they may take part; what comes before is refused as PEER_UNAVAILABLE. */
    public void answerEntries(Calls handler) {
        entries = handler;
    }

    /** Asks another node whether this one may take part. Fails as {@link Transport#request} does. */
    public CompletionStage<ByteBuffer> enter(NodeId peer, ByteBuffer message, Duration deadline) {
        return request(ENTRY, peer, message, deadline);
    }

    /** Begins to answer nodes that say how far they have come; what comes before is refused as PEER_UNAVAILABLE. */
    public void answerMarks(Calls handler) {
        marks = handler;
    }

    /** Tells another node how far this one has come. Fails as {@link Transport#request} does. */
    public CompletionStage<ByteBuffer> mark(NodeId peer, ByteBuffer message, Duration deadline) {
        return request(MARK, peer, message, deadline);
    }

    private CompletionStage<ByteBuffer> request(byte channel, NodeId peer, ByteBuffer message, Duration deadline) {
        ByteBuffer prefixed = ByteBuffer.allocate(message.remaining() + 1);
        prefixed.put(channel).put(message.duplicate()).flip();
        return transport.request(peer, prefixed, deadline);
    }

    /** Returns the control log's view. */
    public ControlNetwork control() {
        return new ControlNetwork() {
            @Override
            public int maxMessageBytes() {
                return maxMessageBytes - 1;
            }

            @Override
            public void serve(Handler handler) {
                control = handler;
            }

            @Override
            public CompletionStage<ByteBuffer> request(NodeId member, ByteBuffer message, Duration deadline) {
                return NodeNetwork.this.request(CONTROL, member, message, deadline);
            }
        };
    }

    /** Returns replication's view: a transport that is there for it alone, but for requests, which it has none of. */
    public Transport replication() {
        return new ReplicationView();
    }

    /** Drops all links; open requests fail with CLOSED. A second close does nothing. */
    @Override
    public void close() {
        transport.close();
        scheduler.close();
    }

    private final class Receiver implements TransportHandler {

        @Override
        public boolean admits(NodeId stranger) {
            return stranger.isClient()
                    ? calls != null && clients.size() < MAX_CLIENTS
                    : banished.contains(stranger) && entries != null;
        }

        @Override
        public void refused(String host, PeerRefusal why) {
            refusals.accept(host, why);
        }

        private void heardOf(NodeId peer) {
            heard.computeIfAbsent(peer, each -> new AtomicLong()).setRelease(scheduler.nanoTime());
        }

        @Override
        public void peerUp(NodeId peer) {
            if (isStranger(peer)) {
                clients.add(peer);
                return;
            }
            heardOf(peer);
            up.add(peer);
            if (replication != null) {
                replication.peerUp(peer);
            }
        }

        @Override
        public void peerDown(NodeId peer) {
            if (clients.remove(peer)) {
                return;
            }
            up.remove(peer);
            if (replication != null) {
                replication.peerDown(peer);
            }
        }

        @Override
        public void message(NodeId peer, ByteBuffer message) {
            if (isStranger(peer)) {
                NodeNetwork.this.refused(peer);
                return;
            }
            heardOf(peer);
            if (replication != null) {
                replication.message(peer, message);
            }
        }

        @Override
        public void writable(NodeId peer) {
            if (replication != null && !isStranger(peer)) {
                replication.writable(peer);
            }
        }

        @Override
        public CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message) {
            boolean stranger = isStranger(peer);
            if (!stranger) {
                heardOf(peer);
            }
            byte channel = message.hasRemaining() ? message.get() : 0;
            ControlNetwork.Handler decides = control;
            Calls serves = calls;
            Calls admits = entries;
            Calls notes = marks;
            if (stranger && channel != (peer.isClient() ? CALL : ENTRY)) {
                NodeNetwork.this.refused(peer);
                return refused(ErrorCode.UNSUPPORTED, peer + " is no node of this cluster");
            } else if (channel == ENTRY && admits != null) {
                return admits.call(peer, message);
            } else if (channel == CONTROL && decides != null) {
                return decides.request(peer, message);
            } else if (channel == CALL && serves != null) {
                return serves.call(peer, message);
            } else if (channel == MARK && notes != null) {
                return notes.call(peer, message);
            } else if (channel >= CONTROL && channel <= MARK) {
                return refused(ErrorCode.PEER_UNAVAILABLE, "the node is starting: try again");
            }
            return refused(
                    ErrorCode.UNSUPPORTED,
                    "a request of node " + peer + " on channel " + channel + " is not known: expected " + CONTROL
                            + " to " + MARK + "; one of the two nodes is newer than the other");
        }

        private static CompletionStage<ByteBuffer> refused(ErrorCode code, String message) {
            return CompletableFuture.failedFuture(new TidalException(code, message));
        }
    }

    /** What replication sees. */
    private final class ReplicationView implements Transport {

        // Links may be up before replication begins.
        @Override
        public void start(TransportHandler handler) {
            scheduler.execute(() -> {
                replication = handler;
                up.stream().sorted().forEach(handler::peerUp);
            });
            NodeNetwork.this.start();
        }

        @Override
        public String address() {
            return NodeNetwork.this.address();
        }

        @Override
        public void addPeer(NodeId peer, String address) {
            NodeNetwork.this.addPeer(peer, address);
        }

        @Override
        public void removePeer(NodeId peer) {
            NodeNetwork.this.removePeer(peer);
        }

        @Override
        public boolean send(NodeId peer, ByteBuffer message) {
            return transport.send(peer, message);
        }

        @Override
        public CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message, Duration deadline) {
            throw new UnsupportedOperationException("replication sends messages only");
        }

        @Override
        public void close() {
            NodeNetwork.this.close();
        }
    }
}
