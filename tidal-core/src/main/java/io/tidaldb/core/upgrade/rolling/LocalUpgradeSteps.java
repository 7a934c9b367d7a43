package io.tidaldb.core.upgrade.rolling;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.hosting.Filling;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.leading.HandOvers;
import io.tidaldb.core.leading.Leadership;
import io.tidaldb.core.leading.Relief;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.replication.ReplicaCheck;
import io.tidaldb.core.replication.Replicator;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.runtime.RandomSource;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a node that has the others in its own process. What it still takes until all are told that another one leads is adopted like
 * anything else that it had not shipped.
 */
public final class LocalUpgradeSteps implements UpgradeSteps {

    private final NodeId self;
    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final RandomSource random;
    private final LoopScheduler scheduler;

    /** Creates the steps of a node whose cluster is in this process. */
    public LocalUpgradeSteps(
            NodeId self,
            ControlPlane control,
            LocalCluster cluster,
            Hosting hosting,
            RandomSource random,
            LoopScheduler scheduler) {
        this.self = self;
        this.control = control;
        this.cluster = cluster;
        this.hosting = hosting;
        this.random = random;
        this.scheduler = scheduler;
    }

    @Override
    public boolean isUp(NodeId node) {
        return cluster.isRunning(node);
    }

    @Override
    public CompletableFuture<List<ClusterCommand.Promote>> handOver() {
        return hand(self, node -> !node.equals(self) && control.phase(node).mayLead(), each -> true);
    }

    @Override
    public CompletableFuture<Void> bringBack(List<ClusterCommand.Promote> wanted) {
        CompletableFuture<Void> sofar = CompletableFuture.completedFuture(null);
        for (NodeId leader : cluster.localNames()) {
            if (!leader.equals(self) && cluster.isRunning(leader)) {
                sofar = sofar.thenCompose(nothing -> hand(leader, self::equals, wanted::contains))
                        .thenApply(left -> null);
            }
        }
        return sofar;
    }

    /** Has others lead what a node leads; returns what could be led by others and is not yet. */
    private CompletableFuture<List<ClusterCommand.Promote>> hand(
            NodeId from, Predicate<NodeId> to, Predicate<ClusterCommand.Promote> wanted) {
        if (!hosting.leads(from)) {
            return CompletableFuture.completedFuture(List.of());
        }
        List<TenantShard> kept = new ArrayList<>();
        hosting.forEachReplicaLedBy(from, (tenant, shard) -> kept.add(shard));
        // Until there is another leader, who lacks nothing now is not to lack anything then.
        kept.forEach(shard -> shard.keepLogs(true));
        return hosting.positions(from, from::equals)
                .thenCombine(
                        hosting.positions(from, to),
                        (own, others) -> Relief.decide(own, List.of(unfilled(others)), wanted))
                .thenComposeAsync(found -> hand(from, found), scheduler)
                .whenComplete((left, failure) -> kept.forEach(shard -> shard.keepLogs(false)));
    }

    private CompletableFuture<List<ClusterCommand.Promote>> hand(NodeId from, List<Relief.Successor> found) {
        List<ClusterCommand.Promote> near = new ArrayList<>();
        List<ClusterCommand.Promote> far = new ArrayList<>();
        found.forEach(each -> (each.behind() <= HandOvers.NEAR && near.size() < Leadership.PROMOTIONS_PER_COMMAND
                        ? near
                        : far)
                .add(each.promotion()));
        return near.isEmpty()
                ? CompletableFuture.completedFuture(far)
                : control.submit(new ClusterCommand.TakeOver(from, control.lease(from), near, false))
                        .thenCompose(agreed -> hosting.settled())
                        .thenApply(nothing -> far);
    }

    private Answer.Positions unfilled(Answer.Positions held) {
        return new Answer.Positions(held.replicas().stream()
                .filter(each -> !control.filling().contains(ReplicaId.parse(each.replica())))
                .toList());
    }

    @Override
    public CompletableFuture<Answer.Positions> heldByLeader(NodeId leader) {
        return hosting.positions(leader, leader::equals);
    }

    @Override
    public CompletableFuture<Answer.Positions> heldHere(NodeId leader) {
        return hosting.positions(leader, self::equals);
    }

    @Override
    public CompletableFuture<Boolean> compare(NodeId leader, Filling.Slot slot) {
        TenantShard shard = leading(leader, slot);
        @Nullable Replicator replicator = shard == null ? null : cluster.replicator(shard.replica());
        if (shard == null || replicator == null) {
            return CompletableFuture.completedFuture(false);
        }
        CompletableFuture<SortedMap<NodeId, ReplicaCheck>> compared =
                cluster.unlessEnded(leader, () -> replicator.compare(shard, random.nextLong()));
        return compared.thenApply(checks ->
                new TreeMap<>(checks).getOrDefault(self, ReplicaCheck.UNKNOWN).isEqual());
    }

    private @Nullable TenantShard leading(NodeId leader, Filling.Slot slot) {
        EmbeddedTenant tenant = hosting.tenant(slot.tenantId());
        return tenant == null
                ? null
                : tenant.state().slots().stream()
                        .filter(each -> each.replica().shard().value() == slot.shard()
                                && cluster.nameOf(each.replica()).equals(leader))
                        .findFirst()
                        .orElse(null);
    }
}
