package io.tidaldb.core.lifecycle;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.placement.PlacementPolicy;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantCreation;
import io.tidaldb.core.TenantKeyState;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.NotFound;
import io.tidaldb.core.control.Reply;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.hosting.TenantKeyrings;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.key.KeyRing;
import io.tidaldb.core.key.WrappedKey;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.replica.ReplicaChanges;
import io.tidaldb.core.replica.ReplicaUpkeep;
import io.tidaldb.core.report.Reserves;
import io.tidaldb.core.routing.TenantPlacer;
import io.tidaldb.core.runtime.RandomSource;
import io.tidaldb.core.tenant.EmbeddedTenant;
import io.tidaldb.core.tenant.RoutedTenant;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of tenants: they are found, created, changed, given keys, and waited for until all nodes have done what was agreed.
 *
 * <p>Whoever changes something holds the lock of the instance; the rest is safe for any number of threads.
 */
public final class TenantLifecycle {

    private static final Logger LOG = LoggerFactory.getLogger(TenantLifecycle.class);

    private static final Duration WAIT_FOR_OTHERS = Duration.ofSeconds(10);

    /** Three seconds: as long as nodes take to erase a tenant, unless one is down or slow. */
    private static final int LOOKS_AT_KEYS = 60;

    private static final Duration LOOK_AGAIN_AT_KEYS = Duration.ofMillis(50);

    private final Instance tidal;
    private final ControlPlane control;
    private final Hosting hosting;
    private final TenantKeyrings keyrings;
    private final Reserves reserves;
    private final PlacementPolicy policy;
    private final RandomSource random;
    private final ReplicaUpkeep replicaUpkeep;
    private final @Nullable RemoteCalls calls;
    private final Consumer<ClusterCommand> decide;
    private final Function<List<ClusterCommand.CreateTenant>, List<Reply>> decideAll;

    /** What the restores of this process wait for. */
    private final Map<TenantId, String> restoreWaits = new ConcurrentHashMap<>();

    /**
     * Creates what sees to the tenants of an instance.
     *
     * @param decide proposes a command, and waits until it is agreed
     * @param decideAll proposes many tenants at once, and returns what became of each
     */
    public TenantLifecycle(
            Instance tidal,
            ControlPlane control,
            Hosting hosting,
            TenantKeyrings keyrings,
            Reserves reserves,
            PlacementPolicy policy,
            RandomSource random,
            ReplicaUpkeep replicaUpkeep,
            @Nullable RemoteCalls calls,
            Consumer<ClusterCommand> decide,
            Function<List<ClusterCommand.CreateTenant>, List<Reply>> decideAll) {
        this.tidal = tidal;
        this.control = control;
        this.hosting = hosting;
        this.keyrings = keyrings;
        this.reserves = reserves;
        this.policy = policy;
        this.random = random;
        this.replicaUpkeep = replicaUpkeep;
        this.calls = calls;
        this.decide = decide;
        this.decideAll = decideAll;
    }

    /** Returns a tenant as users see it; fails with NOT_CAUGHT_UP while it is being restored. */
    public Optional<Tenant> find(TenantId id) {
        requireWhole(id);
        return Optional.ofNullable(hosting.tenant(id)).map(EmbeddedTenant::everywhere);
    }

    /** Returns the one tenant that has a label. */
    public Optional<Tenant> labelled(String label) {
        List<EmbeddedTenant> found = hosting.tenants().stream()
                .filter(tenant -> tenant.config().label().equals(label) && !control.isRestoring(tenant.id()))
                .toList();
        return found.size() == 1 ? Optional.of(found.get(0).everywhere()) : Optional.empty();
    }

    /** Returns all tenants as users see them. */
    public List<Tenant> all() {
        return hosting.tenants().stream()
                .filter(tenant -> !control.isRestoring(tenant.id()))
                .map(EmbeddedTenant::everywhere)
                .toList();
    }

    /** Returns a tenant that is hosted here. */
    public EmbeddedTenant existing(TenantId id) {
        EmbeddedTenant tenant = hosting.tenant(id);
        if (tenant == null) {
            throw NotFound.tenant(id);
        }
        return tenant;
    }

