package io.tidaldb.it.sim.check;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.core.replication.PeerCodec;
import io.tidaldb.core.replication.PeerMessage;
import io.tidaldb.it.sim.SimulatedCluster;
import io.tidaldb.it.sim.SimulatedMachine;
import java.nio.ByteBuffer;

/** Nothing of a tenant is ever where it must not be: on no disk, in no home, in no message on its way there. */
public final class ResidencyCheck {

    private final SimulatedCluster cluster;
    private long messages;

    /** Looks into every message of a cluster from now on. */
    public ResidencyCheck(SimulatedCluster cluster) {
        this.cluster = cluster;
        cluster.network().observe(this::sent);
    }

    /** Returns how many messages were looked into. */
    public long messages() {
        return messages;
    }

    private void sent(NodeId from, NodeId to, ByteBuffer bytes) {
        messages++;
        PeerMessage message = PeerCodec.decode(bytes);
        if (message instanceof PeerMessage.OfSlot ofSlot) {
            check(ofSlot.tenant(), ofSlot.shard(), cluster.replica(to), "a message from " + from);
        } else if (message instanceof PeerMessage.Heartbeat heartbeat) {
            heartbeat
                    .slots()
                    .forEach(slot -> check(slot.tenant(), slot.shard(), cluster.replica(to), "a heartbeat of " + from));
        }
    }

    /** Looks at everything that lasts. */
    public void atRest() {
        for (ReplicaId replica : cluster.replicas()) {
            SimulatedMachine machine = cluster.machine(replica);
            for (LogId log : Logs.on(machine).logs()) {
                check(log.tenant(), log.holder(), replica, "log " + log);
            }
            cluster.home(machine.id()).tenants().forEach(tenant -> check(tenant, replica.shard(), replica, "a file"));
        }
    }

    private void check(TenantId tenant, ShardId shard, ReplicaId at, String what) {
        boolean may = shard.equals(at.shard())
                && cluster.tidal()
                        .tenant(tenant)
                        .filter(known -> Members.mayBeAt(known, at))
                        .isPresent();
        if (!may) {
            throw new AssertionError(what + " of tenant " + tenant + "/" + shard + " is at " + at
                    + ", where that tenant must not be: its configuration is "
                    + cluster.tidal()
                            .tenant(tenant)
                            .map(known -> known.config().toString() + " at " + known.placement()));
        }
    }
}
