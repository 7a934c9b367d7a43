package io.tidaldb.core.replication;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.ingest.LogsNeeded;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.ingest.WriteRequest;
import io.tidaldb.core.routing.ShardReplicas;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a node knows of one slot that it holds with others. Confined to the replicator's scheduler. */
final class ReplicatedSlot {

    final SlotAssignment assignment;
    final SlotKey key;
    final TenantShard shard;
    final NodeId leader;
    final long epoch;
    final List<NodeId> members;
    final boolean leads;

    /** Whether another shard has the slot: nothing of it is decided here, whoever leads. */
    final boolean passive;

    /** Whether every member takes writes, so that each ships its own log to all others. */
    final boolean meshed;

    /** The nodes to which something of it may be sent: all others for a leader or where all write, the leader for a follower. */
    final List<NodeId> peers;

    /** How far each origin's log is durable here. */
    private final SortedMap<Origin, LogPosition> held = new TreeMap<>();

    private final SortedMap<NodeId, PeerState> states = new TreeMap<>();
    private final SortedMap<Origin, Waits> waits = new TreeMap<>();

    /** What is known of a peer's logs. */
    static final class PeerState {

        private static final long LONGEST_PAUSE = 8;

        final SortedMap<Origin, Shipment> shipments = new TreeMap<>();

        /** Whether the peer has said what it holds since the link came up. */
        boolean known;

        /** Whether one of its logs is another than here: nothing is sent to it any more. */
        boolean diverged;

        /** How far it has said that it holds each origin's log, or was seen to; null before it has said anything. */
        @Nullable
        SortedMap<Origin, Long> held;

        /** How far it will hold each log once it has the snapshot that it is being sent; null if it is sent none. */
        @Nullable
        SortedMap<Origin, Long> promised;

        /** When it was heard of last while it was not {@code known}; at first, since when it could have been. */
        long heardNanos;

        /** Whether it lacks what the logs here do not hold any more. */
        boolean needsSnapshot;

        /** Whether it has said that its state holds what does not count, and that its own logs do not lead out of that. */
        boolean asksForSnapshot;

        /** Whether what it said is being compared with the logs. */
        boolean comparing;

        /** What it has said since the comparison began; null if nothing. */
        @Nullable
        List<LogPosition> saidMeanwhile;

        /** Whether everything is held here of which the leader has told. */
        boolean caughtUp;

        /** Since when everything is held here that it had, by this machine's clock; null if it was never heard of. */
        @Nullable
        Long freshNanos;

        /** The number of the heartbeat that told it, or is to tell it, of the newest position. */
        long changedInHeartbeat;

        /** After how many heartbeats it is asked again what it holds. */
        private long againAt;

        private long pause = 1;

        /** How far logs were held here when the leader last said that it has more. */
        final SortedMap<Origin, Long> heldWhenTold = new TreeMap<>();

        /** How far it held logs of others when it said so last and lacked some of them. */
        private final SortedMap<Origin, Long> heldBefore = new TreeMap<>();

        PeerState(long nowNanos) {
            heardNanos = nowNanos;
        }

        /** What it has said is out of date. */
        void forget(long lastHeardNanos) {
            asksForSnapshot = false;
            againAt = 0;
            pause = 1;
            if (known) {
                known = false;
                heardNanos = lastHeardNanos;
            }
        }

        /** It was asked what it holds, after so many heartbeats. */
        void asked(long heartbeats) {
            pause = Math.min(2 * pause, LONGEST_PAUSE);
            againAt = heartbeats + pause;
        }

        /**
         * Returns whether it is asked again what it holds, after so many heartbeats: less and less often, since it may have many slots to see to,
         * and not while what it said is compared.
         */
        boolean isAskedAgain(long heartbeats) {
            return !comparing && heartbeats >= againAt;
        }

        /** The peer says what it holds. */
        void said(List<LogPosition> positions) {
            held = lastSeqnos(positions);
            promised = null;
        }

        /** The peer is sent a snapshot with at least this. */
        void promise(List<LogPosition> positions) {
            promised = lastSeqnos(positions);
        }

        /**
         * Returns whether it lacks some of a log that a third node writes, and has got no further since it said so before: nobody else gives
         * it.
         */
        boolean isStuck(LogPosition theirs, long lastSeqno) {
            if (Long.compareUnsigned(theirs.lastSeqno(), lastSeqno) >= 0) {
                heldBefore.remove(theirs.origin());
                return false;
            }
            Long before = heldBefore.put(theirs.origin(), theirs.lastSeqno());
            return before != null && before == theirs.lastSeqno();
        }

