package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopScheduler;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out what either side of a link lacks of a slot: both say what they hold, and what the other lacks is shipped as batches, or as a
 * snapshot where the logs do not hold it any more. What a peer lacks is kept in the logs as long as it counts.
 *
 * <p>Confined to the replicator's scheduler.
 */
final class StateExchange {

    private static final Logger LOG = LoggerFactory.getLogger(StateExchange.class);

    private static final int PRESENT_HEARTBEATS = 4;

    /** What a comparison costs of a tenant's turn: seldom more than a batch is read. */
    private static final int COMPARED_BYTES = 4 << 10;

    private final Node node;
    private final LoopScheduler scheduler;
    private final Clock clock;
    private final ReplicationSettings settings;
    private final Links links;
    private final SnapshotShipper snapshots;
    private final LogShipper logs;
    private final SortedMap<SlotKey, ReplicatedSlot> slots;
    private static final long WIPE_PATIENCE_NANOS = 5_000_000_000L;

    private final long retentionMaxNanos;

    /**
     * Creates the exchange of a node.
     *
     * @param slots those that the node takes part in, as they are at any time
     */
    StateExchange(
            Node node,
            LoopScheduler scheduler,
            Clock clock,
            ReplicationSettings settings,
            Links links,
            SnapshotShipper snapshots,
            SortedMap<SlotKey, ReplicatedSlot> slots) {
        this.node = node;
        this.scheduler = scheduler;
        this.clock = clock;
        this.settings = settings;
        this.links = links;
        this.snapshots = snapshots;
        this.slots = slots;
        this.logs = new LogShipper(node, scheduler, settings, links, snapshots, slots, this::introduce);
        // Who was heard of a few heartbeats ago is not away.
        this.retentionMaxNanos = Math.max(
                TimeUnit.MILLISECONDS.toNanos(node.retentionMaxMillis()),
                settings.heartbeat().toNanos() * PRESENT_HEARTBEATS);
    }

    /** Returns what ships the logs. */
    LogShipper logs() {
        return logs;
    }

    /** Tells a peer what is held here, and asks what it holds. */
    void introduce(ReplicatedSlot slot, NodeId peer) {
        ReplicatedSlot.PeerState state = slot.state(peer);
        if (state != null) {
            state.forget(links.to(peer).heardNanos);
            tellState(slot, peer, false);
        }
    }

    /**
     * Tells a peer what is held here, as an answer or to get one. Of a slot that could not be opened nothing is told: it is not all that was
     * acknowledged, and what was shipped here would not be taken. What the peer lacks it gets when it tells.
     */
    void tellState(ReplicatedSlot slot, NodeId peer, boolean answer) {
        if (slot.shard.isUnopened()) {
            return;
        }
        ReplicatedSlot.PeerState state = slot.state(peer);
        if (state != null && !answer) {
            state.asked(links.to(peer).heartbeat);
        }
        askForSnapshot(slot, peer);
        links.tell(
                peer, new PeerMessage.State(slot.epoch, slot.key.tenant(), slot.key.shard(), answer, slot.positions()));
    }

    /** A peer says what it holds of a slot. */
    void said(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, PeerMessage.State message) {
        if (!message.answer()) {
            tellState(slot, peer, true);
        }
        state.said(message.positions());
        if (slot.leads) {
            gather(slot);
        }
        if (!slot.leads || slot.meshed) {
            state.caughtUp = !slot.isBehind(state);
        }
        compare(peer, slot, state, message.positions());
    }

    /** Tells a replica that has come to lead when it holds all that a majority may have held before. */
    @SuppressWarnings("FutureReturnValueIgnored") // It is told again.
    void gather(ReplicatedSlot slot) {
        if (slot.leads && slot.shard.isGathering() && slot.hasGathered()) {
            node.gathered(slot.shard);
        }
    }

    /** Has a tail adopted that came when it could not be. */
    void adopt(ReplicatedSlot slot) {
        if (slot.leads && slot.shard.isAdoptionDue()) {
            node.adopt(slot.shard);
        }
    }

