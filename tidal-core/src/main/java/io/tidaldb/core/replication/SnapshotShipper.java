package io.tidaldb.core.replication;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.SnapshotSource;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopScheduler;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Snapshots on their way to peers which lack what was truncated here: one to each peer at a time, part by part. A part follows when the
 * peer has written another; what it has not may get lost and is sent again, without the file being read again.
 *
 * <p>Confined to the replicator's scheduler. Bounded: {@value #WINDOW_PARTS} parts for each peer.
 */
final class SnapshotShipper {

    private static final Logger LOG = LoggerFactory.getLogger(SnapshotShipper.class);

    private static final int WINDOW_PARTS = 4;

    /** Heartbeats without a word about a snapshot after which what is under way is sent again. */
    private static final int RESEND_BEATS = 4;

    /** Heartbeats without a word after which it is given up: the peer may have thrown its part of it away. */
    private static final int GIVE_UP_BEATS = 40;

    /** Heartbeats until the next snapshot after one that was given up or refused. */
    private static final int PAUSE_BEATS = 8;

    private final Node node;
    private final LoopScheduler scheduler;
    private final Clock clock;
    private final int partBytes;
    private final BiPredicate<NodeId, PeerMessage> link;
    private final SortedMap<NodeId, Outgoing> outgoing = new TreeMap<>();
    private final SortedMap<NodeId, Integer> pauses = new TreeMap<>();
    private long lastNumber;

    /** One snapshot on its way. Invariant: the window holds the parts from {@code firstIndex} on, of which those before {@code unsent} are sent. */
    private static final class Outgoing {

        final ReplicatedSlot slot;
        final NodeId peer;
        final long number;
        final Deque<PeerMessage.SnapshotChunk> window = new ArrayDeque<>();

        @Nullable
        SnapshotSource source;

        boolean reading;
        boolean read;
        int firstIndex;
        int unsentIndex;
        int silentBeats;

        Outgoing(ReplicatedSlot slot, NodeId peer, long number) {
            this.slot = slot;
            this.peer = peer;
            this.number = number;
        }

        int endIndex() {
            return firstIndex + window.size();
        }
    }

    /**
     * Creates a shipper.
     *
     * @param partBytes how long a part is at most
     * @param link sends a message, and says whether it did: it is full or down if not
     */
    SnapshotShipper(
            Node node, LoopScheduler scheduler, Clock clock, int partBytes, BiPredicate<NodeId, PeerMessage> link) {
        this.node = node;
        this.scheduler = scheduler;
        this.clock = clock;
        this.partBytes = partBytes;
        this.link = link;
    }

    /** Returns whether a snapshot of a slot is on its way to a peer. */
    boolean isShipping(ReplicatedSlot slot, NodeId peer) {
        Outgoing current = outgoing.get(peer);
        return current != null && current.slot == slot;
    }

    /** Returns whether one could be sent to a peer now. */
    boolean isFree(NodeId peer) {
        return !outgoing.containsKey(peer) && !pauses.containsKey(peer);
    }

    /** Sends a slot's snapshot to a peer, unless something is on its way there. */
    @SuppressWarnings("FutureReturnValueIgnored") // What fails is logged there.
    void begin(ReplicatedSlot slot, NodeId peer) {
        if (!isFree(peer)) {
            return;
        }
        lastNumber = Math.max(lastNumber + 1, clock.wallNanos());
        Outgoing snapshot = new Outgoing(slot, peer, lastNumber);
        outgoing.put(peer, snapshot);
        LOG.info("node {} sends a snapshot of {} to node {}", node.id(), slot.key, peer);
        node.snapshot(slot.shard)
                .whenComplete((source, failure) -> scheduler.execute(() -> opened(snapshot, source, failure)));
    }

    private void opened(Outgoing snapshot, @Nullable SnapshotSource source, @Nullable Throwable failure) {
        if (source == null) {
            failed(snapshot, failure);
        } else if (outgoing.get(snapshot.peer) != snapshot) {
            source.close();
        } else {
            snapshot.source = source;
            advance(snapshot);
        }
    }

    private void failed(Outgoing snapshot, @Nullable Throwable failure) {
        LOG.warn(
                "no snapshot of {} can be sent to node {}: {}",
                snapshot.slot.key,
                snapshot.peer,
                failure == null ? "" : failure.getMessage());
        giveUp(snapshot);
    }

