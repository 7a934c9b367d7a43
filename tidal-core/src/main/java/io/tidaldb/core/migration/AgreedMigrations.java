package io.tidaldb.core.migration;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationPlan;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.core.Migrations;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.MigrationRecord;
import io.tidaldb.core.control.MigrationState;
import io.tidaldb.core.control.MigrationTerms;
import io.tidaldb.core.control.NotFound;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.upgrade.UpgradePhase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedSet;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** The migrations that the control log holds. */
public final class AgreedMigrations implements Migrations {

    /** One part in so many is left free at the target beside what is copied. */
    private static final long SPARE = 5;

    private final ControlPlane control;
    private final LocalCluster cluster;
    private final ToLongFunction<ClusterCommand> decide;
    private final LongSupplier millis;
    private final Function<List<MigrationRecord>, Map<Long, Answer.Figure>> figures;
    private final ToLongFunction<TenantId> bytes;
    private final Function<NodeId, OptionalLong> usable;

    /**
     * Creates a view.
     *
     * @param decide has a command agreed
     * @param millis the time, since 1970
     * @param figures how far migrations are, as far as somebody says so
     * @param bytes what a tenant has
     * @param usable how much more a node's disk has room for, if it says so; fails if it does not answer
     */
    public AgreedMigrations(
            ControlPlane control,
            LocalCluster cluster,
            ToLongFunction<ClusterCommand> decide,
            LongSupplier millis,
            Function<List<MigrationRecord>, Map<Long, Answer.Figure>> figures,
            ToLongFunction<TenantId> bytes,
            Function<NodeId, OptionalLong> usable) {
        this.control = control;
        this.cluster = cluster;
        this.decide = decide;
        this.millis = millis;
        this.figures = figures;
        this.bytes = bytes;
        this.usable = usable;
    }

    // What is asked for

    @Override
    public long start(TenantId tenant, ReplicaId from, ReplicaId to, MigrationOptions options) {
        ClusterCommand.StartMigration start = command(tenant, from, to, options);
        // What is wrong with it is said before whether the target is there.
        control.preview(start);
        requireServing(to);
        requireRoom(tenant, to, bytes.applyAsLong(tenant));
        return decide.applyAsLong(start);
    }

    private void requireRoom(TenantId tenant, ReplicaId to, long size) {
        TenantRecord record = control.tenant(tenant);
        if (record == null) {
            return;
        }
        OptionalLong quota = record.config().maxStorageBytes();
        if (quota.isPresent() && size > quota.getAsLong()) {
            throw new QuotaExceededException(
                    tenant,
                    QuotaExceededException.Quota.STORAGE_BYTES,
                    QuotaExceededException.Cause.STORAGE,
                    quota.getAsLong(),
                    quota.getAsLong(),
                    size,
                    size,
                    null);
        }
        long needed = size + size / SPARE;
        for (ShardAssignment member : cluster.replicas().allowed(to.shard(), record.config())) {
            OptionalLong room = room(member, to);
            if (room.isPresent() && room.getAsLong() < needed) {
                throw new TidalException(
                        ErrorCode.UNSAFE,
                        "the disk of node " + member.node() + ", which has " + member.replica() + ", has "
                                + room.getAsLong() + " bytes left: expected " + needed + " for tenant " + tenant
                                + "; free some, or choose another shard");
            }
        }
    }

    // Of followers that do not answer nobody knows; they can catch up later.
    private OptionalLong room(ShardAssignment member, ReplicaId to) {
        try {
            return usable.apply(member.node());
        } catch (TidalException e) {
            if (member.replica().equals(to)) {
                throw e;
            }
            return OptionalLong.empty();
        }
    }

    private void requireServing(ReplicaId to) {
        cluster.requireReachable(to);
        NodeId host = cluster.nameOf(to);
        UpgradePhase phase = control.phase(host);
        if (!phase.mayLead()) {
            throw new TidalException(
                    ErrorCode.UNSAFE,
                    "node " + host + ", which has " + to + ", is out of service: it is " + phase
                            + "; let it rejoin first, or choose another shard");
        }
    }

