package io.tidaldb.core.cluster;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.replication.Replicator;
import io.tidaldb.core.runtime.LoopFactory;
import org.jspecify.annotations.Nullable;

/**
 * A node of this process while it runs.
 *
 * @param network null if there is no other node that it has to do with
 * @param replicator null if the node shares no shard with another
 */
public record LocalNode(
        Node node, @Nullable NodeNetwork network, @Nullable Replicator replicator, LoopFactory loops) {

    void start() {
        node.start(loops);
        if (replicator != null) {
            replicator.start();
        }
    }

    boolean isUp(NodeId peer) {
        return network != null && network.isUp(peer);
    }

    /** Ends it in order: everything that was queued is committed. What still waits for other nodes is told that it is not known. */
    public void close() {
        try {
            node.close();
        } finally {
            disconnect();
        }
    }

    /** Ends it as a crash would. */
    public void abandon() {
        try {
            node.abandon();
        } finally {
            disconnect();
        }
    }

    private void disconnect() {
        if (replicator != null) {
            replicator.close();
        }
        if (network != null) {
            network.close();
        }
    }
}