    /** Fails with NOT_CAUGHT_UP while a tenant is being restored, and says what that waits for if it is known here. */
    public void requireWhole(TenantId id) {
        if (control.isRestoring(id)) {
            String waits = restoreWaits.get(id);
            throw new TidalException(
                    ErrorCode.NOT_CAUGHT_UP,
                    "tenant " + id + " is being restored from a backup" + (waits == null ? "" : ", and " + waits)
                            + ": wait until it is whole; if nobody restores it any more, delete it");
        }
    }

    /**
     * Says what the restore of a tenant by this process waits for.
     *
     * @param what null if it waits for nothing
     */
    public void restoreWaits(TenantId id, @Nullable String what) {
        String before = what == null ? restoreWaits.remove(id) : restoreWaits.put(id, what);
        if (what != null && !what.equals(before)) {
            LOG.info("tenant {} is restored here, and {}", id, what);
        }
    }

    /** Creates a tenant, and waits until it is there. */
    public EmbeddedTenant create(TenantConfig config) {
        ClusterCommand.CreateTenant creation = creation(config, checkedPlacement(config));
        List<WrappedKey> keys = firstKeys(config);
        decide.accept(creation);
        decideKeys(creation, keys);
        awaitEverywhere(config.id());
        EmbeddedTenant tenant = existing(config.id());
        if (!config.label().equals(TenantConfig.DEFAULT_LABEL)) {
            writeLabel(tenant, config.label());
        }
        return tenant;
    }

    /** Creates many tenants, as far as they can be; returns what became of each, in order. */
    public List<TenantCreation> createAll(List<TenantConfig> configs) {
        return new TenantBatch(this).create(configs);
    }

    /** As {@link #placed}, for a tenant with a label. */
    List<ReplicaId> checkedPlacement(TenantConfig config) {
        checkLabel(config);
        return placed(config);
    }

    /** Returns where a tenant that does not exist yet is to live, if it can. */
    public List<ReplicaId> placed(TenantConfig config) {
        if (control.tenant(config.id()) != null) {
            throw new TidalException(
                    ErrorCode.TENANT_EXISTS,
                    "tenant " + config.id() + " exists already: choose another id, or change it");
        }
        List<ReplicaId> placement =
                new TenantPlacer(policy).place(config, tidal.cluster().replicas());
        checkSupported(config, placement);
        placement.forEach(tidal.cluster()::requireReachable);
        reserves.check(config, placement, control);
        return placement;
    }

    /** Returns what has to be agreed for a new tenant, of whose id nothing is left here. */
    public ClusterCommand.CreateTenant creation(TenantConfig config, List<ReplicaId> placement) {
        if (control.hadFormer(config.id())) {
            // Where its data could not be erased, nothing is promised to a new one.
            tidal.await(hosting.erase(config.id()));
        }
        return new ClusterCommand.CreateTenant(unlabelled(config), placement, random.nextLong());
    }

    /** Returns a configuration as it is agreed on: the label is in the tenant's own log. */
    static TenantConfig unlabelled(TenantConfig config) {
        return config.toBuilder().label(TenantConfig.DEFAULT_LABEL).build();
    }

    /**
     * Returns the keys that a new tenant is to have, once those of a former one with its id are destroyed: what wraps them now could be
     * destroyed with those.
     *
     * @throws TidalException KEY_UNAVAILABLE; NOT_CAUGHT_UP if nodes have still to destroy keys of a former one
     */
    public List<WrappedKey> firstKeys(TenantConfig config) {
        if (!config.encrypted()) {
            return List.of();
        }
        for (int looks = 0; looks < LOOKS_AT_KEYS && keptBy(config.id()).isPresent(); looks++) {
            tidal.await(hosting.after(LOOK_AGAIN_AT_KEYS));
        }
        keptBy(config.id()).ifPresent(node -> {
            throw new TidalException(
                    ErrorCode.NOT_CAUGHT_UP,
                    "tenant " + config.id() + " was deleted, and node " + node
                            + " has still to destroy its keys: wait until its erasure is complete (tidal tenant erasures), or"
                            + " choose another id");
        });
        return keyrings.rotated(config.id(), List.of());
    }

