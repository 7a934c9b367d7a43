package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.Transport;
import io.tidaldb.api.transport.TransportHandler;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.ingest.CommitListener;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.ReceivedBatches;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.ingest.WriteRequest;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopScheduler;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
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

    private static final int PRESENT_HEARTBEATS = 4;
    private static final int ASK_HEARTBEATS = 8;

    private final Node node;
    private final Transport transport;
    private final LoopScheduler scheduler;
    private final Clock clock;
    private final ReplicationSettings settings;
    private final RecentBatches recent;
    private final Chain chain = new Chain();
    private final DigestChecks checks;
    private final SortedMap<SlotKey, ReplicatedSlot> slots = new TreeMap<>();
    private final SortedMap<NodeId, Link> links = new TreeMap<>();
    private final SnapshotShipper shipper;
    private final SnapshotTaker taker;
    private final long retentionMaxNanos;

    /** Commits that the loop has told of and the scheduler has not looked at. Safe for any number of threads. */
    private final Queue<HandedOver> handedOver = new ConcurrentLinkedQueue<>();

    private volatile long tailBytes;

    /** Who asks for the lag and has no answer yet. Safe for any number of threads. */
    private final Queue<CompletableFuture<List<ReplicationLag>>> lagAsked = new ConcurrentLinkedQueue<>();

    /** Writes to slots that this node has no part in yet: bounded by the room that their tenants have in the queue. */
    private final List<WriteRequest> early = new ArrayList<>();

    /** A commit. */
    private record HandedOver(List<Committed> batches, List<WriteRequest> awaiting) {}

    /** The link to a peer. */
    private static final class Link {

        boolean up;

        /** Whether its queue was full, so that shipments wait until it is writable. */
        boolean full;

        long heartbeat;
        long answered;

        /** When something came from it last; at first, since when it could have. */
        long heardNanos;

        Link(long nowNanos) {
            heardNanos = nowNanos;
        }
    }

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
        this.recent = new RecentBatches(settings.tailBytes());
        this.checks = new DigestChecks(node, scheduler, new DigestChecks.Wire() {
            @Override
            public @Nullable ReplicatedSlot slot(TenantShard shard) {
                return Replicator.this.slot(shard);
            }

            @Override
            public boolean isUp(NodeId peer) {
                return link(peer).up;
            }

            @Override
            public boolean tell(NodeId peer, PeerMessage message) {
                return Replicator.this.tell(peer, message);
            }
        });
        this.shipper = new SnapshotShipper(node, scheduler, clock, settings.chunkBytes(), this::tell);
        this.taker = new SnapshotTaker(node, scheduler, this::tell, this::installed);
        // Who was heard of a few heartbeats ago is not away.
        this.retentionMaxNanos = Math.max(
                TimeUnit.MILLISECONDS.toNanos(node.retentionMaxMillis()),
                settings.heartbeat().toNanos() * PRESENT_HEARTBEATS);
        node.listener(this);
    }

    /** Starts to listen and to be heard. */
    public void start() {
        transport.start(this);
        scheduler.schedule(settings.heartbeat(), this::beat);
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
     * Takes a part in a slot from now on, or another part than before. A follower's replica that was found to be damaged begins anew: the
     * leader has what it lacks.
     */
    @SuppressWarnings("FutureReturnValueIgnored") // What fails is logged there.
    public void assign(SlotAssignment assignment) {
        // In the loop's order: what is committed after this look is told after it.
        node.reset(assignment.shard())
                .thenCompose(reset -> node.withLogs(assignment.shard(), 0, SlotLogs::held))
                .whenComplete((held, failure) -> scheduler.execute(() -> {
                    if (held != null) {
                        assigned(new ReplicatedSlot(assignment, node.id(), held, clock.monotonicNanos()));
                    } else {
                        LOG.warn("a slot of node {} takes no part in replication: {}", node.id(), failure.getMessage());
                        takeEarly(
                                write -> write.shard() == assignment.shard(),
                                write -> write.unreplicated(notReplicated("the slot has no replicas", write)));
                    }
                }));
    }

    private void assigned(ReplicatedSlot slot) {
        ReplicatedSlot before = slots.put(slot.key, slot);
        if (before != null) {
            shipper.drop(before);
            taker.drop(before);
            before.drain(write -> write.unreplicated(notReplicated("the slot has another leader", write)));
        }
        publishNeeded(slot);
        slot.shard.keepLogs(false);
        takeEarly(write -> write.shard() == slot.shard, slot::await);
        for (NodeId peer : slot.peers) {
            if (link(peer).up) {
                introduce(slot, peer);
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
            slot.positions().forEach(position -> recent.forget(slot.shard.log(position.origin())));
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
            for (ReplicatedSlot slot : dropped) {
                slots.remove(slot.key);
                shipper.drop(slot);
                taker.drop(slot);
                slot.positions().forEach(position -> recent.forget(slot.shard.log(position.origin())));
                slot.drain(write -> write.unreplicated(notReplicated("the tenant was deleted", write)));
            }
        });
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

    private Link link(NodeId peer) {
        return links.computeIfAbsent(peer, each -> new Link(clock.monotonicNanos()));
    }

    // What this node's logs have grown by

    @Override
    public void committed(List<Committed> batches, List<WriteRequest> awaiting) {
        handedOver.add(new HandedOver(batches, awaiting));
        scheduler.execute(this::takeOver);
    }

    // One at a time: what was handed over between two commits has to be seen between them.
    private void takeOver() {
        List<ReplicatedSlot> grown = new ArrayList<>();
        HandedOver commit = handedOver.poll();
        if (commit != null) {
            for (Committed each : commit.batches) {
                ReplicatedSlot slot = slot(each.shard());
                if (slot != null && grew(slot, each.batch()) && !grown.contains(slot)) {
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
            slot.peers.forEach(peer -> pump(slot, peer));
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
        recent.add(slot.shard.log(origin), batch);
        tailBytes = recent.bytes();
        for (NodeId peer : slot.peers) {
            ReplicatedSlot.PeerState state = slot.state(peer);
            if (state == null) {
                continue;
            }
            nameAgain(peer, state);
            Shipment known = state.shipments.get(origin);
            if (known != null) {
                known.progress.committed(batch);
            } else if (state.known && slot.leads && !state.diverged) {
                // An origin that began after the peer had said what it holds, so the peer has nothing of it.
                slot.shipment(peer, state, origin, settings.windowBytes());
            }
        }
        return true;
    }

    // Shipping

    private void pump(ReplicatedSlot slot, NodeId peer) {
        ReplicatedSlot.PeerState state = slot.state(peer);
        Link link = link(peer);
        if (state == null || !link.up || !state.known || state.diverged) {
            return;
        }
        if (state.needsSnapshot || shipper.isShipping(slot, peer)) {
            // It must not get ahead of its snapshot.
            return;
        }
        for (Shipment shipment : List.copyOf(state.shipments.values())) {
            while (!link.full && shipment.progress.isBehind() && shipment.progress.hasCredit(settings.chunkBytes())) {
                List<WalBatch> batches = shipment.reading
                        ? null
                        : recent.from(shipment.log, shipment.progress.nextSeqno(), settings.chunkBytes());
                if (batches == null || batches.isEmpty()) {
                    read(shipment);
                    break;
                }
                if (!send(shipment, batches)) {
                    break;
                }
            }
        }
    }

    private boolean send(Shipment shipment, List<WalBatch> batches) {
        if (batches.isEmpty()) {
            return false;
        }
        ReplicatedSlot slot = shipment.slot;
        List<Long> chains = new ArrayList<>(batches.size());
        FollowerProgress progress = shipment.progress;
        Shipment.Preview preview = shipment.preview(chain);
        for (WalBatch batch : batches) {
            Long after = preview.next(batch);
            if (after == null) {
                LOG.error(
                        "the log {} of node {} can't be shipped: what is read at seqno {} does not continue it",
                        shipment.log,
                        node.id(),
                        Seqno.print(batch.firstSeqno()));
                return false;
            }
            chains.add(after);
        }
        if (!progress.hasCredit(batches.stream().mapToInt(WalBatch::length).sum())
                || !tell(
                        shipment.peer,
                        new PeerMessage.Append(slot.epoch, slot.key.tenant(), slot.key.shard(), batches))) {
            return false;
        }
        for (int i = 0; i < batches.size(); i++) {
            shipment.sent(batches.get(i), chains.get(i));
        }
        return true;
    }

    // What is not in memory any more is read by the loop, in the tenant's turn.
    @SuppressWarnings("FutureReturnValueIgnored") // What fails is logged there.
    private void read(Shipment shipment) {
        if (shipment.reading) {
            return;
        }
        shipment.reading = true;
        ReplicatedSlot slot = shipment.slot;
        long from = shipment.progress.nextSeqno();
        node.withLogs(
                        slot.shard,
                        settings.chunkBytes(),
                        logs -> logs.read(shipment.origin, from, settings.chunkBytes()))
                .whenComplete((batches, failure) -> scheduler.execute(() -> {
                    shipment.reading = false;
                    if (slots.get(slot.key) != slot || shipment.progress.nextSeqno() != from) {
                        return;
                    }
                    if (batches == null) {
                        LOG.warn("log {} of node {} can't be read: {}", shipment.log, node.id(), failure.getMessage());
                    } else if (batches.isEmpty() || batches.get(0).firstSeqno() != from) {
                        // Truncated meanwhile: what the peer needs has to be found out anew.
                        introduce(slot, shipment.peer);
                    } else if (link(shipment.peer).up && send(shipment, durable(slot, batches))) {
                        pump(slot, shipment.peer);
                    }
                }));
    }

    // A commit that is under way may have appended what is not synced yet; that is told later.
    private static List<WalBatch> durable(ReplicatedSlot slot, List<WalBatch> batches) {
        long last = slot.lastSeqno(batches.get(0).origin());
        return batches.stream()
                .filter(batch -> Long.compareUnsigned(batch.lastSeqno(), last) <= 0)
                .toList();
    }

    /** Sends a message; false if the link is down or full, and then it was not sent. */
    private boolean tell(NodeId peer, PeerMessage message) {
        if (message instanceof PeerMessage.OfSlot ofSlot) {
            ReplicatedSlot slot = slots.get(new SlotKey(ofSlot.tenant(), ofSlot.shard()));
            if (slot == null || !slot.members.contains(peer)) {
                throw new TidalException(
                        ErrorCode.INTERNAL,
                        "node " + node.id() + " was about to send something of " + ofSlot.tenant() + "/"
                                + ofSlot.shard() + " to node " + peer + ", which does not hold it");
            }
        }
        Link link = link(peer);
        if (!link.up) {
            return false;
        }
        boolean sent = transport.send(peer, PeerCodec.encode(message));
        link.full |= !sent;
        return sent;
    }

    // Links

    @Override
    public void peerUp(NodeId peer) {
        Link link = link(peer);
        link.up = true;
        link.full = false;
        tell(
                peer,
                new PeerMessage.Hello(
                        0, node.cluster(), node.id(), node.region(), PeerCodec.MIN_PROTOCOL, PeerCodec.PROTOCOL));
        slots.values().forEach(slot -> introduce(slot, peer));
    }

    @Override
    public void peerDown(NodeId peer) {
        link(peer).up = false;
        shipper.peerDown(peer);
        taker.peerDown(peer);
        for (ReplicatedSlot slot : slots.values()) {
            ReplicatedSlot.PeerState state = slot.state(peer);
            if (state != null) {
                state.forget(link(peer).heardNanos);
                state.caughtUp = false;
            }
        }
    }

    @Override
    public void writable(NodeId peer) {
        link(peer).full = false;
        shipper.writable(peer);
        slots.values().forEach(slot -> pump(slot, peer));
    }

    /** Tells a peer what is held here, and asks what it holds. */
    private void introduce(ReplicatedSlot slot, NodeId peer) {
        ReplicatedSlot.PeerState state = slot.state(peer);
        if (state != null) {
            state.forget(link(peer).heardNanos);
            tellState(slot, peer, false);
        }
    }

    private void tellState(ReplicatedSlot slot, NodeId peer, boolean answer) {
        askForSnapshot(slot, peer);
        tell(peer, new PeerMessage.State(slot.epoch, slot.key.tenant(), slot.key.shard(), answer, slot.positions()));
    }

    // What peers say

    @Override
    public void message(NodeId peer, ByteBuffer bytes) {
        int kind = 0;
        try {
            kind = PeerCodec.kind(bytes);
            link(peer).heardNanos = clock.monotonicNanos();
            received(peer, PeerCodec.decode(bytes));
        } catch (TidalException e) {
            LOG.warn("a message of node {} to node {} is refused: {}", peer, node.id(), e.getMessage());
            if (kind != PeerMessage.Failure.KIND) {
                tell(peer, new PeerMessage.Failure(0, kind, e.code(), String.valueOf(e.getMessage())));
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
            // Who does not know yet what the other knows already asks again.
            if (slot != null && state != null && slot.epoch == message.epoch()) {
                ofSlot(peer, slot, state, ofSlot);
            }
        } else if (message instanceof PeerMessage.Hello hello) {
            greeted(peer, hello);
        } else if (message instanceof PeerMessage.Heartbeat heartbeat) {
            heartbeat(peer, heartbeat);
        } else if (message instanceof PeerMessage.HeartbeatAnswer answer) {
            link(peer).answered = Math.max(link(peer).answered, answer.number());
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
            if (!held.answer()) {
                tellState(slot, peer, true);
            }
            state.said(held.positions());
            if (!slot.leads) {
                caughtUp(slot, state);
            }
            compare(peer, slot, state, held.positions());
        } else if (message instanceof PeerMessage.Append append) {
            append(peer, slot, append.batches());
        } else if (message instanceof PeerMessage.Ack ack) {
            acked(peer, slot, state, ack);
        } else if (message instanceof PeerMessage.DigestReport report) {
            checks.reported(peer, report);
        } else if (message instanceof PeerMessage.BucketCells cells && !slot.leads) {
            checks.cells(slot, cells);
        } else if (message instanceof PeerMessage.SnapshotChunk part) {
            taker.take(peer, slot, part);
        } else if (message instanceof PeerMessage.SnapshotFetch fetch && slot.leads) {
            fetched(peer, slot, state, fetch);
        } else {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "messages of kind " + message.kind() + " are not served by node " + node.id());
        }
    }

    // Finding out what the other side lacks

    @SuppressWarnings("FutureReturnValueIgnored") // What fails is logged there.
    private void compare(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, List<LogPosition> theirs) {
        if (state.comparing) {
            return;
        }
        state.comparing = true;
        node.withLogs(slot.shard, settings.chunkBytes(), logs -> LogVerdict.judge(slot.key, logs, theirs))
                .whenComplete((verdicts, failure) -> scheduler.execute(() -> {
                    state.comparing = false;
                    if (slots.get(slot.key) != slot || !link(peer).up) {
                        return;
                    }
                    if (verdicts == null) {
                        LOG.warn("slot {} of node {} can't be compared: {}", slot.key, node.id(), failure.getMessage());
                    } else {
                        state.known = true;
                        nameAgain(peer, state);
                        state.needsSnapshot = slot.leads
                                && verdicts.stream().anyMatch(verdict -> verdict.kind() == LogVerdict.Kind.SNAPSHOT);
                        verdicts.forEach(verdict -> obey(peer, slot, state, verdict));
                        if (state.needsSnapshot || state.asksForSnapshot) {
                            sendSnapshot(peer, slot, state);
                        }
                        pump(slot, peer);
                    }
                }));
    }

    private void obey(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, LogVerdict verdict) {
        LogPosition theirs = verdict.theirs();
        Origin origin = theirs.origin();
        switch (verdict.kind()) {
            case RESUME -> {
                if (Long.compareUnsigned(theirs.lastSeqno(), slot.lastSeqno(origin)) <= 0) {
                    slot.shipment(peer, state, origin, settings.windowBytes())
                            .resume(theirs.lastSeqno(), theirs.chain());
                    slot.acked(peer, origin, theirs.lastSeqno());
                }
            }
            case SNAPSHOT -> {
                if (!slot.leads) {
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
                    tell(
                            peer,
                            new PeerMessage.Append(slot.epoch, slot.key.tenant(), slot.key.shard(), verdict.proof()));
                }
            }
        }
    }

    // Snapshots

    // What the other side has and this one lacks comes first: a snapshot without it would not be taken.
    private void sendSnapshot(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state) {
        if (state.known && !state.diverged && !slot.isBehind(state) && shipper.isFree(peer)) {
            // It will hold at least this, so that no more is truncated until it says what it holds.
            state.promise(slot.positions());
            publishNeeded(slot);
            shipper.begin(slot, peer);
        }
    }

    private void fetched(
            NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, PeerMessage.SnapshotFetch fetch) {
        if (fetch.snapshot() == 0) {
            state.asksForSnapshot = true;
            sendSnapshot(peer, slot, state);
        } else if (shipper.fetched(peer, fetch)) {
            state.asksForSnapshot = false;
        }
    }

    // Before anything that says how far the logs are here: the leader is not to believe that nothing is lacking.
    private void askForSnapshot(ReplicatedSlot slot, NodeId leader) {
        if (!slot.leads && slot.shard.needsSnapshot()) {
            tell(leader, new PeerMessage.SnapshotFetch(slot.epoch, slot.key.tenant(), slot.key.shard(), 0, 0));
        }
    }

    private void publishNeeded(ReplicatedSlot slot) {
        if (node.truncates()) {
            long nowNanos = clock.monotonicNanos();
            slot.shard.needed(slot.needed((peer, state) -> {
                long heardNanos = state.known ? link(peer).heardNanos : state.heardNanos;
                // A follower keeps what the leader may lack however long that is away: nobody else may have it.
                return !slot.leads || nowNanos - heardNanos <= retentionMaxNanos;
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

    // Receiving

    private void append(NodeId peer, ReplicatedSlot slot, List<WalBatch> batches) {
        Origin origin = batches.get(0).origin();
        for (WalBatch batch : batches) {
            if (!batch.origin().equals(origin)) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        "a message holds batches of " + origin + " and of " + batch.origin() + ": expected one origin");
            }
        }
        node.receive(new ReceivedBatches(
                slot.shard, batches, result -> scheduler.execute(() -> taken(peer, slot, origin, result))));
    }

    private void taken(NodeId peer, ReplicatedSlot slot, Origin origin, ReceivedBatches.Result result) {
        TidalException problem = result.problem();
        if (slots.get(slot.key) != slot) {
            return;
        }
        if (problem == null) {
            acknowledge(peer, slot, origin, result.lastSeqno(), result.chain());
        } else if (problem.code() == ErrorCode.WAL_GAP) {
            tellState(slot, peer, true);
        } else if (problem.code() == ErrorCode.CORRUPT_DATA) {
            divergedHere(slot, problem);
        } else {
            LOG.warn("node {} does not take what node {} ships: {}", node.id(), peer, problem.getMessage());
        }
    }

    private void acknowledge(NodeId peer, ReplicatedSlot slot, Origin origin, long seqno, long chainAtSeqno) {
        askForSnapshot(slot, peer);
        tell(peer, new PeerMessage.Ack(slot.epoch, slot.key.tenant(), slot.key.shard(), origin, seqno, chainAtSeqno));
    }

    @SuppressWarnings("FutureReturnValueIgnored") // Nothing can fail but a node that ends.
    private void divergedHere(ReplicatedSlot slot, TidalException reason) {
        LOG.error("slot {} of node {} is quarantined: {}", slot.key, node.id(), reason.getMessage());
        node.quarantine(slot.shard, reason);
    }

    private void acked(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, PeerMessage.Ack ack) {
        Shipment shipment = state.shipments.get(ack.origin());
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
                pump(slot, peer);
            }
            case STALE -> {}
            case AHEAD -> introduce(slot, peer);
            case DIVERGED -> introduce(slot, peer);
        }
    }

    // Heartbeats

    private void beat() {
        slots.values().forEach(this::publishNeeded);
        expire(clock.monotonicNanos());
        links.forEach((peer, link) -> {
            if (link.up) {
                beat(peer, link);
            }
        });
        scheduler.schedule(settings.heartbeat(), this::beat);
    }

    // Whoever waits gets an answer, and what waits its room back, whether others come back or not.
    private void expire(long nowNanos) {
        Consumer<WriteRequest> late = write ->
                write.unreplicated(notReplicated(ErrorCode.DEADLINE_EXCEEDED, "they have not said so in time", write));
        slots.values().forEach(slot -> slot.expire(nowNanos, late));
        takeEarly(write -> write.isLate(nowNanos), late);
    }

    private void beat(NodeId peer, Link link) {
        link.heartbeat++;
        link.full = false;
        shipper.beat(peer);
        List<SlotPosition> positions = new ArrayList<>();
        for (ReplicatedSlot slot : slots.values()) {
            ReplicatedSlot.PeerState state = slot.state(peer);
            if (state == null) {
                continue;
            }
            if (!state.known) {
                tellState(slot, peer, false);
            } else if ((state.needsSnapshot || state.asksForSnapshot) && shipper.isFree(peer)) {
                // The last one did not arrive, or nobody was free to send one.
                tellState(slot, peer, false);
            } else if (!slot.leads) {
                if (link.heartbeat % ASK_HEARTBEATS == 0) {
                    askAgain(slot, peer, state);
                }
            } else {
                boolean unacknowledged =
                        state.shipments.values().stream().anyMatch(shipment -> shipment.progress.lagRecords() > 0);
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
                pump(slot, peer);
            }
        }
        tell(peer, new PeerMessage.Heartbeat(0, link.heartbeat, clock.wallNanos() / 1_000_000, positions));
    }

    // A leader does not name what it has not heard of, so the follower has to find out that it did not arrive.
    private void askAgain(ReplicatedSlot slot, NodeId leader, ReplicatedSlot.PeerState state) {
        boolean stuck = false;
        for (Shipment shipment : state.shipments.values()) {
            stuck |= shipment.isStuck();
        }
        if (stuck) {
            tellState(slot, leader, false);
        } else {
            askForSnapshot(slot, leader);
        }
    }

    /** Lets the next heartbeats name a slot's positions until one of them is answered. */
    private void nameAgain(NodeId peer, ReplicatedSlot.PeerState state) {
        state.changedInHeartbeat = link(peer).heartbeat + 1;
    }

    private void heartbeat(NodeId peer, PeerMessage.Heartbeat heartbeat) {
        Set<SlotKey> behind = new TreeSet<>();
        for (SlotPosition theirs : heartbeat.slots()) {
            ReplicatedSlot slot = slots.get(new SlotKey(theirs.tenant(), theirs.shard()));
            ReplicatedSlot.PeerState state = slot == null ? null : slot.state(peer);
            if (slot != null && state != null && slot.epoch == theirs.epoch()) {
                told(peer, slot, state, theirs);
                if (Long.compareUnsigned(slot.lastSeqno(theirs.origin()), theirs.lastSeqno()) < 0) {
                    behind.add(slot.key);
                }
                state.caughtUp = !behind.contains(slot.key);
            }
        }
        tell(peer, new PeerMessage.HeartbeatAnswer(0, heartbeat.number()));
        // What a leader does not name has not changed since it did and was answered.
        for (ReplicatedSlot slot : slots.values()) {
            ReplicatedSlot.PeerState state = slot.state(peer);
            if (state != null && state.caughtUp) {
                slot.shard.fresh();
            }
        }
    }

    private static void caughtUp(ReplicatedSlot slot, ReplicatedSlot.PeerState state) {
        state.caughtUp = !slot.isBehind(state);
        if (state.caughtUp) {
            slot.shard.fresh();
        }
    }

    private void told(NodeId peer, ReplicatedSlot slot, ReplicatedSlot.PeerState state, SlotPosition theirs) {
        LogPosition mine = slot.position(theirs.origin());
        long held = slot.lastSeqno(theirs.origin());
        state.holds(theirs.origin(), theirs.lastSeqno());
        if (held == theirs.lastSeqno()) {
            if (mine != null && mine.chain() != theirs.chain()) {
                divergedHere(
                        slot,
                        new TidalException(
                                ErrorCode.CORRUPT_DATA,
                                "the log of " + theirs.origin() + " in " + slot.key + " has chain 0x"
                                        + Long.toHexString(mine.chain()) + " at seqno " + Seqno.print(held)
                                        + ", and node " + peer + " has 0x" + Long.toHexString(theirs.chain())));
            } else if (mine != null) {
                acknowledge(peer, slot, theirs.origin(), held, mine.chain());
            }
        } else if (Long.compareUnsigned(held, theirs.lastSeqno()) < 0) {
            Long before = state.heldWhenTold.put(theirs.origin(), held);
            if (before != null && before == held) {
                tellState(slot, peer, true);
            }
        }
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
        return tailBytes;
    }

    /** Returns how far each follower of each slot that this node leads is behind; nothing if the node stops meanwhile. */
    public CompletableFuture<List<ReplicationLag>> lag() {
        CompletableFuture<List<ReplicationLag>> asked = new CompletableFuture<>();
        lagAsked.add(asked);
        scheduler.execute(() -> {
            CompletableFuture<List<ReplicationLag>> next = lagAsked.poll();
            if (next != null) {
                long nowMillis = clock.wallNanos() / 1_000_000;
                next.complete(slots.values().stream()
                        .filter(slot -> slot.leads)
                        .flatMap(slot -> slot.peers.stream().map(peer -> slot.lag(peer, nowMillis)))
                        .toList());
            }
        });
        return asked;
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
