package io.tidaldb.it.sim;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.core.embedded.Replicas;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import io.tidaldb.it.sim.check.MembersCheck;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** Members to which random things happen while users ask them for random things, and which heal; all from one seed. */
final class RandomMembers {

    private static final Duration HEALED = Duration.ofMinutes(2);
    private static final Duration NEXT_TRY = Duration.ofMillis(100);
    private static final Duration SCRUB_INTERVAL = Duration.ofMillis(500);

    private static final int ROTS = Integer.getInteger("tidal.sim.rots", 500_000);
    private static final int LOSSES = Integer.getInteger("tidal.sim.losses", 250_000);

    private final SimulatedRandom random;
    private final SimulatedWorld world;
    private final SimulatedMembers cluster;
    private final MembersWorkload workload;
    private final MembersCheck check;
    private final RandomUpgrades upgrades;
    private final RandomMigrations migrations;
    private final RandomKeys keys;
    private final RandomErasures erasures;
    private final RandomBackups backups;
    private final int calm;
    private final boolean faulty;
    private final SimulatedRandom losses;
    private final boolean losing;
    private final SimulatedRandom rots;
    private final boolean rotting;
    private final LinkQuality links;
    private boolean over;
    private long crashes;
    private long stops;
    private long lost;
    private long rotten;
    private long merges;

    /** Of each slot where bits have turned. */
    private final Map<String, Rotten> rottenIn = new HashMap<>();

    /** Those that will never come back, until they do. */
    private final List<Member> gone = new ArrayList<>();

    private final SortedSet<NodeId> begun = new TreeSet<>();

    /** Those that take another one's place and have not served yet. */
    private final SortedSet<NodeId> newcomers = new TreeSet<>();

    /** How many are being opened, each while those before it wait. */
    private int opening;

    private RandomMembers(long seed, Trace trace) {
        world = new SimulatedWorld(seed, trace);
        random = world.random("members");
        calm = (int) random.between(100, 3_000);
        faulty = random.chance(800_000);
        links = LinkQuality.faithful(
                new Latency(
                        100_000, random.between(500_000, 20_000_000), random.between(20_000_000, 200_000_000), 5_000),
                0);
        cluster = new SimulatedMembers(
                world,
                random.chance(200_000) ? 5 : 3,
                Duration.ofMillis(random.between(400, 3_000)),
                Duration.ofMillis(random.between(500, 3_000)),
                profile -> profile.withClocks(
                        Duration.ofMillis(random.between(-2_000, 2_000)), (int) random.between(-200, 200)));
        cluster.network().links(links);
        losses = world.random("losses");
        losing = losses.chance(LOSSES);
        rots = world.random("rot");
        rotting = rots.chance(ROTS);
        if (rotting) {
            cluster.scrubbing(SCRUB_INTERVAL);
        }
        keys = new RandomKeys(cluster, MembersWorkload.TENANTS, faulty);
        workload = new MembersWorkload(cluster, keys, !faulty);
        upgrades = new RandomUpgrades(cluster);
        migrations = new RandomMigrations(cluster, faulty);
        erasures = new RandomErasures(cluster, migrations, workload.history(), MembersWorkload.entities(), faulty);
        backups = new RandomBackups(
                cluster, keys, erasures, MembersWorkload.entities(), faulty, workload::write, this::strike);
        check = new MembersCheck(cluster, workload.history(), !erasures.isChosen() && !backups.isTruncating());
        world.onCrash(machine -> {
            crashes++;
            if (gone.stream().noneMatch(each -> each.machine() == machine)) {
                again(machine);
            }
        });
    }

    long acknowledged() {
        return workload.acknowledged();
    }

    long lost() {
        return lost;
    }

    /** Returns how many bits have turned at rest. */
    long rotten() {
        return rotten;
    }

    long merges() {
        return merges;
    }

    long crashes() {
        return crashes;
    }

    long drained() {
        return upgrades.drained();
    }

    RandomMigrations migrations() {
        return migrations;
    }

    RandomKeys keys() {
        return keys;
    }

    RandomErasures erasures() {
        return erasures;
    }

