package io.tidaldb.core.replication;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.Chain;
import org.jspecify.annotations.Nullable;

/** One log on its way to one peer. Confined to the replicator's scheduler. */
final class Shipment {

    final ReplicatedSlot slot;
    final NodeId peer;
    final Origin origin;
    final LogId log;
    final FollowerProgress progress;

    /** The chain before the next batch to be sent. */
    private long chain;

    /** Whether the store is being read for it. */
    boolean reading;

    /** What was not acknowledged yet when {@link #isStuck} was asked last. */
    private long awaitedSeqno;

    Shipment(ReplicatedSlot slot, NodeId peer, Origin origin, long lastSeqno, long windowBytes) {
        this.slot = slot;
        this.peer = peer;
        this.origin = origin;
        this.log = slot.shard.log(origin);
        this.progress = new FollowerProgress(origin.startSeqno(), lastSeqno, windowBytes);
        this.chain = Chain.START;
    }

    /** The peer holds the log up to a seqno, with a chain that was found to be right. */
    void resume(long seqno, long chainAtSeqno) {
        progress.rewind(seqno + 1);
        chain = chainAtSeqno;
    }

    /** Returns whether the peer lacks something, and nothing more was acknowledged since this was asked last. */
    boolean isStuck() {
        long before = awaitedSeqno;
        awaitedSeqno = progress.ackedSeqno() + 1;
        return before == awaitedSeqno && progress.lagRecords() > 0;
    }

    /** Takes notice that a batch was sent. */
    void sent(WalBatch batch, long chainAfter) {
        progress.sent(batch, chainAfter);
        chain = chainAfter;
    }

    /** Returns a look at what comes next, batch by batch, before it is sent. */
    Preview preview(Chain hash) {
        return new Preview(hash, progress.nextSeqno(), chain);
    }

    /** Checks that batches continue what was sent, by seqno and by content. */
    static final class Preview {

        private final Chain hash;
        private long nextSeqno;
        private long chain;

        private Preview(Chain hash, long nextSeqno, long chain) {
            this.hash = hash;
            this.nextSeqno = nextSeqno;
            this.chain = chain;
        }

        /** Returns the chain after the next batch, or null if this batch is not the next one. */
        @Nullable
        Long next(WalBatch batch) {
            long after = hash.next(chain, batch);
            if (batch.firstSeqno() != nextSeqno || batch.version() > 1 && after != batch.chain()) {
                return null;
            }
            nextSeqno = batch.lastSeqno() + 1;
            chain = after;
            return after;
        }
    }
}
