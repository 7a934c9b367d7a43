package io.tidaldb.core.replication;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.runtime.LoopScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Batches of logs on their way to peers which lack them: from a bounded tail in memory, or read from the store for one who is further
 * behind. What is under way to a peer without an acknowledgement is bounded for each log.
 *
 * <p>Confined to the replicator's scheduler.
 */
final class LogShipper {

    private static final Logger LOG = LoggerFactory.getLogger(LogShipper.class);

    private final Node node;
    private final LoopScheduler scheduler;
    private final ReplicationSettings settings;
    private final Links links;
    private final SnapshotShipper snapshots;
    private final SortedMap<SlotKey, ReplicatedSlot> slots;
    private final BiConsumer<ReplicatedSlot, NodeId> truncated;
    private final RecentBatches recent;
    private final Chain chain = new Chain();

    private volatile long tailBytes;

    /**
     * Creates a shipper.
     *
     * @param slots those that the node takes part in, as they are at any time
     * @param truncated told of a slot and a peer that needs what the log does not hold any more
     */
    LogShipper(
            Node node,
            LoopScheduler scheduler,
            ReplicationSettings settings,
            Links links,
            SnapshotShipper snapshots,
            SortedMap<SlotKey, ReplicatedSlot> slots,
            BiConsumer<ReplicatedSlot, NodeId> truncated) {
        this.node = node;
        this.scheduler = scheduler;
        this.settings = settings;
        this.links = links;
        this.snapshots = snapshots;
        this.slots = slots;
        this.truncated = truncated;
        this.recent = new RecentBatches(settings.tailBytes());
    }

    /** Keeps a batch in memory for a while: the log of its origin has grown by it. */
    void keep(ReplicatedSlot slot, WalBatch batch) {
        recent.add(slot.shard.log(batch.origin()), batch);
        tailBytes = recent.bytes();
    }

    /** Forgets what is in memory of a slot's logs. */
    void forget(ReplicatedSlot slot) {
        slot.positions().forEach(position -> recent.forget(slot.shard.log(position.origin())));
    }

    /** Returns the bytes of recent batches that are in memory. Safe for any thread. */
    long tailBytes() {
        return tailBytes;
    }

    /** Sends what a peer lacks of a slot's logs and there is room for. */
    void pump(ReplicatedSlot slot, NodeId peer) {
        ReplicatedSlot.PeerState state = slot.state(peer);
        Links.Link link = links.to(peer);
        if (state == null || !link.up || !state.known || state.diverged) {
            return;
        }
        if (state.needsSnapshot || snapshots.isShipping(slot, peer)) {
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
                || !links.tell(
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
        node.withReadableLogs(
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
                        truncated.accept(slot, shipment.peer);
                    } else if (links.to(shipment.peer).up && send(shipment, durable(slot, batches))) {
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
}
