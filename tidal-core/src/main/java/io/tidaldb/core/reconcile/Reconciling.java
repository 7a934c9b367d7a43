package io.tidaldb.core.reconcile;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.Reconciliation;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.NotFound;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.migration.MoveTarget;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Asks all replicas of tenants what they hold.
 *
 * <p>Safe for any number of threads.
 */
public final class Reconciling {

    private static final Duration WAIT = Duration.ofSeconds(2);

    private final Instance tidal;
    private final ControlPlane control;
    private final Hosting hosting;
    private final @Nullable RemoteCalls calls;

    /** Creates what asks nodes; {@code calls} is null where all are in this process. */
    public Reconciling(Instance tidal, ControlPlane control, Hosting hosting, @Nullable RemoteCalls calls) {
        this.tidal = tidal;
        this.control = control;
        this.hosting = hosting;
        this.calls = calls;
    }

    /**
     * Returns what replicas lack.
     *
     * @param tenant whose, or null for all
     * @param again whether they compare themselves once more
     */
    public Reconciliation plan(@Nullable TenantId tenant, boolean again) {
        Collection<TenantRecord> asked;
        if (tenant == null) {
            asked = control.tenants().values();
        } else {
            TenantRecord record = control.tenant(tenant);
            if (record == null) {
                throw NotFound.tenant(tenant);
            }
            asked = List.of(record);
        }
        List<Reconciliation.Slot> slots = new ArrayList<>();
        asked.forEach(each -> slots.addAll(slots(each, again)));
        return new Reconciliation(slots);
    }

    private List<Reconciliation.Slot> slots(TenantRecord record, boolean again) {
        SortedMap<ShardId, List<ShardAssignment>> members = new TreeMap<>();
        record.placement()
                .forEach(head ->
                        members.put(head.shard(), tidal.cluster().replicas().allowed(head.shard(), record.config())));
        SortedMap<ReplicaId, Answer.Holding> held = held(record.config().id(), members.values(), again);
        List<Reconciliation.Slot> slots = new ArrayList<>();
        members.forEach((shard, replicas) -> {
            SortedMap<ReplicaId, Answer.Holding> said = new TreeMap<>();
            SortedMap<ReplicaId, NodeId> nodes = new TreeMap<>();
            replicas.forEach(each -> {
                nodes.put(each.replica(), each.node());
                said.put(each.replica(), held.getOrDefault(each.replica(), silent(each)));
            });
            slots.add(new SlotReconciliation(record.config().id(), shard, nodes, said).plan());
        });
        return slots;
    }

    private static Answer.Holding silent(ShardAssignment replica) {
        return unknown(
                replica.replica(), "node " + replica.node() + " does not say: it can't be reached or is starting");
    }

    private static Answer.Holding unknown(ReplicaId replica, String why) {
        return new Answer.Holding(replica.toString(), List.of(), List.of(), List.of(), false, new byte[0], why);
    }

    private SortedMap<ReplicaId, Answer.Holding> held(
            TenantId tenant, Collection<List<ShardAssignment>> members, boolean again) {
        SortedMap<NodeId, CompletableFuture<Answer.Holdings>> asked = new TreeMap<>();
        LocalCluster cluster = tidal.cluster();
        RemoteCalls remote = calls;
        boolean local = false;
        for (List<ShardAssignment> replicas : members) {
            for (ShardAssignment each : replicas) {
                if (cluster.isLocal(each.node())) {
                    local = true;
                } else if (remote != null) {
                    asked.computeIfAbsent(
                            each.node(),
                            node -> remote.ask(
                                    node,
                                    index -> new Call.Holdings(index, tenant.value(), again),
                                    Answer.Holdings.class,
                                    WAIT));
                }
            }
        }
        SortedMap<ReplicaId, Answer.Holding> held = new TreeMap<>();
        if (local) {
            put(held, tidal.await(holdings(tenant, again)));
        }
        asked.forEach((node, answer) -> {
            try {
                put(held, tidal.await(answer));
            } catch (TidalException e) {
                // It is among those that have not said what they hold.
            }
        });
        return held;
    }

    private static void put(SortedMap<ReplicaId, Answer.Holding> held, Answer.Holdings said) {
        said.replicas().forEach(each -> held.put(ReplicaId.parse(each.replica()), each));
    }

    /** Returns what is held in this process. */
    public CompletableFuture<Answer.Holdings> holdings(TenantId id, boolean again) {
        EmbeddedTenant tenant = hosting.tenant(id);
        if (tenant == null) {
            return CompletableFuture.completedFuture(new Answer.Holdings(List.of()));
        }
        if (again) {
            tidal.cluster().forEachReplicator(replicator -> replicator.compareAgain(id));
        }
        CompletableFuture<List<Answer.Holding>> all = CompletableFuture.completedFuture(List.of());
        for (ReplicaId replica : tenant.replicaIds()) {
            TenantShard shard = tenant.open(replica);
            if (shard != null && tidal.cluster().isRunning(tidal.cluster().nameOf(replica))) {
                all = all.thenCombine(
                        holding(tidal.cluster().node(replica), shard)
                                .exceptionally(failure -> unknown(
                                        replica,
                                        String.valueOf(
                                                RemoteCalls.reason(failure).getMessage()))),
                        Reconciling::plus);
            }
        }
        return all.thenApply(Answer.Holdings::new);
    }

    private static List<Answer.Holding> plus(List<Answer.Holding> some, Answer.Holding another) {
        List<Answer.Holding> all = new ArrayList<>(some);
        all.add(another);
        return all;
    }

    private static Answer.Doubled doubled(Origin origin, int count) {
        return new Answer.Doubled(origin.region().value(), origin.shard().value(), origin.incarnation(), count);
    }

    private static CompletableFuture<Answer.Holding> holding(Node node, TenantShard shard) {
        return node.content(shard, true, false)
                .thenCombine(node.withLogs(shard, 0, SlotLogs::doubled), (content, due) -> {
                    Answer.Moved said = MoveTarget.said(content);
                    List<Answer.Doubled> doubled = due.entrySet().stream()
                            .map(each -> doubled(each.getKey(), each.getValue()))
                            .toList();
                    return new Answer.Holding(
                            shard.replica().toString(),
                            said.logs(),
                            said.merged(),
                            doubled,
                            said.comparable(),
                            said.digest(),
                            null);
                });
    }
}
