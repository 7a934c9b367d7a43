package io.tidaldb.it.sim;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.upgrade.Release;
import io.tidaldb.core.upgrade.UpgradePhase;
import io.tidaldb.core.upgrade.Version;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Drains, rejoins, versions that come and go, and a finalize by chance, among whatever else happens to members. Has randomness of its own.
 */
final class RandomUpgrades {

    /** The version after this one: the same code, that writes another version of a format once it is finalized. */
    private static final Release NEXT = next();

    private final SimulatedMembers cluster;
    private final SimulatedWorld world;
    private final SimulatedRandom random;
    private final Operator operator;
    private final boolean chosen;

    /** Whether somebody has wanted to finalize: then an older version may be refused. */
    private boolean finalizing;

    private long drained;

    RandomUpgrades(SimulatedMembers cluster) {
        this.cluster = cluster;
        this.world = cluster.world();
        this.operator = new Operator(cluster);
        this.random = world.random("upgrades");
        this.chosen = random.chance(600_000);
    }

    private static Release next() {
        Release now = Release.current();
        Version version = new Version(now.version().major(), now.version().minor() + 1, 0);
        SortedMap<String, SortedMap<Integer, Version>> formats = new TreeMap<>(now.formats());
        SortedMap<Integer, Version> states = new TreeMap<>(now.formats().get("cluster-state"));
        states.put(states.lastKey() + 1, version);
        formats.put("cluster-state", states);
        return new Release(version, now.version().release(), formats);
    }

    /** Returns how many nodes were seen to be drained. */
    long drained() {
        return drained;
    }

    /** Decides which version a member runs that is about to start. */
    void starts(Member member) {
        if (chosen) {
            member.runs(finalizing || random.chance(500_000) ? NEXT : Release.current());
        }
    }

    /** Does something by chance; returns a member that is to be stopped and replaced now, if any. */
    Optional<Member> act() {
        List<Member> serving = cluster.members().stream().filter(Member::serves).toList();
        if (!chosen || serving.isEmpty() || !random.chance(60_000)) {
            return Optional.empty();
        }
        Member through = serving.get((int) random.below(serving.size()));
        Optional<Member> open = open(through);
        if (open.isEmpty()) {
            if (random.chance(100_000)) {
                finalizing = true;
                operator.ask(through, "finalizes", tidal -> tidal.upgrades().finish());
            } else {
                drain(through);
            }
            return Optional.empty();
        }
        boolean away = through.tidal().upgrades().phase(open.get().id()) == UpgradePhase.DRAINED;
        drained += away ? 1 : 0;
        if (away && open.get().serves() && random.chance(400_000)) {
            return open;
        }
        if (random.chance(away ? 500_000 : 100_000)) {
            rejoin(through, open.get().id());
        }
        return Optional.empty();
    }

    private void drain(Member through) {
        NodeId node = cluster.members()
                .get((int) random.below(cluster.members().size()))
                .id();
        boolean allow = random.chance(200_000);
        Duration timeout = Duration.ofMillis(random.between(200, 20_000));
        operator.ask(through, "drains " + node, tidal -> tidal.upgrades().drain(node, allow, timeout));
    }

    private void rejoin(Member through, NodeId node) {
        operator.ask(through, "rejoins " + node, tidal -> tidal.upgrades().rejoin(node));
    }

    private Optional<Member> open(Member through) {
        return cluster.members().stream()
                .filter(each -> through.tidal().upgrades().phase(each.id()) != UpgradePhase.SERVING)
                .findFirst();
    }

    /** When nothing is wrong any more: whoever is out of service must come back. */
    void mustComeBack(Duration atMost) {
        Member first = cluster.members().get(0);
        open(first).ifPresent(member -> {
            if (!first.tidal().upgrades().phase(member.id()).mayLead()) {
                operator.ask(
                        first,
                        "rejoins " + member.id(),
                        tidal -> tidal.upgrades().rejoin(member.id()));
            }
            if (!world.runUntil(() -> open(first).isEmpty(), atMost)) {
                throw new AssertionError(member.id() + " is not in service after " + atMost + ": "
                        + first.call(tidal -> tidal.upgrades().status()));
            }
        });
    }
}
