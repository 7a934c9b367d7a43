package io.tidaldb.core.ingest;

import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.ControlRecord;
import java.util.List;

/** Is told what a node's logs have grown by. Called by the commit loop, which goes on when it returns: must not block. */
public interface CommitListener {

    /** One who does not listen: on a node without replicas. */
    CommitListener NONE = new CommitListener() {
        @Override
        public void committed(List<Committed> batches, List<WriteRequest> awaiting) {
            awaiting.forEach(write -> write.replicated(write.position()));
        }

        @Override
        public boolean marked(TenantShard shard, ControlRecord.DigestMark mark) {
            return false;
        }
    };

    /** A batch that is durable here and folded as far as it may be: written here or received. */
    record Committed(TenantShard shard, WalBatch batch) {}

    /**
     * Tells what a commit has added, in the order of each log.
     *
     * @param awaiting writes that are durable here, and are to be answered by {@link WriteRequest#replicated} when they are elsewhere
     */
    void committed(List<Committed> batches, List<WriteRequest> awaiting);

    /**
     * Tells that a slot is folded exactly up to a digest mark.
     *
     * @return whether nothing may be folded until {@link Node#resume}
     */
    boolean marked(TenantShard shard, ControlRecord.DigestMark mark);
}
