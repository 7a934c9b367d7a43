package io.tidaldb.core.control;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.routing.ShardReplicas;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Decides on changes of who holds tenants' replicas. Part of {@link ClusterState}, and confined as that is. Each command can come again: it is
 * refused, or changes nothing.
 *
 * <p>While a change is under way all members of before and after hold the tenant, and none that has just come counts among those that are
 * asked before a takeover. When some leave, those that stay and follow don't count either until they hold what the leader had by then: what
 * was acknowledged before may have been on the leader and on those that left alone.
 */
final class ReplicaSteps {

    private final MigrationTable.Cluster cluster;
    private final MigrationTable migrations;

    /** Tenants with a change under way, as far as they still exist. */
    private final SortedSet<TenantId> changing = new TreeSet<>();

    ReplicaSteps(MigrationTable.Cluster cluster, MigrationTable migrations) {
        this.cluster = cluster;
        this.migrations = migrations;
    }

    Reply apply(ClusterCommand.OfReplicas command) {
        TenantRecord tenant = cluster.tenant(command.tenant());
        if (tenant == null) {
            return NotFound.refusal(NotFound.tenant(command.tenant()));
        }
        if (command instanceof ClusterCommand.ChangeReplicas change) {
            return change(tenant, change);
        } else if (command instanceof ClusterCommand.ReplicasComplete complete) {
            return step(tenant, change -> change.filled(complete.replicas()));
        } else if (command instanceof ClusterCommand.NarrowReplicas) {
            return narrow(tenant);
        } else if (command instanceof ClusterCommand.ReplicasGone gone) {
            return step(tenant, change -> change.erased(gone.replicas()));
        }
        throw new IllegalStateException("no case for " + command);
    }

    private Reply step(TenantRecord tenant, UnaryOperator<ReplicaChange> next) {
        ReplicaChange known = tenant.change();
        if (known != null) {
            put(tenant.changing(next.apply(known)));
        }
        return new Reply.Done(0);
    }

    private void put(TenantRecord tenant) {
        cluster.put(tenant);
        if (tenant.change() == null) {
            changing.remove(tenant.config().id());
        } else {
            changing.add(tenant.config().id());
        }
    }

    private Reply change(TenantRecord tenant, ClusterCommand.ChangeReplicas command) {
        TenantConfig wanted;
        try {
            wanted = tenant.config().toBuilder()
                    .requiredRegions(command.regions().toArray(RegionId[]::new))
                    .withoutReplicas(command.without().toArray(ReplicaId[]::new))
                    .build();
        } catch (TidalException e) {
            return refused(e.code(), e.getMessage() + "");
        }
        if (wanted.requiredRegions().equals(tenant.wanted().requiredRegions())
                && wanted.withoutReplicas().equals(tenant.wanted().withoutReplicas())) {
            return new Reply.Done(0);
        }
        ReplicaChange known = tenant.change();
        Reply refusal = refusal(tenant, wanted);
        if (refusal != null) {
            return refusal;
        }
        List<ReplicaId> before = replicas(tenant, tenant.config());
        List<ReplicaId> after = replicas(tenant, wanted);
        List<ReplicaId> filling = new ArrayList<>(known == null ? List.of() : known.filling());
        after.stream().filter(each -> !before.contains(each)).forEach(filling::add);
        TenantRecord widened = tenant.with(both(tenant, wanted, before, after));
        ReplicaChange begun =
                new ReplicaChange(wanted.requiredRegions(), wanted.withoutReplicas(), filling, false, List.of());
        boolean leave = !after.containsAll(before);
        put(leave || !filling.isEmpty() ? widened.changing(begun) : narrowed(tenant, begun, wanted, List.of()));
        return new Reply.Done(0);
    }