    private ClusterCommand.StartMigration command(
            TenantId tenant, ReplicaId from, ReplicaId to, MigrationOptions options) {
        TenantRecord record = control.tenant(tenant);
        Duration hold = options.hold()
                .orElseGet(
                        () -> record == null ? Duration.ZERO : record.config().hold());
        return new ClusterCommand.StartMigration(
                tenant,
                from,
                to,
                new MigrationTerms(
                        options.maxBytesPerSecond().orElse(0),
                        Clock.nanos(options.maxWritePause()),
                        Clock.nanos(hold),
                        options.full(),
                        options.slowDown()),
                millis.getAsLong());
    }

    @Override
    public MigrationPlan plan(TenantId tenant, ReplicaId from, ReplicaId to, MigrationOptions options) {
        return plan(tenant, from, to, options, List.of());
    }

    @Override
    public MigrationPlan planAfterHold(TenantId tenant, ReplicaId from, ReplicaId to, MigrationOptions options) {
        return plan(tenant, from, to, options, endOfHold(tenant, from));
    }

    /** Returns what comes of a slot's earlier migration by itself once its hold is over; nothing if none is held. */
    private List<ClusterCommand> endOfHold(TenantId tenant, ReplicaId leader) {
        return control.migrations().stream()
                .filter(each -> each.tenant().equals(tenant)
                        && each.active().equals(leader)
                        && each.state().isCutOver()
                        && !each.state().isOver())
                .findFirst()
                .map(this::endOfHold)
                .orElse(List.of());
    }

    private List<ClusterCommand> endOfHold(MigrationRecord held) {
        List<ClusterCommand> steps = new ArrayList<>();
        if (held.state() == MigrationState.DRAINING) {
            steps.add(step(held, MigrationState.DRAINING, MigrationState.HOLD));
        }
        if (held.state() != MigrationState.GC) {
            steps.add(step(held, MigrationState.HOLD, MigrationState.GC));
        }
        List<ReplicaId> all =
                control.shards().stream().map(ShardAssignment::replica).toList();
        steps.add(new ClusterCommand.ReplicasErased(held.tenant(), held.id(), all, millis.getAsLong()));
        return steps;
    }

    private ClusterCommand step(MigrationRecord known, MigrationState from, MigrationState to) {
        return new ClusterCommand.StepMigration(
                known.tenant(), known.id(), from, known.attempt(), to, null, millis.getAsLong());
    }

    /** @param before what is agreed first */
    private MigrationPlan plan(
            TenantId tenant, ReplicaId from, ReplicaId to, MigrationOptions options, List<ClusterCommand> before) {
        TidalException refusal = null;
        long size = 0;
        try {
            List<ClusterCommand> commands = new ArrayList<>(before);
            commands.add(command(tenant, from, to, options));
            control.preview(commands);
            requireServing(to);
            size = bytes.applyAsLong(tenant);
            requireRoom(tenant, to, size);
        } catch (TidalException e) {
            refusal = e;
        }
        long cap = options.maxBytesPerSecond().orElse(0);
        return new MigrationPlan(
                refusal,
                size,
                cap == 0 ? Duration.ZERO : Duration.ofMillis(size * 1_000 / cap),
                options.maxWritePause(),
                List.of(
                        "PREPARING: " + to + " is given what " + from
                                + " has; a failure costs what was copied, nothing else",
                        "DUAL_WRITE: each write goes to both; a failure of the target leads back to PREPARING",
                        "VERIFYING: contents are compared; a difference ends the migration, and the target is erased",
                        "CUTOVER: writes are held back for at most "
                                + options.maxWritePause().toMillis() + " ms; a failure lets them go on at " + from,
                        "HOLD: " + from + " follows, and the migration can be reversed",
                        "GC: what " + from + " has is erased once " + to + " has all of it"));
    }

    @Override
    public void abort(long id) {
        change(
                id,
                known -> new ClusterCommand.StepMigration(
                        known.tenant(),
                        id,
                        known.state(),
                        known.attempt(),
                        MigrationState.ABORTING,
                        "aborted",
                        millis.getAsLong()));
    }

    @Override
    public void reverse(long id) {
        change(id, known -> new ClusterCommand.ReverseMigration(known.tenant(), id, millis.getAsLong()));
    }

    @Override
    public void endHold(long id) {
        change(id, known -> new ClusterCommand.EndHold(known.tenant(), id, millis.getAsLong()));
    }

    @Override
    public void pause(long id) {
        change(id, known -> new ClusterCommand.PauseMigration(known.tenant(), id, true, millis.getAsLong()));
    }

