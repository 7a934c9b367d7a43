package io.tidaldb.core.backup.tenant;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.BackupSource;
import io.tidaldb.core.RestoreOptions;
import io.tidaldb.core.backup.BackupHead;
import io.tidaldb.core.backup.BackupReader;
import io.tidaldb.core.backup.BackupReplay;
import io.tidaldb.core.backup.BackupScan;
import io.tidaldb.core.backup.LogTransfer;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.codec.RenamedOrigins;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.EntityErasureRecord;
import io.tidaldb.core.control.SchemaEntry;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.key.KeyRing;
import io.tidaldb.core.key.WrappedKey;
import io.tidaldb.core.lifecycle.TenantLifecycle;
import io.tidaldb.core.replication.Replicator;
import io.tidaldb.core.routing.ShardReplicas;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a tenant of a backup. The whole backup is checked first. Then the tenant is agreed on as one that is being restored, which nobody
 * sees; its logs are appended on this node, under origins that nobody has ever written under, in the order of those that they come from; and
 * when they are as long as they should be, and a majority of the replicas hold them, the tenant is agreed on as
 * whole. If anything fails before, it is deleted.
 */
public final class TenantRestore {

    private static final Logger LOG = LoggerFactory.getLogger(TenantRestore.class);
    private static final int BUFFER = 256 << 10;
    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

    private final Instance tidal;
    private final LocalCluster cluster;
    private final TenantLifecycle tenants;
    private final Decisions decisions;
    private final BackupSource source;
    private final RestoreOptions options;

    /** Proposes what is to be agreed on. */
    public interface Decisions {

        /** Proposes a command and returns its reply's value. */
        long decide(ClusterCommand command);

        /** Returns the name of the cluster. */
        String cluster();

        /** Returns the erasures of entities that are agreed on. */
        List<EntityErasureRecord> erasures();

        /** Erases an entity of a tenant that nobody sees yet; returns when the nodes of this process have done it. */
        void erase(TenantId tenant, EntityId entity);

        /** Does several things, between which nobody else decides anything. */
        <T> T together(Supplier<T> change);
    }

    /**
     * Creates one.
     *
     * @param decisions in whose name it is agreed on
     */
    public TenantRestore(
            Instance tidal,
            LocalCluster cluster,
            TenantLifecycle tenants,
            Decisions decisions,
            BackupSource source,
            RestoreOptions options) {
        this.tidal = tidal;
        this.cluster = cluster;
        this.tenants = tenants;
        this.decisions = decisions;
        this.source = source;
        this.options = options;
    }

    /** Restores, and returns the id of the tenant. */
    public TenantId restore() throws IOException {
        BackupScan scan = new BackupScan(options.at());
        read(scan);
        SortedMap<Integer, SortedMap<Origin, Long>> counted = scan.counted();
        int origins = counted.values().stream()
                .mapToInt(origin -> origin.size())
                .max()
                .orElse(0);
        BackupHead head = scan.head();
        requireErasable(head);
        declare(head);
        TenantConfig config = config(head);
        KeyRing from = tenants.keyring(head.config().id(), head.keys());
        List<WrappedKey> keys = tenants.firstKeys(config);
        long first = begin(config, head, origins);
        TenantId id = config.id();
        try {
            tenants.awaitEverywhere(id);
            EmbeddedTenant tenant = tenants.existing(id);
            if (!keys.isEmpty()) {
                tenants.decideKeys(id, tenant.record().digestSeed(), keys, decisions::decide);
                tenants.awaitEverywhere(id);
            }
            SortedMap<Integer, RenamedOrigins> successors = successors(tenant, counted, (int) first);
            SortedMap<Integer, LogTransfer> transfers = new TreeMap<>();
            successors.forEach((slot, of) -> transfers.put(
                    slot,
                    new LogTransfer(
                            id,
                            of,
                            Objects.requireNonNull(counted.get(slot)),
                            scan.base().logs(slot),
                            from,
                            tenant.keys())));
            RestoredSlots slots =
                    new RestoredSlots(tidal, tenants, tenant, head.config().id(), from, successors);
            try {
                read(new BackupReplay(scan, options.at(), transfers, slots));
                slots.finish();
            } finally {
                slots.discard();
            }
            check(tenant, counted, successors);
            label(tenant);
            eraseAgain(id, head, transfers, slots);
            awaitReplicas(tenant, first);
            decisions.decide(new ClusterCommand.FinishRestore(id));
            return id;
        } catch (TidalException | IOException e) {
            giveUp(id, first, e);
            throw e;
        }
    }

