package io.tidaldb.core.hosting;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.SlotPart;
import io.tidaldb.core.codec.OriginSet;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.ingest.LogsNeeded;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.Schema;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.replication.Replicator;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the nodes of this process do what was agreed: opens, assigns and erases replicas of tenants, whoever proposed it, here or on
 * another node. It looks at what the control plane holds now, not at each command, so that what was agreed meanwhile is not done twice.
 *
 * <p>Rounds follow one another on the scheduler; in a round, what concerns different tenants goes on side by side. Nothing blocks. Between
 * {@link #pause} and {@link #resume} no round begins, and whoever paused may change which nodes run.
 */
public final class Hosting implements ControlPlane.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(Hosting.class);

    private static final Duration KEPT = Duration.ofSeconds(30);

    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Schema schema;
    private final LoopScheduler scheduler;
    private final TenantKeyrings keyrings;
    private final Function<TenantRecord, EmbeddedTenant> assembly;

    /** Changed by rounds, and by whoever paused them; safe for any thread to read. */
    private final SortedMap<TenantId, EmbeddedTenant> tenants = new ConcurrentSkipListMap<>();

    /** The same to look them up, in as many steps however many there are. Never gone over, as it has no order. */
    private final Map<TenantId, EmbeddedTenant> byId = new ConcurrentHashMap<>();

    /** Why what was agreed last on a tenant could not be done. Written by rounds. */
    private final Map<TenantId, Throwable> failed = new ConcurrentHashMap<>();

    /** What completes after a pause. */
    private final SortedMap<Long, CompletableFuture<Void>> resting = new ConcurrentSkipListMap<>();

    private final AtomicLong pauses = new AtomicLong();

    private volatile Consumer<TenantId> onErased = tenant -> {};
    private volatile boolean closed;

    // Confined to the scheduler.
    private SortedSet<TenantId> changed = new TreeSet<>();
    private SortedSet<TenantId> underway = new TreeSet<>();

    /** Tenants some of whose replicas may be on other nodes than before. */
    private final SortedSet<TenantId> moved = new TreeSet<>();

    private final Map<TenantId, List<CompletableFuture<Void>>> waiting = new HashMap<>();
    private final List<CompletableFuture<Void>> pausing = new ArrayList<>();
    private final List<CompletableFuture<Void>> idle = new ArrayList<>();

    /** Nodes whose slots' logs are kept as they are, each with when that was asked for last. */
    private final SortedMap<NodeId, Long> kept = new TreeMap<>();

    private int paused;
    private volatile boolean retires;

    /** Is told, on the scheduler, when something was agreed on that is no tenant's. */
    private volatile Runnable nodesChanged = () -> {};

    /**
     * Creates a host that pauses until it is started.
     *
     * @param assembly makes a tenant without replicas
     */
    public Hosting(
            ControlPlane control,
            LocalCluster cluster,
            Schema schema,
            LoopScheduler scheduler,
            TenantKeyrings keyrings,
            Function<TenantRecord, EmbeddedTenant> assembly) {
        this.control = control;
        this.cluster = cluster;
        this.schema = schema;
        this.scheduler = scheduler;
        this.keyrings = keyrings;
        this.assembly = assembly;
        this.paused = 1;
    }

    /** Returns the tenants that are hosted here, in order. */
    public Collection<EmbeddedTenant> tenants() {
        return tenants.values();
    }

    /** Returns a tenant that is open; null if there is none. Allocates nothing, and takes as long however many there are. */
    public @Nullable EmbeddedTenant tenant(TenantId id) {
        return byId.get(id);
    }

    private void add(EmbeddedTenant tenant) {
        tenants.put(tenant.id(), tenant);
        byId.put(tenant.id(), tenant);
    }

    /** Sets who is told, on the scheduler, when something was agreed on that is no tenant's. */
    public void onNodesChanged(Runnable told) {
        nodesChanged = told;
    }

    // Rounds

    @Override
    public void changed(List<TenantId> which) {
        boolean any = which.isEmpty();
        boolean otherNodes = false;
        if (any) {
            schema.update(control.schema());
            otherNodes = cluster.follow(control.shards(), control.nodes());
        }
        boolean replaced = otherNodes;
        scheduler.execute(() -> {
            if (any) {
                nodesChanged.run();
            }
            if (replaced) {
                moved.addAll(tenants.keySet());
                changed.addAll(moved);
            }
            if (any) {
                tenants.forEach((id, hosted) -> {
                    if (!hosted.record().equals(control.tenant(id))) {
                        changed.add(id);
                    }
                });
            }
            changed.addAll(which);
            work();
        });
    }

    /** Completes when what was agreed on a tenant before this call is done here, or fails with what kept it from being done. */
    public CompletableFuture<Void> settled(TenantId id) {
        CompletableFuture<Void> stage = new CompletableFuture<>();
        scheduler.execute(() -> {
            if (changed.contains(id) || underway.contains(id)) {
                waiting.computeIfAbsent(id, each -> new ArrayList<>(1)).add(stage);
            } else {
                tell(stage, id);
            }
        });
        return stage;
    }

    /** Completes after a pause, on the scheduler; fails if this is closed before. */
    public CompletableFuture<Void> after(Duration pause) {
        CompletableFuture<Void> stage = new CompletableFuture<>();
        long number = pauses.incrementAndGet();
        resting.put(number, stage);
        scheduler.schedule(pause, () -> {
            resting.remove(number);
            stage.complete(null);
        });
        if (closed) {
            stage.completeExceptionally(closedNow());
        }
        return stage;
    }

    /** Completes when everything is done here that was agreed before this call, as far as it can be. */
    public CompletableFuture<Void> settled() {
        CompletableFuture<Void> stage = new CompletableFuture<>();
        scheduler.execute(() -> {
            if (changed.isEmpty() && underway.isEmpty()) {
                stage.complete(null);
            } else {
                idle.add(stage);
            }
        });
        return stage;
    }

    /** Completes when no round is under way; none begins before as many calls of {@link #resume} as of this. */
    public CompletableFuture<Void> pause() {
        CompletableFuture<Void> stage = new CompletableFuture<>();
        scheduler.execute(() -> {
            paused++;
            if (underway.isEmpty()) {
                stage.complete(null);
            } else {
                pausing.add(stage);
            }
        });
        return stage;
    }

    /** Goes on with what was agreed, after {@link #pause}. */
    public void resume() {
        scheduler.execute(() -> {
            paused--;
            work();
        });
    }

    @SuppressWarnings("FutureReturnValueIgnored") // No member of a round fails.
    private void work() {
        if (paused > 0 || !underway.isEmpty() || changed.isEmpty()) {
            return;
        }
        underway = changed;
        changed = new TreeSet<>();
        List<CompletableFuture<Void>> round = new ArrayList<>();
        for (TenantId id : underway) {
            round.add(enacted(id).handle((nothing, failure) -> {
                if (failure == null) {
                    failed.remove(id);
                } else {
                    LOG.warn("what was agreed on tenant {} is not done on this node: {}", id, failure.getMessage());
                    failed.put(id, failure);
                }
                return null;
            }));
        }
        all(round).whenComplete((nothing, failure) -> scheduler.execute(this::roundDone));
    }

    private void roundDone() {
        SortedSet<TenantId> done = underway;
        underway = new TreeSet<>();
        waiting.entrySet().removeIf(each -> {
            boolean settled = !changed.contains(each.getKey());
            if (settled) {
                each.getValue().forEach(stage -> tell(stage, each.getKey()));
            }
            return settled;
        });
        pausing.forEach(each -> each.complete(null));
        pausing.clear();
        done.forEach(this::turned);
        if (changed.isEmpty()) {
            idle.forEach(each -> each.complete(null));
            idle.clear();
        }
        work();
    }

    /** Has writes of a tenant that are held back tried again. Called on the scheduler. */
    public void turned(TenantId id) {
        EmbeddedTenant tenant = byId.get(id);
        if (tenant != null) {
            tenant.turned();
        }
    }

    private void tell(CompletableFuture<Void> stage, TenantId id) {
        Throwable failure = failed.get(id);
        if (failure == null) {
            stage.complete(null);
        } else {
            stage.completeExceptionally(failure);
        }
    }

    private CompletableFuture<Void> enacted(TenantId id) {
        try {
            return enact(id);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletableFuture<Void> enact(TenantId id) {
        @Nullable TenantRecord agreed = control.tenant(id);
        EmbeddedTenant hosted = byId.get(id);
        if (hosted != null
                && (agreed == null || agreed.digestSeed() != hosted.record().digestSeed())) {
            CompletableFuture<Void> removed = remove(hosted);
            return agreed == null ? removed : removed.thenComposeAsync(nothing -> open(agreed), scheduler);
        }
        if (agreed == null) {
            return done();
        }
        return hosted == null ? openAnew(agreed) : change(hosted, agreed);
    }

    private CompletableFuture<Void> openAnew(TenantRecord agreed) {
        TenantId id = agreed.config().id();
        // An erasure that failed half-way must not leave its rest to the new tenant.
        return control.hadFormer(id) ? erase(id).thenComposeAsync(nothing -> open(agreed), scheduler) : open(agreed);
    }

    private CompletableFuture<Void> open(TenantRecord agreed) {
        EmbeddedTenant tenant = assembly.apply(agreed);
        // Nobody sees it, and nothing of it is shipped, before all its slots are there.
        CompletableFuture<Void> visible = new CompletableFuture<>();
        List<CompletableFuture<Void>> opened = new ArrayList<>();
        List<CompletableFuture<Void>> joined = new ArrayList<>();
        for (Node node : cluster.nodes()) {
            CompletableFuture<Void> open = cluster.unlessEnded(node.id(), () -> openReplicas(tenant, node));
            opened.add(open.handle((nothing, failure) -> null));
            joined.add(open.thenCompose(nothing -> visible)
                    .thenCompose(nothing -> assign(tenant, List.of(node.id())))
                    .exceptionally(failure -> absent(node, tenant, failure)));
        }
        return all(opened)
                .thenAcceptAsync(
                        nothing -> {
                            add(tenant);
                            visible.complete(null);
                        },
                        scheduler)
                .thenCompose(nothing -> all(joined));
    }

    // One that has ended takes its part when it starts again.
    private static @Nullable Void absent(Node node, EmbeddedTenant tenant, Throwable failure) {
        LOG.warn("node {} has no part in tenant {} yet: {}", node.id(), tenant.id(), failure.getMessage());
        return null;
    }

    private CompletableFuture<Void> change(EmbeddedTenant hosted, TenantRecord agreed) {
        TenantRecord before = hosted.record();
        boolean suspended = hosted.keys().suspension() != null;
        hosted.agreed(agreed);
        hosted.keys(keyrings.of(agreed));
        if (!suspended || hosted.keys().suspension() != null) {
            return change(hosted, before, before.epoch() == agreed.epoch());
        }
        // What could not be opened has no part in anything yet.
        return reopen(hosted).thenComposeAsync(nothing -> change(hosted, before, false), scheduler);
    }

    /** Opens what a suspended tenant has on nodes of this process and could not be read. */
    private CompletableFuture<Void> reopen(EmbeddedTenant hosted) {
        List<CompletableFuture<Void>> reopened = new ArrayList<>();
        for (ReplicaId replica : hosted.replicaIds()) {
            TenantShard shard = hosted.open(replica);
            NodeId host = cluster.nameOf(replica);
            if (shard != null && cluster.isRunning(host)) {
                reopened.add(
                        cluster.unlessEnded(host, () -> cluster.node(replica).reopen(shard))
                                .handle((done, failure) -> null));
            }
        }
        return all(reopened).thenRun(hosted::recount);
    }

    private CompletableFuture<Void> change(EmbeddedTenant hosted, TenantRecord before, boolean sameLeaders) {
        TenantRecord agreed = hosted.record();
        if (!before.homes().equals(agreed.homes()) && !moved.contains(hosted.id())) {
            return move(hosted, sameLeaders);
        }
        if (moved.remove(hosted.id()) || !hosts(before).equals(hosts(agreed))) {
            CompletableFuture<Void> rehosted = rehost(hosted, sameLeaders);
            hosted.ledBy(agreed.placement());
            return rehosted;
        }
        if (sameLeaders) {
            return done();
        }
        // What the former one still takes until it is told is adopted like anything else that it had not shipped.
        CompletableFuture<Void> told = assign(hosted, cluster.localNames());
        hosted.ledBy(agreed.placement());
        return told;
    }

    /** Returns who holds a tenant's slots. */
    private List<ShardAssignment> hosts(TenantRecord record) {
        return SlotPart.of(record).stream()
                .flatMap(part -> cluster.replicas().allowed(part.shard(), record.config()).stream())
                .toList();
    }

    /** Opens replicas that nodes of this process have been given, and tells those that were there before who holds their slots now. */
    private CompletableFuture<Void> rehost(EmbeddedTenant hosted, boolean sameLeaders) {
        Set<ReplicaId> before = new HashSet<>(hosted.replicaIds());
        return opened(
                hosted,
                before,
                () -> assign(hosted, cluster.localNames(), shard -> sameLeaders && before.contains(shard.replica())));
    }

    /** Opens replicas that nodes of this process have been given, then tells all of them: a node on which that fails keeps no other waiting. */
    private CompletableFuture<Void> opened(
            EmbeddedTenant hosted, Set<ReplicaId> before, Supplier<CompletableFuture<Void>> tell) {
        return all(cluster.nodes().stream()
                        .map(node -> cluster.unlessEnded(node.id(), () -> openReplicas(hosted, node, before::contains)))
                        .toList())
                .handle((nothing, failure) -> failure)
                .thenComposeAsync(
                        failure -> failure == null
                                ? tell.get()
                                : tell.get().thenCompose(nothing -> CompletableFuture.failedFuture(failure)),
                        scheduler);
    }

    private CompletableFuture<Void> remove(EmbeddedTenant tenant) {
        byId.remove(tenant.id());
        tenants.remove(tenant.id());
        tenant.delete();
        cluster.forEachReplicator(replicator -> replicator.drop(tenant.id()));
        return erase(tenant.id()).thenRunAsync(() -> onErased.accept(tenant.id()), scheduler);
    }

    /** Tells this one, on the scheduler, of each tenant that is deleted on the nodes that run. */
    public void onErased(Consumer<TenantId> listener) {
        onErased = listener;
    }

    /** Erases what a former tenant with this id has left on the nodes that run; one that is slow or ends keeps no other from it. */
    public CompletableFuture<Void> erase(TenantId id) {
        return all(cluster.nodes().stream()
                .map(node -> cluster.unlessEnded(node.id(), () -> node.erase(id)))
                .toList());
    }

    // What a node has of a tenant

    /** Opens what is there when the process begins, on nodes that do not serve yet; tells which stage each tenant's replicas are in. */
    public CompletableFuture<Void> recover(List<Node> nodes) {
        control.tenants().values().forEach(record -> add(assembly.apply(record)));
        return openAll(nodes);
    }

    /** Opens on these nodes what they hold of each tenant. */
    public CompletableFuture<Void> openAll(List<Node> nodes) {
        return all(tenants.values().stream()
                .flatMap(tenant -> nodes.stream()
                        .map(node -> cluster.unlessEnded(node.id(), () -> openReplicas(tenant, node))
                                .thenRun(tenant::recount)))
                .toList());
    }

    /** Tells these nodes what part they have in each tenant. */
    public CompletableFuture<Void> assignAll(List<NodeId> nodes) {
        return all(
                tenants.values().stream().map(tenant -> assign(tenant, nodes)).toList());
    }

    /** Opens those replicas of a tenant's slots that a node hosts. */
    private CompletableFuture<Void> openReplicas(EmbeddedTenant tenant, Node node) {
        return openReplicas(tenant, node, replica -> false);
    }

    private CompletableFuture<Void> openReplicas(EmbeddedTenant tenant, Node node, Predicate<ReplicaId> except) {
        TenantRecord record = tenant.record();
        List<CompletableFuture<Void>> opened = new ArrayList<>();
        for (SlotPart part : SlotPart.of(record)) {
            boolean replicated = cluster.replicas().isReplicated(part.shard());
            for (ShardAssignment each : cluster.replicas().allowed(part.shard(), record.config())) {
                boolean serves = each.replica().equals(part.head()) || replicated;
                if (each.node().equals(node.id()) && serves && !except.test(each.replica())) {
                    opened.add(node.openSlot(
                                    tenant.stateOf(each.replica()), each.replica(), incarnation(each.replica(), record))
                            .thenAccept(shard -> {
                                if (replicated) {
                                    // Until the others have said what they hold.
                                    shard.needed(LogsNeeded.EVERYTHING);
                                }
                                tenant.opened(shard);
                            }));
                }
            }
        }
        return all(opened);
    }

    /** Tells these nodes, if they run, what part they have in a tenant's slots; all of them, whoever of them does not answer. */
    private CompletableFuture<Void> assign(EmbeddedTenant tenant, List<NodeId> nodes) {
        return assign(tenant, nodes, shard -> false);
    }

    /** @param goesOn whether a replica's part is the same as before but for who else holds the slot */
    private CompletableFuture<Void> assign(EmbeddedTenant tenant, List<NodeId> nodes, Predicate<TenantShard> goesOn) {
        TenantRecord record = tenant.record();
        List<CompletableFuture<Void>> told = new ArrayList<>();
        for (SlotPart part : SlotPart.of(record)) {
            for (TenantShard shard : tenant.replicas(part.shard())) {
                NodeId host = cluster.nameOf(shard.replica());
                if (!nodes.contains(host) || !cluster.isRunning(host)) {
                    continue;
                }
                if (hasLeft(shard, record)) {
                    cluster.left(shard);
                } else if (goesOn.test(shard) && cluster.shares(shard, record.config())) {
                    told.add(cluster.unlessEnded(
                            host, () -> cluster.membersChanged(shard, record.config(), part, record.epoch())));
                } else {
                    told.add(assigned(shard, part, record));
                }
            }
        }
        return all(told);
    }

    /** Tells a replica that begins anew what its part in its slot is. */
    public CompletableFuture<Void> rejoin(EmbeddedTenant tenant, TenantShard shard) {
        return done().thenComposeAsync(nothing -> assigned(shard, tenant.record()), scheduler);
    }

    // By what is agreed when it is told, in one step: whoever is told of a later change is told after it.
    private CompletableFuture<Void> assigned(TenantShard shard, TenantRecord record) {
        return SlotPart.of(record).stream()
                .filter(part -> part.shard().equals(shard.replica().shard()))
                .findFirst()
                .map(part -> assigned(shard, part, record))
                .orElseGet(Hosting::done);
    }

    // It is erased by whoever sees to the change.
    private boolean hasLeft(TenantShard shard, TenantRecord record) {
        return cluster.replicas().allowed(shard.replica().shard(), record.config()).stream()
                .noneMatch(each -> each.replica().equals(shard.replica()));
    }

    private CompletableFuture<Void> assigned(TenantShard shard, SlotPart part, TenantRecord record) {
        if (!part.moving()) {
            shard.neededElsewhere(LogsNeeded.NOTHING);
        }
        // One that has come back does not know what was proposed before, and may still be agreed.
        shard.freeze(control.isCutOver(record.config().id(), shard.replica()));
        return cluster.unlessEnded(
                cluster.nameOf(shard.replica()),
                () -> cluster.assign(
                        shard,
                        record.config(),
                        part,
                        record.epoch(),
                        incarnation(part.leader(), record),
                        former(part.slot(), record)));
    }

    /**
     * Returns the origins under which a slot may have been written before its leader led; none in its first epoch, nor while the tenant is
     * being restored: what its logs say of each other counts.
     */
    private OriginSet former(int slot, TenantRecord record) {
        OriginSet former = OriginSet.NONE;
        if (record.epoch() > 1 && !control.isRestoring(record.config().id())) {
            for (ShardId shard : record.shardsOf(slot)) {
                for (ShardAssignment member : cluster.replicas().allowed(shard, record.config())) {
                    ReplicaId replica = member.replica();
                    former = former.plus(replica, record.minIncarnation(), incarnation(replica, record));
                }
            }
        }
        return former;
    }

    // Shards beside a slot's own

    /**
     * Opens replicas of shards that a slot is being moved to, and tells all their parts in the slot. Replicas of shards that hold it no more
     * stay until they are erased: nobody sends there any more.
     */
    private CompletableFuture<Void> move(EmbeddedTenant hosted, boolean sameLeaders) {
        Set<ReplicaId> before = new HashSet<>(hosted.replicaIds());
        return opened(
                hosted, before, () -> tellParts(hosted, shard -> sameLeaders && before.contains(shard.replica())));
    }

    private CompletableFuture<Void> tellParts(EmbeddedTenant hosted, Predicate<TenantShard> knows) {
        TenantRecord record = hosted.record();
        List<CompletableFuture<Void>> told = new ArrayList<>();
        for (SlotPart part : SlotPart.of(record)) {
            for (TenantShard shard : hosted.replicas(part.shard())) {
                if (!part.moving()) {
                    shard.neededElsewhere(LogsNeeded.NOTHING);
                }
                shard.freeze(control.isCutOver(hosted.id(), shard.replica()));
                boolean goesOn = knows.test(shard) && cluster.shares(shard, record.config());
                if (!goesOn && cluster.isRunning(cluster.nameOf(shard.replica()))) {
                    told.add(assigned(shard, part, record));
                }
            }
        }
        hosted.ledBy(record.placement());
        return all(told);
    }

    /** Tells a replica of a shard beside a slot's own anew what part it has: its logs have begun anew. */
    @SuppressWarnings("FutureReturnValueIgnored") // It is told again when anything is agreed on the tenant.
    public void told(TenantShard shard) {
        scheduler.execute(() -> {
            EmbeddedTenant hosted = byId.get(shard.tenant().config().id());
            if (hosted != null && hosted.open(shard.replica()) == shard) {
                SlotPart.of(hosted.record()).stream()
                        .filter(part -> part.shard().equals(shard.replica().shard()))
                        .forEach(part -> assigned(shard, part, hosted.record()));
            }
        });
    }

    /**
     * Erases what nodes of this process have of replicas that hold a tenant's slots no more; returns those of them of which no file holds
     * anything any more. It is called again until that is all.
     *
     * @param replicas that are to be erased, here or elsewhere
     */
    public CompletableFuture<List<ReplicaId>> erase(TenantId id, List<ReplicaId> replicas) {
        EmbeddedTenant hosted = byId.get(id);
        List<ReplicaId> erased = new ArrayList<>();
        List<CompletableFuture<Void>> erasing = new ArrayList<>();
        for (ReplicaId replica : replicas) {
            NodeId host = cluster.nameOf(replica);
            if (cluster.isLocal(host) && cluster.isRunning(host)) {
                erasing.add(cluster.unlessEnded(
                                host,
                                () -> erase(id, hosted, replica)
                                        .thenCompose(
                                                nothing -> cluster.node(replica).purge()))
                        .thenAcceptAsync(
                                purged -> {
                                    if (purged) {
                                        erased.add(replica);
                                    }
                                },
                                scheduler)
                        .exceptionally(failure -> {
                            LOG.warn("{} of tenant {} is not erased yet: {}", replica, id, failure.getMessage());
                            return null;
                        }));
            }
        }
        return all(erasing).thenApplyAsync(nothing -> erased, scheduler);
    }

    private CompletableFuture<Void> erase(TenantId id, @Nullable EmbeddedTenant hosted, ReplicaId replica) {
        Node node = cluster.node(replica);
        TenantShard open = hosted == null ? null : hosted.closed(replica);
        if (open == null) {
            return node.submit(() -> {
                node.eraseNow(id, replica.shard());
                return null;
            });
        }
        Replicator replicator = cluster.replicator(replica);
        if (replicator != null) {
            replicator.drop(open);
        }
        return node.eraseSlot(open);
    }

    // Who leads

    /** Returns whether a node leads any slot that is hosted here. */
    public boolean leads(NodeId node) {
        return tenants.values().stream()
                .anyMatch(tenant -> tenant.placement().stream()
                        .anyMatch(leader -> cluster.nameOf(leader).equals(node)));
    }

    /** Returns whether a replica may lack what was acknowledged before it was given a tenant. */
    public boolean isFilling(TenantId id, ReplicaId replica) {
        TenantRecord record = control.tenant(id);
        return record != null && record.isFilling(replica);
    }

    /** Returns how many replicas a tenant's slot has, whether they run or not; 0 if the tenant is gone. */
    public int members(TenantId id, ShardId shard) {
        EmbeddedTenant tenant = byId.get(id);
        return tenant == null
                ? 0
                : cluster.replicas().allowed(shard, tenant.record().config()).size();
    }

    /** Returns the slots that tenants have on these replicas, by the node that leads them. */
    public SortedMap<NodeId, List<Filling.Slot>> slotsByLeader(Collection<ReplicaId> replicas) {
        SortedMap<NodeId, List<Filling.Slot>> slots = new TreeMap<>();
        for (TenantRecord record : control.tenants().values()) {
            for (ReplicaId leader : record.placement()) {
                boolean held = cluster.replicas().allowed(leader.shard(), record.config()).stream()
                        .anyMatch(each -> replicas.contains(each.replica()));
                if (held) {
                    slots.computeIfAbsent(cluster.nameOf(leader), each -> new ArrayList<>())
                            .add(new Filling.Slot(
                                    record.config().id().value(), leader.shard().value()));
                }
            }
        }
        return slots;
    }

    /**
     * Returns what is held here of slots that a node leads. Their logs are kept as they are until they have another leader, or for so long
     * that nobody can go by the answer any more.
     */
    public CompletableFuture<Answer.Positions> positions(NodeId node) {
        return done().thenComposeAsync(nothing -> held(node), scheduler);
    }

    /** Is no candidate for what another node leads from now on. */
    public void retire() {
        retires = true;
    }

    /** Returns whether this process is about to end. */
    public boolean retires() {
        return retires;
    }

    private CompletableFuture<Answer.Positions> held(NodeId node) {
        if (retires && !cluster.isLocal(node)) {
            return CompletableFuture.completedFuture(new Answer.Positions(List.of()));
        }
        kept.put(node, scheduler.nanoTime());
        scheduler.schedule(KEPT, () -> release(node));
        List<CompletableFuture<List<Answer.Replica>>> asked = new ArrayList<>();
        forEachLedBy(node, (tenant, shard) -> {
            if (counts(shard)) {
                shard.keepLogs(true);
            }
            asked.add(said(tenant, shard));
        });
        return all(asked.stream()
                        .map(each -> each.<Void>handle((replicas, failure) -> null))
                        .toList())
                .thenApply(nothing -> new Answer.Positions(asked.stream()
                        .filter(each -> !each.isCompletedExceptionally())
                        .flatMap(each -> each.join().stream())
                        .toList()));
    }

    /** Returns what some nodes of this process hold of slots that a node leads. */
    public CompletableFuture<Answer.Positions> positions(NodeId leader, Predicate<NodeId> by) {
        List<CompletableFuture<List<Answer.Replica>>> asked = new ArrayList<>();
        forEachReplicaLedBy(leader, (tenant, shard) -> {
            NodeId host = cluster.nameOf(shard.replica());
            if (by.test(host) && cluster.isRunning(host)) {
                asked.add(cluster.unlessEnded(host, () -> said(tenant, shard)));
            }
        });
        return all(asked.stream()
                        .map(each -> each.<Void>thenApply(replicas -> null))
                        .toList())
                .thenApply(nothing -> new Answer.Positions(
                        asked.stream().flatMap(each -> each.join().stream()).toList()));
    }

    /** Does something with each replica in this process of a slot that a node leads. */
    public void forEachReplicaLedBy(NodeId node, BiConsumer<EmbeddedTenant, TenantShard> action) {
        for (EmbeddedTenant tenant : tenants.values()) {
            for (ReplicaId leader : tenant.placement()) {
                if (cluster.nameOf(leader).equals(node)) {
                    tenant.replicas(leader.shard()).forEach(shard -> action.accept(tenant, shard));
                }
            }
        }
    }

    /** Does something with each replica here of a slot that a node leads. */
    private void forEachLedBy(NodeId node, BiConsumer<EmbeddedTenant, TenantShard> action) {
        for (EmbeddedTenant tenant : tenants.values()) {
            for (ReplicaId leader : tenant.placement()) {
                TenantShard here = tenant.replica(leader.shard());
                if (here != null && cluster.nameOf(leader).equals(node)) {
                    action.accept(tenant, here);
                }
            }
        }
    }

    private void release(NodeId node) {
        Long asked = kept.get(node);
        if (asked != null && scheduler.nanoTime() - asked >= KEPT.toNanos()) {
            kept.remove(node);
            forEachLedBy(node, (tenant, shard) -> shard.keepLogs(false));
        }
    }

    // One that is damaged, or has thrown away what it had and not got it back, tells nothing of what a majority had
    // acknowledged.
    private static boolean counts(TenantShard shard) {
        return shard.isReplicated() && shard.refusal() == null && !shard.isRefetching();
    }

    /** Returns what a replica says of itself; nothing if it tells nothing. */
    private CompletableFuture<List<Answer.Replica>> said(EmbeddedTenant tenant, TenantShard shard) {
        Node node = cluster.node(shard.replica());
        if (counts(shard)) {
            return node.withLogs(shard, 0, logs -> List.of(replica(tenant, shard, logs)));
        }
        return shard.isReplicated() && shard.isKnownThoughDamaged()
                ? node.had(shard).thenApply(had -> List.of(damaged(tenant, shard, had)))
                : CompletableFuture.completedFuture(List.of());
    }

    private static Answer.Replica replica(EmbeddedTenant tenant, TenantShard shard, SlotLogs logs) {
        return new Answer.Replica(
                tenant.id().value(),
                shard.replica().toString(),
                !shard.needsSnapshot(),
                logs.held().stream()
                        .map(each -> log(each.origin(), each.firstSeqno(), each.lastSeqno()))
                        .toList(),
                ends(logs.merged()),
                false);
    }

    private static Answer.Replica damaged(EmbeddedTenant tenant, TenantShard shard, Map<Origin, Long> had) {
        return new Answer.Replica(tenant.id().value(), shard.replica().toString(), false, ends(had), List.of(), true);
    }

    private static List<Answer.Log> ends(Map<Origin, Long> ends) {
        return ends.entrySet().stream()
                .map(each -> log(each.getKey(), each.getValue() + 1, each.getValue()))
                .toList();
    }

    private static Answer.Log log(Origin of, long firstSeqno, long lastSeqno) {
        return new Answer.Log(of.region().value(), of.shard().value(), of.incarnation(), firstSeqno, lastSeqno);
    }

    private int incarnation(ReplicaId replica, TenantRecord record) {
        return Math.max(control.incarnation(replica), record.minIncarnation());
    }

    private static CompletableFuture<Void> all(List<CompletableFuture<Void>> each) {
        return CompletableFuture.allOf(each.toArray(CompletableFuture[]::new));
    }

    private static CompletableFuture<Void> done() {
        return CompletableFuture.completedFuture(null);
    }

    /** Ends it: whoever waits for it is told that it will not be done. */
    public void close() {
        closed = true;
        scheduler.close();
        TidalException reason = closedNow();
        waiting.values().forEach(those -> those.forEach(each -> each.completeExceptionally(reason)));
        pausing.forEach(each -> each.completeExceptionally(reason));
        idle.forEach(each -> each.completeExceptionally(reason));
        resting.values().forEach(each -> each.completeExceptionally(reason));
    }

    private static TidalException closedNow() {
        return new TidalException(ErrorCode.CLOSED, "this instance of Tidal is closed");
    }
}