    private void giveUp(Outgoing snapshot) {
        if (end(snapshot)) {
            pauses.put(snapshot.peer, PAUSE_BEATS);
        }
    }

    private boolean end(Outgoing snapshot) {
        if (snapshot.source != null) {
            snapshot.source.close();
            snapshot.source = null;
        }
        return outgoing.remove(snapshot.peer, snapshot);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // What fails is logged there.
    private void advance(Outgoing snapshot) {
        send(snapshot);
        SnapshotSource source = snapshot.source;
        if (source == null || snapshot.reading || snapshot.read || snapshot.window.size() >= WINDOW_PARTS) {
            return;
        }
        snapshot.reading = true;
        source.next(partBytes)
                .whenComplete((part, failure) -> scheduler.execute(() -> {
                    snapshot.reading = false;
                    if (outgoing.get(snapshot.peer) != snapshot) {
                        return;
                    }
                    if (part == null) {
                        failed(snapshot, failure);
                        return;
                    }
                    ReplicatedSlot slot = snapshot.slot;
                    snapshot.read = part.last();
                    snapshot.window.add(new PeerMessage.SnapshotChunk(
                            slot.epoch,
                            slot.key.tenant(),
                            slot.key.shard(),
                            snapshot.number,
                            snapshot.endIndex(),
                            part.last(),
                            part.content()));
                    advance(snapshot);
                }));
    }

    private void send(Outgoing snapshot) {
        for (PeerMessage.SnapshotChunk part : snapshot.window) {
            if (part.index() >= snapshot.unsentIndex) {
                if (!link.test(snapshot.peer, part)) {
                    return;
                }
                snapshot.unsentIndex = part.index() + 1;
            }
        }
    }

    /** The peer has the parts of a snapshot before an index. Returns whether it has all of it now. */
    boolean fetched(NodeId peer, PeerMessage.SnapshotFetch fetch) {
        Outgoing snapshot = outgoing.get(peer);
        if (snapshot == null || snapshot.number != fetch.snapshot()) {
            return false;
        }
        snapshot.silentBeats = 0;
        while (!snapshot.window.isEmpty() && snapshot.firstIndex < fetch.index()) {
            snapshot.window.remove();
            snapshot.firstIndex++;
        }
        if (snapshot.read && snapshot.window.isEmpty()) {
            LOG.info("node {} has the snapshot of {} that node {} sent", peer, snapshot.slot.key, node.id());
            end(snapshot);
            return true;
        }
        advance(snapshot);
        return false;
    }

    /** The peer takes no snapshot now. */
    void refused(NodeId peer) {
        Outgoing snapshot = outgoing.get(peer);
        if (snapshot != null) {
            giveUp(snapshot);
        }
    }

    /** The link has room again. */
    void writable(NodeId peer) {
        Outgoing snapshot = outgoing.get(peer);
        if (snapshot != null) {
            send(snapshot);
        }
    }

    /** Called with every heartbeat to a peer. */
    void beat(NodeId peer) {
        pauses.computeIfPresent(peer, (each, beats) -> beats == 1 ? null : Integer.valueOf(beats - 1));
        Outgoing snapshot = outgoing.get(peer);
        if (snapshot == null || snapshot.window.isEmpty()) {
            return;
        }
        snapshot.silentBeats++;
        if (snapshot.silentBeats >= GIVE_UP_BEATS) {
            LOG.warn("node {} says nothing of the snapshot of {} that it is sent", peer, snapshot.slot.key);
            giveUp(snapshot);
        } else if (snapshot.silentBeats % RESEND_BEATS == 0) {
            snapshot.unsentIndex = snapshot.firstIndex;
            send(snapshot);
        } else {
            send(snapshot);
        }
    }

    /** The link to a peer is gone: what it has of a snapshot is, too. */
    void peerDown(NodeId peer) {
        Outgoing snapshot = outgoing.get(peer);
        if (snapshot != null) {
            end(snapshot);
        }
        pauses.remove(peer);
    }

    /** Nothing more of a slot is to be sent. */
    void drop(ReplicatedSlot slot) {
        for (Outgoing snapshot : List.copyOf(outgoing.values())) {
            if (snapshot.slot == slot) {
                end(snapshot);
            }
        }
    }

    /** Lets all files go. */
    void close() {
        List.copyOf(outgoing.values()).forEach(this::end);
    }
}
