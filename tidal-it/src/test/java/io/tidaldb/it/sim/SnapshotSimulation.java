package io.tidaldb.it.sim;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Replication under random faults where logs are truncated")
class SnapshotSimulation {

    @Test
    @DisplayName(
            "R-36, R-14: converges with snapshots: nothing is lost or repeated, and all replicas are in the same state")
    void survives() {
        Seeds.run(SnapshotSimulation.class, RandomCluster::runTruncating);
    }
}
