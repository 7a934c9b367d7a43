package io.tidaldb.core.erasure;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.EntityErasure;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.SlotPart;
import io.tidaldb.core.control.ClosedLogs;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.EntityErasureRecord;
import io.tidaldb.core.control.ReplicaChange;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.runtime.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out on the nodes of this process the erasures of entities that are agreed on, and has it agreed on that they are done, node by node.
 *
 * <p>On each node, for each of its slots: whoever leads logs that the entity is erased; when that is folded, what is in the logs up to there goes
 * into a checkpoint without the entity, and the logs are cut; then the store purges what was cut. What can't be done now is tried again, and
 * begins anew when the node is opened the next time.
 */
public final class EntityErasing {

    private static final Logger LOG = LoggerFactory.getLogger(EntityErasing.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(20);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Clock clock;
    private final Function<Duration, CompletableFuture<Void>> pause;
    private final Set<Task> running = ConcurrentHashMap.newKeySet();

    private record Task(Node node, long number) {}

    /** Where an erasure stands in the logs of a node's slots, and how far those logs were that others may have more of, by slot. */
    private record Erased(List<String> through, SortedMap<Integer, ClosedLogs> closed) {}

    /**
     * Creates it.
     *
     * @param pause completes after a while, on the control scheduler; fails when this process closes
     */
    public EntityErasing(
            ControlPlane control,
            LocalCluster cluster,
            Clock clock,
            Function<Duration, CompletableFuture<Void>> pause) {
        this.control = control;
        this.cluster = cluster;
        this.clock = clock;
        this.pause = pause;
    }

    /** Something was agreed. */
    public void changed() {
        List<EntityErasureRecord> records = pending();
        if (!records.isEmpty()) {
            cluster.nodes().forEach(node -> begin(node, records));
        }
    }

    /** A node serves from now on. */
    public void opened(Node node) {
        begin(node, pending());
    }

    private List<EntityErasureRecord> pending() {
        return control.entityErasures().stream()
                .filter(record -> !record.isComplete())
                .toList();
    }

    private void begin(Node node, List<EntityErasureRecord> records) {
        for (EntityErasureRecord record : records) {
            Task task = new Task(node, record.number());
            if (record.isPending(node.id()) && running.add(task)) {
                goOn(task, FIRST_PAUSE);
            }
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // Its failure is handled.
    private void goOn(Task task, Duration next) {
        Optional<EntityErasureRecord> record = pending().stream()
                .filter(each -> each.number() == task.number && each.isPending(task.node.id()))
                .findFirst();
        if (record.isEmpty() || !cluster.nodes().contains(task.node)) {
            running.remove(task);
            return;
        }
        carryOut(task.node, record.get()).whenComplete((done, failure) -> {
            if (failure != null) {
                LOG.info(
                        "erasure {} of an entity of tenant {} is not done on node {} yet: {}",
                        task.number,
                        record.get().tenant(),
                        task.node.id(),
                        failure.getMessage());
            }
            Duration longer = next.multipliedBy(2);
            pause.apply(next)
                    .thenRun(() -> goOn(task, longer.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : longer))
                    .exceptionally(closed -> {
                        running.remove(task);
                        return null;
                    });
        });
    }

    /** Does what can be done now; completes with whether that is all. */
    private CompletableFuture<Boolean> carryOut(Node node, EntityErasureRecord record) {
        // Looked at after the record: of slots that come to the node later the erasure is in another round.
        TenantRecord tenant = control.tenant(record.tenant());
        if (tenant == null) {
            return CompletableFuture.completedFuture(false);
        }
        boolean nothingLeft = !hasToErase(node.id(), tenant);
        List<ReplicaId> expected = held(node.id(), tenant);
        Erased erased = new Erased(new ArrayList<>(), new TreeMap<>());
        return unlessEnded(node, () -> node.slots(record.tenant())).thenCompose(slots -> {
            CompletableFuture<Boolean> done = CompletableFuture.completedFuture(nothingLeft
                    && slots.stream().map(TenantShard::replica).toList().containsAll(expected));
            for (TenantShard slot : slots) {
                done = done.thenCompose(
                        before -> erase(node, slot, record, tenant, erased).thenApply(now -> before && now));
            }
            return done.thenCompose(
                    all -> all ? purge(node, record, erased) : CompletableFuture.<Boolean>completedFuture(false));
        });
    }

    private CompletableFuture<Boolean> erase(
            Node node, TenantShard shard, EntityErasureRecord record, TenantRecord tenant, Erased erased) {
        boolean agreed = tenant.config().writes() == WriteMode.EVERYWHERE
                || tenant.placement().contains(shard.replica());
        return unlessEnded(node, () -> node.eraseEntity(shard, record.number(), record.entity(), agreed))
                .thenCompose((Optional<WalSegmentId> position) -> {
                    position.ifPresent(at -> erased.through.add(at.toString()));
                    return position.isEmpty()
                            ? CompletableFuture.completedFuture(false)
                            : unlessEnded(node, () -> node.wipe(shard, record.number()))
                                    .thenApply((Optional<ClosedLogs> closed) -> {
                                        closed.ifPresent(logs -> SlotPart.of(tenant).stream()
                                                .filter(part -> part.shard()
                                                        .equals(shard.replica().shard()))
                                                .forEach(part -> erased.closed.put(part.slot(), logs)));
                                        return closed.isPresent();
                                    });
                });
    }

    private CompletableFuture<Boolean> purge(Node node, EntityErasureRecord record, Erased erased) {
        return unlessEnded(node, node::purge)
                .thenCompose(
                        purged -> purged ? confirm(node, record, erased) : CompletableFuture.completedFuture(false));
    }

    private CompletableFuture<Boolean> confirm(Node node, EntityErasureRecord record, Erased erased) {
        return control.submit(new ClusterCommand.ConfirmEntityErasure(
                        record.number(),
                        record.round(),
                        node.id(),
                        erased.through,
                        erased.closed,
                        clock.wallNanos() / 1_000_000))
                .thenApply(done -> true);
    }

    /** Returns the replicas that a node is to have of a tenant. */
    private List<ReplicaId> held(NodeId node, TenantRecord tenant) {
        return SlotPart.of(tenant).stream()
                .flatMap(part -> cluster.replicas().allowed(part.shard(), tenant.config()).stream())
                .filter(member -> member.node().equals(node))
                .map(ShardAssignment::replica)
                .toList();
    }

    /** Returns whether replicas have left a node that may not have erased them yet. */
    private boolean hasToErase(NodeId node, TenantRecord tenant) {
        Stream<ReplicaId> moved = control.migrations().stream()
                .filter(each -> each.tenant().equals(tenant.config().id()))
                .flatMap(each -> each.erasing().stream());
        ReplicaChange change = tenant.change();
        return Stream.concat(moved, change == null ? Stream.empty() : change.erasing().stream())
                .anyMatch(replica -> control.shards().stream()
                        .anyMatch(each ->
                                each.node().equals(node) && each.replica().equals(replica)));
    }

    private <T> CompletableFuture<T> unlessEnded(Node node, Supplier<CompletableFuture<T>> task) {
        return cluster.unlessEnded(node.id(), task);
    }

    /** Returns whether a running node of this process has still to carry out an erasure. */
    public boolean isPendingHere(long number) {
        return pending().stream()
                .filter(each -> each.number() == number)
                .anyMatch(each -> cluster.nodes().stream().anyMatch(node -> each.isPending(node.id())));
    }

    /** Returns what has become of an erasure. */
    public Optional<EntityErasure> find(long number) {
        return all().stream().filter(each -> each.number() == number).findFirst();
    }

    /** Returns what has become of all that are known. */
    public List<EntityErasure> all() {
        return control.entityErasures().stream().map(EntityErasing::certificate).toList();
    }

    private static EntityErasure certificate(EntityErasureRecord record) {
        TenantId tenant = record.tenant();
        return new EntityErasure(
                record.number(),
                tenant,
                EntityId.of(record.entity()),
                Instant.ofEpochMilli(record.atMillis()),
                record.nodes().entrySet().stream()
                        .map(node -> new EntityErasure.Confirmation(
                                node.getKey(),
                                node.getValue().atMillis() == 0
                                        ? Optional.empty()
                                        : Optional.of(Instant.ofEpochMilli(
                                                node.getValue().atMillis())),
                                node.getValue().through()))
                        .toList());
    }
}