    RandomBackups backups() {
        return backups;
    }

    long stops() {
        return stops;
    }

    private void again(SimulatedMachine machine) {
        long most = random.chance(200_000) ? 15_000 : 2_000;
        world.schedule(Duration.ofMillis(over ? 1_000 : random.between(1, most)), () -> restart(machine));
    }

    private void restart(SimulatedMachine machine) {
        // One that was lost while it was being stopped is nobody's any more.
        Optional<Member> member = cluster.members().stream()
                .filter(each -> each.machine() == machine)
                .findFirst();
        if (member.isPresent() && !machine.isRunning()) {
            if (mustWait(member.get())) {
                world.schedule(NEXT_TRY, () -> restart(machine));
                return;
            }
            machine.restart();
            workload.rates().restarted();
            upgrades.starts(member.get());
            start(member.get());
        }
    }

    private void start(Member member) {
        begun.add(member.id());
        opening++;
        try {
            member.start();
        } finally {
            opening--;
        }
        if (member.serves()) {
            newcomers.remove(member.id());
        }
    }

    // Whoever is opened while another one is keeps that one from going on until it is open itself. A newcomer is so
    // only when
    // one that serves has given it a part in what is decided: that may be the one that would be kept.
    private boolean mustWait(Member member) {
        return opening > 0 && newcomers.contains(member.id());
    }

    private void run() {
        cluster.open();
        if (losing) {
            workload.onlyMajorities();
        }
        workload.begin();
        if (losing) {
            for (long times = losses.between(1, 3); times > 0; times--) {
                world.schedule(Duration.ofMillis(losses.between(1, 15_000)), () -> mayLose(some(losses)));
            }
        }
        if (faulty) {
            disturbLater();
        }
        // Who is lost for good is not to have been the last who had it.
        if (rotting && !losing) {
            for (long times = rots.between(1, 5); times > 0; times--) {
                world.schedule(Duration.ofMillis(rots.between(1, 20_000)), this::rot);
            }
        }
        long end = world.nanoTime() + Duration.ofSeconds(random.between(5, 25)).toNanos();
        while (world.nanoTime() < end) {
            workload.act();
            if (random.chance(faulty ? 10_000 : 60_000)) {
                stopped(some());
            }
            upgrades.act().ifPresent(this::stopped);
            migrations.act();
            keys.act();
            erasures.act();
            backups.act();
            world.runFor(Duration.ofMillis(random.between(0, 200)));
        }
        heal();
        keys.mustSuspend();
        backups.mustEnd();
        workload.mustGoOn();
        converge();
        settled();
        check.check();
        workload.checkOwners();
        workload.checkRates();
        merges = check.merges();
        comeBack();
    }

    // In order, as an operator does who waits for it, while users go on to write.
    private void stopped(Member member) {
        if (member.serves() && !member.stops()) {
            world.note("stops " + member.id());
            stops++;
            for (long left = random.below(40); left > 0; left--) {
                world.schedule(Duration.ofMillis(random.between(0, 1_000)), workload::write);
            }
            member.stop();
            world.note("has stopped " + member.id());
            if (!member.machine().isRunning()) {
                again(member.machine());
            }
        }
    }

    /** One member's machine is lost with all that is on it; somebody gives its part to another one, as soon as that is agreed. */
    private boolean mayLose(Member victim) {
        // While another one is replaced, a majority may be left with one that could not be lost as well.
        boolean replacing = cluster.members().stream()
                .anyMatch(member -> !member.serves()
                        || !filling(member).isEmpty()
                        || member.tidal().membership().members().size() != 3 + lost);
        if (cluster.members().size() != 3 || replacing) {
            return false;
        }
        world.note("loses " + victim.id() + " for good");
        lost++;
        gone.add(victim);
        if (victim.machine().isRunning()) {
            victim.machine().crash("it is lost for good");
        }
        Member next = cluster.successor(victim);
        newcomers.add(next.id());
        replace(victim, next);
        if (losses.chance(500_000)) {
            // Before it is told that it may.
            begin(next);
        }
        return true;
    }

