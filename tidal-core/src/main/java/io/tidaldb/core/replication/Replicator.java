package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportHandler;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.ingest.CommitListener;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.ingest.WriteRequest;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopScheduler;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's replication: ships what its slots' logs have grown by, takes what others ship, and finds out what either side lacks.
 *
 * <ul>
 *   <li>The leader of a slot ships to every other member; a member ships to the leader what that lacks, such as the tail of a log that was
 *       closed while it was away. So every log reaches everybody by way of the leader.
 *   <li>On every link, and whenever something is missing, the sides tell each other what they hold; only ranges travel that the other
 *       lacks, and only after the chains before them were found to be equal.
 *   <li>What is received is appended, synced and folded by the commit loop like any write, then acknowledged, cumulatively.
 *   <li>Nothing relies on a message arriving: heartbeats name positions until they are acknowledged, whoever is behind without getting
 *       nearer asks again, and so does a member whose leader acknowledges nothing. What arrives twice, late or damaged is refused or
 *       ignored.
 * </ul>
 *
 * <p>A peer that lacks what was truncated here gets the slot's newest checkpoint from the leader, and then the rest of the logs. What a
 * peer lacks that was heard of not too long ago is kept.
 *
 * <p>All state is confined to the scheduler; {@link #committed}, {@link #assign} and the like hand over to it. The scheduler never waits.
 */
public final class Replicator implements TransportHandler, CommitListener, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Replicator.class);

    private final Node node;
    private final Transport transport;
    private final LoopScheduler scheduler;
    private final Clock clock;
    private final ReplicationSettings settings;
    private final Chain chain = new Chain();
    private final DigestChecks checks;
    private final SortedMap<SlotKey, ReplicatedSlot> slots = new TreeMap<>();
    private final Links links;
    private final SnapshotShipper shipper;
    private final SnapshotTaker taker;
    private final StateExchange exchange;
    private final LogShipper logs;
    private final BatchReceiver receiver;
    private final Heartbeats heartbeats;
    private final PeerClocks clocks;

    /** Commits that the loop has told of and the scheduler has not looked at. Safe for any number of threads. */
    private final Queue<HandedOver> handedOver = new ConcurrentLinkedQueue<>();

    /** Who asks for the lag and has no answer yet. Safe for any number of threads. */
    private final Queue<CompletableFuture<List<ReplicationLag>>> lagAsked = new ConcurrentLinkedQueue<>();

    /** Writes to slots that this node has no part in yet: bounded by the room that their tenants have in the queue. */
    private final List<WriteRequest> early = new ArrayList<>();

    /** A commit. */
    private record HandedOver(List<Committed> batches, List<WriteRequest> awaiting) {}

    /**
     * Creates the replication of a node that is not started yet.
     *
     * @param scheduler the one that the transport was given; ends with this
     */
    public Replicator(
            Node node, Transport transport, LoopScheduler scheduler, Clock clock, ReplicationSettings settings) {
        this.node = node;
        this.transport = transport;
        this.scheduler = scheduler;
        this.clock = clock;
        this.settings = settings;
        this.links = new Links(node.id(), transport, clock, slots);
        this.checks = new DigestChecks(node, scheduler, new DigestChecks.Wire() {
            @Override
            public @Nullable ReplicatedSlot slot(TenantShard shard) {
                return Replicator.this.slot(shard);
            }

            @Override
            public boolean isUp(NodeId peer) {
                return links.to(peer).up;
            }

            @Override
            public boolean tell(NodeId peer, PeerMessage message) {
                return links.tell(peer, message);
            }
        });
        this.shipper = new SnapshotShipper(node, scheduler, clock, settings.chunkBytes(), links::tell);
        this.taker = new SnapshotTaker(node, scheduler, links::tellHolder, this::installed);
        this.exchange = new StateExchange(node, scheduler, clock, settings, links, shipper, slots);
        this.logs = exchange.logs();
        this.receiver = new BatchReceiver(node, scheduler, links, exchange, slots);
        this.clocks = new PeerClocks(clock);
        this.heartbeats = new Heartbeats(node, clock, links, exchange, shipper, receiver, slots, clocks);
        node.listener(this);
    }

    /** Starts to listen and to be heard. */
    public void start() {
        transport.start(this);
        scheduler.schedule(settings.heartbeat(), this::beat);
    }

    /** Returns what the clocks of peers say. */
    public PeerClocks clocks() {
        return clocks;
    }

    /** Returns the address at which peers reach this node. */
    public String address() {
        return transport.address();
    }

    /** Keeps a link to a node that holds some slot with this one. */
    public void addPeer(NodeId peer, String address) {
        transport.addPeer(peer, address);
    }

    // Slots

    /**
     * Takes a part in a slot from now on, or another part than before. A damaged replica of a slot that is written everywhere begins anew: the
     * others have what it lacks.
     */
    @SuppressWarnings("FutureReturnValueIgnored") // What fails is logged there.
    public CompletableFuture<Void> assign(SlotAssignment assignment) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        // Where one replica leads, it is agreed first that another one begins anew.
        CompletableFuture<Boolean> begun = assignment.shard().writesEverywhere()
                ? node.reset(assignment.shard())
                : CompletableFuture.completedFuture(false);
        // In the loop's order: what is committed after this look is told after it.
        begun.thenCompose(reset -> node.withReadableLogs(assignment.shard(), 0, logs -> held(assignment.shard(), logs)))
                .whenComplete((held, failure) -> scheduler.execute(() -> {
                    if (held != null) {
                        assigned(new ReplicatedSlot(assignment, node.id(), held, clock.monotonicNanos()));
                    } else {
                        LOG.warn("a slot of node {} takes no part in replication: {}", node.id(), failure.getMessage());
                        leave(assignment.shard(), "the slot has no replicas");
                    }
                    done.complete(null);
                }));
        return done;
    }

    // Whoever leads speaks for what was acknowledged: not without a log that could not be opened.
    private static List<SlotLogs.Held> held(TenantShard shard, SlotLogs logs) {
        TidalException damage = shard.damage();
        if (damage != null && shard.isUnopened() && shard.leads()) {
            throw damage;
        }
        return logs.held();
    }

    private void assigned(ReplicatedSlot slot) {
        ReplicatedSlot before = slots.put(slot.key, slot);
        if (before != null) {
            shipper.drop(before);
            taker.drop(before);
            part(before, slot);
            // What was taken here since this node came to lead, or goes on to, waits for those who hold the slot now.
            before.drain(
                    slot.leads
                            ? slot::await
                            : write -> write.unreplicated(notReplicated("the slot has another leader", write)));
        }
        exchange.publishNeeded(slot);
        slot.shard.keepLogs(false);
        takeEarly(write -> write.shard() == slot.shard, slot::await);
        for (NodeId peer : slot.peers) {
            if (!slot.passive) {
                links.to(peer).joins(slot.key);
            }
            if (links.to(peer).up) {
                exchange.introduce(slot, peer);
            }
        }
    }

    // Who has not heard yet of the new leader, on this shard or another, or of having left, must not take this node's
    // heartbeats for the word of a leader.
    private void part(ReplicatedSlot before, @Nullable ReplicatedSlot now) {
        if (before.leads && !before.passive || before.meshed) {
            for (NodeId peer : before.peers) {
                if (now == null || now.passive || now.state(peer) == null) {
                    links.to(peer).part(before.key, before.shard.writer());
                }
            }
        }
    }

    private void takeEarly(Predicate<WriteRequest> which, Consumer<WriteRequest> action) {
        List<WriteRequest> taken = early.stream().filter(which).toList();
        early.removeIf(which);
        taken.forEach(action);
    }

    // Everything that was known of it is out of date, and the peers have to be asked what comes next.
    private void installed(ReplicatedSlot slot, List<SlotLogs.Held> held) {
        if (slots.get(slot.key) == slot) {
            logs.forget(slot);
            assigned(new ReplicatedSlot(slot.assignment, node.id(), held, clock.monotonicNanos()));
        }
    }

    /** Forgets a tenant. */
    public void drop(TenantId tenant) {
        scheduler.execute(() -> {
            takeEarly(
                    write -> write.shard().tenant().config().id().equals(tenant),
                    write -> write.unreplicated(notReplicated("the tenant was deleted", write)));
            List<ReplicatedSlot> dropped = slots.values().stream()
                    .filter(slot -> slot.key.tenant().equals(tenant))
                    .toList();
            dropped.forEach(slot -> leave(slot.shard, "the tenant was deleted"));
            links.forget(tenant);
        });
    }

    /** Forgets a slot that this node holds no more. */
    public void drop(TenantShard shard) {
        scheduler.execute(() -> leave(shard, "another shard has the slot"));
    }

    private void leave(TenantShard shard, String why) {
        takeEarly(write -> write.shard() == shard, write -> write.unreplicated(notReplicated(why, write)));
        ReplicatedSlot slot = slot(shard);
        if (slot != null) {
            slots.remove(slot.key);
            part(slot, null);
            shipper.drop(slot);
            taker.drop(slot);
            logs.forget(slot);
            slot.drain(write -> write.unreplicated(notReplicated(why, write)));
        }
    }

    private TidalException notReplicated(String why, WriteRequest write) {
        return notReplicated(ErrorCode.PEER_UNAVAILABLE, why, write);
    }

    private TidalException notReplicated(ErrorCode code, String why, WriteRequest write) {
        return new TidalException(
                code,
                "a write of tenant " + write.shard().tenant().config().id() + " is durable on node " + node.id()
                        + ", and not known to be on as many others as " + write.level() + " asks for: " + why
                        + "; retry it with the same idempotency key");
    }

    // What this node's logs have grown by

    @Override
    public void committed(List<Committed> batches, List<WriteRequest> awaiting) {
        handedOver.add(new HandedOver(batches, awaiting));
        scheduler.execute(this::takeOver);
    }

    // One at a time: what was handed over between two commits has to be seen between them.
    private void takeOver() {
        Set<ReplicatedSlot> grown = new LinkedHashSet<>();
        HandedOver commit = handedOver.poll();
        if (commit != null) {
            for (Committed each : commit.batches) {
                ReplicatedSlot slot = slot(each.shard());
                if (slot != null && grew(slot, each.batch())) {
                    grown.add(slot);
                }
            }
            for (WriteRequest write : commit.awaiting) {
                ReplicatedSlot slot = slot(write.shard());
                if (slot != null) {
                    slot.await(write);
                } else if (write.shard().tenant().isDeleted()) {
                    write.unreplicated(notReplicated("the tenant was deleted", write));
                } else {
                    early.add(write);
                }
            }
        }
        for (ReplicatedSlot slot : grown) {
            exchange.gather(slot);
            slot.peers.forEach(peer -> logs.pump(slot, peer));
        }
    }

    private @Nullable ReplicatedSlot slot(TenantShard shard) {
        ReplicatedSlot slot = slots.get(
                new SlotKey(shard.tenant().config().id(), shard.replica().shard()));
        return slot == null || slot.shard != shard ? null : slot;
    }

    private boolean grew(ReplicatedSlot slot, WalBatch batch) {
        Origin origin = batch.origin();
        LogPosition before = slot.position(origin);
        long after =
                batch.version() > 1 ? batch.chain() : chain.next(before == null ? Chain.START : before.chain(), batch);
        if (!slot.committed(batch, after)) {
            return false;
        }
        logs.keep(slot, batch);
        for (NodeId peer : slot.peers) {
            ReplicatedSlot.PeerState state = slot.state(peer);
            if (state == null) {
                continue;
            }
            exchange.nameAgain(peer, state);
            Shipment known = state.shipments.get(origin);
            if (known != null) {
                known.progress.committed(batch);
            } else if (state.known && slot.ships(origin) && !state.diverged) {
                // An origin that began after the peer had said what it holds, so the peer has nothing of it.
                slot.shipment(peer, state, origin, settings.windowBytes());
            }
        }
        return true;
    }

    // Links

    @Override
    public void peerUp(NodeId peer) {
        Links.Link link = links.to(peer);
        link.up = true;
        link.full = false;
        links.tell(
                peer,
                new PeerMessage.Hello(
                        0, node.cluster(), node.id(), node.region(), PeerCodec.MIN_PROTOCOL, PeerCodec.PROTOCOL));
        slots.values().forEach(slot -> exchange.introduce(slot, peer));
    }

    @Override
    public void peerDown(NodeId peer) {
        links.to(peer).down();
        shipper.peerDown(peer);
        taker.peerDown(peer);
        for (ReplicatedSlot slot : slots.values()) {
            ReplicatedSlot.PeerState state = slot.state(peer);
            if (state != null) {
                state.forget(links.to(peer).heardNanos);
                state.caughtUp = false;
            }
        }
    }

    @Override
    public void writable(NodeId peer) {
        links.to(peer).full = false;
        shipper.writable(peer);
        slots.values().forEach(slot -> logs.pump(slot, peer));
    }

    // What peers say

    @Override
    public void message(NodeId peer, ByteBuffer bytes) {
        int kind = 0;
        try {
            kind = PeerCodec.kind(bytes);
            links.to(peer).heardNanos = clock.monotonicNanos();
            received(peer, PeerCodec.decode(bytes));
        } catch (TidalException e) {
            LOG.warn("a message of node {} to node {} is refused: {}", peer, node.id(), e.getMessage());
            if (kind != PeerMessage.Failure.KIND) {
                links.tell(peer, new PeerMessage.Failure(0, kind, e.code(), String.valueOf(e.getMessage())));
            }
        }
    }

    @Override
    public CompletionStage<ByteBuffer> request(NodeId peer, ByteBuffer message) {
        return CompletableFuture.failedFuture(
                new TidalException(ErrorCode.UNSUPPORTED, "replication answers no requests: expected a message"));
    }

    private void received(NodeId peer, PeerMessage message) {
        if (message instanceof PeerMessage.OfSlot ofSlot) {
            ReplicatedSlot slot = slots.get(new SlotKey(ofSlot.tenant(), ofSlot.shard()));
            ReplicatedSlot.PeerState state = slot == null ? null : slot.state(peer);
            if (slot != null && state != null && slot.epoch == message.epoch()) {
                ofSlot(peer, slot, state, ofSlot);
            } else if (slot != null && state != null && Long.compareUnsigned(slot.epoch, message.epoch()) < 0) {
                // This node has not heard yet of what the other knows already, and asks again when it has. Until then
                // it
                // does not know what it lacks.
                state.forget(links.to(peer).heardNanos);
                state.caughtUp = false;
            }
        } else if (message instanceof PeerMessage.Hello hello) {
            greeted(peer, hello);
        } else if (message instanceof PeerMessage.Heartbeat heartbeat) {
            heartbeats.received(peer, heartbeat);
        } else if (message instanceof PeerMessage.HeartbeatAnswer answer) {
            links.to(peer).answered = Math.max(links.to(peer).answered, answer.number());
        } else if (message instanceof PeerMessage.Failure failure) {
            if (failure.ofKind() == PeerMessage.SnapshotChunk.KIND) {
                shipper.refused(peer);
            }
            LOG.warn("node {} refused a message of node {}: {}", peer, node.id(), failure.text());
        }
    }

    private void greeted(NodeId peer, PeerMessage.Hello hello) {
        if (!hello.cluster().equals(node.cluster())
                || !hello.node().equals(peer)
                || hello.minProtocol() > PeerCodec.PROTOCOL
                || hello.maxProtocol() < PeerCodec.MIN_PROTOCOL) {
            throw new TidalException(
                    ErrorCode.DIRECTORY_MISMATCH,
                    "node " + peer + " says it is " + hello.node() + " of cluster \"" + hello.cluster()
                            + "\" with protocols " + hello.minProtocol() + " to " + hello.maxProtocol()
                            + ": expected cluster \"" + node.cluster() + "\" and one of " + PeerCodec.MIN_PROTOCOL
                            + " to " + PeerCodec.PROTOCOL);
        }
    }

    private void ofSlot(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, PeerMessage.OfSlot message) {
        if (message instanceof PeerMessage.State held) {
            exchange.said(peer, slot, state, held);
        } else if (message instanceof PeerMessage.Append append) {
            receiver.append(peer, slot, append.batches());
        } else if (message instanceof PeerMessage.Ack ack) {
            exchange.acked(peer, slot, state, ack);
        } else if (message instanceof PeerMessage.DigestReport report) {
            checks.reported(peer, report);
        } else if (message instanceof PeerMessage.BucketCells cells && !slot.leads) {
            checks.cells(slot, cells);
        } else if (message instanceof PeerMessage.SnapshotChunk part) {
            taker.take(peer, slot, part);
        } else if (message instanceof PeerMessage.SnapshotFetch fetch && slot.leads) {
            exchange.fetched(peer, slot, state, fetch);
        } else {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "messages of kind " + message.kind() + " are not served by node " + node.id());
        }
    }

    // Heartbeats

    private void beat() {
        slots.values().forEach(slot -> {
            exchange.publishNeeded(slot);
            exchange.gather(slot);
            exchange.adopt(slot);
            exchange.merge(slot);
        });
        expire(clock.monotonicNanos());
        links.forEachUp(heartbeats::beat);
        scheduler.schedule(settings.heartbeat(), this::beat);
    }

    // Whoever waits gets an answer, and what waits its room back, whether others come back or not.
    private void expire(long nowNanos) {
        Consumer<WriteRequest> late = write ->
                write.unreplicated(notReplicated(ErrorCode.DEADLINE_EXCEEDED, "they have not said so in time", write));
        slots.values().forEach(slot -> slot.expire(nowNanos, late));
        takeEarly(write -> write.isLate(nowNanos), late);
    }

    // Comparison

    @Override
    public boolean marked(TenantShard shard, ControlRecord.DigestMark mark) {
        return checks.marked(shard, mark);
    }

    /**
     * Compares the state of a slot that this node leads with its followers', at a mark in its log, while writes go on.
     *
     * @param mark a number that no other comparison of the slot has
     */
    @SuppressWarnings("FutureReturnValueIgnored") // Handed on.
    public CompletableFuture<SortedMap<NodeId, ReplicaCheck>> compare(TenantShard shard, long mark) {
        CompletableFuture<SortedMap<NodeId, ReplicaCheck>> result = new CompletableFuture<>();
        scheduler.execute(() -> {
            ReplicatedSlot slot = slot(shard);
            if (slot == null || !slot.leads) {
                result.complete(Collections.emptySortedMap());
            } else {
                checks.compare(slot, mark).thenAccept(result::complete);
            }
        });
        return result;
    }

    /** Has every peer that can be reached compare a tenant's slots with what is held here, once more. */
    public void compareAgain(TenantId tenant) {
        scheduler.execute(() -> slots.values().stream()
                .filter(slot -> slot.key.tenant().equals(tenant))
                .forEach(slot -> slot.peers.stream()
                        .filter(peer -> links.to(peer).up)
                        .forEach(peer -> exchange.tellState(slot, peer, false))));
    }

    /** Replaces one bucket of a follower's state by this node's, at a mark in the log. Whether it has helped, a comparison tells. */
    public void repair(TenantShard shard, NodeId follower, int bucket, long mark) {
        scheduler.execute(() -> {
            ReplicatedSlot slot = slot(shard);
            if (slot != null && slot.leads && slot.peers.contains(follower)) {
                checks.repair(slot, follower, bucket, mark);
            }
        });
    }

    // Health

    /** Returns the bytes of recent batches that are kept in memory for followers: never more than the settings allow. Safe for any thread. */
    public long tailBytes() {
        return logs.tailBytes();
    }

    /** Returns how far each follower of each slot is behind that this node takes writes of; nothing if the node stops meanwhile. */
    public CompletableFuture<List<ReplicationLag>> lag() {
        CompletableFuture<List<ReplicationLag>> asked = new CompletableFuture<>();
        lagAsked.add(asked);
        scheduler.execute(() -> {
            CompletableFuture<List<ReplicationLag>> next = lagAsked.poll();
            if (next != null) {
                long nowMillis = clock.wallNanos() / 1_000_000;
                next.complete(slots.values().stream()
                        .filter(slot -> slot.leads || slot.meshed)
                        .flatMap(slot -> slot.peers.stream().map(peer -> slot.lag(peer, nowMillis)))
                        .toList());
            }
        });
        return asked;
    }

    /** Tells whether a follower holds all of a slot that this node leads, and no write to it waits for others; never if the node stops. */
    public CompletableFuture<Boolean> isHandedTo(TenantShard shard, NodeId peer) {
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        scheduler.execute(() -> {
            ReplicatedSlot slot = slot(shard);
            told.complete(slot != null && slot.isHandedTo(peer, clock.wallNanos() / 1_000_000));
        });
        return told;
    }

    /**
     * Tells how many of a slot's other members hold all that this node has, which passes it on to them; none if it does not, or the node
     * stops.
     */
    public CompletableFuture<Integer> complete(TenantShard shard) {
        return count(shard, (slot, peer) -> slot.isHandedTo(peer, clock.wallNanos() / 1_000_000));
    }

    /** As {@link #complete}, but for what was written a moment ago. */
    public CompletableFuture<Integer> near(TenantShard shard) {
        return count(shard, ReplicatedSlot::isNear);
    }

    /** As {@link #complete}, but for so many records, which can be sent from logs. */
    public CompletableFuture<Integer> within(TenantShard shard, long records) {
        return count(shard, (slot, peer) -> slot.isWithin(peer, records, clock.wallNanos() / 1_000_000));
    }

    private CompletableFuture<Integer> count(TenantShard shard, BiPredicate<ReplicatedSlot, NodeId> which) {
        CompletableFuture<Integer> told = new CompletableFuture<>();
        scheduler.execute(() -> {
            ReplicatedSlot slot = slot(shard);
            told.complete(
                    slot == null || !slot.leads
                            ? 0
                            : (int) slot.peers.stream()
                                    .filter(peer -> which.test(slot, peer))
                                    .count());
        });
        return told;
    }

    /** Tells whether writes to a slot that this node leads wait for others to hold them; not if the node stops. */
    public CompletableFuture<Boolean> isAwaited(TenantShard shard) {
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        scheduler.execute(() -> {
            ReplicatedSlot slot = slot(shard);
            told.complete(slot != null && slot.isAwaited());
        });
        return told;
    }

    /** Drops all links. Called when nobody runs the node's loop any more; writes that still wait are told. */
    @Override
    public void close() {
        transport.close();
        scheduler.close();
        shipper.close();
        taker.close();
        // Nobody else looks at them any more.
        Consumer<WriteRequest> tell = write -> write.unreplicated(notReplicated("the node has stopped", write));
        handedOver.forEach(commit -> commit.awaiting.forEach(tell));
        handedOver.clear();
        takeEarly(write -> true, tell);
        slots.values().forEach(slot -> slot.drain(tell));
        slots.clear();
        lagAsked.forEach(asked -> asked.complete(List.of()));
    }
}
