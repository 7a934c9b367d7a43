package io.tidaldb.it.sim;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.Commands;
import io.tidaldb.core.control.MigrationState;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Slots that are moved to other shards, there and back, given up, stopped and resumed by chance, among whatever else happens to members. At
 * each step that is proposed or agreed, a node of the source or of the target may crash, before anybody has heard of it or a little later.
 * Has randomness of its own.
 */
final class RandomMigrations {

    private final SimulatedMembers cluster;
    private final SimulatedWorld world;
    private final SimulatedRandom random;
    private final SimulatedRandom bursts;
    private final boolean bursting;
    private final Operator operator;
    private final boolean chosen;
    private final int strike;

    /** What was asked for last, by tenant. */
    private final SortedMap<TenantId, ClusterCommand.StartMigration> last = new TreeMap<>();

    private boolean over;
    private long cutOver;
    private long struck;
    private int most;

    /** @param faulty whether machines may crash */
    RandomMigrations(SimulatedMembers cluster, boolean faulty) {
        this.cluster = cluster;
        this.world = cluster.world();
        this.operator = new Operator(cluster);
        this.random = world.random("migrations");
        this.bursts = world.random("bursts");
        this.bursting = bursts.chance(200_000);
        this.chosen = random.chance(600_000);
        this.strike = faulty ? (int) random.between(0, 300_000) : 0;
        if (chosen) {
            cluster.control().watch(this::seen, this::agreed);
        }
    }

    /** Returns how often a slot has changed hands by a migration. */
    long cutOver() {
        return cutOver;
    }

    /** Returns how many machines were crashed because of what a migration was about to do. */
    long struck() {
        return struck;
    }

    /** Returns how many were open at a time, after many were begun. */
    int most() {
        return most;
    }

    /** Does something by chance. */
    void act() {
        List<Member> serving = cluster.members().stream().filter(Member::serves).toList();
        if (!chosen || serving.isEmpty() || !random.chance(200_000)) {
            return;
        }
        Member through = serving.get((int) random.below(serving.size()));
        if (bursting && bursts.chance(200_000)) {
            burst(through);
        }
        if (!through.serves()) {
            return;
        }
        List<MigrationStatus> open = open(through);
        if (!through.serves()) {
            return;
        }
        if (open.isEmpty() || random.chance(400_000)) {
            start(through);
            return;
        }
        long id = open.get((int) random.below(open.size())).id();
        switch ((int) random.below(6)) {
            case 0 ->
                operator.ask(
                        through, "aborts " + id, tidal -> tidal.migrations().abort(id));
            case 1, 2 ->
                operator.ask(
                        through, "reverses " + id, tidal -> tidal.migrations().reverse(id));
            case 3 ->
                operator.ask(
                        through,
                        "ends the hold of " + id,
                        tidal -> tidal.migrations().endHold(id));
            case 4 ->
                operator.ask(
                        through, "pauses " + id, tidal -> tidal.migrations().pause(id));
            default ->
                operator.ask(
                        through, "resumes " + id, tidal -> tidal.migrations().resume(id));
        }
    }

    // More than are copied at a time.
    private void burst(Member through) {
        for (Tenant tenant : through.tidal().tenants()) {
            for (int slot = tenant.placement().size(); slot > 0 && through.serves(); slot--) {
                move(through, tenant);
            }
        }
        if (through.serves()) {
            most = Math.max(most, open(through).size());
        }
    }

    private void start(Member through) {
        List<Tenant> tenants = through.tidal().tenants();
        if (!tenants.isEmpty()) {
            move(through, tenants.get((int) random.below(tenants.size())));
        }
    }

    /** Moves some slot of a tenant. */
    void move(Member through, Tenant tenant) {
        List<ReplicaId> leaders = tenant.placement();
        ReplicaId from = leaders.get((int) random.below(leaders.size()));
        List<ShardId> free = List.of(ShardId.of(0), ShardId.of(1), ShardId.of(2)).stream()
                .filter(shard -> leaders.stream().noneMatch(each -> each.shard().equals(shard)))
                .toList();
        ShardId shard = free.isEmpty() || random.chance(50_000)
                ? ShardId.of((int) random.below(4))
                : free.get((int) random.below(free.size()));
        ReplicaId to = ReplicaId.parse("r" + random.below(cluster.members().size()) + ":" + shard);
        MigrationOptions options = new MigrationOptions(
                random.chance(200_000) ? OptionalLong.of(random.between(500, 100_000)) : OptionalLong.empty(),
                Duration.ofMillis(random.between(20, 3_000)),
                Optional.of(Duration.ofMillis(random.chance(500_000) ? 0 : random.between(1, 10_000))),
                random.chance(300_000),
                random.chance(300_000));
        operator.ask(
                through,
                "moves " + tenant.id() + " from " + from + " to " + to,
                tidal -> tidal.migrations().start(tenant.id(), from, to, options));
    }

    private static List<MigrationStatus> open(Member through) {
        try {
            return through.call(tidal -> tidal.migrations().all()).stream()
                    .filter(each -> !each.state().isOver())
                    .toList();
        } catch (MachineCrash e) {
            return List.of();
        }
    }

    // Crashes

    private void seen(byte[] command) {
        Commands.of(command, ClusterCommand.OfMigration.class).ifPresent(this::maybeStrike);
    }

    private void agreed(byte[] command) {
        Commands.of(command, ClusterCommand.OfMigration.class).ifPresent(about -> {
            if (about instanceof ClusterCommand.StartMigration start) {
                last.put(start.tenant(), start);
            }
            cutOver += about instanceof ClusterCommand.CutOver ? 1 : 0;
            maybeStrike(about);
        });
    }

    private void maybeStrike(ClusterCommand.OfMigration about) {
        ClusterCommand.StartMigration start = last.get(about.tenant());
        if (over || start == null || !random.chance(strike)) {
            return;
        }
        ReplicaId victim = random.chance(500_000) ? start.from() : start.to();
        Member member = cluster.members().get(victim.region().value());
        Duration delay = random.chance(400_000) ? Duration.ZERO : Duration.ofNanos(random.below(30_000_000));
        world.schedule(delay, () -> {
            if (!over && member.machine().isRunning()) {
                struck++;
                member.machine().crash("at a step of a migration: " + about);
            }
        });
    }

    // In the end

    /** From now on nothing crashes any more because of what a migration does. */
    void calm() {
        over = true;
    }

    /** When nothing is wrong any more: whatever was begun must end. */
    void mustEnd(Duration atMost) {
        Member first = cluster.members().get(0);
        for (MigrationStatus each : open(first)) {
            if (each.paused()) {
                operator.ask(
                        first,
                        "resumes " + each.id(),
                        tidal -> tidal.migrations().resume(each.id()));
            }
        }
        long end = world.nanoTime() + atMost.toNanos();
        for (List<MigrationStatus> open = open(first); !open.isEmpty(); open = open(first)) {
            if (world.nanoTime() >= end) {
                throw new AssertionError("migrations do not end within " + atMost + ": " + open);
            }
            for (MigrationStatus each : open) {
                if (each.state() == MigrationState.HOLD) {
                    operator.ask(
                            first,
                            "ends the hold of " + each.id(),
                            tidal -> tidal.migrations().endHold(each.id()));
                }
            }
            world.runFor(Duration.ofMillis(500));
        }
    }
}
