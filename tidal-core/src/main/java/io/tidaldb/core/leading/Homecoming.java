package io.tidaldb.core.leading;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.runtime.RandomSource;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Hands back what prefers another node, a few slots at a time and all in turn, when that node has been up for long enough and has caught up. After an
 * attempt that failed that node waits, and no other one. Before that it hands over what this node leads and can't serve. Confined to the control
 * scheduler.
 */
public final class Homecoming {

    private static final int AT_A_TIME = 8;
    private static final int RETURNING_AT_A_TIME = 128;
    private static final Duration LOOK = Duration.ofMillis(500);

    private final NodeId self;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final RemoteCalls calls;
    private final Leadership leadership;
    private final HandOvers handOvers;
    private final Duration stable;
    private final ReturnWaits waits;
    private final LoopScheduler scheduler;
    private final SortedMap<NodeId, Long> upSince = new TreeMap<>();
    private boolean busy;

    /** The last slot that was tried: those after it are next. */
    private ClusterCommand.@Nullable Promote last;

    /** Creates what does not run yet. */
    public Homecoming(
            NodeId self,
            LocalCluster cluster,
            Hosting hosting,
            RemoteCalls calls,
            Leadership leadership,
            HandOvers handOvers,
            Duration stable,
            RandomSource random,
            LoopScheduler scheduler) {
        this.self = self;
        this.cluster = cluster;
        this.hosting = hosting;
        this.calls = calls;
        this.leadership = leadership;
        this.handOvers = handOvers;
        this.stable = stable;
        this.waits = new ReturnWaits(stable, random);
        this.scheduler = scheduler;
    }

    /** Begins to look. */
    public void start() {
        scheduler.execute(this::look);
    }

    private void look() {
        scheduler.schedule(LOOK, this::look);
        long now = scheduler.nanoTime();
        for (NodeId node : cluster.names()) {
            if (calls.isUp(node) && leadership.renews(node)) {
                upSince.putIfAbsent(node, now);
            } else {
                upSince.remove(node);
                waits.forget(node);
            }
        }
        if (busy || hosting.retires() || handOvers.isBusy()) {
            return;
        }
        Set<ClusterCommand.Promote> instead = insteadOfStale();
        if (!instead.isEmpty()) {
            giveUp(instead);
            return;
        }
        List<TenantRecord> records =
                hosting.tenants().stream().map(EmbeddedTenant::record).toList();
        List<ClusterCommand.Promote> wanted = Relief.toPreferred(
                records,
                self,
                cluster::nameOf,
                node -> isStable(node, now) && waits.isOver(node, now),
                last,
                atATime());
        if (!wanted.isEmpty()) {
            last = wanted.get(wanted.size() - 1);
            handBack(wanted);
        }
    }

    /** Returns who may lead in place of replicas here that have folded what does not count and wait for the state of another one. */
    private Set<ClusterCommand.Promote> insteadOfStale() {
        return hosting.tenants().stream()
                .flatMap(tenant -> tenant.replicas().stream()
                        .filter(shard -> shard.leads() && shard.isReplicated() && shard.needsSnapshot())
                        .flatMap(shard ->
                                cluster
                                        .replicas()
                                        .allowed(
                                                shard.replica().shard(),
                                                tenant.record().config())
                                        .stream())
                        .map(member -> new ClusterCommand.Promote(tenant.id(), member.replica())))
                .collect(Collectors.toSet());
    }

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is tried again later.
    private void giveUp(Set<ClusterCommand.Promote> instead) {
        busy = true;
        handOvers
                .successors(handOvers.able(), instead::contains)
                .thenComposeAsync(
                        found -> handOvers.hand(
                                found.stream()
                                        .map(Relief.Successor::promotion)
                                        .limit(Leadership.PROMOTIONS_PER_COMMAND)
                                        .toList(),
                                false),
                        scheduler)
                .whenCompleteAsync((nothing, failure) -> busy = false, scheduler);
    }

    // Whoever has come back in order is waited for, and has been compared.
    private int atATime() {
        return cluster.names().stream().anyMatch(leadership::returns) ? RETURNING_AT_A_TIME : AT_A_TIME;
    }

    private boolean isStable(NodeId node, long now) {
        Long since = upSince.get(node);
        if (!leadership.mayLead(node) || since != null && leadership.returns(node)) {
            return leadership.mayLead(node);
        }
        return since != null && now - since >= stable.toNanos();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is tried again later.
    private void handBack(List<ClusterCommand.Promote> wanted) {
        busy = true;
        handOvers
                .successors(List.copyOf(nodes(wanted)), wanted::contains)
                .thenComposeAsync(found -> handNear(wanted, found), scheduler)
                .whenCompleteAsync((nothing, failure) -> busy = false, scheduler);
    }

    private CompletableFuture<Void> handNear(List<ClusterCommand.Promote> wanted, List<Relief.Successor> found) {
        List<ClusterCommand.Promote> near = found.stream()
                .filter(each -> each.behind() <= HandOvers.NEAR)
                .map(Relief.Successor::promotion)
                .toList();
        return handOvers.hand(near, false).handleAsync((handed, failure) -> tried(wanted, near, handed), scheduler);
    }

    private @Nullable Void tried(
            List<ClusterCommand.Promote> wanted,
            List<ClusterCommand.Promote> near,
            @Nullable List<ClusterCommand.Promote> handed) {
        long now = scheduler.nanoTime();
        Set<NodeId> failed = nodes(without(near, handed == null ? List.of() : handed));
        Set<NodeId> unready = nodes(without(wanted, near));
        for (NodeId node : nodes(wanted)) {
            if (failed.contains(node)) {
                waits.failed(node, now);
            } else if (unready.contains(node)) {
                waits.unready(node, now);
            } else {
                waits.forget(node);
            }
        }
        return null;
    }

    private static List<ClusterCommand.Promote> without(
            List<ClusterCommand.Promote> all, List<ClusterCommand.Promote> some) {
        return all.stream().filter(each -> !some.contains(each)).toList();
    }

    private Set<NodeId> nodes(List<ClusterCommand.Promote> promotions) {
        return promotions.stream().map(each -> cluster.nameOf(each.leader())).collect(Collectors.toSet());
    }
}
