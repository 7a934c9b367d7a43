package io.tidaldb.core.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.audit.AuditTrail;
import io.tidaldb.core.audit.Provenance;
import io.tidaldb.core.key.TenantKeys;
import io.tidaldb.core.key.WrappedKey;
import io.tidaldb.core.routing.ShardReplicas;
import io.tidaldb.core.upgrade.NodeUpgrade;
import io.tidaldb.core.upgrade.UpgradePhase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the cluster has agreed on: changed only by applying the commands of the control log, in order, so that it is the same on every
 * node. Confined to whoever applies; readers get copies.
 */
final class ClusterState {

    private static final int MAX_SIGNALS = 256;
    private static final int MAX_NAMED = 10;
    private static final Pattern SIGNAL_NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");

    /** How long leases were before renewals said so. */
    static final long DEFAULT_LEASE_NANOS = 2_000_000_000L;

    private static final long MIN_HALF_LIFE = 1_000_000_000L;
    private static final long MAX_HALF_LIFE = Duration.ofDays(36_525).toNanos();

    private String cluster = "";
    private final List<ShardAssignment> shards = new ArrayList<>();
    private final List<SchemaEntry> schema = new ArrayList<>();
    private final SortedMap<TenantId, TenantRecord> tenants = new TreeMap<>();
    private final SortedMap<TenantId, TenantRecord> erased = new TreeMap<>();
    private final SortedMap<ReplicaId, Integer> incarnations = new TreeMap<>();
    private final SortedMap<NodeId, Long> leases = new TreeMap<>();
    private final SortedMap<NodeId, Long> leaseNanos = new TreeMap<>();
    private final NodeTable nodes = new NodeTable();
    private final UpgradeTable upgrades = new UpgradeTable();
    private final MigrationTable migrations = new MigrationTable(new Moving());
    private final ReplicaSteps replicaSteps = new ReplicaSteps(new Moving(), migrations);

    /** The shards as they were defined first: what nodes were made with goes on to say so. */
    private final List<ShardAssignment> defined = new ArrayList<>();

    private final AuditTrail audit = new AuditTrail();
    private final ErasureTable erasures = new ErasureTable();
    private final EntityErasureTable entityErasures = new EntityErasureTable();
    private final RevokedTokens revokedTokens = new RevokedTokens();
    private final DrillTable drills = new DrillTable();
    private final LossTable losses = new LossTable();

    /** Tenants of which a backup is being restored. Replaced as a whole, so that any thread may look. */
    private volatile SortedSet<TenantId> restoring = Collections.emptySortedSet();

    /**
     * Applies a command, and takes note of it.
     *
     * @param by who proposed it; null leaves no note
     * @param index of the command in the control log
     */
    Reply apply(ClusterCommand command, @Nullable Provenance by, long index) {
        if (command instanceof ClusterCommand.CreateTenants create) {
            return new Reply.Several(create.tenants().stream()
                    .map(each -> apply(each, by, index))
                    .toList());
        }
        if (by == null) {
            return apply(command);
        }
        CommandImage image = CommandImage.before(this, command);
        Reply reply = apply(command);
        image.after(this, reply, (kind, tenant, about, change) -> audit.add(index, by, kind, tenant, about, change));
        return reply;
    }

    AuditTrail audit() {
        return audit;
    }

