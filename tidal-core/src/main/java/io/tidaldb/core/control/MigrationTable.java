package io.tidaldb.core.control;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.routing.ShardReplicas;
import io.tidaldb.core.upgrade.UpgradePhase;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The migrations of the cluster, with the newest of those that are over. Part of {@link ClusterState}, and confined as that is. Each command
 * can come again: it is refused, or changes nothing, and never does its work twice.
 */
final class MigrationTable {

    /** How many are remembered that are over. */
    private static final int MAX_OVER = 256;

    /** How many there can be at a time. */
    private static final int MAX_RUNNING = 10_000;

    private final SortedMap<Long, MigrationRecord> migrations = new TreeMap<>();
    private long last;

    /** What the table needs of the state that it is part of. */
    interface Cluster {

        @Nullable
        TenantRecord tenant(TenantId id);

        void put(TenantRecord tenant);

        List<ShardAssignment> shards();

        Reply grantIncarnation(ReplicaId replica);

        UpgradePhase phase(ReplicaId replica);

        boolean isFilling(ReplicaId replica);
    }

    private final Cluster cluster;

    MigrationTable(Cluster cluster) {
        this.cluster = cluster;
    }

    Reply apply(ClusterCommand.OfMigration command) {
        if (command instanceof ClusterCommand.StartMigration start) {
            return start(start);
        } else if (command instanceof ClusterCommand.StepMigration step) {
            return step(step);
        } else if (command instanceof ClusterCommand.CutOver cutOver) {
            return cutOver(cutOver);
        } else if (command instanceof ClusterCommand.ReverseMigration reverse) {
            return reverse(reverse);
        } else if (command instanceof ClusterCommand.ReplicasErased erased) {
            return erased(erased);
        } else if (command instanceof ClusterCommand.PauseMigration pause) {
            return pause(pause);
        } else if (command instanceof ClusterCommand.StallMigration stall) {
            return stall(stall);
        } else if (command instanceof ClusterCommand.EndHold end) {
            return endHold(end);
        }
        throw new IllegalStateException("no case for " + command);
    }

