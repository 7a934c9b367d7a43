package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ingest.SnapshotReceiver;
import io.tidaldb.core.runtime.LoopScheduler;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Snapshots that leaders send to this node: one for each slot at a time. Parts are taken in order, each once, and written as they come;
 * whatever comes besides is answered with what is wanted.
 *
 * <p>Confined to the replicator's scheduler. Bounded by what senders have under way without an answer.
 */
final class SnapshotTaker {

    private static final Logger LOG = LoggerFactory.getLogger(SnapshotTaker.class);

    private final Node node;
    private final LoopScheduler scheduler;
    private final BiConsumer<NodeId, PeerMessage> link;
    private final Installed installed;
    private final SortedMap<SlotKey, Incoming> incoming = new TreeMap<>();

    /** Told of each slot that is what a snapshot said now. */
    interface Installed {
        void installed(ReplicatedSlot slot, List<SlotLogs.Held> held);
    }

    /** One snapshot on its way. Invariant: {@code writtenIndex <= takenIndex}; parts between them are being written. */
    private static final class Incoming {

        final ReplicatedSlot slot;
        final NodeId from;
        final long number;
        final SnapshotReceiver receiver;
        int takenIndex;
        int writtenIndex;
        boolean complete;

        Incoming(ReplicatedSlot slot, NodeId from, long number, SnapshotReceiver receiver) {
            this.slot = slot;
            this.from = from;
            this.number = number;
            this.receiver = receiver;
        }
    }

    SnapshotTaker(Node node, LoopScheduler scheduler, BiConsumer<NodeId, PeerMessage> link, Installed installed) {
        this.node = node;
        this.scheduler = scheduler;
        this.link = link;
        this.installed = installed;
    }

    /** Takes a part. */
    @SuppressWarnings("FutureReturnValueIgnored") // What fails is logged there.
    void take(NodeId from, ReplicatedSlot slot, PeerMessage.SnapshotChunk part) {
        if (slot.leads) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "node " + from + " sends a snapshot of " + slot.key + " to node " + node.id()
                            + ", which leads it: expected none");
        }
        Incoming known = incoming.get(slot.key);
        if (part.index() == 0 && (known == null || known.number != part.snapshot() && !known.complete)) {
            if (known != null) {
                known.receiver.discard();
            }
            known = new Incoming(slot, from, part.snapshot(), node.receiver(slot.shard));
            incoming.put(slot.key, known);
        }
        if (known == null || known.number != part.snapshot() || known.slot != slot) {
            return;
        }
        if (known.complete || part.index() != known.takenIndex) {
            // It was here, or one before it is missing.
            want(known);
            return;
        }
        known.takenIndex++;
        known.complete = part.last();
        Incoming snapshot = known;
        snapshot.receiver
                .write(part.content())
                .whenComplete((written, failure) -> scheduler.execute(() -> {
                    if (failure != null) {
                        failed(snapshot, failure);
                    } else if (part.last()) {
                        install(snapshot);
                    } else {
                        snapshot.writtenIndex++;
                        want(snapshot);
                    }
                }));
    }

    private void want(Incoming snapshot) {
        if (incoming.get(snapshot.slot.key) == snapshot) {
            tellWanted(snapshot);
        }
    }

    private void tellWanted(Incoming snapshot) {
        ReplicatedSlot slot = snapshot.slot;
        link.accept(
                snapshot.from,
                new PeerMessage.SnapshotFetch(
                        slot.epoch, slot.key.tenant(), slot.key.shard(), snapshot.number, snapshot.writtenIndex));
    }

    @SuppressWarnings("FutureReturnValueIgnored") // What fails is logged there.
    private void install(Incoming snapshot) {
        if (incoming.get(snapshot.slot.key) != snapshot) {
            return;
        }
        snapshot.receiver
                .install()
                .whenComplete((held, failure) -> scheduler.execute(() -> {
                    if (held == null) {
                        failed(snapshot, failure);
                        return;
                    }
                    LOG.info(
                            "slot {} of node {} is what node {} has sent", snapshot.slot.key, node.id(), snapshot.from);
                    incoming.remove(snapshot.slot.key, snapshot);
                    snapshot.writtenIndex++;
                    tellWanted(snapshot);
                    installed.installed(snapshot.slot, held);
                }));
    }

    private void failed(Incoming snapshot, @Nullable Throwable failure) {
        if (incoming.remove(snapshot.slot.key, snapshot)) {
            snapshot.receiver.discard();
            String why = failure == null ? "" : String.valueOf(failure.getMessage());
            LOG.warn("the snapshot of {} that node {} sends is not taken: {}", snapshot.slot.key, snapshot.from, why);
            link.accept(
                    snapshot.from,
                    new PeerMessage.Failure(0, PeerMessage.SnapshotChunk.KIND, ErrorCode.OVERLOADED, why));
        }
    }

    /** The link to a peer is gone; what is complete is installed all the same. */
    void peerDown(NodeId peer) {
        drop(snapshot -> snapshot.from.equals(peer));
    }

    /** Nothing more of a slot is taken. */
    void drop(ReplicatedSlot slot) {
        drop(snapshot -> snapshot.slot == slot);
    }

    private void drop(Predicate<Incoming> which) {
        incoming.values().removeIf(snapshot -> {
            boolean gone = which.test(snapshot) && !snapshot.complete;
            if (gone) {
                snapshot.receiver.discard();
            }
            return gone;
        });
    }

    /** Gives up whatever is not complete. */
    void close() {
        drop(snapshot -> true);
    }
}
