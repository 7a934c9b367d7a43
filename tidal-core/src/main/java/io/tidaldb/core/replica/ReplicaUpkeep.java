package io.tidaldb.core.replica;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.ReplicaChange;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.hosting.Filling;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.routing.ShardReplicas;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings about agreed changes of who holds tenants' replicas: those that come are filled, what leaves leads no more, holds nothing alone, and is
 * erased. Each process does what its own replicas have to do, and the one that leads a tenant's first slot the rest; it looks at what is
 * agreed, so it does not matter who began. What fails is tried again. Confined to the control scheduler, but for what says otherwise.
 */
public final class ReplicaUpkeep {

    private static final Logger LOG = LoggerFactory.getLogger(ReplicaUpkeep.class);
    private static final Duration LOOK = Duration.ofMillis(50);
    private static final Duration CALL_DEADLINE = Duration.ofSeconds(2);

    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final @Nullable RemoteCalls calls;
    private final BiFunction<TenantId, ReplicaId, CompletableFuture<Void>> promotion;
    private final BiFunction<TenantId, ReplicaId, CompletableFuture<Void>> reading;
    private final LoopScheduler scheduler;

    /** What a tenant's change waits for, as far as it is seen to here. Safe for any thread to read. */
    private final Map<TenantId, String> waits = new ConcurrentHashMap<>();

    private final Map<TenantId, Boolean> busy = new ConcurrentHashMap<>();
    private boolean waiting;

    /**
     * @param promotion makes another replica lead a slot
     * @param reading reads a replica of this process through, and fails until that is done
     */
    public ReplicaUpkeep(
            ControlPlane control,
            LocalCluster cluster,
            Hosting hosting,
            @Nullable RemoteCalls calls,
            BiFunction<TenantId, ReplicaId, CompletableFuture<Void>> promotion,
            BiFunction<TenantId, ReplicaId, CompletableFuture<Void>> reading,
            LoopScheduler scheduler) {
        this.control = control;
        this.cluster = cluster;
        this.hosting = hosting;
        this.calls = calls;
        this.promotion = promotion;
        this.reading = reading;
        this.scheduler = scheduler;
    }

    /** Looks at what is agreed now. Safe for any thread. */
    public void changed() {
        scheduler.execute(this::look);
    }

    /** Returns what a change waits for, as far as is known here. Safe for any thread. */
    Optional<String> waitsFor(TenantId tenant) {
        return Optional.ofNullable(waits.get(tenant));
    }

