package io.tidaldb.it.sim;

import io.tidaldb.api.NodeId;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import io.tidaldb.it.sim.check.MembersCheck;
import java.time.Duration;
import java.util.List;

/** Members to which random things happen while users ask them for random things, and which heal; all from one seed. */
final class RandomMembers {

    private static final Duration HEALED = Duration.ofMinutes(2);

    private final SimulatedRandom random;
    private final SimulatedWorld world;
    private final SimulatedMembers cluster;
    private final MembersWorkload workload;
    private final MembersCheck check;
    private final int calm;
    private final boolean faulty;
    private final LinkQuality links;
    private boolean over;
    private long crashes;
    private long stops;

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
        workload = new MembersWorkload(cluster, !faulty);
        check = new MembersCheck(cluster, workload.history());
        world.onCrash(machine -> {
            crashes++;
            again(machine);
        });
    }

    long acknowledged() {
        return workload.acknowledged();
    }

    long crashes() {
        return crashes;
    }

    long stops() {
        return stops;
    }

    private void again(SimulatedMachine machine) {
        long most = random.chance(200_000) ? 15_000 : 2_000;
        world.schedule(Duration.ofMillis(over ? 1_000 : random.between(1, most)), () -> restart(machine));
    }

    private void restart(SimulatedMachine machine) {
        Member member = cluster.members().stream()
                .filter(each -> each.machine() == machine)
                .findFirst()
                .orElseThrow();
        if (!machine.isRunning()) {
            machine.restart();
            workload.rates().restarted();
            member.start();
        }
    }

    private void run() {
        cluster.open();
        workload.begin();
        if (faulty) {
            disturbLater();
        }
        long end = world.nanoTime() + Duration.ofSeconds(random.between(5, 25)).toNanos();
        while (world.nanoTime() < end) {
            workload.act();
            if (random.chance(faulty ? 10_000 : 60_000)) {
                stopped();
            }
            world.runFor(Duration.ofMillis(random.between(0, 200)));
        }
        heal();
        workload.mustGoOn();
        converge();
        check.check();
        workload.checkOwners();
        workload.checkRates();
    }

    // In order, as an operator does who waits for it, while users go on to write.
    private void stopped() {
        Member member =
                cluster.members().get((int) random.below(cluster.members().size()));
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

    private void disturbLater() {
        world.schedule(Duration.ofMillis(random.between(1, 2L * calm)), () -> {
            if (!over) {
                disturbLater();
                disturb();
            }
        });
    }

    private Member some() {
        return cluster.members().get((int) random.below(cluster.members().size()));
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

    private void later(Runnable healing) {
        world.schedule(Duration.ofMillis(random.between(1, 6_000)), healing);
    }

    private void heal() {
        world.note("chaos ends");
        over = true;
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
        converge();
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