        private static SortedMap<Origin, Long> lastSeqnos(List<LogPosition> positions) {
            SortedMap<Origin, Long> lasts = new TreeMap<>();
            positions.forEach(position -> lasts.put(position.origin(), position.lastSeqno()));
            return lasts;
        }

        /** Returns how far it holds a log, as far as is known. */
        long heldTo(Origin origin) {
            return held == null || diverged ? origin.startSeqno() : held.getOrDefault(origin, origin.startSeqno());
        }

        /** The peer was seen to hold a log up to here. */
        void holds(Origin origin, long seqno) {
            if (held != null) {
                held.put(origin, seqno);
            }
        }
    }

    /** Writes that wait until others hold an origin's log. */
    private record Waits(Quorum quorum, PendingAcks<WriteRequest> pending) {}

    ReplicatedSlot(SlotAssignment assignment, NodeId local, List<SlotLogs.Held> logs, long nowNanos) {
        this.assignment = assignment;
        this.shard = assignment.shard();
        this.key = new SlotKey(shard.tenant().config().id(), shard.replica().shard());
        this.leader = assignment.leader();
        this.epoch = assignment.epoch();
        this.members = assignment.members();
        this.leads = leader.equals(local);
        this.passive = assignment.passive();
        this.meshed = shard.writesEverywhere();
        this.peers = leads || meshed
                ? members.stream().filter(node -> !node.equals(local)).toList()
                : List.of(leader);
        for (SlotLogs.Held each : logs) {
            held.put(each.origin(), new LogPosition(each.origin(), each.firstSeqno(), each.lastSeqno(), each.chain()));
        }
        peers.forEach(peer -> states.put(peer, new PeerState(nowNanos)));
    }

    /** Returns what is known of a peer, or null if nothing of the slot may go there. */
    @Nullable
    PeerState state(NodeId peer) {
        return states.get(peer);
    }

    /** Returns how far each log is durable here. */
    List<LogPosition> positions() {
        return List.copyOf(held.values());
    }

    /** Returns whether a peer says that it holds the logs that are whole and durable here, to the same record, and no other. */
    boolean holdsTheSame(List<LogPosition> theirs) {
        return shard.damage() == null
                && theirs.size() == held.size()
                && theirs.stream().allMatch(each -> {
                    LogPosition here = held.get(each.origin());
                    return here != null && here.lastSeqno() == each.lastSeqno() && here.chain() == each.chain();
                });
    }

    /** Returns how far an origin's log is durable here, or null if nothing is. */
    @Nullable
    LogPosition position(Origin origin) {
        return held.get(origin);
    }

    /**
     * Returns what must not be dropped of the logs here: what a peer lacks that counts and, where this node leads, what less than a
     * majority of the members hold. So whoever leads next, with as many members as a majority leaves out and one more, finds somebody
     * among them who holds all that any member has dropped.
     *
     * @param counts whether a peer counts that lacks something
     */
    LogsNeeded needed(BiPredicate<NodeId, PeerState> counts) {
        SortedMap<Origin, Long> heldTo = new TreeMap<>();
        boolean byAnybody = leads && !peers.isEmpty();
        if (byAnybody) {
            held.keySet().forEach(origin -> heldTo.put(origin, heldByMajority(origin)));
        }
        for (NodeId peer : peers) {
            PeerState state = states.get(peer);
            if (state == null || state.diverged || !counts.test(peer, state)) {
                continue;
            }
            SortedMap<Origin, Long> known = state.promised != null ? state.promised : state.held;
            if (known == null) {
                return LogsNeeded.EVERYTHING;
            }
            byAnybody = true;
            for (Origin origin : held.keySet()) {
                heldTo.merge(origin, known.getOrDefault(origin, origin.startSeqno()), ReplicatedSlot::lower);
            }
        }
        return new LogsNeeded(byAnybody, heldTo);
    }

    /** Returns how far the logs of others are held by every member of the slot, and by none of them more; null if that is not so. */
    @Nullable
    SortedMap<Origin, Long> heldByAll() {
        SortedMap<Origin, Long> lasts = new TreeMap<>();
        held.values().forEach(position -> lasts.put(position.origin(), position.lastSeqno()));
        lasts.remove(shard.writer());
        for (PeerState state : states.values()) {
            boolean level = state.known
                    && !state.diverged
                    && !isBehind(state)
                    && lasts.entrySet().stream().allMatch(each -> state.heldTo(each.getKey()) == each.getValue());
            if (!level) {
                return null;
            }
        }
        return lasts;
    }