    private @Nullable Reply refusal(TenantRecord tenant, TenantConfig wanted) {
        TenantId id = wanted.id();
        ReplicaChange before = tenant.change();
        if (wanted.writes() == WriteMode.EVERYWHERE) {
            return refused(
                    ErrorCode.UNSUPPORTED,
                    "the replicas of tenant " + id + " can't be changed: each of them takes writes (writes "
                            + WriteMode.EVERYWHERE + "), and one that leaves may be the only one that has some");
        }
        if (before != null && before.narrowed()) {
            return refused(
                    ErrorCode.OVERLOADED,
                    "the replicas of tenant " + id + " are being changed, and " + before.erasing()
                            + " are not erased yet, nor " + before.filling()
                            + " known to be complete: wait until they are");
        }
        if (migrations.isMoving(id)) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "the replicas of tenant " + id + " can't be changed while a slot of it is moved or held: wait until"
                            + " that migration is over, abort it, or end its hold");
        }
        for (ReplicaId each : wanted.withoutReplicas()) {
            boolean exists =
                    cluster.shards().stream().anyMatch(shard -> shard.replica().equals(each));
            // One that was left out stays so when its slot has moved to another shard.
            boolean known = tenant.wanted().withoutReplicas().contains(each);
            if (!known && !(exists && tenant.slotOf(each.shard()) >= 0)) {
                return refused(
                        ErrorCode.INVALID_ARGUMENT,
                        "tenant " + id + " can't be without replica " + each
                                + ": expected a replica of one of its shards, "
                                + tenant.placement().stream()
                                        .map(ReplicaId::shard)
                                        .toList());
            }
        }
        for (ReplicaId leader : tenant.placement()) {
            int left = members(leader.shard(), wanted).size();
            if (left == 0) {
                return refused(
                        ErrorCode.RESIDENCY_UNSATISFIABLE,
                        "tenant " + id + " would have no replica of shard " + leader.shard() + ", which is in "
                                + members(leader.shard(), unrestricted(wanted)).stream()
                                        .map(ShardAssignment::replica)
                                        .toList()
                                + ": allow it one of these, or move the slot to a shard with a replica there first");
            }
            if (left < 2 && wanted.durability().compareTo(Durability.MAJORITY) >= 0) {
                return refused(
                        ErrorCode.UNSUPPORTED,
                        "tenant " + id + " asks for durability " + wanted.durability()
                                + " and would have a single replica of" + " shard " + leader.shard()
                                + ": set its durability to LOCAL first, or leave it two");
            }
        }
        return null;
    }

    private static TenantConfig unrestricted(TenantConfig config) {
        return config.toBuilder().requiredRegions().withoutReplicas().build();
    }

    /** Returns a configuration with which those hold the tenant that did before, and those that are to, and nobody else. */
    private TenantConfig both(TenantRecord tenant, TenantConfig wanted, List<ReplicaId> before, List<ReplicaId> after) {
        List<RegionId> old = tenant.config().requiredRegions();
        SortedSet<RegionId> regions = new TreeSet<>();
        if (!old.isEmpty() && !wanted.requiredRegions().isEmpty()) {
            regions.addAll(old);
            regions.addAll(wanted.requiredRegions());
        }
        TenantConfig wide = wanted.toBuilder()
                .requiredRegions(regions.toArray(RegionId[]::new))
                .withoutReplicas()
                .build();
        return wide.toBuilder()
                .withoutReplicas(replicas(tenant, wide).stream()
                        .filter(each -> !before.contains(each) && !after.contains(each))
                        .toArray(ReplicaId[]::new))
                .build();
    }

    private Reply narrow(TenantRecord tenant) {
        ReplicaChange known = tenant.change();
        if (known == null || known.narrowed()) {
            return new Reply.Done(0);
        }
        TenantConfig wanted = tenant.wanted();
        List<ReplicaId> after = replicas(tenant, wanted);
        List<ReplicaId> leave = new ArrayList<>(replicas(tenant, tenant.config()));
        leave.removeAll(after);
        if (!after.containsAll(tenant.placement()) || known.filling().stream().anyMatch(after::contains)) {
            return refused(
                    ErrorCode.NOT_CAUGHT_UP,
                    "tenant " + wanted.id() + " is led on " + tenant.placement() + ", and " + known.filling()
                            + " may lack what was acknowledged: " + leave + " can't leave it yet");
        }
        put(narrowed(tenant, known, wanted, leave));
        return new Reply.Done(0);
    }

    private TenantRecord narrowed(
            TenantRecord tenant, ReplicaChange change, TenantConfig wanted, List<ReplicaId> leave) {
        List<ShardId> left = leave.stream().map(ReplicaId::shard).toList();
        List<ReplicaId> filling = replicas(tenant, wanted).stream()
                .filter(each ->
                        left.contains(each.shard()) && !tenant.placement().contains(each))
                .toList();
        List<ReplicaId> after = replicas(tenant, wanted);
        TenantRecord next = tenant.with(wanted);
        for (int slot = 0; slot < tenant.placement().size(); slot++) {
            if (!after.contains(tenant.preferred().get(slot))) {
                next = next.preferring(slot, tenant.placement().get(slot));
            }
        }
        return next.changing(new ReplicaChange(change.regions(), change.without(), filling, true, leave));
    }

    private List<ReplicaId> replicas(TenantRecord tenant, TenantConfig config) {
        return tenant.placement().stream()
                .flatMap(leader -> members(leader.shard(), config).stream())
                .map(ShardAssignment::replica)
                .toList();
    }

    private List<ShardAssignment> members(ShardId shard, TenantConfig config) {
        return new ShardReplicas(cluster.shards()).allowed(shard, config);
    }

    private static Reply refused(ErrorCode code, String message) {
        return new Reply.Refused(code, message);
    }

    /** Returns the tenants some of whose replicas come or leave. */
    List<TenantRecord> changing() {
        return changing.stream()
                .map(cluster::tenant)
                .filter(Objects::nonNull)
                .filter(each -> each.change() != null)
                .toList();
    }

    /** Looks for changes that are under way. */
    void restore(Collection<TenantRecord> tenants) {
        changing.clear();
        tenants.stream()
                .filter(each -> each.change() != null)
                .forEach(each -> changing.add(each.config().id()));
    }
}