    Reply apply(ClusterCommand command) {
        if (command instanceof ClusterCommand.DefineTopology define) {
            return defineTopology(define);
        } else if (command instanceof ClusterCommand.DeclareSignal declare) {
            return declareSignal(declare);
        } else if (command instanceof ClusterCommand.CreateTenant create) {
            return createTenant(create);
        } else if (command instanceof ClusterCommand.UpdateTenant update) {
            return updateTenant(update.config());
        } else if (command instanceof ClusterCommand.Promote promote) {
            return promote(promote, true, new HashSet<>());
        } else if (command instanceof ClusterCommand.DeleteTenant delete) {
            return deleteTenant(delete.tenant());
        } else if (command instanceof ClusterCommand.GrantIncarnation grant) {
            return grantIncarnation(grant.replica());
        } else if (command instanceof ClusterCommand.RenewLease renew) {
            return renewLease(renew);
        } else if (command instanceof ClusterCommand.TakeOver take) {
            return takeOver(take);
        } else if (command instanceof ClusterCommand.Prefer prefer) {
            return prefer(prefer);
        } else if (command instanceof ClusterCommand.CreateTenants create) {
            return new Reply.Several(
                    create.tenants().stream().map(this::createTenant).toList());
        } else if (command instanceof ClusterCommand.RestoreTenant restore) {
            return restoreTenant(restore);
        } else if (command instanceof ClusterCommand.FinishRestore finish) {
            return finishRestore(finish.tenant());
        } else if (command instanceof ClusterCommand.ConfirmErasure confirm) {
            erasures.confirm(confirm);
            return new Reply.Done(0);
        } else if (command instanceof ClusterCommand.ReportDamage report) {
            return report(report);
        } else if (command instanceof ClusterCommand.RevokeToken revoke) {
            return revokedTokens.revoke(revoke.token());
        } else if (command instanceof ClusterCommand.EraseEntity erase) {
            TenantRecord known = tenants.get(erase.tenant());
            return known == null ? unknown(erase.tenant()) : entityErasures.begin(erase, known, shards);
        } else if (command instanceof ClusterCommand.ConfirmEntityErasure confirm) {
            return entityErasures.confirm(confirm);
        } else if (command instanceof ClusterCommand.OfMigration migration) {
            Reply reply = migrations.apply(migration);
            if (migration instanceof ClusterCommand.StartMigration start && reply instanceof Reply.Done) {
                spread(start.tenant());
            }
            return reply;
        } else if (command instanceof ClusterCommand.OfReplicas replicas) {
            Reply reply = replicaSteps.apply(replicas);
            if (replicas instanceof ClusterCommand.ChangeReplicas && reply instanceof Reply.Done) {
                spread(replicas.tenant());
            }
            return reply;
        } else if (command instanceof ClusterCommand.OfKeys keys) {
            return changeKeys(keys);
        } else if (command instanceof ClusterCommand.BeginDrill begin) {
            return beginDrill(begin.drill());
        } else if (command instanceof ClusterCommand.EndDrill end) {
            return drills.end(end.drill());
        }
        Reply ofUpgrades = applyToUpgrades(command);
        return ofUpgrades != null ? ofUpgrades : applyToNodes(command);
    }

    // Drills

    private Reply beginDrill(DrillRecord drill) {
        TenantRecord known = tenants.get(drill.tenant());
        if (known == null) {
            return unknown(drill.tenant());
        }
        if (known.change() != null || migrations.isMoving(drill.tenant())) {
            return refused(
                    ErrorCode.UNSAFE,
                    "replicas of tenant " + drill.tenant()
                            + " are being moved: a drill would be in the way; wait until that is done, or abort it");
        }
        return upgrades.all().stream()
                .filter(NodeUpgrade::isOpen)
                .findFirst()
                .map(each -> refused(
                        ErrorCode.UNSAFE,
                        "node " + each.node() + " is " + each.phase()
                                + " for an upgrade: a drill would be in the way; wait until it serves again"))
                .orElseGet(() -> drills.begin(drill));
    }

    DrillTable drills() {
        return drills;
    }

    // Upgrades

    private @Nullable Reply applyToUpgrades(ClusterCommand command) {
        if (command instanceof ClusterCommand.DrainNode drain) {
            Reply missing = nodes.missing(drain.node());
            return missing != null ? missing : upgrades.drain(drain);
        } else if (command instanceof ClusterCommand.RejoinNode rejoin) {
            Reply missing = nodes.missing(rejoin.node());
            return missing != null ? missing : upgrades.rejoin(rejoin);
        } else if (command instanceof ClusterCommand.UpgradeStep step) {
            return upgrades.step(step);
        } else if (command instanceof ClusterCommand.NodeVersion runs) {
            Reply missing = nodes.missing(runs.node());
            return missing != null ? missing : upgrades.version(runs);
        } else if (command instanceof ClusterCommand.FinalizeUpgrade end) {
            return upgrades.finish(
                    end,
                    nodes.all().stream()
                            .filter(each -> !each.removed() && !each.identity().isEmpty())
                            .map(NodeRecord::node)
                            .toList());
        }
        return null;
    }

