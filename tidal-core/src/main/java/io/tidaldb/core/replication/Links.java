package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.core.runtime.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** A node's links to its peers, and the one way in which anything is sent on them. Confined to the replicator's scheduler. */
final class Links {

    private final NodeId local;
    private final Transport transport;
    private final Clock clock;
    private final SortedMap<SlotKey, ReplicatedSlot> slots;
    private final SortedMap<NodeId, Link> links = new TreeMap<>();

    /** The link to a peer. */
    static final class Link {

        private static final int REMEMBERED = 64;

        /** The last heartbeats of the peer that were answered, each with when that was; by their numbers, around. */
        private final long[] answeredNumbers = new long[REMEMBERED];

        private final long[] answeredNanos = new long[REMEMBERED];

        /** What the peer may still hear of from nobody but this node, and must not: told in each heartbeat until one is answered. */
        private final SortedMap<SlotKey, Parting> partings = new TreeMap<>();

        /** The first heartbeat that tells of it. */
        private record Parting(SlotPosition told, long inHeartbeat) {}

        boolean up;

        /** Whether its queue was full, so that shipments wait until it is writable. */
        boolean full;

        long heartbeat;
        long answered;

        /** When something came from it last; at first, since when it could have. */
        long heardNanos;

        private Link(long nowNanos) {
            heardNanos = nowNanos;
        }

        /** The peer must not take this node's heartbeats for the word of a slot's leader any more. */
        void part(SlotKey key, Origin writer) {
            partings.put(key, new Parting(SlotPosition.parted(key, writer), heartbeat + 1));
        }

        /** The peer has a part in a slot with this node again. */
        void joins(SlotKey key) {
            partings.remove(key);
        }

        /** Returns what the peer is to be told of slots in which it has no part with this node. */
        List<SlotPosition> partings() {
            partings.values().removeIf(parting -> parting.inHeartbeat <= answered);
            return partings.values().stream().map(Parting::told).toList();
        }

        /** A heartbeat of the peer is answered. */
        void answers(long number, long nowNanos) {
            int at = (int) (number & (REMEMBERED - 1));
            answeredNumbers[at] = number;
            answeredNanos[at] = nowNanos;
        }

        /** Returns when a heartbeat of the peer was answered; empty if that was too long ago, or by a process before this one. */
        OptionalLong answeredNanos(long number) {
            int at = (int) (number & (REMEMBERED - 1));
            return number > 0 && answeredNumbers[at] == number
                    ? OptionalLong.of(answeredNanos[at])
                    : OptionalLong.empty();
        }

        /** The link is down: whoever comes back may count anew. */
        void down() {
            up = false;
            Arrays.fill(answeredNumbers, 0);
        }
    }

    /**
     * Creates the links of a node.
     *
     * @param slots those that the node takes part in, as they are at any time
     */
    Links(NodeId local, Transport transport, Clock clock, SortedMap<SlotKey, ReplicatedSlot> slots) {
        this.local = local;
        this.transport = transport;
        this.clock = clock;
        this.slots = slots;
    }

    /** Returns the link to a peer, which is down until somebody says that it is up. */
    Link to(NodeId peer) {
        return links.computeIfAbsent(peer, each -> new Link(clock.monotonicNanos()));
    }

    /** Nothing can be acknowledged any more of a tenant that was deleted, so no old word about it is wrong. */
    void forget(TenantId tenant) {
        links.values()
                .forEach(link ->
                        link.partings.keySet().removeIf(slot -> slot.tenant().equals(tenant)));
    }

    void forEachUp(BiConsumer<NodeId, Link> action) {
        links.forEach((peer, link) -> {
            if (link.up) {
                action.accept(peer, link);
            }
        });
    }

    /** Sends a message; false if the link is down or full, and then it was not sent. */
    boolean tell(NodeId peer, PeerMessage message) {
        if (message instanceof PeerMessage.OfSlot ofSlot && !holds(peer, ofSlot)) {
            throw new TidalException(
                    ErrorCode.INTERNAL,
                    "node " + local + " was about to send something of " + ofSlot.tenant() + "/" + ofSlot.shard()
                            + " to node " + peer + ", which does not hold it");
        }
        return send(peer, message);
    }

    /** As {@link #tell}, for what was begun while the peer held the slot; nothing is sent if it does not any more. */
    boolean tellHolder(NodeId peer, PeerMessage message) {
        return (!(message instanceof PeerMessage.OfSlot ofSlot) || holds(peer, ofSlot)) && send(peer, message);
    }

    private boolean holds(NodeId peer, PeerMessage.OfSlot ofSlot) {
        ReplicatedSlot slot = slots.get(new SlotKey(ofSlot.tenant(), ofSlot.shard()));
        return slot != null && slot.members.contains(peer);
    }

    private boolean send(NodeId peer, PeerMessage message) {
        Link link = to(peer);
        if (!link.up) {
            return false;
        }
        boolean sent = transport.send(peer, PeerCodec.encode(message));
        link.full |= !sent;
        return sent;
    }
}
