package io.tidaldb.core.leading;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes a certain replica the leader of a slot where all nodes are in this process. Safe for any number of threads. */
public final class LocalPromotion {

    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;

    /** Creates what has slots led by others when somebody asks for it. */
    public LocalPromotion(ControlPlane control, LocalCluster cluster, Hosting hosting) {
        this.control = control;
        this.cluster = cluster;
        this.hosting = hosting;
    }

    /**
     * Completes when the replica leads; fails as {@link io.tidaldb.core.Tidal#promote}.
     *
     * @param submit has it decided
     */
    public CompletableFuture<Void> promote(
            EmbeddedTenant tenant, ReplicaId leader, Function<ClusterCommand, CompletableFuture<Long>> submit) {
        return CompletableFuture.completedFuture(tenant).thenCompose(of -> attempt(of, leader, submit));
    }

    private CompletableFuture<Void> attempt(
            EmbeddedTenant tenant, ReplicaId leader, Function<ClusterCommand, CompletableFuture<Long>> submit) {
        if (tenant.placement().contains(leader)) {
            return CompletableFuture.completedFuture(null);
        }
        Promotion.requireInService(control, cluster.nameOf(leader));
        cluster.requireReachable(leader);
        ClusterCommand.Promote promotion = new ClusterCommand.Promote(tenant.id(), leader);
        @Nullable Candidacy candidacy = candidacy(tenant, leader);
        CompletableFuture<Long> decided =
                candidacy == null ? submit.apply(promotion) : decided(candidacy, promotion, submit);
        return decided.thenCompose(incarnation -> hosting.settled(tenant.id()));
    }

    private CompletableFuture<Long> decided(
            Candidacy candidacy,
            ClusterCommand.Promote promotion,
            Function<ClusterCommand, CompletableFuture<Long>> submit) {
        candidacy.announce();
        return CompletableFuture.completedFuture(candidacy)
                .thenCompose(announced -> announced.check(cluster::node))
                .thenCompose(nothing -> submit.apply(promotion))
                .whenComplete((incarnation, failure) -> {
                    if (failure != null) {
                        candidacy.withdraw();
                    }
                });
    }

    /** Returns null where there is no such replica, which the control log then says. */
    private @Nullable Candidacy candidacy(EmbeddedTenant tenant, ReplicaId leader) {
        List<TenantShard> here = tenant.replicas(leader.shard()).stream()
                .filter(shard -> cluster.isRunning(cluster.nameOf(shard.replica())))
                .filter(shard -> !hosting.isFilling(tenant.id(), shard.replica()))
                .toList();
        List<TenantShard> running = here.stream()
                .filter(shard -> shard.refusal() == null || shard.replica().equals(leader))
                .filter(shard -> !shard.isRefetching())
                .toList();
        List<TenantShard> damaged = here.stream()
                .filter(shard -> shard.isKnownThoughDamaged() && !running.contains(shard))
                .toList();
        int members = cluster.replicas()
                .allowed(leader.shard(), tenant.state().config())
                .size();
        return running.stream()
                .filter(shard -> shard.replica().equals(leader))
                .findFirst()
                .map(candidate -> new Candidacy(candidate, running, damaged, members))
                .orElse(null);
    }
}