    UpgradeTable upgrades() {
        return upgrades;
    }

    ErasureTable erasures() {
        return erasures;
    }

    LossTable losses() {
        return losses;
    }

    RevokedTokens revokedTokens() {
        return revokedTokens;
    }

    EntityErasureTable entityErasures() {
        return entityErasures;
    }

    // Backups

    private Reply restoreTenant(ClusterCommand.RestoreTenant restore) {
        int newest = shards.stream()
                .mapToInt(each -> incarnation(each.replica()))
                .max()
                .orElse(0);
        if (restore.origins() < 0 || newest + 3L + restore.origins() > Seqno.MAX_INCARNATION) {
            return refused(
                    ErrorCode.UNSUPPORTED,
                    "the shards have used up their incarnations, or " + restore.origins()
                            + " is no number of origins: expected 0 to " + (Seqno.MAX_INCARNATION - newest - 3L));
        }
        Reply created = createTenant(restore.create());
        if (created instanceof Reply.Done) {
            TenantId id = restore.tenant();
            TenantRecord record = Objects.requireNonNull(tenants.get(id), "it was just created");
            int first = 1 + Math.max(record.minIncarnation(), newest);
            tenants.put(id, record.restored(Math.max(record.epoch(), restore.epoch() + 1), first));
            for (ShardAssignment each : shards) {
                incarnations.put(each.replica(), first + restore.origins());
            }
            restoring(id, true);
            return new Reply.Done(first);
        }
        return created;
    }

    private Reply finishRestore(TenantId id) {
        return restoring(id, false)
                ? new Reply.Done(0)
                : refused(ErrorCode.TENANT_NOT_FOUND, "tenant " + id + " is not being restored");
    }

    private boolean restoring(TenantId id, boolean begins) {
        SortedSet<TenantId> next = new TreeSet<>(restoring);
        boolean changed = begins ? next.add(id) : next.remove(id);
        restoreRestoring(next);
        return changed;
    }

    /** Returns the tenants that are not whole yet. Safe for any thread. */
    SortedSet<TenantId> restoring() {
        return restoring;
    }

    void restoreRestoring(Collection<TenantId> ids) {
        restoring = Collections.unmodifiableSortedSet(new TreeSet<>(ids));
    }

    // Migrations

    /** Lets migrations change tenants. */
    private final class Moving implements MigrationTable.Cluster {

        @Override
        public @Nullable TenantRecord tenant(TenantId id) {
            return tenants.get(id);
        }

        @Override
        public void put(TenantRecord tenant) {
            tenants.put(tenant.config().id(), tenant);
        }

        @Override
        public List<ShardAssignment> shards() {
            return shards;
        }

        @Override
        public Reply grantIncarnation(ReplicaId replica) {
            return ClusterState.this.grantIncarnation(replica);
        }

        @Override
        public UpgradePhase phase(ReplicaId replica) {
            return shards.stream()
                    .filter(each -> each.replica().equals(replica))
                    .findFirst()
                    .map(each -> upgrades.phase(each.node()))
                    .orElse(UpgradePhase.SERVING);
        }

        @Override
        public boolean isFilling(ReplicaId replica) {
            return nodes.filling().contains(replica);
        }
    }

    MigrationTable migrations() {
        return migrations;
    }

    ReplicaSteps replicaSteps() {
        return replicaSteps;
    }

    // Nodes

