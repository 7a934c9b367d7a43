package io.tidaldb.it.sim;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.replication.PeerCodec;
import io.tidaldb.core.replication.PeerMessage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Now and then changes a weight in a batch under way, and every checksum with it: only the chain tells that it is not what was written. */
final class BatchForger implements SimulatedNetwork.Forger {

    private final SimulatedWorld world;
    private final SimulatedRandom random;
    private final int perMillion;
    private boolean over;

    BatchForger(SimulatedWorld world, int perMillion) {
        this.world = world;
        this.random = world.random("forger");
        this.perMillion = perMillion;
    }

    void end() {
        over = true;
    }

    @Override
    public void forge(NodeId from, NodeId to, ByteBuffer message) {
        if (over || !random.chance(perMillion)) {
            return;
        }
        PeerMessage decoded = PeerCodec.decode(message.duplicate());
        if (decoded instanceof PeerMessage.Append append) {
            List<WalBatch> batches = new ArrayList<>(append.batches());
            int which = (int) random.below(batches.size());
            WalBatch batch = batches.get(which);
            if (batch.kind() == RecordKind.SIGNALS) {
                batches.set(which, forged(batch));
                message.duplicate()
                        .put(PeerCodec.encode(
                                new PeerMessage.Append(append.epoch(), append.tenant(), append.shard(), batches)));
                world.note("forges what " + from + " sends to " + to + " at seqno " + batch.firstSeqno() + " of "
                        + batch.tenant() + "/" + batch.origin());
            }
        }
    }

    private WalBatch forged(WalBatch batch) {
        ByteBuffer bytes = ByteBuffer.allocate(batch.length()).order(ByteOrder.LITTLE_ENDIAN);
        batch.copyTo(bytes);
        bytes.flip();
        int at = WalBatch.HEADER_BYTES
                + KeyBlock.bytes(KeyBlock.read(batch).size())
                + SignalRecords.BYTES * (int) random.below(batch.count());
        SignalRecords.put(
                bytes,
                at,
                SignalRecords.entity(bytes, at),
                SignalRecords.type(bytes, at),
                SignalRecords.weight(bytes, at) + 1,
                SignalRecords.eventNanos(bytes, at));
        return WalBatch.seal(bytes, batch.chain());
    }
}