    /** Merges what several leaders have written one after the other, once every member of the slot holds all of it. */
    @SuppressWarnings("FutureReturnValueIgnored") // It is tried again.
    void merge(ReplicatedSlot slot) {
        SortedMap<Origin, Long> held =
                slot.leads && !slot.meshed && slot.shard.ledgerCount() > 2 ? slot.heldByAll() : null;
        if (held != null) {
            node.merge(slot.shard, held);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // What fails is logged there.
    private void compare(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, List<LogPosition> theirs) {
        if (state.comparing) {
            // What it said before may be out of date: one that was damaged has nothing any more.
            state.saidMeanwhile = theirs;
            return;
        }
        if (slot.holdsTheSame(theirs)) {
            judged(peer, slot, state, LogVerdict.resume(theirs));
            return;
        }
        state.comparing = true;
        node.withReadableLogs(slot.shard, COMPARED_BYTES, logs -> LogVerdict.judge(slot.key, logs, theirs))
                .whenComplete((verdicts, failure) -> scheduler.execute(() -> {
                    state.comparing = false;
                    List<LogPosition> newer = state.saidMeanwhile;
                    state.saidMeanwhile = null;
                    if (slots.get(slot.key) != slot || !links.to(peer).up) {
                        return;
                    }
                    if (newer != null) {
                        compare(peer, slot, state, newer);
                    } else if (verdicts == null) {
                        // A node that is closing would say so for each of its slots.
                        if (!(failure instanceof TidalException reason && reason.code() == ErrorCode.CLOSED)) {
                            LOG.warn(
                                    "slot {} of node {} can't be compared: {}",
                                    slot.key,
                                    node.id(),
                                    failure.getMessage());
                        }
                    } else {
                        judged(peer, slot, state, verdicts);
                    }
                }));
    }

    private void judged(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, List<LogVerdict> verdicts) {
        state.known = true;
        nameAgain(peer, state);
        state.needsSnapshot =
                slot.leads && verdicts.stream().anyMatch(verdict -> verdict.kind() == LogVerdict.Kind.SNAPSHOT);
        verdicts.forEach(verdict -> obey(peer, slot, state, verdict));
        if (state.needsSnapshot || state.asksForSnapshot) {
            sendSnapshot(peer, slot, state);
        }
        logs.pump(slot, peer);
    }

    private void obey(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, LogVerdict verdict) {
        LogPosition theirs = verdict.theirs();
        Origin origin = theirs.origin();
        switch (verdict.kind()) {
            case RESUME -> {
                if (slot.meshed && !slot.ships(origin) && !state.isStuck(theirs, slot.lastSeqno(origin))) {
                    state.shipments.remove(origin);
                } else if (Long.compareUnsigned(theirs.lastSeqno(), slot.lastSeqno(origin)) <= 0) {
                    slot.shipment(peer, state, origin, settings.windowBytes())
                            .resume(theirs.lastSeqno(), theirs.chain());
                    slot.acked(peer, origin, theirs.lastSeqno());
                }
            }
            case SNAPSHOT -> {
                if (!slot.leads && !slot.meshed) {
                    LOG.warn(
                            "node {} leads {} and lacks what node {} does not hold any more of {}",
                            peer,
                            slot.key,
                            node.id(),
                            origin);
                }
            }
            case CONFLICT -> {
                diverged(peer, slot, state, origin, theirs.lastSeqno());
                if (!verdict.proof().isEmpty()) {
                    // The other side believes nothing but what it can check itself.
                    links.tell(
                            peer,
                            new PeerMessage.Append(slot.epoch, slot.key.tenant(), slot.key.shard(), verdict.proof()));
                }
            }
        }
    }

    // What the other side has and this one lacks comes first: a snapshot without it would not be taken.
    private void sendSnapshot(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state) {
        if (state.known && !state.diverged && !slot.isBehind(state) && snapshots.isFree(peer)) {
            // It will hold at least this, so that no more is truncated until it says what it holds.
            state.promise(slot.positions());
            publishNeeded(slot);
            snapshots.begin(slot, peer);
        }
    }

    /** A peer asks for a snapshot, or for more of one. */
    void fetched(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, PeerMessage.SnapshotFetch fetch) {
        if (fetch.snapshot() == 0) {
            state.asksForSnapshot = true;
            sendSnapshot(peer, slot, state);
        } else if (snapshots.fetched(peer, fetch)) {
            state.asksForSnapshot = false;
        }
    }

    /** Asks for a snapshot if one is needed. Before anything that says how far the logs are: the leader is not to believe that all is there. */
    void askForSnapshot(ReplicatedSlot slot, NodeId leader) {
        if (!slot.leads && slot.shard.needsSnapshot() && leader.equals(slot.leader)) {
            links.tell(leader, new PeerMessage.SnapshotFetch(slot.epoch, slot.key.tenant(), slot.key.shard(), 0, 0));
        }
    }

    /** Says what peers need of a slot's logs, so that no truncation drops it. */
    void publishNeeded(ReplicatedSlot slot) {
        if (node.truncates() || slot.shard.isWiping()) {
            if (slot.meshed) {
                slot.shard.needed(slot.neededByAll());
                return;
            }
            long nowNanos = clock.monotonicNanos();
            slot.shard.needed(slot.needed((peer, state) -> {
                long heardNanos = state.known ? links.to(peer).heardNanos : state.heardNanos;
                // A follower keeps what the leader may lack however long that is away: nobody else may have it.
                // What is to be erased is not kept for who is away: he gets a snapshot instead.
                long patience = slot.shard.isWiping() ? WIPE_PATIENCE_NANOS : retentionMaxNanos;
                return !slot.leads || nowNanos - heardNanos <= patience;
            }));
        }
    }

    private void diverged(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, Origin origin, long seqno) {
        if (!state.diverged) {
            state.diverged = true;
            LOG.error(
                    "the log of {} in {} is not the same on nodes {} and {} up to seqno {}: nothing more is shipped",
                    origin,
                    slot.key,
                    node.id(),
                    peer,
                    Seqno.print(seqno));
        }
    }

    /** A peer holds more of a log. */
    void acked(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, PeerMessage.Ack ack) {
        Shipment shipment = state.shipments.get(ack.origin());
        if (shipment == null && state.known && slot.meshed) {
            if (Long.compareUnsigned(ack.seqno(), state.heldTo(ack.origin())) > 0) {
                state.holds(ack.origin(), ack.seqno());
            }
            return;
        }
        if (shipment == null || !state.known) {
            return;
        }
        switch (shipment.progress.acked(ack.seqno(), ack.chain())) {
            case ADVANCED -> {
                slot.acked(peer, ack.origin(), ack.seqno());
                state.holds(ack.origin(), ack.seqno());
                if (shipment.progress.lagRecords() == 0) {
                    // The last heartbeat may have come while it was behind.
                    nameAgain(peer, state);
                }
                if (shipment.progress.lagRecords() == 0 && slot.meshed && !slot.ships(ack.origin())) {
                    state.shipments.remove(ack.origin());
                }
                logs.pump(slot, peer);
            }
            case STALE -> {}
            case AHEAD -> introduce(slot, peer);
            case DIVERGED -> introduce(slot, peer);
        }
    }

    /** Lets the next heartbeats name a slot's positions until one of them is answered. */
    void nameAgain(NodeId peer, ReplicatedSlot.PeerState state) {
        state.changedInHeartbeat = links.to(peer).heartbeat + 1;
    }
}