    private void look() {
        List<TenantRecord> changing = control.changing();
        waits.keySet()
                .removeIf(id ->
                        changing.stream().noneMatch(each -> each.config().id().equals(id)));
        changing.forEach(this::see);
        if (!changing.isEmpty() && !waiting) {
            waiting = true;
            scheduler.schedule(LOOK, () -> {
                waiting = false;
                look();
            });
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // A failure is noted, and it is tried again.
    private void see(TenantRecord record) {
        TenantId id = record.config().id();
        EmbeddedTenant hosted = hosting.tenant(id);
        ReplicaChange change = record.change();
        // Nobody may be told that a replica is there after it was erased.
        if (change == null || hosted == null || !hosted.record().equals(record) || busy.putIfAbsent(id, true) != null) {
            return;
        }
        step(record, change).whenComplete((nothing, failure) -> {
            busy.remove(id);
            if (failure != null) {
                TidalException reason = RemoteCalls.reason(failure);
                if (!String.valueOf(reason.getMessage()).equals(waits.put(id, String.valueOf(reason.getMessage())))) {
                    LOG.info("the replicas of tenant {} are not changed yet: {}", id, reason.getMessage());
                }
            }
        });
    }

    private CompletableFuture<Void> step(TenantRecord record, ReplicaChange change) {
        try {
            return erase(record, change)
                    .thenComposeAsync(nothing -> fill(record, change), scheduler)
                    .thenComposeAsync(
                            nothing -> sees(record) && !change.narrowed() ? release(record, change) : done(),
                            scheduler);
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private boolean isHere(ReplicaId replica) {
        NodeId host = cluster.nameOf(replica);
        return cluster.isLocal(host) && cluster.isRunning(host);
    }

    /** Returns whether this process sees to what concerns all of a tenant's replicas. */
    private boolean sees(TenantRecord record) {
        ReplicaId first = record.placement().get(0);
        return isHere(first) && cluster.node(first).lease().holds();
    }

    // What has left

    private CompletableFuture<Void> erase(TenantRecord record, ReplicaChange change) {
        List<ReplicaId> here = change.erasing().stream().filter(this::isHere).toList();
        if (here.isEmpty()) {
            return done();
        }
        TenantId id = record.config().id();
        return hosting.erase(id, here)
                .thenCompose(erased -> erased.isEmpty()
                        ? done()
                        : control.submit(new ClusterCommand.ReplicasGone(id, erased))
                                .thenApply(index -> null));
    }

    // What has come

    private CompletableFuture<Void> fill(TenantRecord record, ReplicaChange change) {
        List<CompletableFuture<Optional<ReplicaId>>> asked = change.filling().stream()
                .filter(this::isHere)
                .map(each -> filled(record, each))
                .toList();
        return all(asked)
                .thenComposeAsync(
                        nothing -> {
                            List<ReplicaId> filled = asked.stream()
                                    .flatMap(each -> each.join().stream())
                                    .toList();
                            return filled.isEmpty()
                                    ? done()
                                    : control.submit(new ClusterCommand.ReplicasComplete(
                                                    record.config().id(), filled))
                                            .thenApply(index -> null);
                        },
                        scheduler);
    }

    /** Asks the leader how much it holds once it counts on those that hold the slot now, then whether that is here. */
    private CompletableFuture<Optional<ReplicaId>> filled(TenantRecord record, ReplicaId replica) {
        ReplicaId leader = leader(record, replica.shard());
        if (leader.equals(replica)) {
            return CompletableFuture.completedFuture(Optional.of(replica));
        }
        NodeId leads = cluster.nameOf(leader);
        return settled(leads, record.config().id())
                .thenCompose(nothing -> positions(leads, leads))
                .thenCompose(theirs -> positions(cluster.nameOf(replica), leads)
                        .thenApply(mine -> Filling.isFilled(List.of(slot(record, replica.shard())), theirs, mine)
                                ? Optional.of(replica)
                                : Optional.empty()));
    }

    private CompletableFuture<Void> settled(NodeId on, TenantId tenant) {
        RemoteCalls remote = calls;
        return cluster.isLocal(on) || remote == null
                ? hosting.settled(tenant)
                : remote.ask(on, index -> new Call.Settle(index, tenant.value()), Answer.Done.class, CALL_DEADLINE)
                        .thenApply(done -> null);
    }

    private static ReplicaId leader(TenantRecord record, ShardId shard) {
        return record.placement().get(record.slotOf(shard));
    }

    private static Filling.Slot slot(TenantRecord record, ShardId shard) {
        return new Filling.Slot(record.config().id().value(), shard.value());
    }

    /** Returns what a node holds of slots that one leads. */
    private CompletableFuture<Answer.Positions> positions(NodeId of, NodeId leader) {
        RemoteCalls remote = calls;
        return cluster.isLocal(of) || remote == null
                ? hosting.positions(leader, of::equals)
                : remote.ask(
                        of,
                        index -> new Call.Positions(index, 0, leader.name()),
                        Answer.Positions.class,
                        CALL_DEADLINE);
    }

    // What is to leave

    private CompletableFuture<Void> release(TenantRecord record, ReplicaChange change) {
        List<ReplicaId> stay = members(record, true);
        for (ReplicaId leader : record.placement()) {
            if (!stay.contains(leader)) {
                return moveAway(record, change, leader, stay);
            }
        }
        if (change.filling().stream().anyMatch(stay::contains)) {
            return waits(record, "it waits until " + change.filling() + " hold what there is");
        }
        List<ReplicaId> leave = new ArrayList<>(members(record, false));
        leave.removeAll(stay);
        return all(leave.stream().map(each -> nothingAlone(record, each)).toList())
                .thenCompose(nothing -> all(record.placement().stream()
                        .filter(leader ->
                                leave.stream().anyMatch(each -> each.shard().equals(leader.shard())))
                        .map(leader -> heldByMajority(record, leader, stay))
                        .toList()))
                .thenCompose(nothing -> control.submit(
                        new ClusterCommand.NarrowReplicas(record.config().id())))
                .thenApply(index -> null);
    }

    private List<ReplicaId> members(TenantRecord record, boolean wanted) {
        return record.placement().stream()
                .flatMap(leader ->
                        cluster.replicas().allowed(leader.shard(), wanted ? record.wanted() : record.config()).stream())
                .map(ShardAssignment::replica)
                .toList();
    }

    private CompletableFuture<Void> moveAway(
            TenantRecord record, ReplicaChange change, ReplicaId leader, List<ReplicaId> stay) {
        return stay.stream()
                .filter(each -> each.shard().equals(leader.shard())
                        && !change.filling().contains(each)
                        && control.phase(cluster.nameOf(each)).mayLead()
                        && cluster.isReachable(cluster.nameOf(each)))
                .findFirst()
                .map(next -> promotion.apply(record.config().id(), next))
                .orElseGet(() -> waits(
                        record,
                        "it waits until one of " + stay + " can lead shard " + leader.shard() + " in place of "
                                + leader));
    }

    /** Fails unless the leader has everything that a replica has which is to leave. */
    private CompletableFuture<Void> nothingAlone(TenantRecord record, ReplicaId leaves) {
        NodeId leads = cluster.nameOf(leader(record, leaves.shard()));
        NodeId host = cluster.nameOf(leaves);
        if (!cluster.isReachable(host)) {
            return waits(
                    record,
                    "it waits for node " + host + ", which has " + leaves
                            + " and may alone have what it took last; if it is lost for good, let another node take its place");
        }
        return positions(host, leads)
                .thenCompose(theirs -> positions(leads, leads)
                        .thenCompose(leading -> Filling.isFilled(List.of(slot(record, leaves.shard())), theirs, leading)
                                ? done()
                                : waits(record, leaves + " has what its leader has not fetched yet")));
    }

    /**
     * Fails unless a majority of those that stay with a leader hold all that it has, and have been read through: what a majority of all have
     * acknowledged may otherwise be there alone once the others have left, or be damaged wherever it is.
     */
    private CompletableFuture<Void> heldByMajority(TenantRecord record, ReplicaId leader, List<ReplicaId> stay) {
        List<ReplicaId> others = stay.stream()
                .filter(each -> each.shard().equals(leader.shard()) && !each.equals(leader))
                .toList();
        int enough = ShardReplicas.enoughToAcknowledge(Durability.MAJORITY, others.size() + 1) - 1;
        return readThrough(record, leader).thenCompose(nothing -> heldBy(record, leader, others, enough));
    }

    private CompletableFuture<Void> heldBy(TenantRecord record, ReplicaId leader, List<ReplicaId> others, int enough) {
        if (enough == 0) {
            return done();
        }
        NodeId leads = cluster.nameOf(leader);
        return positions(leads, leads).thenCompose(theirs -> {
            List<CompletableFuture<Boolean>> asked = others.stream()
                    .filter(each -> cluster.isReachable(cluster.nameOf(each)))
                    .map(each -> positions(cluster.nameOf(each), leads)
                            .thenCombine(
                                    readThrough(record, each),
                                    (mine, read) ->
                                            Filling.isFilled(List.of(slot(record, leader.shard())), theirs, mine))
                            .exceptionally(failure -> false))
                    .toList();
            return all(asked)
                    .thenCompose(nothing ->
                            asked.stream().filter(CompletableFuture::join).count() >= enough
                                    ? done()
                                    : waits(
                                            record,
                                            "it waits until " + enough + " of " + others + " hold what " + leader
                                                    + " has, and have been read through"));
        });
    }

    private CompletableFuture<Void> readThrough(TenantRecord record, ReplicaId replica) {
        TenantId id = record.config().id();
        NodeId host = cluster.nameOf(replica);
        RemoteCalls remote = calls;
        return cluster.isLocal(host) || remote == null
                ? reading.apply(id, replica)
                : remote.ask(
                                host,
                                index -> new Call.ReadThrough(index, id.value(), replica.toString()),
                                Answer.Done.class,
                                CALL_DEADLINE)
                        .thenApply(done -> null);
    }

    private static CompletableFuture<Void> waits(TenantRecord record, String what) {
        return CompletableFuture.failedFuture(new TidalException(
                ErrorCode.NOT_CAUGHT_UP,
                "the change of tenant " + record.config().id() + "'s replicas goes on: " + what));
    }

    private static <T> CompletableFuture<Void> all(List<CompletableFuture<T>> each) {
        return CompletableFuture.allOf(each.toArray(CompletableFuture[]::new));
    }

    private static CompletableFuture<Void> done() {
        return CompletableFuture.completedFuture(null);
    }
}
