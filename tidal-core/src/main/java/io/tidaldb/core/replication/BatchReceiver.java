package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.ReceivedBatches;
import io.tidaldb.core.runtime.LoopScheduler;
import java.util.List;
import java.util.SortedMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Batches that peers ship to this node: handed to the commit loop, which believes nothing, and acknowledged once they are durable.
 *
 * <p>Confined to the replicator's scheduler.
 */
final class BatchReceiver {

    private static final Logger LOG = LoggerFactory.getLogger(BatchReceiver.class);

    private final Node node;
    private final LoopScheduler scheduler;
    private final Links links;
    private final StateExchange exchange;
    private final SortedMap<SlotKey, ReplicatedSlot> slots;

    /**
     * Creates the receiver of a node.
     *
     * @param slots those that the node takes part in, as they are at any time
     */
    BatchReceiver(
            Node node,
            LoopScheduler scheduler,
            Links links,
            StateExchange exchange,
            SortedMap<SlotKey, ReplicatedSlot> slots) {
        this.node = node;
        this.scheduler = scheduler;
        this.links = links;
        this.exchange = exchange;
        this.slots = slots;
    }

    /** Takes batches from a peer. */
    void append(NodeId peer, ReplicatedSlot slot, List<WalBatch> batches) {
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
            exchange.tellState(slot, peer, true);
        } else if (problem.code() == ErrorCode.CORRUPT_DATA) {
            divergedHere(slot, problem);
        } else if (problem.code() != ErrorCode.CLOSED) {
            LOG.warn("node {} does not take what node {} ships: {}", node.id(), peer, problem.getMessage());
        }
    }

    /** Tells a peer that a log is durable here up to a seqno. */
    void acknowledge(NodeId peer, ReplicatedSlot slot, Origin origin, long seqno, long chainAtSeqno) {
        exchange.askForSnapshot(slot, peer);
        links.tell(
                peer,
                new PeerMessage.Ack(slot.epoch, slot.key.tenant(), slot.key.shard(), origin, seqno, chainAtSeqno));
    }

    /** Takes a slot out of service: one of its logs is not what a peer has proven that it is. */
    @SuppressWarnings("FutureReturnValueIgnored") // Nothing can fail but a node that ends.
    void divergedHere(ReplicatedSlot slot, TidalException reason) {
        LOG.error("slot {} of node {} is quarantined: {}", slot.key, node.id(), reason.getMessage());
        node.quarantine(slot.shard, reason);
    }
}