    /** The machine of a member is lost for good, or crashes. */
    private void strike(Member member, String why) {
        world.note(member.id() + " is struck: " + why);
        if (!losing || !mayLose(member)) {
            member.machine().crash(why);
        }
    }

    private static List<ReplicaId> filling(Member member) {
        return member.tidal().membership().members().stream()
                .flatMap(each -> each.filling().stream())
                .toList();
    }

    private void replace(Member victim, Member next) {
        List<Member> able = cluster.members().stream().filter(Member::serves).toList();
        if (!able.isEmpty()) {
            Member through = able.get((int) losses.below(able.size()));
            try {
                through.call(tidal -> {
                    tidal.membership().replace(victim.id(), next.id(), next.id().name(), false);
                    return next;
                });
                world.note(next.id() + " takes the place of " + victim.id());
                begin(next);
                return;
            } catch (MachineCrash e) {
                world.note("crashed before it was known whether " + next.id() + " takes the place of " + victim.id());
            } catch (TidalException e) {
                world.note(next.id() + " does not take the place of " + victim.id() + ": " + e.getMessage());
            }
        }
        world.schedule(Duration.ofMillis(losses.between(100, 2_000)), () -> replace(victim, next));
    }

    private void begin(Member next) {
        world.execute(() -> {
            if (begun.contains(next.id()) || !next.machine().isRunning()) {
                return;
            }
            if (mustWait(next)) {
                world.schedule(NEXT_TRY, () -> begin(next));
            } else {
                start(next);
            }
        });
    }

    private void disturbLater() {
        world.schedule(Duration.ofMillis(random.between(1, 2L * calm)), () -> {
            if (!over) {
                disturbLater();
                disturb();
            }
        });
    }

    private Member some() {
        return some(random);
    }

    private Member some(SimulatedRandom by) {
        return cluster.members().get((int) by.below(cluster.members().size()));
    }

    private void disturb() {
        SimulatedMachine machine = some().machine();
        NodeId node = machine.id();
        NodeId other = some().id();
        switch ((int) random.below(14)) {
            case 0 -> machine.crash("chaos");
            case 1 -> machine.disks().crashInAppend((int) random.between(1, 10));
            case 2 -> machine.disks().crashInSync((int) random.between(1, 5));
            case 3 -> machine.pause(Duration.ofMillis(random.between(1, 4_000)));
            case 4 -> {
                machine.turns(Latency.of(Duration.ofMillis(1), Duration.ofMillis(50), Duration.ofSeconds(1)));
                later(() -> machine.turns(MachineProfile.DEFAULT.turn()));
            }
            case 5 -> later(cluster.network().cut(node, other)::close);
            case 6 -> later(cluster.network().isolate(List.of(node))::close);
            case 7 -> cluster.network().disconnect(node, other);
            case 8 -> {
                cluster.network().link(node, other, links.unfaithful((int) random.below(200_000), 0, 0, 0));
                later(() -> cluster.network().link(node, other, links));
            }
            case 9 -> {
                cluster.control().isolate(node);
                later(cluster.control()::heal);
            }
            case 10 -> cluster.control().loseLeader();
            case 11, 12 -> {
                cluster.control().faults(ControlFaults.MANY);
                later(() -> cluster.control().faults(ControlFaults.NONE));
            }
            default -> {
                // Of all: each starts from what it has on its disk.
                if (random.chance(200_000)) {
                    cluster.members().forEach(each -> each.machine().crash("power cut"));
                }
            }
        }
    }

    /** A replica's copy of a log. */
    private record Rotten(Origin origin, Member member) {}

    // A copy of what another wrote, while somebody has a whole one and is not about to erase it. Where all write,
    // nobody throws away what is
    // damaged. In a slot it is always the same copy: of two that are found damaged when they are opened nobody knows
    // how far they had gone, and if every replica were damaged, each elsewhere, none could be thrown away.
    private void rot() {
        Member member = cluster.members().get((int) rots.below(cluster.members().size()));
        Optional<Member> serving =
                cluster.members().stream().filter(Member::serves).findFirst();
        serving.flatMap(asked -> member.machine()
                        .disks()
                        .disk(member.home().path())
                        .rot(
                                log -> !log.origin().region().equals(member.region())
                                        && mayRot(new Rotten(log.origin(), member), slot(log))
                                        && isWholeElsewhere(log, member)
                                        && Chaos.isWrittenByOne(asked.tidal(), log.tenant())
                                        && !Replicas.areChanging(asked.tidal(), log.tenant()),
                                rots))
                .ifPresent(log -> {
                    rotten++;
                    rottenIn.put(slot(log), new Rotten(log.origin(), member));
                    member.machine().note("a bit of log " + log + " turns");
                });
    }

