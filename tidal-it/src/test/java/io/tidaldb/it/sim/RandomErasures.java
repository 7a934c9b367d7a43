package io.tidaldb.it.sim;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.EntityErasure;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.Commands;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import io.tidaldb.it.sim.check.MemberHistory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Entities that are erased from tenants by chance, through whichever member serves, while another one may be away, for whom the others keep their
 * logs, or after the one that leads was cut off, which may bring back what nobody else has. In the moment in which a node says that it is done, a slot of the tenant may begin to move. Has randomness of its own.
 */
final class RandomErasures {

    private static final int ERASURES = Integer.getInteger("tidal.sim.erasures", 200_000);

    private static final ControlFaults LATE = new ControlFaults(
            Latency.of(Duration.ofMillis(200), Duration.ofMillis(500), Duration.ofSeconds(2)),
            ControlFaults.NONE.delivery(),
            ControlFaults.NONE.election(),
            0,
            0);

    private final SimulatedMembers cluster;
    private final SimulatedWorld world;
    private final SimulatedRandom random;
    private final Operator operator;
    private final RandomMigrations migrations;
    private final MemberHistory history;
    private final List<EntityId> entities;
    private final boolean faulty;
    private final boolean chosen;
    private final List<Asked> asked = new ArrayList<>();
    private final SortedMap<TenantId, SortedSet<EntityId>> ever = new TreeMap<>();
    private final List<MemberHistory.Erasure> completed = new ArrayList<>();
    private boolean over;

    /** An erasure that somebody has been told the number of. */
    private record Asked(long number, TenantId tenant, MemberHistory.Erasure erasure) {}

    /**
     * Creates it.
     *
     * @param entities that there may be
     * @param faulty whether machines may crash
     */
    RandomErasures(
            SimulatedMembers cluster,
            RandomMigrations migrations,
            MemberHistory history,
            List<EntityId> entities,
            boolean faulty) {
        this.cluster = cluster;
        this.world = cluster.world();
        this.operator = new Operator(cluster);
        this.random = world.random("erasures");
        this.migrations = migrations;
        this.history = history;
        this.entities = List.copyOf(entities);
        this.faulty = faulty;
        this.chosen = random.chance(ERASURES);
        if (chosen) {
            cluster.control().watch(this::seen, agreed -> {});
        }
    }

    private void seen(byte[] proposed) {
        Commands.of(proposed, ClusterCommand.ConfirmEntityErasure.class)
                .filter(confirm -> !over && random.chance(300_000))
                .ifPresent(confirm -> {
                    // That it has begun to move is agreed first.
                    cluster.control().faults(LATE);
                    world.execute(() -> {
                        cluster.control().faults(ControlFaults.NONE);
                        cluster.members().stream()
                                .filter(Member::serves)
                                .findFirst()
                                .ifPresent(through -> moveMeanwhile(through, confirm.number()));
                    });
                });
    }

    private void moveMeanwhile(Member through, long number) {
        for (EntityErasure each : through.tidal().entityErasures()) {
            if (each.number() == number && through.serves()) {
                through.tidal().tenants().stream()
                        .filter(tenant -> tenant.id().equals(each.tenant()))
                        .findFirst()
                        .ifPresent(tenant -> migrations.move(through, tenant));
            }
        }
    }

    /** Returns whether logs may be cut because of it. */
    boolean isChosen() {
        return chosen;
    }

    /** Returns how many erasures were complete. */
    long completed() {
        return completed.size();
    }

    /** Returns the entities of which somebody has asked that they be erased from a tenant, be it done or not. */
    SortedSet<EntityId> ever(TenantId tenant) {
        return ever.getOrDefault(tenant, Collections.emptySortedSet());
    }

