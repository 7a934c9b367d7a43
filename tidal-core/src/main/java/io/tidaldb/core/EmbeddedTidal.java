package io.tidaldb.core;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.QueueBudget;
import io.tidaldb.core.ingest.RateQuota;
import io.tidaldb.core.ingest.Schema;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.ingest.TenantState;
import io.tidaldb.core.routing.TenantPlacer;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.wiring.Plugins;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An instance whose nodes all run in this process.
 *
 * <p>Changes to tenants and signals are serialised by this object's lock; records and reads take none.
 */
final class EmbeddedTidal implements Tidal {

    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedTidal.class);

    private final ControlPlane control;
    private final List<Node> nodes;
    private final Schema schema;
    private final Plugins plugins;
    private final Limits limits;
    private final QueueBudget queue;
    private final Reserves reserves;
    private final LoopFactory.CallbackExecutor callbacks;
    private final SortedMap<TenantId, EmbeddedTenant> tenants = new ConcurrentSkipListMap<>();
    private volatile boolean closed;

    /**
     * Bounds of an instance.
     *
     * @param maxFuture how far ahead an event time may lie
     * @param queueBytesPerTenant most bytes of a tenant that wait to be committed
     * @param queueBytes most bytes of all tenants that wait before each is held to its share
     * @param capacity signals a second that each node can take, or null if nobody has said
     */
    record Limits(
            Duration maxFuture,
            long queueBytesPerTenant,
            long queueBytes,
            @Nullable Double capacity) {}

    EmbeddedTidal(ControlPlane control, List<Node> nodes, Schema schema, Plugins plugins, Limits limits) {
        this.control = control;
        this.nodes = List.copyOf(nodes);
        this.schema = schema;
        this.plugins = plugins;
        this.limits = limits;
        this.queue = new QueueBudget(limits.queueBytesPerTenant, limits.queueBytes);
        this.reserves = new Reserves(limits.capacity, replica -> node(replica).id());
        this.callbacks = plugins.platform().loops().callbacks("callback");
    }

    /**
     * Opens the tenants that exist, then serves.
     *
     * @param copied the data came without its identity: somebody else may go on writing under its origins
     */
    void start(boolean copied) {
        grantIncarnations(copied);
        adoptDefaultTenant();
        for (TenantId tenant : control.erased()) {
            nodes.stream().filter(node -> node.holds(tenant)).forEach(node -> node.eraseNow(tenant));
        }
        control.tenants().values().forEach(this::assemble);
        for (Node node : nodes) {
            for (TenantId tenant : node.tenantsWithLogs()) {
                if (!tenants.containsKey(tenant)) {
                    LOG.warn(
                            "logs of tenant {} on node {} are kept but not served: the control log does not know it",
                            tenant,
                            node.id());
                }
            }
        }
        nodes.forEach(node -> node.start(plugins.platform().loops()));
    }

    private void grantIncarnations(boolean all) {
        for (Node node : nodes) {
            if (all || node.needsIncarnation()) {
                for (ShardAssignment shard : control.shards()) {
                    if (shard.node().equals(node.id())) {
                        control.submit(new ClusterCommand.GrantIncarnation(shard.replica()));
                    }
                }
                node.incarnated();
            }
        }
    }

    // A directory written before tenants existed holds logs of tenant 0 that no control log knows.
    private void adoptDefaultTenant() {
        if (control.tenants().containsKey(TenantId.DEFAULT) || control.isErased(TenantId.DEFAULT)) {
            return;
        }
        for (Node node : nodes) {
            if (node.tenantsWithLogs().contains(TenantId.DEFAULT)) {
                ReplicaId first = control.shards().stream()
                        .filter(shard -> shard.node().equals(node.id()))
                        .findFirst()
                        .orElseThrow()
                        .replica();
                TenantConfig config = TenantConfig.builder(TenantId.DEFAULT).build();
                control.submit(new ClusterCommand.CreateTenant(
                        config, List.of(first), plugins.platform().random().nextLong()));
                return;
            }
        }
    }

    private EmbeddedTenant assemble(TenantRecord record) {
        TenantState state = new TenantState(record.config(), rates(record.config()), queue);
        List<TenantShard> slots = new ArrayList<>();
        for (ReplicaId replica : record.placement()) {
            int incarnation = Math.max(control.incarnation(replica), record.minIncarnation());
            slots.add(EmbeddedTenant.await(node(replica).openSlot(state, replica, incarnation)));
        }
        state.assemble(slots);
        EmbeddedTenant tenant = new EmbeddedTenant(this, state);
        tenants.put(record.config().id(), tenant);
        return tenant;
    }

    private RateQuota rates(TenantConfig config) {
        return new RateQuota(
                config, plugins.limiters(), plugins.platform().clock().monotonicNanos());
    }

    private Node node(ReplicaId replica) {
        for (ShardAssignment shard : control.shards()) {
            if (shard.replica().equals(replica)) {
                for (Node node : nodes) {
                    if (node.id().equals(shard.node())) {
                        return node;
                    }
                }
            }
        }
        throw new TidalException(ErrorCode.NOT_OWNER, "shard " + replica + " is on no node of this process");
    }

    Node node(TenantShard shard) {
        return node(shard.replica());
    }

    void checkOpen() {
        if (closed) {
            throw new TidalException(ErrorCode.CLOSED, "this instance of Tidal is closed");
        }
    }

    Schema schema() {
        return schema;
    }

    Clock clock() {
        return plugins.platform().clock();
    }

    long maxFutureNanos() {
        return nanos(limits.maxFuture);
    }

    Executor callbacks() {
        return callbacks;
    }

    @Override
    public synchronized SignalType declareSignal(String name, Duration halfLife) {
        checkOpen();
        long index = decide(new ClusterCommand.DeclareSignal(name, nanos(halfLife)));
        schema.update(control.schema());
        return new SignalType((int) index, name, halfLife);
    }

    // On a loop's thread, because an interrupt of the caller's would close the control log's file under it.
    private long decide(ClusterCommand command) {
        return EmbeddedTenant.await(nodes.get(0).submit(() -> control.submit(command)));
    }

    /** Returns nanoseconds, at most 2^63 - 1. */
    static long nanos(Duration duration) {
        try {
            return duration.toNanos();
        } catch (ArithmeticException e) {
            return Long.MAX_VALUE;
        }
    }

    @Override
    public List<SignalType> signals() {
        checkOpen();
        return schema.entries().stream()
                .map(entry -> new SignalType(entry.index(), entry.name(), Duration.ofNanos(entry.halfLifeNanos())))
                .toList();
    }

    @Override
    public synchronized Tenant createTenant(TenantConfig config) {
        checkOpen();
        checkSupported(config);
        if (tenants.containsKey(config.id())) {
            throw new TidalException(
                    ErrorCode.TENANT_EXISTS,
                    "tenant " + config.id() + " exists already: choose another id, or change it");
        }
        checkLabel(config);
        List<ReplicaId> shards =
                control.shards().stream().map(ShardAssignment::replica).toList();
        List<ReplicaId> placement =
                new TenantPlacer(plugins.placement()).place(config, shards).shards();
        reserves.check(config, placement, control.tenants().values());
        TenantConfig unlabelled =
                config.toBuilder().label(TenantConfig.DEFAULT_LABEL).build();
        if (control.isErased(config.id())) {
            // An erasure that failed half-way must not leave its rest to the new tenant.
            nodes.forEach(node -> EmbeddedTenant.await(node.erase(config.id())));
        }
        decide(new ClusterCommand.CreateTenant(
                unlabelled, placement, plugins.platform().random().nextLong()));
        TenantRecord record = control.tenants().get(config.id());
        if (record == null) {
            throw new TidalException(ErrorCode.INTERNAL, "tenant " + config.id() + " was agreed but is not there");
        }
        EmbeddedTenant tenant = assemble(record);
        if (!config.label().equals(TenantConfig.DEFAULT_LABEL)) {
            writeLabel(tenant, config.label());
        }
        return tenant;
    }

    private static void checkSupported(TenantConfig config) {
        if (config.durability() == Durability.MAJORITY
                || config.durability() == Durability.ALL
                || config.writes() == WriteMode.EVERYWHERE) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "tenant " + config.id() + " asks for durability " + config.durability() + " and writes "
                            + config.writes()
                            + ", which need replicas: this version has none, expected ASYNC or LOCAL, and SINGLE");
        }
    }

    private void checkLabel(TenantConfig config) {
        if (config.label().equals(TenantConfig.DEFAULT_LABEL)) {
            return;
        }
        tenantLabelled(config.label())
                .filter(other -> !other.id().equals(config.id()))
                .ifPresent(other -> {
                    throw TidalException.invalid("label \"" + config.label() + "\" of tenant " + config.id()
                            + " is taken by tenant " + other.id() + ": choose another label");
                });
    }

    private void writeLabel(EmbeddedTenant tenant, String label) {
        TenantShard home = tenant.state().slots().get(0);
        EmbeddedTenant.await(node(home).label(home, label));
    }

    @Override
    public synchronized Tenant updateTenant(TenantConfig config) {
        checkOpen();
        checkSupported(config);
        EmbeddedTenant tenant = existing(config.id());
        checkLabel(config);
        TenantConfig unlabelled =
                config.toBuilder().label(TenantConfig.DEFAULT_LABEL).build();
        reserves.check(config, tenant.placement(), control.tenants().values());
        decide(new ClusterCommand.UpdateTenant(unlabelled));
        RateQuota before = tenant.state().rates();
        tenant.state().configure(unlabelled, before.serves(config) ? before : rates(config));
        if (!tenant.config().label().equals(config.label())) {
            writeLabel(tenant, config.label());
        }
        return tenant;
    }

    private EmbeddedTenant existing(TenantId id) {
        EmbeddedTenant tenant = tenants.get(id);
        if (tenant == null) {
            throw new TidalException(ErrorCode.TENANT_NOT_FOUND, "tenant " + id + " does not exist: create it first");
        }
        return tenant;
    }

    @Override
    public synchronized void deleteTenant(TenantId id) {
        checkOpen();
        EmbeddedTenant tenant = existing(id);
        // Agreed first: an interruption from here on is finished by the next open.
        decide(new ClusterCommand.DeleteTenant(id));
        tenants.remove(id);
        tenant.state().delete();
        nodes.forEach(node -> EmbeddedTenant.await(node.erase(id)));
    }

    @Override
    public Optional<Tenant> tenant(TenantId id) {
        checkOpen();
        return Optional.ofNullable(tenants.get(id));
    }

    @Override
    public Optional<Tenant> tenantLabelled(String label) {
        checkOpen();
        List<EmbeddedTenant> found = tenants.values().stream()
                .filter(tenant -> tenant.config().label().equals(label))
                .toList();
        return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
    }

    @Override
    public List<Tenant> tenants() {
        checkOpen();
        return List.copyOf(tenants.values());
    }

    @Override
    public ClusterHealth health() {
        checkOpen();
        return new HealthReport(clock().monotonicNanos(), tenants.values()).of(control, nodes);
    }

    @Override
    public void checkpoint() {
        try {
            // Without a bound: it takes as long as the disk needs for all that is there.
            beginCheckpoint().join();
        } catch (CompletionException e) {
            throw EmbeddedTenant.unwrap(e);
        }
    }

    /** Returns a future that is done when there are checkpoints of all slots as they are now. */
    CompletableFuture<Void> beginCheckpoint() {
        checkOpen();
        return CompletableFuture.allOf(nodes.stream().map(Node::checkpoint).toArray(CompletableFuture[]::new));
    }

    @Override
    public void close() {
        end(Node::close);
    }

    @Override
    public void abandon() {
        end(Node::abandon);
    }

    // Every node is ended, whatever happens to the ones before it; a caller who is interrupted closes all the same.
    private synchronized void end(Consumer<Node> how) {
        if (closed) {
            return;
        }
        closed = true;
        boolean interrupted = Thread.interrupted();
        TidalException first = null;
        for (Node node : nodes) {
            try {
                how.accept(node);
            } catch (TidalException e) {
                first = first == null ? e : first;
            }
        }
        control.close();
        callbacks.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (first != null) {
            throw first;
        }
    }
}