    private Reply applyToNodes(ClusterCommand command) {
        if (command instanceof ClusterCommand.RegisterNode register) {
            return nodes.register(register);
        } else if (command instanceof ClusterCommand.AddNode add) {
            return nodes.add(add.node(), add.region(), add.address());
        } else if (command instanceof ClusterCommand.RemoveNode remove) {
            return removeNode(remove.node());
        } else if (command instanceof ClusterCommand.ReplaceNode replace) {
            return replaceNode(replace);
        } else if (command instanceof ClusterCommand.ReplicasFilled filled) {
            List<ReplicaId> hosted = hosted(filled.node());
            nodes.filled(filled.replicas().stream().filter(hosted::contains).toList());
            return new Reply.Done(0);
        }
        throw new IllegalStateException("no case for " + command);
    }

    private Reply removeNode(NodeId node) {
        Reply missing = nodes.missing(node);
        if (missing != null) {
            return missing;
        }
        List<ReplicaId> hosted = hosted(node);
        if (!hosted.isEmpty()) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "node " + node + " has replicas of " + hosted.size() + " shards, such as " + hosted.get(0)
                            + ": let another node take its place instead");
        }
        nodes.remove(node, null);
        entityErasures.removed(null, shards);
        upgrades.remove(node);
        return new Reply.Done(0);
    }

    private Reply replaceNode(ClusterCommand.ReplaceNode replace) {
        NodeRecord former = nodes.get(replace.node());
        if (former != null && former.removed() && replace.with().equals(former.successor())) {
            return new Reply.Done(0);
        }
        Reply refusal = refusal(replace);
        if (refusal != null || former == null) {
            return refusal != null ? refusal : new Reply.Done(0);
        }
        Reply added = nodes.add(replace.with(), former.region(), replace.address());
        if (added instanceof Reply.Done) {
            for (ReplicaId replica : hosted(replace.node())) {
                incarnations.put(replica, incarnation(replica) + 1);
                nodes.filling().add(replica);
            }
            shards.replaceAll(each -> each.node().equals(replace.node())
                    ? new ShardAssignment(each.shard(), each.region(), replace.with())
                    : each);
            nodes.remove(replace.node(), replace.with());
            entityErasures.removed(replace.with(), shards);
            upgrades.remove(replace.node());
        }
        return added;
    }

    private @Nullable Reply refusal(ClusterCommand.ReplaceNode replace) {
        Reply missing = nodes.missing(replace.node());
        if (missing != null) {
            return missing;
        }
        if (!hosted(replace.with()).isEmpty() || replace.with().equals(replace.node())) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "node " + replace.with() + " has replicas already: expected a new node to take the place of "
                            + replace.node());
        }
        List<ReplicaId> hosted = hosted(replace.node());
        for (TenantRecord tenant : tenants.values()) {
            for (ReplicaId leader : tenant.placement()) {
                if (hosted.contains(leader)) {
                    return refused(
                            ErrorCode.NOT_CAUGHT_UP,
                            "node " + replace.node() + " leads tenant "
                                    + tenant.config().id() + " on " + leader
                                    + ", and nobody has taken over from it yet: "
                                    + (tenant.keys().revoked()
                                            ? "its keys are revoked, and nobody takes over without them; restore them first"
                                            : "wait some seconds; if nobody ever does, too few other replicas run or there"
                                                    + " are none, and what was acknowledged is on " + replace.node()
                                                    + " alone"));
                }
            }
        }
        return hosted.stream().anyMatch(replica -> incarnation(replica) >= Seqno.MAX_INCARNATION)
                ? refused(
                        ErrorCode.UNSUPPORTED,
                        "a shard of node " + replace.node() + " has used up its incarnations: create a new shard")
                : null;
    }

    private List<ReplicaId> hosted(NodeId node) {
        return shards.stream()
                .filter(each -> each.node().equals(node))
                .map(ShardAssignment::replica)
                .toList();
    }

    NodeTable nodes() {
        return nodes;
    }

    List<ShardAssignment> defined() {
        return List.copyOf(defined);
    }

    /** Takes over what is known of nodes; what was written before nodes were known has none. */
    void restoreNodes(List<ShardAssignment> first, List<NodeRecord> known, List<ReplicaId> filling) {
        defined.addAll(first.isEmpty() ? shards : first);
        nodes.restore(known, filling);
        nodes.define(shards);
    }

    // Everything else

    private Reply defineTopology(ClusterCommand.DefineTopology define) {
        if (shards.isEmpty()) {
            cluster = define.cluster();
            shards.addAll(define.shards());
            defined.addAll(define.shards());
            nodes.define(shards);
        } else if (!shards.equals(define.shards()) && !defined.equals(define.shards())) {
            return refused(
                    ErrorCode.DIRECTORY_MISMATCH,
                    "cluster " + cluster + " was made with other shards: expected also "
                            + missing(shards, define.shards())
                            + ", and not " + missing(define.shards(), shards)
                            + "; correct the topology, open it without a topology or region, or choose another directory");
        }
        return new Reply.Done(0);
    }

    private static String missing(List<ShardAssignment> in, List<ShardAssignment> from) {
        List<String> missing = in.stream()
                .filter(shard -> !from.contains(shard))
                .map(shard -> shard.replica() + " on " + shard.node())
                .toList();
        return missing.size() <= MAX_NAMED
                ? missing.toString()
                : missing.subList(0, MAX_NAMED) + " and " + (missing.size() - MAX_NAMED) + " more";
    }

    static boolean isSignalName(String name) {
        return SIGNAL_NAME.matcher(name).matches();
    }

    private Reply declareSignal(ClusterCommand.DeclareSignal declare) {
        if (!isSignalName(declare.name())) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "signal name \"" + declare.name()
                            + "\" is not valid: expected 1 to 64 letters, digits, '_', '-' or '.'");
        }
        long halfLife = declare.halfLifeNanos();
        if (halfLife < MIN_HALF_LIFE || halfLife > MAX_HALF_LIFE) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "half-life " + Duration.ofNanos(halfLife) + " of signal " + declare.name()
                            + " is out of range: expected 1 second to 100 years");
        }
        Optional<SchemaEntry> known = schema.stream()
                .filter(entry -> entry.name().equals(declare.name()))
                .findFirst();
        if (known.isPresent() && known.get().halfLifeNanos() != halfLife) {
            return refused(
                    ErrorCode.SIGNAL_CONFLICT,
                    "signal " + declare.name() + " is declared with a half-life of "
                            + Duration.ofNanos(known.get().halfLifeNanos()) + ", which can't change to "
                            + Duration.ofNanos(halfLife) + ": declare a new name");
        }
        if (known.isPresent()) {
            return new Reply.Done(known.get().index());
        }
        if (schema.size() == MAX_SIGNALS) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "signal " + declare.name() + " would be number " + (MAX_SIGNALS + 1) + ": expected at most "
                            + MAX_SIGNALS);
        }
        schema.add(new SchemaEntry(schema.size(), declare.name(), halfLife));
        return new Reply.Done(schema.size() - 1L);
    }

    private Reply createTenant(ClusterCommand.CreateTenant create) {
        TenantId id = create.config().id();
        if (tenants.containsKey(id)) {
            return refused(
                    ErrorCode.TENANT_EXISTS, "tenant " + id + " exists already: choose another id, or change it");
        }
        int minIncarnation = 0;
        long epoch = 1;
        TenantRecord former = erased.get(id);
        if (former != null) {
            // What nodes that were away still hold or send of the former one is below both.
            minIncarnation = 1
                    + Math.max(
                            former.minIncarnation(),
                            shards.stream()
                                    .mapToInt(each -> incarnation(each.replica()))
                                    .max()
                                    .orElse(0));
            epoch = former.epoch() + 1;
            if (minIncarnation > Seqno.MAX_INCARNATION) {
                return refused(
                        ErrorCode.UNSUPPORTED,
                        "a shard of " + create.placement() + " has used up its incarnations: create a new shard");
            }
            // All get the same, so that the next grant to any of them lies above what this tenant writes under.
            for (ShardAssignment each : shards) {
                incarnations.put(each.replica(), minIncarnation);
            }
        }
        tenants.put(
                id,
                new TenantRecord(
                        create.config(),
                        create.placement(),
                        create.placement(),
                        epoch,
                        create.digestSeed(),
                        minIncarnation));
        return new Reply.Done(0);
    }

    private Reply updateTenant(TenantConfig config) {
        TenantRecord known = tenants.get(config.id());
        if (known == null) {
            return unknown(config.id());
        }
        TenantConfig before = known.config();
        if (before.slots() != config.slots() || !before.pinnedShards().equals(config.pinnedShards())) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "slots and pinned shards of tenant " + config.id() + " can't be changed: they are " + before.slots()
                            + ", " + before.pinnedShards());
        }
        if (before.writes() != config.writes()) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "writes of tenant " + config.id() + " can't be changed: they are " + before.writes()
                            + "; create another tenant and import into it");
        }
        if (before.encrypted() != config.encrypted()) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "tenant " + config.id() + " was created " + (before.encrypted() ? "encrypted" : "not encrypted")
                            + ", which can't be changed: create another tenant and import into it");
        }
        tenants.put(
                config.id(),
                known.with(config.toBuilder()
                        .requiredRegions(before.requiredRegions().toArray(RegionId[]::new))
                        .withoutReplicas(before.withoutReplicas().toArray(ReplicaId[]::new))
                        .build()));
        return new Reply.Done(0);
    }

    private Reply changeKeys(ClusterCommand.OfKeys command) {
        TenantId id = command.tenant();
        TenantRecord known = tenants.get(id);
        if (known == null) {
            return unknown(id);
        }
        if (!known.config().encrypted()) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "tenant " + id
                            + " is not encrypted, so it has no keys: expected a tenant that was created encrypted");
        }
        List<WrappedKey> before = known.keys().wrapped();
        if (command instanceof ClusterCommand.SuspendTenant suspend) {
            tenants.put(id, known.keyed(new TenantKeys(before, suspend.suspended())));
            return new Reply.Done(0);
        }
        ClusterCommand.SetTenantKeys set = (ClusterCommand.SetTenantKeys) command;
        if (set.life() != known.digestSeed()) {
            return refused(
                    ErrorCode.TENANT_NOT_FOUND,
                    "the tenant " + id
                            + " whose keys were to change was deleted, and another one has its number: look, and"
                            + " try again");
        }
        List<WrappedKey> wrapped = set.wrapped();
        if (known.keys().revoked()) {
            return refused(ErrorCode.TENANT_SUSPENDED, "the keys of tenant " + id + " are revoked: restore them first");
        }
        for (int i = 0; i < wrapped.size(); i++) {
            if (wrapped.get(i).id() != i + 1) {
                return refused(ErrorCode.INVALID_ARGUMENT, "keys of tenant " + id + " are out of order");
            }
        }
        if (wrapped.size() != before.size() + 1) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "tenant " + id + " has " + before.size()
                            + " keys by now: somebody else was faster; look, and try again");
        }
        tenants.put(id, known.keyed(new TenantKeys(wrapped, false)));
        return new Reply.Done(wrapped.size());
    }

    /** @param begun the replicas that have come to a new incarnation with this command: what they come to lead shares it */
    private Reply promote(ClusterCommand.Promote promote, boolean preferring, Set<ReplicaId> begun) {
        TenantRecord known = tenants.get(promote.tenant());
        if (known == null) {
            return unknown(promote.tenant());
        }
        ReplicaId leader = promote.leader();
        boolean hosted = shards.stream().anyMatch(each -> each.replica().equals(leader));
        boolean allowed = new ShardReplicas(shards)
                .allowed(leader.shard(), known.config()).stream()
                        .anyMatch(each -> each.replica().equals(leader));
        int slot = slot(known, leader);
        if (nodes.filling().contains(leader) || known.isFilling(leader)) {
            return refused(
                    ErrorCode.NOT_CAUGHT_UP,
                    "shard " + leader + " can't lead tenant " + promote.tenant()
                            + ": its node is new and may lack what was acknowledged; wait until it is filled");
        }
        if (slot < 0 || !hosted || !allowed) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "shard " + leader + " has no replica of tenant " + promote.tenant() + ", which is on "
                            + known.placement() + " and may be in regions "
                            + known.config().requiredRegions()
                            + ": expected another replica of one of these shards");
        }
        Reply granted = begun.contains(leader) ? new Reply.Done(incarnation(leader)) : grantIncarnation(leader);
        if (granted instanceof Reply.Done) {
            begun.add(leader);
            TenantRecord led = known.ledBy(slot, leader);
            tenants.put(promote.tenant(), preferring ? led.preferring(slot, leader) : led);
            migrations.promoted(promote.tenant(), leader);
        }
        return granted;
    }

    private static int slot(TenantRecord tenant, ReplicaId replica) {
        return tenant.placement().stream().map(ReplicaId::shard).toList().indexOf(replica.shard());
    }

    private Reply prefer(ClusterCommand.Prefer prefer) {
        TenantRecord known = tenants.get(prefer.tenant());
        if (known == null) {
            return unknown(prefer.tenant());
        }
        if (!known.placement().contains(prefer.leader())) {
            return refused(
                    ErrorCode.NOT_OWNER,
                    "tenant " + prefer.tenant() + " is led by " + known.placement() + " by now, not by "
                            + prefer.leader());
        }
        tenants.put(prefer.tenant(), known.preferring(slot(known, prefer.leader()), prefer.leader()));
        return new Reply.Done(0);
    }

    private Reply report(ClusterCommand.ReportDamage report) {
        if (!tenants.containsKey(report.tenant())) {
            return unknown(report.tenant());
        }
        if (report.lost()) {
            losses.add(report);
        }
        // It may be given everything again, by one that has not erased yet what it has.
        spread(report.tenant());
        return new Reply.Done(0);
    }

    private void spread(TenantId id) {
        TenantRecord tenant = tenants.get(id);
        if (tenant != null) {
            entityErasures.spread(tenant, shards);
        }
    }

    private Reply deleteTenant(TenantId id) {
        TenantRecord known = tenants.remove(id);
        if (known == null) {
            return unknown(id);
        }
        losses.forget(id);
        erased.put(id, known.keyed(TenantKeys.NONE));
        restoring(id, false);
        erasures.begin(known, shards);
        entityErasures.forget(id);
        migrations.forget(id);
        drills.forget(id);
        return new Reply.Done(0);
    }

    private Reply grantIncarnation(ReplicaId replica) {
        int next = incarnation(replica) + 1;
        if (next > Seqno.MAX_INCARNATION) {
            return refused(
                    ErrorCode.UNSUPPORTED, "shard " + replica + " has used up its incarnations: create a new shard");
        }
        incarnations.put(replica, next);
        return new Reply.Done(next);
    }

    private Reply takeOver(ClusterCommand.TakeOver take) {
        Reply reply = nextLease(take.from(), take.sequence());
        if (reply instanceof Reply.Done) {
            Set<ReplicaId> begun = new HashSet<>();
            take.promotions().stream()
                    .filter(each ->
                            isLedBy(take.from(), each.tenant(), each.leader().shard()))
                    .forEach(each -> promote(each, take.preferring(), begun));
        }
        return reply;
    }

    private boolean isLedBy(NodeId node, TenantId tenant, ShardId shard) {
        TenantRecord known = tenants.get(tenant);
        return known != null
                && known.placement().stream()
                        .anyMatch(leader -> leader.shard().equals(shard)
                                && shards.contains(new ShardAssignment(shard, leader.region(), node)));
    }

    private Reply renewLease(ClusterCommand.RenewLease renew) {
        Reply reply = nextLease(renew.node(), renew.sequence());
        if (reply instanceof Reply.Done) {
            leaseNanos.put(renew.node(), renew.lengthNanos());
        }
        return reply;
    }

    /** Goes on to the next sequence of a node, whoever asks for it, if nobody else has. */
    private Reply nextLease(NodeId node, long expected) {
        NodeRecord holder = nodes.get(node);
        if (holder != null && holder.removed()) {
            return refused(ErrorCode.NOT_OWNER, "node " + node + " was removed from the cluster: it leads nothing");
        }
        long known = lease(node);
        if (known != expected) {
            return refused(
                    ErrorCode.NOT_OWNER,
                    "the lease of node " + node + " is at " + known + " and was expected at " + expected
                            + ": somebody else has changed it meanwhile");
        }
        leases.put(node, known + 1);
        return new Reply.Done(known + 1);
    }

    long lease(NodeId node) {
        return leases.getOrDefault(node, 0L);
    }

    SortedMap<NodeId, Long> leases() {
        return Collections.unmodifiableSortedMap(leases);
    }

    /** Returns for how long a node counts on its last renewal. */
    long leaseNanos(NodeId node) {
        return leaseNanos.getOrDefault(node, DEFAULT_LEASE_NANOS);
    }

    SortedMap<NodeId, Long> leaseNanos() {
        return Collections.unmodifiableSortedMap(leaseNanos);
    }

    private static Reply unknown(TenantId id) {
        return NotFound.refusal(NotFound.tenant(id));
    }

    private static Reply refused(ErrorCode code, String message) {
        return new Reply.Refused(code, message);
    }

    String cluster() {
        return cluster;
    }

    List<ShardAssignment> shards() {
        return List.copyOf(shards);
    }

    List<SchemaEntry> schema() {
        return List.copyOf(schema);
    }

    SortedMap<TenantId, TenantRecord> tenants() {
        return Collections.unmodifiableSortedMap(new TreeMap<>(tenants));
    }

    @Nullable
    TenantRecord tenant(TenantId id) {
        return tenants.get(id);
    }

    boolean hadFormer(TenantId id) {
        return erased.containsKey(id);
    }

    List<TenantId> erased() {
        return erased.keySet().stream().filter(id -> !tenants.containsKey(id)).toList();
    }

    /** Returns what is known of tenants that were deleted, also of those created again since. */
    SortedMap<TenantId, TenantRecord> graves() {
        return Collections.unmodifiableSortedMap(new TreeMap<>(erased));
    }

    /** Returns the newest incarnation of each replica that was granted one. */
    SortedMap<ReplicaId, Integer> incarnations() {
        return Collections.unmodifiableSortedMap(new TreeMap<>(incarnations));
    }

    void restore(String name, List<ShardAssignment> assigned, SortedMap<ReplicaId, Integer> granted) {
        cluster = name;
        shards.addAll(assigned);
        incarnations.putAll(granted);
    }

    void restoreLeases(SortedMap<NodeId, Long> sequences, SortedMap<NodeId, Long> lengths) {
        leases.putAll(sequences);
        leaseNanos.putAll(lengths);
    }

    void restoreSignal(String name, long halfLifeNanos) {
        schema.add(new SchemaEntry(schema.size(), name, halfLifeNanos));
    }

    void restoreTenants(SortedMap<TenantId, TenantRecord> living, SortedMap<TenantId, TenantRecord> deleted) {
        tenants.putAll(living);
        erased.putAll(deleted);
        replicaSteps.restore(living.values());
    }

    /** Becomes what another state is. */
    void replaceWith(ClusterState other) {
        shards.clear();
        schema.clear();
        tenants.clear();
        erased.clear();
        incarnations.clear();
        leases.clear();
        leaseNanos.clear();
        defined.clear();
        nodes.replaceWith(other.nodes);
        upgrades.replaceWith(other.upgrades);
        defined.addAll(other.defined);
        restoreLeases(other.leases, other.leaseNanos);
        restore(other.cluster, other.shards, other.incarnations);
        schema.addAll(other.schema);
        restoreTenants(other.tenants, other.erased);
        restoreRestoring(other.restoring);
        erasures.restore(other.erasures.records());
        entityErasures.replaceWith(other.entityErasures);
        revokedTokens.replaceWith(other.revokedTokens);
        drills.replaceWith(other.drills);
        losses.replaceWith(other.losses);
        audit.replaceWith(other.audit);
        migrations.replaceWith(other.migrations);
    }

    int incarnation(ReplicaId replica) {
        return incarnations.getOrDefault(replica, 0);
    }
}
