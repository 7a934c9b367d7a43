package io.tidaldb.it.sim.check;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.replication.PeerCodec;
import io.tidaldb.core.replication.PeerMessage;
import io.tidaldb.it.sim.SimulatedCluster;
import io.tidaldb.it.sim.SimulatedMachine;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Nothing of a tenant is ever where it must not be: on no disk, in no home, in no message on its way there. */
public final class ResidencyCheck {

    /** For how long a node may not have heard that a tenant is gone: longer than any pause. */
    private static final long UNHEARD_NANOS = Duration.ofSeconds(5).toNanos();

    private final SimulatedCluster cluster;
    private final List<Deleted> deleted = new ArrayList<>();
    private long messages;

    /** A tenant that is gone, since when. */
    private record Deleted(Tenant tenant, long sinceNanos) {}

    /** Looks into every message of a cluster from now on. */
    public ResidencyCheck(SimulatedCluster cluster) {
        this.cluster = cluster;
        cluster.network().observe(this::sent);
    }

    /** Returns how many messages were looked into. */
    public long messages() {
        return messages;
    }

    /** A tenant is being deleted: nothing of it may last, while messages of it may still be sent for a moment. */
    public void deleted(Tenant tenant) {
        deleted.add(new Deleted(tenant, cluster.world().nanoTime()));
    }

    private boolean wasAllowed(TenantId tenant, ReplicaId at) {
        long since = cluster.world().nanoTime() - UNHEARD_NANOS;
        return deleted.stream()
                .anyMatch(each -> each.tenant.id().equals(tenant)
                        && each.sinceNanos >= since
                        && Members.mayBeAt(each.tenant, at));
    }

    private void checkSent(TenantId tenant, ShardId shard, ReplicaId to, String what) {
        if (!wasAllowed(tenant, to)) {
            check(tenant, shard, to, what);
        }
    }

    private void sent(NodeId from, NodeId to, ByteBuffer bytes) {
        messages++;
        PeerMessage message = PeerCodec.decode(bytes);
        if (message instanceof PeerMessage.OfSlot ofSlot) {
            checkSent(ofSlot.tenant(), ofSlot.shard(), cluster.replica(to), "a message from " + from);
        } else if (message instanceof PeerMessage.Heartbeat heartbeat) {
            heartbeat
                    .slots()
                    .forEach(slot ->
                            checkSent(slot.tenant(), slot.shard(), cluster.replica(to), "a heartbeat of " + from));
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