    /** Does something by chance. */
    void act() {
        if (!chosen || !random.chance(100_000)) {
            return;
        }
        List<Member> serving = cluster.members().stream().filter(Member::serves).toList();
        if (serving.isEmpty()) {
            return;
        }
        Member through = serving.get((int) random.below(serving.size()));
        List<Tenant> tenants = through.tidal().tenants().stream()
                .filter(tenant -> !RandomBackups.isCopy(tenant.id()))
                .toList();
        if (!tenants.isEmpty()) {
            Tenant tenant = tenants.get((int) random.below(tenants.size()));
            if (faulty && random.chance(300_000)) {
                cutOff(tenant);
                world.schedule(Duration.ofMillis(random.below(3_000)), () -> {
                    if (!over && through.serves()) {
                        erase(through, tenant.id());
                    }
                });
            } else {
                erase(through, tenant.id());
            }
        }
        look(through);
    }

    // Who leads the tenant may take what nobody else gets before somebody else does.
    private void cutOff(Tenant tenant) {
        List<ReplicaId> placement = tenant.placement();
        cluster.members().stream()
                .filter(member -> !placement.isEmpty()
                        && member.region().equals(placement.get(0).region()))
                .findFirst()
                .ifPresent(leader -> {
                    world.note("cuts off " + leader.id() + ", which leads " + tenant.id());
                    cluster.control().isolate(leader.id());
                    SimulatedNetwork.Cut cut = cluster.network().isolate(List.of(leader.id()));
                    world.schedule(Duration.ofMillis(random.between(1_000, 6_000)), () -> {
                        cut.close();
                        cluster.control().heal();
                    });
                });
    }

    private void erase(Member through, TenantId tenant) {
        EntityId entity = entities.get((int) random.below(entities.size()));
        ever.computeIfAbsent(tenant, each -> new TreeSet<>()).add(entity);
        MemberHistory.Erasure erasure = history.erasing(tenant, entity.value());
        if (faulty && random.chance(400_000)) {
            Member other =
                    cluster.members().get((int) random.below(cluster.members().size()));
            if (other != through && other.machine().isRunning()) {
                other.machine().crash("an entity is to be erased");
            }
        }
        operator.ask(through, "erases " + entity + " of " + tenant, tidal -> {
            EntityErasure agreed = tidal.eraseEntity(tenant, entity);
            asked.add(new Asked(agreed.number(), tenant, erasure));
        });
    }

    private void look(Member through) {
        if (!through.serves()) {
            return;
        }
        Tidal tidal = through.tidal();
        List<EntityErasure> known = tidal.entityErasures();
        for (Iterator<Asked> each = asked.iterator(); each.hasNext(); ) {
            Asked one = each.next();
            boolean complete =
                    known.stream().anyMatch(erasure -> erasure.number() == one.number && erasure.isComplete());
            if (complete) {
                world.note("erasure " + one.number + " of " + one.tenant + " is complete");
                completed.add(one.erasure);
                mustBeGone(one.erasure);
                each.remove();
            }
        }
    }

    private void mustBeGone(MemberHistory.Erasure erasure) {
        erasure.complete(cluster.members().stream().map(Member::machine).toList());
    }

    /** From now on nothing moves any more because of what is erased. */
    void calm() {
        over = true;
    }

    // Who is restored in part, by somebody who has ended since, waits to be deleted.
    private static boolean isOver(EntityErasure erasure) {
        return erasure.isComplete() || RandomBackups.isCopy(erasure.tenant());
    }

    /** When nothing is wrong any more: all must be done. */
    void mustEnd(Duration atMost) {
        boolean done = world.runUntil(
                () -> cluster.members().stream()
                        .allMatch(member ->
                                member.tidal().entityErasures().stream().allMatch(RandomErasures::isOver)),
                atMost);
        if (!done) {
            throw new AssertionError("entities are not erased " + atMost + " after all was healed: "
                    + cluster.members().get(0).tidal().entityErasures());
        }
        look(cluster.members().get(0));
        // Nothing has come back since.
        completed.forEach(this::mustBeGone);
    }
}
