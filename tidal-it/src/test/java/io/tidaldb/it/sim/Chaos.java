package io.tidaldb.it.sim;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.testkit.LossyDisk;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What goes wrong, from a seed. Not every kind of fault is in every run: some hide others. */
final class Chaos {

    /** What can go wrong. */
    enum Fault {
        CRASH,
        CRASH_IN_APPEND,
        CRASH_IN_SYNC,
        FAILED_SYNC,
        FULL_DISK,
        SLOW_DISK,
        BIT_ROT,
        PAUSE,
        CLOCK_JUMP,
        CUT,
        PARTITION,
        ISOLATION,
        DISCONNECT,
        BAD_LINK,
        SLOW_LINK,
        PROMOTION
    }

    /** Whether bits turn at rest. */
    static final boolean ROT = Boolean.getBoolean("tidal.sim.rot");

    private final SimulatedCluster cluster;
    private final SimulatedWorld world;
    private final SimulatedRandom random;
    private final List<Fault> faults = new ArrayList<>();
    private final List<ReplicaId> replicas;
    private final LinkQuality usual;
    /** Whose store may have failed: whoever runs them starts them again. */
    private final Set<ReplicaId> suspects = new TreeSet<>();

    private final BatchForger forger;
    private boolean over;
    private boolean locked;
    private long crashes;

    Chaos(SimulatedCluster cluster, LinkQuality usual) {
        this.cluster = cluster;
        this.world = cluster.world();
        this.usual = usual;
        this.random = world.random("chaos");
        this.replicas = cluster.replicas();
        EnumSet.allOf(Fault.class).forEach(fault -> {
            if ((fault != Fault.BIT_ROT || ROT) && random.chance(500_000)) {
                faults.add(fault);
            }
        });
        forger = new BatchForger(world, random.chance(300_000) ? (int) random.below(20_000) : 0);
        cluster.network().forger(forger);
        world.note("faults " + faults);
        world.onCrash(machine -> {
            crashes++;
            if (!over) {
                world.schedule(millis(1, random.chance(200_000) ? 5_000 : 1_000), () -> restart(machine));
            }
        });
    }

    /** Does something that a node can't be started during, as if by another thread: both need the same lock. */
    void locked(Runnable action) {
        locked = true;
        try {
            action.run();
        } finally {
            locked = false;
        }
    }

    long crashes() {
        return crashes;
    }

    private Duration millis(long least, long most) {
        return Duration.ofMillis(random.between(least, most));
    }

    private void restart(SimulatedMachine machine) {
        if (locked) {
            world.schedule(Duration.ofMillis(1), () -> restart(machine));
        } else if (!machine.isRunning()) {
            ReplicaId replica = cluster.replica(machine.id());
            try {
                cluster.restart(replica);
            } catch (MachineCrash e) {
                // Once more: it is told to whoever listens.
            } catch (TidalException e) {
                if (machine.isRunning()) {
                    throw e;
                }
            }
        }
    }

    private ReplicaId some() {
        return replicas.get((int) random.below(replicas.size()));
    }

    /** Lets something go wrong, perhaps. */
    void disturb() {
        if (faults.isEmpty()) {
            return;
        }
        ReplicaId replica = some();
        SimulatedMachine machine = cluster.machine(replica);
        NodeId node = machine.id();
        NodeId other = cluster.machine(some()).id();
        switch (faults.get((int) random.below(faults.size()))) {
            case CRASH -> machine.crash("chaos");
            case CRASH_IN_APPEND -> machine.disks().crashInAppend((int) random.between(1, 20));
            case CRASH_IN_SYNC -> machine.disks().crashInSync((int) random.between(1, 10));
            case FAILED_SYNC -> failSync(replica);
            case FULL_DISK -> fill(replica);
            case SLOW_DISK -> slow(machine);
            case BIT_ROT -> rot(replica);
            case PAUSE -> machine.pause(millis(1, 2_000));
            case CLOCK_JUMP -> machine.jump(millis(-60_000, 60_000));
            case CUT -> heal(cluster.network().cut(node, other));
            case PARTITION -> heal(cluster.network().partition(some(random), some(random)));
            case ISOLATION -> heal(cluster.network().isolate(List.of(node)));
            case DISCONNECT -> cluster.network().disconnect(node, other);
            case BAD_LINK -> cluster.network().link(node, other, bad());
            case PROMOTION -> promote(replica);
            case SLOW_LINK ->
                cluster.network()
                        .link(
                                node,
                                other,
                                LinkQuality.faithful(
                                        Latency.of(
                                                Duration.ofMillis(50), Duration.ofMillis(300), Duration.ofSeconds(2)),
                                        random.between(20_000, 500_000)));
        }
    }