    private Reply start(ClusterCommand.StartMigration start) {
        TenantRecord tenant = cluster.tenant(start.tenant());
        if (tenant == null) {
            return NotFound.refusal(NotFound.tenant(start.tenant()));
        }
        if (tenant.config().writes() == WriteMode.EVERYWHERE) {
            return refused(
                    ErrorCode.UNSUPPORTED,
                    "tenant " + start.tenant() + " can't be moved: each of its replicas takes writes (writes "
                            + WriteMode.EVERYWHERE + "), and only slots with one leader are moved");
        }
        if (tenant.change() != null) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "tenant " + start.tenant()
                            + " can't be moved while its replicas are being changed: wait until that is done");
        }
        int slot = tenant.placement().indexOf(start.from());
        String problem = problem(start, tenant, slot);
        if (problem != null) {
            return refused(ErrorCode.INVALID_ARGUMENT, "tenant " + start.tenant() + " can't be moved: " + problem);
        }
        ReplicaId to = start.to();
        List<ShardAssignment> members = members(to.shard(), tenant);
        boolean alone = members.size() < 2;
        Durability level = tenant.config().durability();
        if (alone && (level == Durability.MAJORITY || level == Durability.ALL)) {
            return refused(
                    ErrorCode.UNSUPPORTED,
                    "tenant " + start.tenant() + " can't be moved: it asks for durability " + level + ", and shard "
                            + to.shard() + " has no other replica where the tenant may be: choose another shard");
        }
        if (migrations.values().stream().filter(each -> !each.state().isOver()).count() >= MAX_RUNNING) {
            return refused(
                    ErrorCode.OVERLOADED, "there are " + MAX_RUNNING + " migrations already: wait until one is over");
        }
        last++;
        migrations.put(
                last,
                new MigrationRecord(
                        last,
                        start.tenant(),
                        start.from(),
                        to,
                        MigrationState.PREPARING,
                        start.terms(),
                        0,
                        -1,
                        start.atMillis(),
                        start.atMillis(),
                        false,
                        false,
                        List.of(),
                        null));
        cluster.put(tenant.with(new SlotHome(slot, to, true, tenant.hasLeft(slot, to.shard()))));
        forget();
        return new Reply.Done(last);
    }

    private @Nullable String problem(ClusterCommand.StartMigration start, TenantRecord tenant, int slot) {
        ReplicaId to = start.to();
        if (slot < 0) {
            return start.from() + " leads none of its slots: expected one of " + tenant.placement();
        }
        if (start.from().equals(to)) {
            return "source and target are both " + to + ": expected another target";
        }
        if (start.from().shard().equals(to.shard())) {
            return to + " is a replica of the same shard and has everything: promote it instead";
        }
        if (cluster.shards().stream().noneMatch(each -> each.replica().equals(to))) {
            return "there is no shard " + to + ": expected one of "
                    + cluster.shards().stream().map(ShardAssignment::replica).toList();
        }
        if (members(to.shard(), tenant).stream()
                .noneMatch(each -> each.replica().equals(to))) {
            return "shard " + to + " is in a region where it must not be: expected one in regions "
                    + tenant.config().requiredRegions();
        }
        if (tenant.slotOf(to.shard()) >= 0) {
            return "shard " + to.shard() + " has another slot of it: expected one without, it is on "
                    + tenant.placement();
        }
        if (tenant.homes().stream()
                .anyMatch(home -> home.held() && home.replica().shard().equals(to.shard()) && home.slot() != slot)) {
            return "another slot of it is being moved to or from shard " + to.shard() + ": wait until that is done";
        }
        MigrationRecord running = running(start.tenant(), start.from());
        MigrationRecord there = running(start.tenant(), to);
        if (running == null && there != null) {
            // What comes of this slot would be erased with what was there of the other one.
            return "what shard " + to.shard() + " has of another slot of it is being erased, by migration " + there.id()
                    + " in state " + there.state() + ": wait until that is over";
        }
        return running == null
                ? null
                : "migration " + running.id() + " of the same slot, from " + running.from() + " to " + running.to()
                        + ", is in state " + running.state() + ": "
                        + (running.state() == MigrationState.HOLD
                                ? "end its hold first, or reverse it"
                                : "wait until it is over, or abort it");
    }

    /** Returns whether a slot of a tenant is being moved, or held after that. */
    boolean isMoving(TenantId tenant) {
        return migrations.values().stream()
                .anyMatch(each -> each.tenant().equals(tenant) && !each.state().isOver());
    }

    /** Returns the migration of a slot that is not over. */
    @Nullable
    MigrationRecord running(TenantId tenant, ReplicaId leader) {
        return migrations.values().stream()
                .filter(each -> !each.state().isOver()
                        && each.tenant().equals(tenant)
                        && (each.active().shard().equals(leader.shard())
                                || each.passive().shard().equals(leader.shard())))
                .findFirst()
                .orElse(null);
    }

    private List<ShardAssignment> members(ShardId shard, TenantRecord tenant) {
        return new ShardReplicas(cluster.shards()).allowed(shard, tenant.config());
    }

    private List<ReplicaId> replicas(ShardId shard, TenantRecord tenant) {
        return members(shard, tenant).stream().map(ShardAssignment::replica).toList();
    }

    private Reply step(ClusterCommand.StepMigration step) {
        MigrationRecord known = migrations.get(step.id());
        TenantRecord tenant = cluster.tenant(step.tenant());
        if (known == null || tenant == null || !known.tenant().equals(step.tenant())) {
            return unknown(step.id());
        }
        if (known.state() != step.expected() || known.attempt() != step.attempt()) {
            return refused(
                    ErrorCode.NOT_OWNER,
                    "migration " + step.id() + " is in state " + known.state() + ", attempt " + known.attempt()
                            + ", and was expected in state " + step.expected() + ", attempt " + step.attempt());
        }
        if (!known.state().mayBecome(step.next())) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "migration " + step.id() + " is in state " + known.state() + " and can't become " + step.next()
                            + way(known.state(), step.next()));
        }
        MigrationRecord next = known.in(step.next(), step.atMillis(), step.reason());
        if (step.pauseNanos() >= 0) {
            next = next.pausedFor(step.pauseNanos());
        }
        if (step.next() == MigrationState.GC || step.next() == MigrationState.ABORTING) {
            next = next.erasing(replicas(known.passive().shard(), tenant));
            drop(known, tenant);
        }
        migrations.put(next.id(), next);
        return new Reply.Done(next.attempt());
    }

    private static String way(MigrationState from, MigrationState to) {
        if (to != MigrationState.ABORTING) {
            return "";
        }
        return from.isOver() || from == MigrationState.GC
                ? ": start another one to move the tenant back"
                : ": reverse it instead";
    }

    // The shard that does not lead holds the slot no more. It may have written to it once.
    private void drop(MigrationRecord known, TenantRecord tenant) {
        int slot = tenant.slotOf(known.active().shard());
        ReplicaId passive = known.passive();
        cluster.put(
                tenant.hasLeft(slot, passive.shard())
                        ? tenant.with(new SlotHome(slot, passive, false, true))
                        : tenant.without(slot, passive.shard()));
    }

    private Reply cutOver(ClusterCommand.CutOver command) {
        MigrationRecord known = migrations.get(command.id());
        TenantRecord tenant = cluster.tenant(command.tenant());
        if (known == null || tenant == null || !known.tenant().equals(command.tenant())) {
            return unknown(command.id());
        }
        int slot = tenant.placement().indexOf(known.from());
        if (known.state() != MigrationState.CUTOVER || known.attempt() != command.attempt() || slot < 0) {
            return refused(
                    ErrorCode.NOT_OWNER,
                    "migration " + command.id() + " is in state " + known.state() + ", attempt " + known.attempt()
                            + ": attempt " + command.attempt() + " at its cutover is over");
        }
        UpgradePhase phase = cluster.phase(known.to());
        if (!phase.mayLead()) {
            return refused(ErrorCode.UNSAFE, "the node that has " + known.to() + " is out of service: it is " + phase);
        }
        if (cluster.isFilling(known.to())) {
            return refused(
                    ErrorCode.NOT_CAUGHT_UP,
                    known.to() + " can't lead tenant " + command.tenant()
                            + ": its node is new, and what was compared may have been on the one before it");
        }
        Reply granted = cluster.grantIncarnation(known.to());
        if (granted instanceof Reply.Done) {
            TenantRecord moved = tenant.without(slot, known.to().shard())
                    .ledBy(slot, known.to())
                    .preferring(slot, known.to())
                    .with(new SlotHome(slot, known.from(), true, true));
            cluster.put(moved);
            migrations.put(
                    known.id(),
                    known.in(MigrationState.DRAINING, command.atMillis(), null).pausedFor(command.pauseNanos()));
        }
        return granted;
    }

    /** Another replica leads a slot: an attempt at a cutover from the former one is over, as if it had been given up first. */
    void promoted(TenantId tenant, ReplicaId leader) {
        MigrationRecord known = running(tenant, leader);
        if (known == null || known.state() == MigrationState.GC || known.state() == MigrationState.ABORTING) {
            return;
        }
        if (known.state().isCutOver()) {
            migrations.put(known.id(), known.toward(leader));
        } else if (known.from().shard().equals(leader.shard())) {
            MigrationRecord again = known.state() == MigrationState.CUTOVER
                    ? known.in(MigrationState.PREPARING, known.changedMillis(), "another replica leads the source")
                    : known;
            migrations.put(known.id(), again.from(leader));
        }
    }

    private Reply reverse(ClusterCommand.ReverseMigration command) {
        MigrationRecord known = migrations.get(command.id());
        TenantRecord tenant = cluster.tenant(command.tenant());
        if (known == null || tenant == null) {
            return unknown(command.id());
        }
        if (known.state() != MigrationState.DRAINING && known.state() != MigrationState.HOLD) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "migration " + known.id() + " is in state " + known.state() + " and can't be reversed: "
                            + (known.state().canAbort()
                                    ? "abort it instead"
                                    : "only what is held can; start another one to move the tenant back"));
        }
        if (!replicas(known.from().shard(), tenant).contains(known.from())) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "migration " + known.id() + " can't be reversed: " + known.from()
                            + " is in a region where the tenant must not be any more, which is in "
                            + tenant.config().requiredRegions());
        }
        migrations.put(known.id(), known.reversed(command.atMillis()));
        return new Reply.Done(known.id());
    }

    private Reply erased(ClusterCommand.ReplicasErased command) {
        MigrationRecord known = migrations.get(command.id());
        if (known == null) {
            return unknown(command.id());
        }
        if (known.state() != MigrationState.GC && known.state() != MigrationState.ABORTING) {
            return new Reply.Done(0);
        }
        List<ReplicaId> left = new ArrayList<>(known.erasing());
        left.removeAll(command.replicas());
        MigrationRecord next = known.erasing(left);
        if (left.isEmpty()) {
            next = next.in(
                    known.state() == MigrationState.GC ? MigrationState.COMPLETE : MigrationState.ABORTED,
                    command.atMillis(),
                    known.reason());
        }
        migrations.put(known.id(), next);
        return new Reply.Done(left.size());
    }

    private Reply pause(ClusterCommand.PauseMigration command) {
        MigrationRecord known = migrations.get(command.id());
        if (known == null) {
            return unknown(command.id());
        }
        if (known.state().isOver()) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "migration " + known.id() + " is in state " + known.state() + ": expected one that is not over");
        }
        migrations.put(known.id(), known.paused(command.paused()));
        return new Reply.Done(0);
    }

    private Reply stall(ClusterCommand.StallMigration command) {
        MigrationRecord known = migrations.get(command.id());
        if (known == null) {
            return unknown(command.id());
        }
        if (known.state().canAbort()) {
            migrations.put(known.id(), known.stalled(command.reason()));
        }
        return new Reply.Done(0);
    }

    private Reply endHold(ClusterCommand.EndHold command) {
        MigrationRecord known = migrations.get(command.id());
        if (known == null) {
            return unknown(command.id());
        }
        if (known.state() != MigrationState.DRAINING && known.state() != MigrationState.HOLD) {
            return refused(
                    ErrorCode.INVALID_ARGUMENT,
                    "migration " + known.id() + " is in state " + known.state() + " and holds nothing: expected "
                            + MigrationState.HOLD);
        }
        migrations.put(known.id(), known.under(known.terms().withoutHold()));
        return new Reply.Done(0);
    }

    /** A tenant is gone, with all that there was of it. */
    void forget(TenantId tenant) {
        migrations.values().removeIf(each -> each.tenant().equals(tenant));
    }

    private void forget() {
        List<Long> over = migrations.values().stream()
                .filter(each -> each.state().isOver())
                .map(MigrationRecord::id)
                .toList();
        migrations.keySet().removeAll(over.subList(0, Math.max(0, over.size() - MAX_OVER)));
    }

    private static Reply unknown(long id) {
        return NotFound.refusal(NotFound.migration(id));
    }

    private static Reply refused(ErrorCode code, String message) {
        return new Reply.Refused(code, message);
    }

    @Nullable
    MigrationRecord get(long id) {
        return migrations.get(id);
    }

    /** Returns all, in order of id. */
    List<MigrationRecord> all() {
        return List.copyOf(migrations.values());
    }

    /** Returns the id of the last one that was started. */
    long last() {
        return last;
    }

    void restore(long lastId, Collection<MigrationRecord> known) {
        last = lastId;
        known.forEach(each -> migrations.put(each.id(), each));
    }

    void replaceWith(MigrationTable other) {
        migrations.clear();
        restore(other.last, other.migrations.values());
    }
}
