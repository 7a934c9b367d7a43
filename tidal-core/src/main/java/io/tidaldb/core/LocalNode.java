package io.tidaldb.core;

import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.replication.Replicator;
import io.tidaldb.core.runtime.LoopFactory;
import org.jspecify.annotations.Nullable;

/**
 * A node of this process while it runs.
 *
 * @param replicator null if the node shares no shard with another
 */
record LocalNode(Node node, @Nullable Replicator replicator, LoopFactory loops) {

    void start() {
        node.start(loops);
        if (replicator != null) {
            replicator.start();
        }
    }

    /** Ends it in order: everything that was queued is committed. What still waits for other nodes is told that it is not known. */
    void close() {
        try {
            node.close();
        } finally {
            stopReplication();
        }
    }

    /** Ends it as a crash would. */
    void abandon() {
        try {
            node.abandon();
        } finally {
            stopReplication();
        }
    }

    private void stopReplication() {
        if (replicator != null) {
            replicator.close();
        }
    }
}