    // An operator who does not ask whether the one that leads is still there, or what it has not shipped.
    private void promote(ReplicaId replica) {
        List<Tenant> tenants = cluster.tidal().tenants();
        Tenant tenant = tenants.get((int) random.below(tenants.size()));
        world.note("promote " + replica + " for " + tenant.id());
        try {
            cluster.tidal().promote(tenant.id(), replica);
        } catch (TidalException e) {
            // It has no replica there, or too old a one, or the node is down or goes down, or too many others are.
            if (e.code() == ErrorCode.INTERNAL) {
                throw e;
            }
        }
    }

    private LinkQuality bad() {
        return usual.unfaithful(
                (int) random.below(100_000), (int) random.below(100_000), (int) random.below(100_000), (int)
                        random.below(50_000));
    }

    private List<NodeId> some(SimulatedRandom from) {
        List<NodeId> nodes = new ArrayList<>();
        for (ReplicaId each : replicas) {
            if (from.chance(400_000)) {
                nodes.add(cluster.machine(each).id());
            }
        }
        return nodes;
    }

    // Whoever runs the node starts it again when its store has failed.
    private void failSync(ReplicaId replica) {
        SimulatedMachine machine = cluster.machine(replica);
        machine.disks().failSync((int) random.between(1, 10));
        suspects.add(replica);
        world.schedule(millis(100, 2_500), () -> {
            if (!over) {
                machine.crash("to open its store again");
            }
        });
    }

    private LossyDisk disk(SimulatedMachine machine) {
        return machine.disks().disk(Path.of(machine.id().name()));
    }

    private void fill(ReplicaId replica) {
        SimulatedMachine machine = cluster.machine(replica);
        boolean noticedAtSync = random.chance(500_000);
        machine.note("disk is full");
        disk(machine).capacity(disk(machine).bytes() + random.below(2_000), noticedAtSync);
        if (noticedAtSync) {
            // What was acknowledged before its sync can't be taken back: then the store has failed.
            suspects.add(replica);
        }
        cluster.home(machine.id()).full(true);
        world.schedule(millis(10, 2_000), () -> {
            disk(machine).capacity(Long.MAX_VALUE, false);
            cluster.home(machine.id()).full(false);
        });
    }

    // A copy of what another wrote, who still has it. Where all write, nobody throws away what is damaged.
    private void rot(ReplicaId replica) {
        disk(cluster.machine(replica))
                .rot(log -> !log.origin().replica().equals(replica) && isWrittenByOne(log.tenant()), random)
                .ifPresent(log -> cluster.machine(replica).note("a bit of log " + log + " turns"));
    }

    private boolean isWrittenByOne(TenantId id) {
        return isWrittenByOne(cluster.tidal(), id);
    }

    static boolean isWrittenByOne(Tidal tidal, TenantId id) {
        return tidal.tenants().stream()
                .anyMatch(tenant -> tenant.id().equals(id) && tenant.config().writes() == WriteMode.SINGLE);
    }

    /** Returns how many bits have turned on a cluster's disks. */
    static int rotten(SimulatedCluster cluster) {
        return cluster.replicas().stream()
                .flatMap(replica -> cluster.machine(replica).disks().all().stream())
                .mapToInt(LossyDisk::rotten)
                .sum();
    }

    private void slow(SimulatedMachine machine) {
        machine.turns(
                Latency.of(Duration.ofMillis(1), Duration.ofMillis(random.between(2, 100)), Duration.ofSeconds(1)));
        world.schedule(millis(10, 2_000), () -> machine.turns(MachineProfile.DEFAULT.turn()));
    }

    private void heal(SimulatedNetwork.Cut cut) {
        world.schedule(millis(1, 2_500), cut::close);
    }

    /** Ends all that is wrong. */
    void end() {
        world.note("chaos ends");
        over = true;
        forger.end();
        // What heals by itself, at the latest by now.
        world.runFor(Duration.ofMillis(2_500));
        cluster.network().links(usual);
        for (ReplicaId replica : replicas) {
            SimulatedMachine machine = cluster.machine(replica);
            machine.disks().failSync(0);
            machine.disks().crashInAppend(0);
            machine.disks().crashInSync(0);
            if (suspects.contains(replica)) {
                machine.crash("to open its store again");
            }
            restart(machine);
        }
    }
}