    private void giveUp(TenantId id, long first, Exception reason) {
        TenantRecord left = tidal.agreed(id);
        // Somebody else may have deleted it, and another one may have its id.
        if (left != null && left.minIncarnation() == first) {
            LOG.warn("what was restored of tenant {} is deleted again: {}", id, reason.getMessage());
            decisions.decide(new ClusterCommand.DeleteTenant(id));
            tenants.awaitEverywhere(id);
        }
    }

    private void read(BackupReader.Visitor visitor) throws IOException {
        try (InputStream in = new BufferedInputStream(source.open(), BUFFER)) {
            new BackupReader(source.name(), in).read(visitor);
        }
    }

    // Records name types by their index.
    private void declare(BackupHead head) {
        for (SchemaEntry wanted : head.schema()) {
            SchemaEntry known = tidal.schema().entry(wanted.index());
            if (known == null) {
                known = new SchemaEntry(
                        (int) decisions.decide(new ClusterCommand.DeclareSignal(wanted.name(), wanted.halfLifeNanos())),
                        wanted.name(),
                        wanted.halfLifeNanos());
            }
            if (!known.equals(wanted)) {
                throw new TidalException(
                        ErrorCode.SIGNAL_CONFLICT,
                        "the backup was made where signal type " + wanted.index() + " was " + wanted
                                + ", and here it is " + known
                                + ": restore it where the types were declared in the same order, or nowhere before");
            }
        }
    }

    private TenantConfig config(BackupHead head) {
        TenantConfig was = head.config();
        return new TenantConfig(
                options.as().orElse(was.id()),
                TenantConfig.DEFAULT_LABEL,
                was.maxSignalsPerSecond(),
                was.burst(),
                was.reservedSignalsPerSecond(),
                was.maxEntities(),
                was.maxStorageBytes(),
                options.regions().orElse(was.requiredRegions()),
                options.durability().orElse(was.durability()),
                was.writes(),
                was.slots(),
                List.of(),
                was.hold(),
                List.of(),
                was.encrypted());
    }

    /** Agrees on the tenant, and returns the first incarnation under which its logs may be. */
    private long begin(TenantConfig config, BackupHead head, int origins) {
        return decisions.together(() -> {
            List<ReplicaId> placement = tenants.placed(config).stream()
                    .map(leader -> here(leader, config))
                    .toList();
            return decisions.decide(
                    new ClusterCommand.RestoreTenant(tenants.creation(config, placement), origins, head.epoch()));
        });
    }

    /** Returns the replica of a shard that is in this process. */
    private ReplicaId here(ReplicaId leader, TenantConfig config) {
        return cluster.replicas().allowed(leader.shard(), config).stream()
                .filter(each -> cluster.isLocal(each.node()) && cluster.isRunning(each.node()))
                .map(each -> each.replica())
                .min((one, other) -> Boolean.compare(other.equals(leader), one.equals(leader)))
                .orElseThrow(() -> new TidalException(
                        ErrorCode.NOT_OWNER,
                        "this node has no replica of shard " + leader.shard() + " where tenant " + config.id()
                                + " may be: restore through the node of " + leader));
    }

    private static SortedMap<Integer, RenamedOrigins> successors(
            EmbeddedTenant tenant, SortedMap<Integer, SortedMap<Origin, Long>> counted, int first) {
        SortedMap<Integer, RenamedOrigins> successors = new TreeMap<>();
        counted.forEach((slot, logs) -> {
            ReplicaId leader = tenant.placement().get(slot);
            SortedMap<Origin, Origin> of = new TreeMap<>();
            logs.keySet()
                    .forEach(origin -> of.put(origin, new Origin(leader.region(), leader.shard(), first + of.size())));
            successors.put(slot, new RenamedOrigins(of));
        });
        return successors;
    }

    private void check(
            EmbeddedTenant tenant,
            SortedMap<Integer, SortedMap<Origin, Long>> counted,
            SortedMap<Integer, RenamedOrigins> successors) {
        counted.forEach((slot, logs) -> {
            TenantShard shard = tenant.leading(tenant.placement().get(slot).shard());
            List<String> ends = tidal.await(tidal.node(shard).withLogs(shard, 0, TenantRestore::ends));
            logs.forEach((from, last) -> {
                Origin to = Objects.requireNonNull(successors.get(slot)).of(from);
                if (!ends.contains(to + " " + Seqno.counter(last))) {
                    throw new TidalException(
                            ErrorCode.CORRUPT_DATA,
                            "slot " + slot + " of tenant " + tenant.id() + " was restored up to " + ends
                                    + ": expected seqno " + Seqno.counter(last) + " of " + to);
                }
            });
        });
    }

    private static List<String> ends(SlotLogs logs) {
        List<String> ends = new ArrayList<>();
        logs.held().forEach(each -> ends.add(each.origin() + " " + Seqno.counter(each.lastSeqno())));
        logs.merged().forEach((origin, last) -> ends.add(origin + " " + Seqno.counter(last)));
        return ends;
    }