    /** Returns a node that may have keys of a deleted tenant that were its alone. */
    private Optional<NodeId> keptBy(TenantId deleted) {
        return control.erasures().stream()
                .filter(record -> record.tenant().equals(deleted) && record.encrypted())
                .flatMap(record -> record.nodes().keySet().stream().filter(record::isPending))
                .findFirst();
    }

    /** Gives a new tenant its keys, if nobody has done so yet; until then nothing of it can be written. */
    void decideKeys(ClusterCommand.CreateTenant creation, List<WrappedKey> keys) {
        decideKeys(creation.config().id(), creation.digestSeed(), keys, decide);
    }

    /** As the other one, of a tenant that is told from others by its life. */
    public void decideKeys(TenantId id, long life, List<WrappedKey> keys, Consumer<ClusterCommand> by) {
        if (keys.isEmpty()) {
            return;
        }
        try {
            by.accept(new ClusterCommand.SetTenantKeys(id, life, keys));
        } catch (TidalException e) {
            TenantRecord agreed = control.tenant(id);
            boolean given = agreed != null
                    && agreed.digestSeed() == life
                    && !agreed.keys().wrapped().isEmpty();
            if (!given) {
                throw e;
            }
        }
    }

    /** Has many tenants decided at once; returns what became of each. */
    List<Reply> decideAll(List<ClusterCommand.CreateTenant> tenants) {
        return decideAll.apply(tenants);
    }

    /** Waits until tenants that were agreed on are there, here and on the other nodes that answer, and writes their labels. */
    void opened(List<TenantConfig> created) {
        if (created.isEmpty()) {
            return;
        }
        tidal.await(CompletableFuture.allOf(created.stream()
                .map(config -> hosting.settled(config.id()).handle((nothing, failure) -> null))
                .toArray(CompletableFuture[]::new)));
        // Whoever has done what was agreed last has done all before.
        awaitEverywhere(created.get(created.size() - 1).id());
        tidal.await(CompletableFuture.allOf(created.stream()
                .filter(config -> !config.label().equals(TenantConfig.DEFAULT_LABEL))
                .map(config -> writtenLabel(existing(config.id()), config.label()))
                .toArray(CompletableFuture[]::new)));
    }

    private static CompletableFuture<Void> writtenLabel(EmbeddedTenant tenant, String label) {
        return tenant.everywhere() instanceof RoutedTenant routed ? routed.labelled(label) : tenant.writeLabel(label);
    }

    /** Tells a replica of this process whose state was replaced what its part in its slot is. */
    public void rejoin(EmbeddedTenant tenant, TenantShard shard) {
        tidal.await(hosting.rejoin(tenant, shard));
    }

    /** Waits until what was agreed on a tenant is done: here, and on the other nodes that answer; the rest do it when they can. */
    public void awaitEverywhere(TenantId id) {
        tidal.await(hosting.settled(id));
        RemoteCalls remote = calls;
        if (remote != null) {
            List<CompletableFuture<Void>> told = new ArrayList<>();
            for (NodeId node : tidal.cluster().names()) {
                if (remote.isUp(node)) {
                    told.add(remote.ask(
                                    node,
                                    index -> new Call.Settle(index, id.value()),
                                    Answer.Done.class,
                                    WAIT_FOR_OTHERS)
                            .handle((done, failure) -> late(node, id, failure)));
                }
            }
            tidal.await(CompletableFuture.allOf(told.toArray(CompletableFuture[]::new)));
        }
    }

    private static @Nullable Void late(NodeId node, TenantId id, @Nullable Throwable failure) {
        if (failure != null) {
            LOG.warn(
                    "node {} has not done yet what was agreed on tenant {}: {}",
                    node,
                    id,
                    RemoteCalls.reason(failure).getMessage());
        }
        return null;
    }

