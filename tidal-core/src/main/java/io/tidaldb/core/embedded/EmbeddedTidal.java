package io.tidaldb.core.embedded;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.key.KeyVaultContext;
import io.tidaldb.core.BackupReport;
import io.tidaldb.core.BackupSource;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.EntityErasure;
import io.tidaldb.core.ErasureCertificate;
import io.tidaldb.core.Membership;
import io.tidaldb.core.Migrations;
import io.tidaldb.core.PlacementExplanation;
import io.tidaldb.core.Reconciliation;
import io.tidaldb.core.RegionDrill;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.RestoreOptions;
import io.tidaldb.core.ScrubFigures;
import io.tidaldb.core.SignalType;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantCreation;
import io.tidaldb.core.TenantKeyState;
import io.tidaldb.core.TenantPlan;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Upgrades;
import io.tidaldb.core.audit.Actor;
import io.tidaldb.core.audit.AuditPage;
import io.tidaldb.core.audit.Provenance;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.backup.tenant.TenantBackup;
import io.tidaldb.core.backup.tenant.TenantRestore;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.LinkCut;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.LocalNode;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.EntityErasureRecord;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.drill.Drilling;
import io.tidaldb.core.erasure.EntityErasing;
import io.tidaldb.core.erasure.Erasures;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.hosting.KeyWatch;
import io.tidaldb.core.hosting.TenantKeyrings;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.QueueBudget;
import io.tidaldb.core.ingest.RateQuota;
import io.tidaldb.core.ingest.Schema;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.ingest.TenantState;
import io.tidaldb.core.leading.Departure;
import io.tidaldb.core.leading.HandOvers;
import io.tidaldb.core.leading.Homecoming;
import io.tidaldb.core.leading.Leadership;
import io.tidaldb.core.leading.LeadershipSettings;
import io.tidaldb.core.leading.LocalPromotion;
import io.tidaldb.core.leading.Promotion;
import io.tidaldb.core.lifecycle.TenantLifecycle;
import io.tidaldb.core.lifecycle.TenantPlanning;
import io.tidaldb.core.membership.AgreedMembership;
import io.tidaldb.core.membership.MembersUpkeep;
import io.tidaldb.core.migration.AgreedMigrations;
import io.tidaldb.core.migration.MoveCoordinator;
import io.tidaldb.core.migration.MoveFigures;
import io.tidaldb.core.migration.MoveTarget;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.reconcile.Reconciling;
import io.tidaldb.core.reconcile.ReplicaComparing;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.replica.ReplicaUpkeep;
import io.tidaldb.core.report.ClusterFigures;
import io.tidaldb.core.report.HealthReport;
import io.tidaldb.core.report.PlacementReport;
import io.tidaldb.core.report.Reserves;
import io.tidaldb.core.routing.TenantPlacer;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.runtime.RandomSource;
import io.tidaldb.core.runtime.Waiting;
import io.tidaldb.core.scrub.Scrubbing;
import io.tidaldb.core.serving.CallService;
import io.tidaldb.core.tenant.EmbeddedTenant;
import io.tidaldb.core.upgrade.rolling.AgreedUpgrades;
import io.tidaldb.core.upgrade.rolling.LocalUpgradeSteps;
import io.tidaldb.core.upgrade.rolling.OwnUpgrade;
import io.tidaldb.core.upgrade.rolling.ProcessUpgradeSteps;
import io.tidaldb.core.upgrade.rolling.UpgradeSteps;
import io.tidaldb.core.wiring.Plugins;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An instance whose nodes all run in this process.
 *
 * <p>Changes to tenants and signals are serialised by this object's lock; records and reads take none.
 */
