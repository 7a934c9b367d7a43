package io.tidaldb.core.leading;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.NotFound;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.runtime.LoopScheduler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Makes a certain replica the leader of a slot in a cluster of processes: whoever leads it hands it over. Where the one that does is gone,
 * another one takes over as always, and hands it on. Safe for any number of threads.
 */
public final class Promotion {

    /** For how long a leader, or the one that takes over from it, is looked for. */
    private static final Duration FOR_A_LEADER = Duration.ofSeconds(10);

    /** For how long a replica may catch up. */
    public static final Duration TO_CATCH_UP = Duration.ofSeconds(10);

    private static final Duration CALL_DEADLINE = Duration.ofSeconds(20);
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final RemoteCalls calls;
    private final HandOvers handOvers;
    private final LoopScheduler scheduler;

    /** Creates what has slots led by others when somebody asks for it. */
    public Promotion(
            ControlPlane control,
            LocalCluster cluster,
            Hosting hosting,
            RemoteCalls calls,
            HandOvers handOvers,
            LoopScheduler scheduler) {
        this.control = control;
        this.cluster = cluster;
        this.hosting = hosting;
        this.calls = calls;
        this.handOvers = handOvers;
        this.scheduler = scheduler;
    }

    /** Completes when the replica leads and is preferred; fails as {@link io.tidaldb.core.Tidal#promote}. */
    public CompletableFuture<Void> promote(TenantId tenant, ReplicaId leader) {
        return begin(tenant, leader, true);
    }

    /**
     * As {@link #promote}, because the one that leads can't serve: also a replica whose node is out of service for an upgrade, which is not
     * preferred then.
     */
    public CompletableFuture<Void> relieve(TenantId tenant, ReplicaId leader) {
        return control.phase(cluster.nameOf(leader)).mayLead()
                ? promote(tenant, leader)
                : handOvers.promote(new ClusterCommand.Promote(tenant, leader), false, TO_CATCH_UP);
    }

    /** Completes when the replica leads; which one is preferred stays as it is. Fails as {@link io.tidaldb.core.Tidal#promote}. */
    public CompletableFuture<Void> lend(TenantId tenant, ReplicaId leader) {
        return begin(tenant, leader, false);
    }

    private CompletableFuture<Void> begin(TenantId tenant, ReplicaId leader, boolean preferring) {
        return attempt(tenant, leader, preferring, scheduler.nanoTime() + FOR_A_LEADER.toNanos())
                .thenCompose(nothing -> hosting.settled(tenant));
    }

    private CompletableFuture<Void> attempt(TenantId tenant, ReplicaId leader, boolean preferring, long endNanos) {
        CompletableFuture<Void> attempt;
        try {
            attempt = once(tenant, leader, preferring);
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        }
        return attempt.exceptionallyCompose(failure -> {
            TidalException reason = RemoteCalls.reason(failure);
            boolean again = switch (reason.code()) {
                case NOT_OWNER, PEER_UNAVAILABLE, DEADLINE_EXCEEDED -> scheduler.nanoTime() - endNanos < 0;
                default -> false;
            };
            return again
                    ? hosting.after(PAUSE).thenCompose(nothing -> attempt(tenant, leader, preferring, endNanos))
                    : CompletableFuture.failedFuture(reason);
        });
    }

    private CompletableFuture<Void> once(TenantId tenant, ReplicaId leader, boolean preferring) {
        TenantRecord record = control.tenant(tenant);
        if (record == null) {
            throw NotFound.tenant(tenant);
        }
        NodeId present = presentLeader(record, leader);
        if (record.placement().contains(leader)) {
            return !preferring || record.preferred().contains(leader)
                    ? CompletableFuture.completedFuture(null)
                    : control.submit(new ClusterCommand.Prefer(tenant, leader)).thenApply(done -> null);
        }
        requireInService(control, cluster.nameOf(leader));
        cluster.requireReachable(leader);
        if (cluster.isLocal(present)) {
            return handOvers.promote(new ClusterCommand.Promote(tenant, leader), preferring, TO_CATCH_UP);
        }
        return calls.ask(
                        present,
                        index -> new Call.HandOver(index, tenant.value(), leader.toString(), preferring),
                        Answer.Done.class,
                        CALL_DEADLINE)
                .thenApply(done -> null);
    }

    /** @throws TidalException UNSAFE if the node is out of service for an upgrade */
    public static void requireInService(ControlPlane control, NodeId node) {
        if (!control.phase(node).mayLead()) {
            throw new TidalException(
                    ErrorCode.UNSAFE,
                    "node " + node + " is " + control.phase(node)
                            + " for an upgrade and leads nothing: rejoin it first, or choose another replica");
        }
    }

    /** Returns the node that leads the slot of which this is to be the leader. */
    private NodeId presentLeader(TenantRecord record, ReplicaId leader) {
        boolean replica = cluster.replicas().allowed(leader.shard(), record.config()).stream()
                .anyMatch(each -> each.replica().equals(leader));
        return record.placement().stream()
                .filter(each -> replica && each.shard().equals(leader.shard()))
                .findFirst()
                .map(cluster::nameOf)
                .orElseThrow(() -> TidalException.invalid("shard " + leader + " has no replica of tenant "
                        + record.config().id() + ", which is on " + record.placement() + " and may be in regions "
                        + record.config().requiredRegions() + ": expected another replica of one of these shards"));
    }
}
