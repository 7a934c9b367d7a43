package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.runtime.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;

/**
 * What makes up for messages that did not arrive: on every link both sides say at times that they are there, a leader names positions
 * until they are acknowledged, and who is behind without getting nearer asks again.
 *
 * <p>Confined to the replicator's scheduler.
 */
final class Heartbeats {

    private static final int ASK_HEARTBEATS = 8;

    private final Node node;
    private final Clock clock;
    private final Links links;
    private final StateExchange exchange;
    private final LogShipper logs;
    private final SnapshotShipper snapshots;
    private final BatchReceiver receiver;
    private final SortedMap<SlotKey, ReplicatedSlot> slots;
    private final PeerClocks clocks;

    /**
     * Creates the heartbeats of a node.
     *
     * @param slots those that the node takes part in, as they are at any time
     */
    Heartbeats(
            Node node,
            Clock clock,
            Links links,
            StateExchange exchange,
            SnapshotShipper snapshots,
            BatchReceiver receiver,
            SortedMap<SlotKey, ReplicatedSlot> slots,
            PeerClocks clocks) {
        this.node = node;
        this.clock = clock;
        this.links = links;
        this.exchange = exchange;
        this.logs = exchange.logs();
        this.snapshots = snapshots;
        this.receiver = receiver;
        this.slots = slots;
        this.clocks = clocks;
    }

    /** Tells a peer that this node is there, and what has changed since it last answered. */
    void beat(NodeId peer, Links.Link link) {
        link.heartbeat++;
        link.full = false;
        snapshots.beat(peer);
        List<SlotPosition> positions = new ArrayList<>(link.partings());
        boolean vouches = node.lease().holds();
        for (ReplicatedSlot slot : slots.values()) {
            ReplicatedSlot.PeerState state = slot.state(peer);
            if (state == null) {
                continue;
            }
            // Whoever it is given up for may have begun to take writes. What another shard has is not vouched for here.
            vouches &= !slot.leads || slot.meshed || slot.passive || !slot.shard.isGivenUp();
            if (!state.known) {
                if (state.isAskedAgain(link.heartbeat)) {
                    exchange.tellState(slot, peer, false);
                }
            } else if ((state.needsSnapshot || state.asksForSnapshot) && snapshots.isFree(peer)) {
                // The last one did not arrive, or nobody was free to send one.
                exchange.tellState(slot, peer, false);
            } else if (!slot.leads && !slot.meshed) {
                if (link.heartbeat % ASK_HEARTBEATS == 0) {
                    askAgain(slot, peer, state);
                }
            } else {
                boolean unacknowledged =
                        state.shipments.values().stream().anyMatch(shipment -> shipment.progress.lagRecords() > 0);
                unacknowledged |= slot.meshed && slot.isAheadOf(state);
                if (unacknowledged || state.changedInHeartbeat > link.answered) {
                    for (LogPosition position : slot.positions()) {
                        positions.add(new SlotPosition(
                                slot.key.tenant(),
                                slot.key.shard(),
                                slot.epoch,
                                position.origin(),
                                position.lastSeqno(),
                                position.chain()));
                    }
                }
                logs.pump(slot, peer);
            }
        }
        links.tell(
                peer,
                new PeerMessage.Heartbeat(
                        0, link.heartbeat, link.answered, vouches, clock.wallNanos() / 1_000_000, positions));
    }

    // A leader does not name what it has not heard of, so the follower has to find out that it did not arrive.
    private void askAgain(ReplicatedSlot slot, NodeId leader, ReplicatedSlot.PeerState state) {
        boolean stuck = false;
        for (Shipment shipment : state.shipments.values()) {
            stuck |= shipment.isStuck();
        }
        if (stuck) {
            exchange.tellState(slot, leader, false);
        } else {
            exchange.askForSnapshot(slot, leader);
        }
    }

    /** A peer is there, and tells what has changed. */
    void received(NodeId peer, PeerMessage.Heartbeat heartbeat) {
        Set<SlotKey> behind = new TreeSet<>();
        for (SlotPosition theirs : heartbeat.slots()) {
            ReplicatedSlot slot = slots.get(new SlotKey(theirs.tenant(), theirs.shard()));
            ReplicatedSlot.PeerState state = slot == null ? null : slot.state(peer);
            if (state != null && theirs.isParted()) {
                state.forget(clock.monotonicNanos());
                state.caughtUp = false;
            } else if (slot != null && state != null && slot.epoch == theirs.epoch()) {
                told(peer, slot, state, theirs);
                if (Long.compareUnsigned(slot.lastSeqno(theirs.origin()), theirs.lastSeqno()) < 0) {
                    behind.add(slot.key);
                }
                state.caughtUp = !behind.contains(slot.key);
            }
        }
        Links.Link link = links.to(peer);
        link.answers(heartbeat.number(), clock.monotonicNanos());
        links.tell(peer, new PeerMessage.HeartbeatAnswer(0, heartbeat.number()));
        OptionalLong since = link.answeredNanos(heartbeat.answered());
        if (since.isPresent()) {
            fresh(peer, since.getAsLong(), heartbeat.leased());
            clocks.heard(peer, heartbeat.wallMillis(), since.getAsLong());
        }
    }

    // It was sent after this node's answer to the one before had come. What a leader does not name has not changed
    // since it did and was answered.
    private void fresh(NodeId peer, long sinceNanos, boolean leased) {
        for (ReplicatedSlot slot : slots.values()) {
            ReplicatedSlot.PeerState state = slot.state(peer);
            if (slot.meshed) {
                // What was lacking when the peer told of it may have come from another one since, and it need not tell
                // again.
                if (state != null && state.known && !slot.isBehind(state)) {
                    state.freshNanos = sinceNanos;
                    slot.freshNanos().ifPresent(slot.shard::fresh);
                }
            } else if (leased && state != null && !slot.leads && state.caughtUp) {
                slot.shard.fresh(sinceNanos);
            }
        }
    }

    private void told(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, SlotPosition theirs) {
        LogPosition mine = slot.position(theirs.origin());
        long held = slot.lastSeqno(theirs.origin());
        state.holds(theirs.origin(), theirs.lastSeqno());
        if (held == theirs.lastSeqno()) {
            if (mine != null && mine.chain() != theirs.chain()) {
                receiver.divergedHere(
                        slot,
                        new TidalException(
                                ErrorCode.CORRUPT_DATA,
                                "the log of " + theirs.origin() + " in " + slot.key + " has chain 0x"
                                        + Long.toHexString(mine.chain()) + " at seqno " + Seqno.print(held)
                                        + ", and node " + peer + " has 0x" + Long.toHexString(theirs.chain())));
            } else if (mine != null) {
                receiver.acknowledge(peer, slot, theirs.origin(), held, mine.chain());
            }
        } else if (Long.compareUnsigned(held, theirs.lastSeqno()) < 0) {
            Long before = state.heldWhenTold.put(theirs.origin(), held);
            if (before != null && before == held) {
                exchange.tellState(slot, peer, true);
            }
        }
    }
}