    private void checkSupported(TenantConfig config, List<ReplicaId> placement) {
        if (config.writes() == WriteMode.EVERYWHERE && config.durability() != Durability.LOCAL) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "tenant " + config.id() + " asks for writes EVERYWHERE and for durability " + config.durability()
                            + ", but each region takes writes by itself: expected LOCAL");
        }
        if (config.durability() == Durability.MAJORITY || config.durability() == Durability.ALL) {
            for (ReplicaId slot : placement) {
                if (tidal.cluster().replicas().allowed(slot.shard(), config).size() < 2) {
                    throw new TidalException(
                            ErrorCode.UNSUPPORTED,
                            "tenant " + config.id() + " asks for durability " + config.durability() + ", and shard "
                                    + slot + " has no replica where the tenant may be: expected ASYNC or LOCAL, or a"
                                    + " topology with the shard in several of the tenant's regions");
                }
            }
        }
    }

    private void checkLabel(TenantConfig config) {
        if (config.label().equals(TenantConfig.DEFAULT_LABEL)) {
            return;
        }
        labelled(config.label())
                .filter(other -> !other.id().equals(config.id()))
                .ifPresent(other -> {
                    throw TidalException.invalid("label \"" + config.label() + "\" of tenant " + config.id()
                            + " is taken by tenant " + other.id() + ": choose another label");
                });
    }

    /** Returns whether a tenant other than this one has a label. */
    public boolean isLabelTaken(String label, TenantId by) {
        return hosting.tenants().stream()
                .anyMatch(tenant ->
                        !tenant.id().equals(by) && tenant.config().label().equals(label));
    }

    private static void writeLabel(EmbeddedTenant tenant, String label) {
        if (tenant.everywhere() instanceof RoutedTenant routed) {
            routed.label(label);
        } else {
            tenant.label(label);
        }
    }

    /** Changes a tenant; returns whether data has to move until it is done. */
    public boolean update(TenantConfig config) {
        checkUpdate(config);
        EmbeddedTenant tenant = existing(config.id());
        Optional<ClusterCommand> change = replicaChanges().change(config);
        change.ifPresent(decide);
        decide.accept(new ClusterCommand.UpdateTenant(unlabelled(config)));
        awaitEverywhere(config.id());
        if (!tenant.config().label().equals(config.label())) {
            writeLabel(tenant, config.label());
        }
        return change.isPresent();
    }

    /** Returns what changes the replicas of tenants. */
    public ReplicaChanges replicaChanges() {
        return new ReplicaChanges(control, replicaUpkeep, pause -> tidal.await(hosting.after(pause)));
    }

    /** Refuses what can't be kept; what can't be changed at all is refused by the control log. */
    void checkUpdate(TenantConfig config) {
        EmbeddedTenant tenant = existing(config.id());
        checkSupported(config, tenant.placement());
        checkLabel(config);
        reserves.check(config, tenant.placement(), control);
    }

    /** Returns how a tenant's keys are. */
    public TenantKeyState keys(TenantId id) {
        EmbeddedTenant tenant = existing(id);
        TenantRecord record = Objects.requireNonNullElse(control.tenant(id), tenant.record());
        return TenantKeyrings.state(record, tenant.suspension());
    }

    /** Seals what is written from now on with a new key. */
    public void rotateKeys(TenantId id) {
        TenantRecord record = encrypted(id);
        decide.accept(new ClusterCommand.SetTenantKeys(
                id, record.digestSeed(), keyrings.rotated(id, record.keys().wrapped())));
        awaitEverywhere(id);
    }

    /** Forbids the use of a tenant's keys, or allows it again. */
    public void suspendKeys(TenantId id, boolean suspended) {
        encrypted(id);
        decide.accept(new ClusterCommand.SuspendTenant(id, suspended));
        awaitEverywhere(id);
    }

    private TenantRecord encrypted(TenantId id) {
        TenantRecord record = existing(id).record();
        if (!record.config().encrypted()) {
            throw TidalException.invalid("tenant " + id
                    + " is not encrypted, so it has no keys: expected a tenant that was created encrypted");
        }
        return record;
    }

    /** Unwraps keys, perhaps of a tenant of another cluster. */
    public KeyRing keyring(TenantId tenant, List<WrappedKey> wrapped) {
        return keyrings.of(tenant, wrapped);
    }
}