final class EmbeddedTidal implements Tidal, Instance {

    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedTidal.class);

    private static final Duration WAIT_FOR_TASK = Duration.ofSeconds(60);
    private static final Duration WAIT_FOR_LEASE = Duration.ofMinutes(5);
    private static final Duration HAND_OVER = Duration.ofSeconds(10);
    private static final Duration WAIT_UNTIL_IDLE = Duration.ofSeconds(1);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(5);
    private static final int MAX_AUDIT_PAGE = 1_000;
    private static final int LOOKS_AT_ERASURE = 100;
    /** Half a minute: nodes that are not heard of for some seconds are not waited for. */
    private static final int LOOKS_AT_RESTORED_ERASURE = 1_500;

    private static final Duration LOOK_AGAIN_AT_ERASURE = Duration.ofMillis(20);

    private final ControlPlane control;
    private final LocalCluster cluster;
    private final Hosting hosting;
    private final Erasures erasures;
    private final EntityErasing entityErasing;
    private final TenantKeyrings keyrings;
    private final Schema schema;
    private final Plugins plugins;
    private final Limits limits;
    private final QueueBudget queue;
    private final Reserves reserves;
    private final LoopFactory.CallbackExecutor callbacks;
    private final LoopScheduler scheduler;
    private final @Nullable RemoteCalls calls;
    private final @Nullable CallService service;

    // Of a member of a cluster, once it leads.
    private volatile @Nullable Promotion promotion;
    private volatile @Nullable Departure departure;

    /** What nodes of this process do about their upgrade. */
    private final Map<NodeId, OwnUpgrade> upgrades = new ConcurrentSkipListMap<>();

    private final Reconciling reconciling;
    private final ReplicaComparing comparing;
    private final ClusterFigures figures;
    private final LocalNodes localNodes;
    private final LocalPromotion localPromotion;
    private final MoveTarget moveTarget;
    private final MoveCoordinator moves;
    private final ReplicaUpkeep replicaUpkeep;
    private final Scrubbing scrubbing;
    private final TenantLifecycle lifecycle;

    private volatile boolean closed;

    /** Who changes something at the moment. Guarded by this object's lock. */
    private Actor actor;

    /**
     * Puts an instance together.
     *
     * @param scheduler runs what was agreed; ends with this
     * @param network of the one node of this process, if others are other processes; else null
     */
    EmbeddedTidal(
            ControlPlane control,
            LocalCluster cluster,
            Schema schema,
            Plugins plugins,
            Limits limits,
            LoopScheduler scheduler,
            @Nullable NodeNetwork network) {
        this.control = control;
        this.cluster = cluster;
        this.schema = schema;
        this.plugins = plugins;
        this.limits = limits;
        this.queue = new QueueBudget(limits.queueBytesPerTenant(), limits.queueBytes());
        this.reserves = new Reserves(limits.capacity(), cluster::nameOf);
        this.callbacks = plugins.platform().loops().callbacks("callback");
        this.calls = network == null ? null : new RemoteCalls(network, control);
        this.scheduler = scheduler;
        this.actor = Actor.local(cluster.localNames().get(0));
        RandomSource random = plugins.platform().random();
        this.keyrings = new TenantKeyrings(
                limits.keys() == null
                        ? null
                        : plugins.keyVaults().create(new KeyVaultContext(limits.keys(), random::nextLong)),
                random,
                plugins.platform().clock());
        this.hosting = new Hosting(control, cluster, schema, scheduler, keyrings, this::assemble);
        this.erasures =
                new Erasures(control, cluster, keyrings, plugins.platform().clock(), hosting::after);
        hosting.onErased(erasures::deleted);
        this.entityErasing =
                new EntityErasing(control, cluster, plugins.platform().clock(), hosting::after);
        this.localNodes = new LocalNodes(this, control, hosting, erasures, entityErasing, random, calls != null);
        this.localPromotion = new LocalPromotion(control, cluster, hosting);
        this.figures = new ClusterFigures(this, control, hosting, calls, this::upgradeWaitsFor);
        this.reconciling = new Reconciling(this, control, hosting, calls);
        this.comparing = new ReplicaComparing(this, random);
        this.moveTarget = new MoveTarget(cluster, hosting);
        this.moves = new MoveCoordinator(
                control, cluster, hosting, calls, moveTarget, plugins.platform().clock(), scheduler);
        this.scrubbing =
                new Scrubbing(control, cluster, hosting, calls, moves, this::relieved, limits.scrub(), scheduler);
        this.replicaUpkeep =
                new ReplicaUpkeep(control, cluster, hosting, calls, this::promoted, scrubbing::readThrough, scheduler);
        this.lifecycle = new TenantLifecycle(
                this,
                control,
                hosting,
                keyrings,
                reserves,
                plugins.placement(),
                random,
                replicaUpkeep,
                calls,
                this::decide,
                tenants -> await(control.submitAll(tenants, provenance())));
        this.service = network == null
                ? null
                : new CallService(
                        this,
                        control,
                        network,
                        hosting,
                        new CallService.Parts(
                                lifecycle::existing, figures, moveTarget, moves, reconciling, comparing, scrubbing));
        control.listen(tenants -> {
            hosting.changed(tenants);
            moves.changed();
            replicaUpkeep.changed();
            entityErasing.changed();
        });
    }

    /**
     * Opens the tenants that exist, then serves.
     *
     * @param copied the data came without its identity: somebody else may go on writing under its origins
     */
    void start(boolean copied) {
        List<Node> nodes = localNodes.startAll(copied);
        if (service != null) {
            service.start();
            await(lead(nodes.get(0)), WAIT_FOR_LEASE.toNanos());
        } else {
            nodes.forEach(node -> prepareUpgrade(
                    node,
                    new LocalUpgradeSteps(
                            node.id(),
                            control,
                            cluster,
                            hosting,
                            plugins.platform().random(),
                            scheduler)));
        }
        moves.changed();
        replicaUpkeep.changed();
        scrubbing.start();
        new KeyWatch(control, hosting, keyrings, limits.keyCheck(), scheduler).start();
    }

    private CompletableFuture<Void> lead(Node node) {
        node.lease().limit();
        RemoteCalls remote = Objects.requireNonNull(calls);
        new MembersUpkeep(node.id(), control, cluster, hosting, remote, scheduler).start();
        LeadershipSettings settings = limits.leadership();
        Leadership leadership = new Leadership(
                node.id(), control, cluster, hosting, remote, node.lease(), node::sound, settings, scheduler);
        HandOvers handing = new HandOvers(node.id(), cluster, hosting, remote, leadership, scheduler);
        Objects.requireNonNull(service).leads(handing);
        departure = new Departure(node.id(), hosting, handing, scheduler);
        promotion = new Promotion(control, cluster, hosting, remote, handing, scheduler);
        new Homecoming(
                        node.id(),
                        cluster,
                        hosting,
                        remote,
                        leadership,
                        handing,
                        settings.returnAfter(),
                        plugins.platform().random(),
                        scheduler)
                .start();
        prepareUpgrade(node, new ProcessUpgradeSteps(node.id(), hosting, remote, handing, scheduler));
        return leadership.start();
    }

    @Override
    public @Nullable TenantRecord agreed(TenantId id) {
        return control.tenant(id);
    }

    private EmbeddedTenant assemble(TenantRecord record) {
        TenantState state = new TenantState(record.config(), rates(record.config()), record.digestSeed(), queue);
        EmbeddedTenant tenant = new EmbeddedTenant(this, state, record, calls);
        tenant.keys(keyrings.of(record));
        return tenant;
    }

    @Override
    public ScrubFigures scrub() {
        return scrubbing.figures();
    }

    @Override
    public void promote(TenantId id, ReplicaId leader) {
        checkOpen();
        Promotion across = promotion;
        if (across != null) {
            await(across.promote(id, leader));
        } else {
            promoteHere(id, leader);
        }
    }

    @Override
    public RegionDrill drill(TenantId id, RegionId region) {
        return drill(id, region, actor());
    }

    /** Practises the loss of a region in somebody's name; nobody else has to wait for it. */
    RegionDrill drill(TenantId id, RegionId region, Actor by) {
        checkOpen();
        Promotion across = promotion;
        if (across == null) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "all nodes are in this process, which is lost as a whole or not at all: a drill is for nodes that are processes"
                            + " of their own");
        }
        return new Drilling(this, control, figures, across)
                .run(id, region, command -> acting(by, () -> decide(command)));
    }

    private synchronized void promoteHere(TenantId id, ReplicaId leader) {
        await(localPromotion.promote(existing(id), leader, command -> control.submit(command, provenance())));
    }

    /** As {@link #promote}, in the name of this node and without waiting. */
    private CompletableFuture<Void> promoted(TenantId id, ReplicaId leader) {
        Promotion across = promotion;
        return across != null
                ? across.promote(id, leader)
                : localPromotion.promote(existing(id), leader, control::submit);
    }

    private CompletableFuture<Void> relieved(TenantId id, ReplicaId leader) {
        Promotion across = promotion;
        return across != null ? across.relieve(id, leader) : promoted(id, leader);
    }

    @Override
    public List<ReplicaComparison> compareReplicas(TenantShard leader, boolean repair) {
        return comparing.compare(leader, repair);
    }

    @Override
    public synchronized void crashNode(NodeId node) {
        checkOpen();
        localNodes.crash(node);
    }

    @Override
    public synchronized void stopNode(NodeId node) {
        checkOpen();
        localNodes.stop(node);
    }

    @Override
    public synchronized void startNode(NodeId node) {
        checkOpen();
        localNodes.start(node);
    }

    @Override
    public RateQuota rates(TenantConfig config) {
        return new RateQuota(
                config, plugins.limiters(), plugins.platform().clock().monotonicNanos());
    }

    @Override
    public Node node(TenantShard shard) {
        return cluster.node(shard.replica());
    }

    @Override
    public RegionId region() {
        return cluster.region(cluster.localNames().get(0));
    }

    @Override
    public LocalCluster cluster() {
        return cluster;
    }

    @Override
    public QueueBudget queue() {
        return queue;
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public void checkOpen() {
        if (closed) {
            throw new TidalException(ErrorCode.CLOSED, "this instance of Tidal is closed");
        }
    }

    @Override
    public Schema schema() {
        return schema;
    }

    @Override
    public Clock clock() {
        return plugins.platform().clock();
    }

    @Override
    public long maxFutureNanos() {
        return Clock.nanos(limits.maxFuture());
    }

    @Override
    public boolean isTooFarAhead(long eventNanos, long nowNanos) {
        long tooFar = eventNanos - nowNanos - maxFutureNanos();
        return tooFar > 0
                && cluster.localNames().stream()
                        .map(cluster::clockAhead)
                        .allMatch(ahead -> tooFar > -TimeUnit.MILLISECONDS.toNanos(ahead.orElse(0)));
    }

    @Override
    public <T> T await(CompletableFuture<T> task) {
        return await(task, WAIT_FOR_TASK.toNanos());
    }

    @Override
    public <T> T await(CompletableFuture<T> task, long atMostNanos) {
        return Waiting.uninterruptibly(plugins.platform().loops(), task, atMostNanos);
    }

    @Override
    public LoopFactory loops() {
        return plugins.platform().loops();
    }

    @Override
    public Executor callbacks() {
        return callbacks;
    }

    @Override
    public synchronized SignalType declareSignal(String name, Duration halfLife) {
        checkOpen();
        long index = decide(new ClusterCommand.DeclareSignal(name, Clock.nanos(halfLife)));
        return new SignalType((int) index, name, halfLife);
    }

    private long decide(ClusterCommand command) {
        return await(control.submit(command, provenance()));
    }

    private Provenance provenance() {
        return new Provenance(actor, Duration.ofNanos(clock().wallNanos()).toMillis());
    }

    /** Does something for somebody, in whose name it is agreed. */
    synchronized <T> T acting(Actor other, Supplier<T> change) {
        Actor before = actor;
        actor = other;
        try {
            return change.get();
        } finally {
            actor = before;
        }
    }

    @Override
    public Tidal as(Actor other) {
        return new ActingTidal(this, other);
    }

    @Override
    public AuditPage audit(long from, int limit, @Nullable TenantId tenant) {
        checkOpen();
        if (from < 1 || limit < 1 || limit > MAX_AUDIT_PAGE) {
            throw TidalException.invalid("audit entries from " + from + ", at most " + limit
                    + ", can't be given: expected a number from 1 on, and 1 to " + MAX_AUDIT_PAGE + " entries");
        }
        return control.audit(from, limit, tenant);
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
        return lifecycle.create(config).everywhere();
    }

    @Override
    public synchronized List<TenantCreation> createTenants(List<TenantConfig> configs) {
        checkOpen();
        return lifecycle.createAll(configs);
    }

    @Override
    public TenantKeyState keys(TenantId id) {
        checkOpen();
        return lifecycle.keys(id);
    }

    @Override
    public synchronized TenantKeyState rotateKeys(TenantId id) {
        checkOpen();
        lifecycle.rotateKeys(id);
        return keys(id);
    }

    @Override
    public synchronized TenantKeyState suspendKeys(TenantId id, boolean suspended) {
        checkOpen();
        lifecycle.suspendKeys(id, suspended);
        return keys(id);
    }

    @Override
    public boolean mayExist(WalSegmentId record, TenantRecord tenant) {
        ReplicaId writer = record.origin().replica();
        boolean isMember = cluster.replicas().allowed(record.shard(), tenant.config()).stream()
                .anyMatch(member -> member.replica().equals(writer));
        return isMember
                && record.origin().incarnation() <= Math.max(control.incarnation(writer), tenant.minIncarnation());
    }

    @Override
    public CompletableFuture<Long> caughtUp() {
        return control.catchUp();
    }

    @Override
    public CompletableFuture<Void> pause(Duration pause) {
        return hosting.after(pause);
    }

    @Override
    public CompletableFuture<Void> settled(TenantId id) {
        return hosting.settled(id);
    }

    @Override
    public BackupReport backup(TenantId id, BackupPoint after, OutputStream out) throws IOException {
        checkOpen();
        lifecycle.requireWhole(id);
        return new TenantBackup(this, existing(id), after).write(control.cluster(), out);
    }

    @Override
    public Tenant restore(BackupSource backup, RestoreOptions options) throws IOException {
        return restore(backup, options, actor());
    }

    private synchronized Actor actor() {
        return actor;
    }

    /** Restores in somebody's name. */
    Tenant restore(BackupSource backup, RestoreOptions options, Actor by) throws IOException {
        checkOpen();
        TenantRestore restore = new TenantRestore(this, cluster, lifecycle, decisions(by), backup, options);
        return existing(restore.restore()).everywhere();
    }

    private TenantRestore.Decisions decisions(Actor by) {
        return new TenantRestore.Decisions() {
            @Override
            public long decide(ClusterCommand command) {
                return acting(by, () -> EmbeddedTidal.this.decide(command));
            }

            @Override
            public String cluster() {
                return control.cluster();
            }

            @Override
            public List<EntityErasureRecord> erasures() {
                return control.entityErasures();
            }

            @Override
            public void erase(TenantId tenant, EntityId entity) {
                long number = decide(erasure(tenant, entity));
                if (!awaitErasure(() -> !entityErasing.isPendingHere(number), LOOKS_AT_RESTORED_ERASURE)) {
                    throw new TidalException(
                            ErrorCode.DEADLINE_EXCEEDED,
                            "an entity that was erased since the backup was taken is not erased again from what was restored"
                                    + " as tenant " + tenant + " yet: restore again when all nodes are up");
                }
            }

            @Override
            public <T> T together(Supplier<T> change) {
                return acting(by, change);
            }
        };
    }

    @Override
    public Tenant updateTenant(TenantConfig config) {
        return updateTenant(config, actor());
    }

    /** Changes a tenant in somebody's name. */
    Tenant updateTenant(TenantConfig config, Actor by) {
        checkOpen();
        // Nobody else has to wait until data has moved.
        boolean moves = acting(by, () -> lifecycle.update(config));
        if (moves) {
            lifecycle.replicaChanges().await(config.id());
        }
        return existing(config.id()).everywhere();
    }

    EmbeddedTenant existing(TenantId id) {
        return lifecycle.existing(id);
    }

    @Override
    public synchronized void deleteTenant(TenantId id) {
        checkOpen();
        existing(id);
        try {
            // Agreed first: an interruption from here on is finished by the next open.
            decide(new ClusterCommand.DeleteTenant(id));
            lifecycle.awaitEverywhere(id);
            awaitErasure(() -> !erasures.isPendingHere(id), LOOKS_AT_ERASURE);
        } catch (TidalException e) {
            if (e.code() != ErrorCode.CLOSED) {
                throw e;
            }
            // CLOSED would say that nothing happened.
            throw new TidalException(
                    ErrorCode.DEADLINE_EXCEEDED,
                    "this instance was closed while tenant " + id
                            + " was deleted: look whether it exists, and delete it again",
                    e);
        }
    }

    @Override
    public synchronized void revokeToken(String id) {
        checkOpen();
        decide(new ClusterCommand.RevokeToken(id));
    }

    @Override
    public boolean isTokenRevoked(String id) {
        return control.isTokenRevoked(id);
    }

    @Override
    public synchronized EntityErasure eraseEntity(TenantId tenant, EntityId entity) {
        checkOpen();
        lifecycle.requireWhole(tenant);
        existing(tenant);
        long number = decide(erasure(tenant, entity));
        awaitErasure(
                () -> entityErasing.find(number).map(EntityErasure::isComplete).orElse(true), LOOKS_AT_ERASURE);
        return entityErasing
                .find(number)
                .orElseThrow(() -> new TidalException(
                        ErrorCode.TENANT_NOT_FOUND, "tenant " + tenant + " does not exist: it was deleted meanwhile"));
    }

    private ClusterCommand.EraseEntity erasure(TenantId tenant, EntityId entity) {
        return new ClusterCommand.EraseEntity(
                tenant, entity.value(), Duration.ofNanos(clock().wallNanos()).toMillis());
    }

    /** Waits for a while; returns whether it is done. */
    private boolean awaitErasure(BooleanSupplier done, int atMostLooks) {
        for (int looks = 0; looks < atMostLooks && !done.getAsBoolean(); looks++) {
            await(hosting.after(LOOK_AGAIN_AT_ERASURE));
        }
        return done.getAsBoolean();
    }

    @Override
    public List<EntityErasure> entityErasures() {
        checkOpen();
        return entityErasing.all();
    }

    @Override
    public List<ErasureCertificate> erasures() {
        checkOpen();
        List<NodeId> there = cluster.names();
        return control.erasures().stream()
                .map(record -> new ErasureCertificate(
                        record.tenant(),
                        record.life(),
                        record.nodes().entrySet().stream()
                                .map(node -> new ErasureCertificate.Confirmation(
                                        node.getKey(),
                                        node.getValue() == 0
                                                ? Optional.empty()
                                                : Optional.of(Instant.ofEpochMilli(node.getValue())),
                                        !there.contains(node.getKey())))
                                .toList(),
                        record.encrypted()))
                .toList();
    }

    @Override
    public Optional<Tenant> tenant(TenantId id) {
        checkOpen();
        return lifecycle.find(id);
    }

    @Override
    public Optional<Tenant> tenantLabelled(String label) {
        checkOpen();
        return lifecycle.labelled(label);
    }

    @Override
    public List<Tenant> tenants() {
        checkOpen();
        return lifecycle.all();
    }

    @Override
    public ClusterHealth health() {
        checkOpen();
        SortedMap<NodeId, Answer.Figures> said = figures.all();
        return new HealthReport(control, hosting.tenants(), said, calls != null)
                .health(
                        cluster.names(),
                        node -> figures.link(node, said.get(node)),
                        AgreedUpgrades.status(control, cluster, said, nowMillis()));
    }

    @Override
    public PlacementExplanation explain(TenantId id) {
        checkOpen();
        return new PlacementReport(
                        existing(id).record(),
                        new TenantPlacer(plugins.placement()),
                        reserves,
                        control,
                        figures.all(),
                        calls != null)
                .explanation();
    }

    @Override
    public synchronized TenantPlan planCreation(TenantConfig config) {
        return planning().create(config);
    }

    @Override
    public synchronized TenantPlan planUpdate(TenantConfig config) {
        return planning().update(config);
    }

    @Override
    public synchronized TenantPlan planDeletion(TenantId id) {
        return planning().delete(id);
    }

    private TenantPlanning planning() {
        checkOpen();
        return new TenantPlanning(lifecycle, control, figures.all(), calls != null);
    }

    @Override
    public Membership membership() {
        checkOpen();
        return new AgreedMembership(control, calls != null, this::decide);
    }

    /** Returns the same, changed in somebody's name. */
    Membership membership(Actor by) {
        checkOpen();
        return new AgreedMembership(control, calls != null, command -> acting(by, () -> decide(command)));
    }

    // Migrations

    @Override
    public Migrations migrations() {
        checkOpen();
        return migrations(this::decide);
    }

    /** Returns the same, changed in somebody's name. */
    Migrations migrations(Actor by) {
        checkOpen();
        return migrations(command -> acting(by, () -> decide(command)));
    }

    private Migrations migrations(ToLongFunction<ClusterCommand> deciding) {
        return new AgreedMigrations(
                control,
                cluster,
                deciding,
                () -> Duration.ofNanos(clock().wallNanos()).toMillis(),
                running -> new MoveFigures(control, cluster, calls, moves).of(running, this::await),
                id -> existing(id).everywhere().usage().storageBytes(),
                figures::usableBytes);
    }

    @Override
    public Reconciliation reconciliation(@Nullable TenantId tenant) {
        checkOpen();
        return reconciling.plan(tenant, false);
    }

    @Override
    public Reconciliation reconcile(@Nullable TenantId tenant) {
        checkOpen();
        return reconciling.plan(tenant, true);
    }

    @Override
    public List<NodeId> cutLinks(Collection<RegionId> regions, Duration span) {
        checkOpen();
        return LinkCut.of(cluster, calls, regions, span);
    }

    @Override
    public Upgrades upgrades() {
        return upgrades(this::decide);
    }

    /** Returns the same, changed in somebody's name. */
    Upgrades upgrades(Actor by) {
        return upgrades(command -> acting(by, () -> decide(command)));
    }

    private Upgrades upgrades(Consumer<ClusterCommand> deciding) {
        checkOpen();
        return new AgreedUpgrades(control, cluster, hosting, figures::all, this::nowMillis, calls != null, deciding);
    }

    private long nowMillis() {
        return Duration.ofNanos(clock().wallNanos()).toMillis();
    }

    private Optional<String> upgradeWaitsFor(NodeId node) {
        return Optional.ofNullable(upgrades.get(node)).map(OwnUpgrade::waitsFor);
    }

    private void prepareUpgrade(Node node, UpgradeSteps steps) {
        OwnUpgrade own = new OwnUpgrade(node.id(), control, cluster, hosting, steps, calls != null, clock(), scheduler);
        upgrades.put(node.id(), own);
        hosting.onNodesChanged(() -> upgrades.values().forEach(OwnUpgrade::look));
        own.look();
    }

    @Override
    public void checkpoint() {
        // Without a bound: it takes as long as the disk needs for all that is there.
        await(beginCheckpoint(), Long.MAX_VALUE);
    }

    /** Returns a future that is done when there are checkpoints of all slots as they are now. */
    CompletableFuture<Void> beginCheckpoint() {
        checkOpen();
        return CompletableFuture.allOf(
                cluster.nodes().stream().map(Node::checkpoint).toArray(CompletableFuture[]::new));
    }

    @Override
    public void handOver() {
        Departure leaving = departure;
        CallService answers = service;
        if (closed || leaving == null || answers == null) {
            return;
        }
        // What came here since the last time is little.
        Duration atMost = hosting.retires() ? WAIT_UNTIL_IDLE : HAND_OVER;
        try {
            await(
                    leaving.begin(atMost).thenCompose(nothing -> idle(answers, WAIT_UNTIL_IDLE)),
                    HAND_OVER.multipliedBy(2).toNanos());
        } catch (TidalException e) {
            LOG.info("what this process leads is not handed over: {}", e.getMessage());
        }
    }

    // Who has asked before it knew has its answer before the links go down.
    private CompletableFuture<Void> idle(CallService answers, Duration atMost) {
        return answers.isIdle() || atMost.isNegative()
                ? CompletableFuture.completedFuture(null)
                : hosting.after(LOOK_AGAIN).thenCompose(nothing -> idle(answers, atMost.minus(LOOK_AGAIN)));
    }

    @Override
    public CompletableFuture<TidalException> failure() {
        return control.failure();
    }

    @Override
    public @Nullable TidalException undecided() {
        return control.failure().getNow(null);
    }

    @Override
    public void close() {
        handOver();
        if (!closed) {
            control.mark();
        }
        end(LocalNode::close);
    }

    @Override
    public void abandon() {
        end(LocalNode::abandon);
    }

    // A caller who is interrupted closes all the same.
    private synchronized void end(Consumer<LocalNode> how) {
        if (closed) {
            return;
        }
        closed = true;
        boolean interrupted = Thread.interrupted();
        TidalException failure = null;
        // Nothing is decided any more, while links to others are still there to say so.
        if (service != null) {
            service.close();
        }
        control.close();
        hosting.close();
        try {
            cluster.end(how);
        } catch (TidalException e) {
            failure = e;
        }
        callbacks.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (failure != null) {
            throw failure;
        }
    }
}
