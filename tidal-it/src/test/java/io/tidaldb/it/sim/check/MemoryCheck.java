package io.tidaldb.it.sim.check;

import io.tidaldb.core.embedded.Replicas;
import io.tidaldb.core.replication.ReplicationSettings;
import io.tidaldb.it.sim.SimulatedCluster;

/** Whatever followers are dead or slow, a leader keeps no more for them than it may. */
public final class MemoryCheck {

    private MemoryCheck() {}

    /** Checks that nothing waits when all was answered: what has its room for ever would keep others out. */
    public static void atRest(SimulatedCluster cluster) {
        long queued = Replicas.queuedBytes(cluster.tidal());
        if (queued != 0) {
            throw new AssertionError(queued + " bytes of writes wait though nothing is under way");
        }
    }

    /** Checks a cluster as it is now, in the middle of whatever happens to it. */
    public static void check(SimulatedCluster cluster, ReplicationSettings bounds) {
        long tail = Replicas.mostTailBytes(cluster.tidal());
        if (tail > bounds.tailBytes()) {
            throw new AssertionError(
                    "a node keeps " + tail + " bytes of batches in memory: expected at most " + bounds.tailBytes());
        }
        long pending = cluster.network().mostPendingBytes();
        if (pending > bounds.queueBytes()) {
            throw new AssertionError("on a link " + pending + " bytes wait: expected at most " + bounds.queueBytes());
        }
    }
}