    /** As {@link #needed}, where all write: whatever any other member lacks, however long that is away. */
    LogsNeeded neededByAll() {
        SortedMap<Origin, Long> heldTo = new TreeMap<>();
        for (PeerState state : states.values()) {
            SortedMap<Origin, Long> known = state.promised != null ? state.promised : state.held;
            if (known == null || state.diverged) {
                return LogsNeeded.EVERYTHING;
            }
            for (Origin origin : held.keySet()) {
                heldTo.merge(origin, known.getOrDefault(origin, origin.startSeqno()), ReplicatedSlot::lower);
            }
        }
        return states.isEmpty() ? LogsNeeded.NOTHING : new LogsNeeded(true, heldTo);
    }

    private static long lower(long one, long other) {
        return Long.compareUnsigned(one, other) < 0 ? one : other;
    }

    // This node holds all that counts here, so the best of the others make the majority with it.
    private long heldByMajority(Origin origin) {
        List<Long> others = new ArrayList<>();
        states.values().forEach(state -> others.add(state.heldTo(origin)));
        others.sort(Long::compareUnsigned);
        return others.get(others.size() - members.size() / 2);
    }

    /** Returns the last durable seqno of an origin's log. */
    long lastSeqno(Origin origin) {
        LogPosition position = held.get(origin);
        return position == null ? origin.startSeqno() : position.lastSeqno();
    }

    /**
     * Returns whether everything is held here of which so many members have told in this epoch that a majority of those before can't be
     * without one of them. Who has told takes nothing of an earlier epoch any more.
     */
    boolean hasGathered() {
        long told = states.values().stream()
                .filter(state -> state.held != null && !isBehind(state))
                .count();
        return told + 1 >= ShardReplicas.enoughToPromote(members.size());
    }

    /** Returns whether a peer holds something that is lacking here, as far as is known. */
    boolean isBehind(PeerState state) {
        return state.held != null
                && state.held.entrySet().stream()
                        .anyMatch(each -> Long.compareUnsigned(each.getValue(), lastSeqno(each.getKey())) > 0);
    }

    /** Returns whether something is held here that a peer lacks, as far as is known. */
    boolean isAheadOf(PeerState state) {
        return held.values().stream()
                .anyMatch(each -> Long.compareUnsigned(each.lastSeqno(), state.heldTo(each.origin())) > 0);
    }

    /** A log has become longer, durably. One that was known before is ignored. */
    boolean committed(WalBatch batch, long chain) {
        Origin origin = batch.origin();
        LogPosition before = held.get(origin);
        if (before != null && Long.compareUnsigned(batch.lastSeqno(), before.lastSeqno()) <= 0) {
            return false;
        }
        long first =
                before == null || before.firstSeqno() > before.lastSeqno() ? batch.firstSeqno() : before.firstSeqno();
        held.put(origin, new LogPosition(origin, first, batch.lastSeqno(), chain));
        Waits waiting = waits.get(origin);
        if (waiting != null) {
            waiting.quorum.own(batch.lastSeqno());
        }
        return true;
    }

    /**
     * Returns whether this node ships what an origin's log grows by. Where all write, each ships its own log; those of others it hands on
     * only to who asks for them, because the way from their writer is cut or their writer is gone.
     */
    boolean ships(Origin origin) {
        return leads && !meshed || meshed && origin.replica().equals(shard.replica());
    }

    /**
     * Returns since when everything is held here that any member had, by this machine's clock; empty if one was never heard of. Where one
     * leads, its word counts and not this.
     */
    OptionalLong freshNanos() {
        Long oldest = null;
        for (PeerState state : states.values()) {
            Long since = state.freshNanos;
            if (since == null) {
                return OptionalLong.empty();
            }
            oldest = oldest == null || since - oldest < 0 ? since : oldest;
        }
        return oldest == null ? OptionalLong.empty() : OptionalLong.of(oldest);
    }

    /** Returns the shipment of an origin's log to a peer, begun if there is none. */
    Shipment shipment(NodeId peer, PeerState state, Origin origin, long windowBytes) {
        return state.shipments.computeIfAbsent(
                origin, each -> new Shipment(this, peer, each, lastSeqno(each), windowBytes));
    }