    private boolean mayRot(Rotten copy, String slot) {
        return rottenIn.getOrDefault(slot, copy).equals(copy);
    }

    private boolean isWholeElsewhere(LogId log, Member member) {
        return cluster.members().stream()
                .anyMatch(other -> other != member
                        && other.machine().disks().disk(other.home().path()).isWhole(log));
    }

    private static String slot(LogId log) {
        return log.tenant() + " on " + log.holder();
    }

    private void later(Runnable healing) {
        world.schedule(Duration.ofMillis(random.between(1, 6_000)), healing);
    }

    private void heal() {
        world.note("chaos ends");
        over = true;
        migrations.calm();
        erasures.calm();
        keys.calm();
        world.runFor(Duration.ofSeconds(7));
        cluster.network().links(links);
        cluster.control().faults(ControlFaults.NONE);
        cluster.control().heal();
        cluster.members().forEach(member -> {
            member.machine().disks().crashInAppend(0);
            member.machine().disks().crashInSync(0);
        });
        if (!world.runUntil(() -> cluster.members().stream().allMatch(Member::serves), HEALED)) {
            throw new AssertionError("not all members serve " + HEALED + " after all was healed: "
                    + cluster.members().stream()
                            .filter(Member::serves)
                            .map(Member::id)
                            .toList());
        }
        // Until whatever was proposed is decided, and whoever tries again has given up.
        world.runFor(Duration.ofSeconds(45));
        keys.mustEnd(HEALED);
        upgrades.mustComeBack(HEALED);
        migrations.mustEnd(HEALED);
        erasures.mustEnd(HEALED);
        converge();
    }

    private void settled() {
        boolean done = world.runUntil(() -> cluster.members().stream().allMatch(this::knowsEverybody), HEALED);
        if (!done) {
            throw new AssertionError("after " + HEALED + " members have not settled: "
                    + cluster.members().get(0).tidal().membership().members());
        }
    }

    /** Whether nothing is left to be done: who is gone has no vote, who is there has one, and everybody has all that it is to have. */
    private boolean knowsEverybody(Member member) {
        return member.serves()
                && member.tidal().membership().members().stream()
                        .allMatch(each -> each.filling().isEmpty()
                                && each.votes() != each.removed()
                                && each.removed()
                                        == gone.stream()
                                                .anyMatch(
                                                        lostOne -> lostOne.id().equals(each.node())));
    }

    /** One that was replaced is started again with all that it had: nobody hears of it, and it does not serve. */
    private void comeBack() {
        if (gone.isEmpty() || gone.get(0).machine().isRunning()) {
            return;
        }
        Member back = gone.get(0);
        world.note(back.id() + " comes back");
        back.machine().restart();
        back.start();
        if (back.serves()) {
            throw new AssertionError(back.id() + " serves, though another one has taken its place");
        }
        check.check();
    }

    private void converge() {
        long end = world.nanoTime() + HEALED.toNanos();
        for (String left = check.difference(); !left.isEmpty(); left = check.difference()) {
            if (world.nanoTime() >= end) {
                throw new AssertionError("not converged after " + HEALED + ": " + left);
            }
            world.runFor(Duration.ofMillis(200));
        }
    }

    /** Runs one to its end, and fails if anything is not as it should be. */
    static RandomMembers run(long seed, Trace trace) {
        RandomMembers run = new RandomMembers(seed, trace);
        try {
            run.run();
        } catch (RuntimeException | Error e) {
            run.world.note("fails: " + e);
            throw e;
        } finally {
            run.cluster.close();
        }
        return run;
    }
}
