package io.tidaldb.it.sim.check;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.core.Tenant;
import io.tidaldb.it.sim.SimulatedCluster;
import io.tidaldb.it.sim.SimulatedMachine;
import java.nio.file.Path;
import java.util.List;

/** At the moment that a write is acknowledged, it is durable wherever its level says. */
public final class AcknowledgementCheck {

    private final SimulatedCluster cluster;

    /** Checks acknowledgements of a cluster. */
    public AcknowledgementCheck(SimulatedCluster cluster) {
        this.cluster = cluster;
    }

    /** A write is being acknowledged. */
    public void acknowledged(History.Write write) {
        if (write.level() == Durability.ASYNC || write.position() == null) {
            return;
        }
        Tenant tenant = cluster.tidal().tenant(write.tenant()).orElseThrow();
        for (WalSegmentId last : write.position().records()) {
            ReplicaId leader = tenant.placement().stream()
                    .filter(slot -> slot.shard().equals(last.shard()))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(write + " is on a shard that the tenant is not on"));
            List<ReplicaId> members = Members.of(cluster, tenant, leader.shard());
            LogId log = new LogId(leader.shard(), tenant.id(), last.origin());
            List<ReplicaId> holders = members.stream()
                    .filter(member -> Long.compareUnsigned(durable(member, log), last.seqno()) >= 0)
                    .toList();
            int enough = switch (write.level()) {
                case ASYNC -> 0;
                case LOCAL -> 1;
                case MAJORITY -> members.size() / 2 + 1;
                case ALL -> members.size();
            };
            // One who was replaced as leader meanwhile took it, or the new one knows it already.
            boolean accepted =
                    holders.contains(leader) || holders.contains(last.origin().replica());
            if (!accepted || holders.size() < enough) {
                throw new AssertionError(write + " is not durable as it should be: seqno " + Seqno.print(last.seqno())
                        + " of " + log + " is on " + holders + ", of " + members + ", which " + leader + " leads");
            }
        }
    }

    private long durable(ReplicaId replica, LogId log) {
        SimulatedMachine machine = cluster.machine(replica);
        return machine.disks().disk(Path.of(machine.id().name())).durableSeqno(log);
    }
}