    /**
     * Erases from the restored tenant, before anybody sees it, the entities that were erased from the tenant that the backup is of since it was
     * taken, as far as that is known here: a backup must not bring them back. Of whom the erasure is in what was restored of each slot, nothing
     * is left but what was written of him later.
     */
    private void eraseAgain(
            TenantId id, BackupHead head, SortedMap<Integer, LogTransfer> transfers, RestoredSlots slots) {
        List<Set<Long>> carriedOut = transfers.entrySet().stream()
                .map(each -> {
                    Set<Long> of = new HashSet<>(each.getValue().erasures());
                    of.addAll(slots.erasures(each.getKey()));
                    return of;
                })
                .toList();
        erased(head, number -> carriedOut.stream().allMatch(of -> of.contains(number)))
                .forEach(entity -> decisions.erase(id, EntityId.of(entity)));
    }

    /** Returns the entities that a backup must not bring back, but for those of erasures that are carried out in it. */
    private Stream<Long> erased(BackupHead head, LongPredicate carriedOut) {
        if (!head.cluster().equals(decisions.cluster())) {
            return Stream.of();
        }
        return decisions.erasures().stream()
                .filter(erasure -> erasure.tenant().equals(head.config().id()))
                // Of a tenant that had the id before or afterwards, what was erased before the backup was taken is none
                // of its business.
                .filter(erasure -> erasure.life() == 0 || erasure.life() == head.life()
                        ? !carriedOut.test(erasure.number())
                        : erasure.atMillis() > head.takenMillis())
                .map(EntityErasureRecord::entity)
                .distinct();
    }

    private void requireErasable(BackupHead head) {
        if (head.config().writes() == WriteMode.EVERYWHERE
                && erased(head, number -> false).findAny().isPresent()) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "the backup of tenant " + head.config().id()
                            + " can't be restored: entities were erased from a later tenant with this id, which the backup must not bring"
                            + " back, and of a tenant that is written everywhere, as this one was, no entity can be erased");
        }
    }

    /**
     * Waits until a majority of the replicas of each slot, or all where the tenant's durability asks for them, hold what was restored, however
     * long some of them are away. At lower levels, too: a checkpoint that was restored is in no log, so who took over without it could not
     * fetch it from this node when that has come back, as it fetches the end of a log.
     *
     * @throws TidalException NOT_OWNER if another node leads a slot by now; TENANT_NOT_FOUND if somebody has deleted the tenant
     */
    private void awaitReplicas(EmbeddedTenant tenant, long first) {
        try {
            for (ReplicaId leader : tenant.placement()) {
                while (!isHeldByEnough(tenant.leading(leader.shard()), agreed(tenant.id(), first))) {
                    tidal.await(tidal.pause(LOOK_AGAIN));
                }
            }
        } finally {
            tenants.restoreWaits(tenant.id(), null);
        }
    }

    private TenantRecord agreed(TenantId id, long first) {
        TenantRecord record = tidal.agreed(id);
        if (record == null || record.minIncarnation() != first) {
            throw new TidalException(
                    ErrorCode.TENANT_NOT_FOUND, "tenant " + id + " was deleted while it was being restored");
        }
        return record;
    }

    private boolean isHeldByEnough(TenantShard shard, TenantRecord record) {
        TenantConfig config = record.config();
        ReplicaId here = shard.replica();
        List<ShardAssignment> members = cluster.replicas().allowed(here.shard(), config);
        Durability level = config.durability() == Durability.ALL ? Durability.ALL : Durability.MAJORITY;
        int enough = ShardReplicas.enoughToAcknowledge(level, members.size());
        Replicator replicator = cluster.replicator(here);
        if (enough < 2 || replicator == null) {
            return true;
        }
        List<ReplicaId> lacking = members.stream()
                .filter(each -> !each.replica().equals(here)
                        && !tidal.await(cluster.unlessEnded(
                                cluster.nameOf(here), () -> replicator.isHandedTo(shard, each.node()))))
                .map(ShardAssignment::replica)
                .toList();
        boolean held = members.size() - lacking.size() >= enough;
        if (!held) {
            tenants.restoreWaits(
                    config.id(),
                    "waits until " + enough + " of " + members.size() + " replicas of shard " + here.shard()
                            + " hold all of it; " + lacking + " do not yet");
        }
        return held;
    }

    // Two tenants with one label could both not be found by it.
    private void label(EmbeddedTenant tenant) {
        String label = tenant.config().label();
        if (!label.equals(TenantConfig.DEFAULT_LABEL) && tenants.isLabelTaken(label, tenant.id())) {
            tidal.await(tenant.writeLabel(TenantConfig.DEFAULT_LABEL));
        }
    }
}