    /** Lets a write wait until as many hold it as its level asks for. */
    void await(WriteRequest write) {
        Origin origin = write.position().origin();
        waits(origin).pending.add(write.level(), write.position().seqno(), write);
        release(origin);
    }

    private Waits waits(Origin origin) {
        return waits.computeIfAbsent(origin, each -> {
            Quorum quorum = new Quorum(each.startSeqno(), peers);
            quorum.own(lastSeqno(each));
            states.forEach((peer, state) -> {
                Shipment shipment = state.shipments.get(each);
                if (shipment != null) {
                    quorum.acked(peer, shipment.progress.ackedSeqno());
                }
            });
            return new Waits(quorum, new PendingAcks<>());
        });
    }

    /** A follower has an origin's log up to here, durably. */
    void acked(NodeId peer, Origin origin, long seqno) {
        Waits waiting = waits.get(origin);
        if (waiting != null) {
            waiting.quorum.acked(peer, seqno);
            release(origin);
        }
    }

    private void release(Origin origin) {
        Waits waiting = waits.get(origin);
        if (waiting != null) {
            waiting.pending.release(waiting.quorum, write -> write.replicated(write.position()));
        }
    }

    /** Hands over the writes that have waited for long enough. */
    void expire(long nowNanos, Consumer<WriteRequest> late) {
        List<WriteRequest> expired = new ArrayList<>();
        waits.values()
                .forEach(waiting -> waiting.pending.removeIf(write -> write.isLate(nowNanos) && expired.add(write)));
        expired.forEach(late);
    }

    /** Hands over all writes that wait: this node can't answer them any more. */
    void drain(Consumer<WriteRequest> drained) {
        waits.values().forEach(waiting -> waiting.pending.drain(drained));
    }

    /** Returns whether a follower surely holds all that is held here, and nobody waits for others to hold it. */
    boolean isHandedTo(NodeId peer, long nowMillis) {
        PeerState state = states.get(peer);
        if (meshed) {
            // It takes writes already, and whoever leads is told of all others' as before.
            return leads && state != null && state.known;
        }
        return leads
                && state != null
                && state.known
                && !state.diverged
                && !state.asksForSnapshot
                && lag(peer, nowMillis).records() == 0
                && waits.values().stream().allMatch(waiting -> waiting.pending.size() == 0);
    }

    /** Returns whether a follower is sent no more than so many records, from logs, to hold all that is held here. */
    boolean isWithin(NodeId peer, long records, long nowMillis) {
        return isFed(states.get(peer)) && lag(peer, nowMillis).records() <= records;
    }

    private static boolean isFed(@Nullable PeerState state) {
        return state != null && state.known && !state.diverged && !state.asksForSnapshot && !state.needsSnapshot;
    }

    /** Returns whether a follower holds the logs of all origins but this node's own, and nearly all of that. */
    boolean isNear(NodeId peer) {
        PeerState state = states.get(peer);
        return state != null
                && isFed(state)
                && held.keySet().stream()
                        .allMatch(origin -> state.heldTo(origin) == lastSeqno(origin) || origin.equals(shard.writer()));
    }

    /** Returns whether writes wait until others hold them. */
    boolean isAwaited() {
        return waits.values().stream().anyMatch(waiting -> waiting.pending.size() > 0);
    }

    /** Returns how far a follower is behind. */
    ReplicationLag lag(NodeId peer, long nowMillis) {
        long records = 0;
        long millis = 0;
        PeerState state = states.get(peer);
        for (LogPosition position : held.values()) {
            Shipment shipment = state == null ? null : state.shipments.get(position.origin());
            if (shipment == null && meshed) {
                long lacks = state == null ? 0 : position.lastSeqno() - state.heldTo(position.origin());
                records += Math.max(0, lacks);
                millis = lacks > 0 || state == null || state.held == null ? -1 : millis;
            } else if (shipment == null) {
                records += position.lastSeqno() - position.origin().startSeqno();
                millis = -1;
            } else {
                records += shipment.progress.lagRecords();
                OptionalLong behind = shipment.progress.lagMillis(nowMillis);
                millis = millis < 0 || behind.isEmpty() ? -1 : Math.max(millis, behind.getAsLong());
            }
        }
        if (state != null && state.asksForSnapshot) {
            millis = -1;
        }
        return new ReplicationLag(key.tenant(), key.shard(), peer, records, millis, state != null && state.diverged);
    }
}