    @Override
    public void resume(long id) {
        change(id, known -> new ClusterCommand.PauseMigration(known.tenant(), id, false, millis.getAsLong()));
    }

    // It may have gone on meanwhile.
    private long change(long id, Function<MigrationRecord, ClusterCommand> command) {
        for (int attempt = 0; ; attempt++) {
            MigrationRecord known = control.migration(id);
            if (known == null) {
                throw NotFound.migration(id);
            }
            try {
                return decide.applyAsLong(command.apply(known));
            } catch (TidalException e) {
                if (e.code() != ErrorCode.NOT_OWNER || attempt == 100) {
                    throw e;
                }
            }
        }
    }

    // How far they are

    @Override
    public List<MigrationStatus> all() {
        List<MigrationRecord> records = control.migrations();
        Map<Long, Answer.Figure> known = figures.apply(records);
        SortedSet<Long> queued =
                MoveQueue.waiting(records, record -> MoveCoordinator.away(record, control, cluster) == null);
        List<MigrationStatus> all = new ArrayList<>();
        records.forEach(record -> all.add(status(record, known.get(record.id()), queued.contains(record.id()))));
        return all;
    }

    @Override
    public Optional<MigrationStatus> find(long id) {
        return all().stream().filter(each -> each.id() == id).findFirst();
    }

    private MigrationStatus status(MigrationRecord record, Answer.@Nullable Figure figure, boolean queued) {
        MigrationState state = record.state();
        long copied = figure == null ? 0 : figure.copiedBytes();
        long total = figure == null ? 0 : Math.max(figure.totalBytes(), copied);
        return new MigrationStatus(
                record.id(),
                record.tenant(),
                record.from(),
                record.to(),
                state,
                progress(state, copied, total),
                copied,
                total,
                figure == null ? 0 : figure.bytesPerSecond(),
                queued || record.stalled() ? Optional.empty() : left(state, figure),
                duration(figure == null || state.isCutOver() ? -1 : figure.predictedPauseNanos()),
                // Before, only the source's part of it is known.
                state == MigrationState.DRAINING ? Optional.empty() : duration(record.pauseNanos()),
                // Each is numbered when it begins, and when it is given up.
                (record.attempt() + 1) / 2,
                record.paused(),
                Instant.ofEpochMilli(record.startedMillis()),
                state == MigrationState.HOLD || state == MigrationState.DRAINING
                        ? Optional.of(heldUntil(record))
                        : Optional.empty(),
                note(record, figure, queued));
    }

    private static Instant heldUntil(MigrationRecord record) {
        return Instant.ofEpochMilli(record.changedMillis())
                .plus(Duration.ofNanos(record.terms().holdNanos()));
    }

    private @Nullable String note(MigrationRecord record, Answer.@Nullable Figure figure, boolean queued) {
        if (record.state().isOver()) {
            return record.reason();
        }
        if (queued) {
            return "queued: " + MoveQueue.AT_A_TIME + " others are copied first";
        }
        if (!record.erasing().isEmpty()) {
            return "to be erased: " + record.erasing();
        }
        // Perhaps nobody who sees to it says so.
        String waitsFor = figure == null ? MoveCoordinator.away(record, control, cluster) : figure.waitsFor();
        String why = waitsFor == null ? record.reason() : waitsFor;
        return record.stalled() ? "gets no further, and others are copied first: " + why : why;
    }

    private static double progress(MigrationState state, long copied, long total) {
        return switch (state) {
            case PREPARING -> total == 0 ? 0 : Math.min(0.9, 0.9 * copied / total);
            case DUAL_WRITE, VERIFYING -> 0.9;
            case CUTOVER -> 0.95;
            case DRAINING, HOLD, GC -> 0.98;
            case COMPLETE -> 1;
            case ABORTING, ABORTED -> 0;
        };
    }

    private static Optional<Duration> left(MigrationState state, Answer.@Nullable Figure figure) {
        if (state.isCutOver() || state.isOver() || state == MigrationState.ABORTING) {
            return Optional.of(Duration.ZERO);
        }
        Long nanos = figure == null ? null : figure.leftNanos();
        return nanos == null ? Optional.empty() : Optional.of(Duration.ofNanos(nanos));
    }

    private static Optional<Duration> duration(long nanos) {
        return nanos < 0 ? Optional.empty() : Optional.of(Duration.ofNanos(nanos));
    }
}
