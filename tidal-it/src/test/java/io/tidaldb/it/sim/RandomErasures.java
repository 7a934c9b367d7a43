package io.tidaldb.it.sim;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.EntityErasure;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
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

/** Entities that are erased from tenants by chance, through whichever member serves. Has randomness of its own. */
final class RandomErasures {

    private static final int ERASURES = Integer.getInteger("tidal.sim.erasures", 200_000);

    private final SimulatedMembers cluster;
    private final SimulatedWorld world;
    private final SimulatedRandom random;
    private final Operator operator;
    private final MemberHistory history;
    private final List<EntityId> entities;
    private final boolean chosen;
    private final List<Asked> asked = new ArrayList<>();
    private final SortedMap<TenantId, SortedSet<EntityId>> ever = new TreeMap<>();
    private long completed;

    /** An erasure that somebody has been told the number of. */
    private record Asked(long number, TenantId tenant, MemberHistory.Erasure erasure) {}

    /** @param entities that there may be */
    RandomErasures(SimulatedMembers cluster, MemberHistory history, List<EntityId> entities) {
        this.cluster = cluster;
        this.world = cluster.world();
        this.operator = new Operator(cluster);
        this.random = world.random("erasures");
        this.history = history;
        this.entities = List.copyOf(entities);
        this.chosen = random.chance(ERASURES);
    }

    /** Returns whether logs may be cut because of it. */
    boolean isChosen() {
        return chosen;
    }

    /** Returns how many erasures were complete. */
    long completed() {
        return completed;
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
            erase(through, tenants.get((int) random.below(tenants.size())).id());
        }
        look(through);
    }

    private void erase(Member through, TenantId tenant) {
        EntityId entity = entities.get((int) random.below(entities.size()));
        ever.computeIfAbsent(tenant, each -> new TreeSet<>()).add(entity);
        MemberHistory.Erasure erasure = history.erasing(tenant, entity.value());
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
                completed++;
                one.erasure.complete();
                each.remove();
            }
        }
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
    }
}
