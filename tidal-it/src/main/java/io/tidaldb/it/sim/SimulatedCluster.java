package io.tidaldb.it.sim;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.replication.ReplicationSettings;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.Machine;
import io.tidaldb.core.runtime.Platform;
import io.tidaldb.core.runtime.RandomSource;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A cluster in virtual time: N regions of M shards, a node and a machine for each, in one thread and from one seed. For tests of what is
 * built on Tidal, and of Tidal itself:
 *
 * <pre>{@code
 * try (SimulatedCluster cluster = SimulatedCluster.builder().regions(2).signal("view", Duration.ofDays(7)).open()) {
 *     cluster.writeSignal("view", 42, 1.0);
 *     cluster.awaitFullConvergence(Duration.ofSeconds(10));
 *     assertThat(cluster.readDecayScore(RegionId.of(1), "view", 42)).isPositive();
 * }
 * }</pre>
 *
 * <p>There is one tenant with a slot on each shard, the {@link TenantId#DEFAULT} one, which the methods here write and read; {@link #tidal}
 * has the whole interface. Whatever waits lets time pass, and nothing else does: between two calls nothing happens. The same calls with the
 * same seed always lead to the same results. Not thread-safe.
 */
public final class SimulatedCluster implements AutoCloseable {

    private static final Duration LOOK_AGAIN = Duration.ofMillis(10);

    private final SimulatedWorld world;
    private final SimulatedNetwork network;
    private final SimulatedClient client;
    private final SortedMap<ReplicaId, SimulatedMachine> machines = new TreeMap<>();
    private final SortedMap<NodeId, ReplicaId> replicas = new TreeMap<>();
    private final SortedMap<NodeId, SimulatedHome> homes = new TreeMap<>();
    private final List<Partition> partitions = new ArrayList<>();
    private final ReplicaId leader;
    private final Tidal tidal;

    /** Configures a cluster. All defaults together give two regions with one shard each, and seed 1. */
    public static final class Builder {

        private final Map<String, Duration> signals = new LinkedHashMap<>();
        private int regions = 2;
        private int shardsPerRegion = 1;
        private ReplicaId leader = ReplicaId.parse("r0:s0");
        private long seed = 1;
        private Trace trace = Trace.off();
        private LinkQuality links = LinkQuality.across(Duration.ofMillis(20));
        private ReplicationSettings replication = ReplicationSettings.DEFAULT;
        private Function<NodeId, MachineProfile> profiles = node -> MachineProfile.DEFAULT;

        private @Nullable Duration retention;

        private Duration retentionMax = Duration.ZERO;
        private @Nullable Duration horizon;
        private @Nullable Duration scrubInterval;
        private long scrubBytesPerSecond;

        private Builder() {}

        /** Sets the number of regions. */
        public Builder regions(int count) {
            regions = count;
            return this;
        }

        /** Sets the number of shards that each region has a replica of. */
        public Builder shardsPerRegion(int count) {
            shardsPerRegion = count;
            return this;
        }

        /** Sets the region in which the tenant's shards are led, and which of them {@link SimulatedCluster#leader()} is. */
        public Builder leader(ReplicaId replica) {
            leader = replica;
            return this;
        }

        /** Declares a type of signal. */
        public Builder signal(String name, Duration halfLife) {
            signals.put(name, halfLife);
            return this;
        }

        /** Sets what everything random grows from. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** Writes along what happens. */
        public Builder trace(Trace writesTo) {
            trace = writesTo;
            return this;
        }

        /** Sets what links are like; 20 ms apart unless set. */
        public Builder links(LinkQuality quality) {
            links = quality;
            return this;
        }

        /** Bounds what replication holds in memory and has on its way. */
        public Builder replication(ReplicationSettings bounds) {
            replication = bounds;
            return this;
        }

        /** Lets checkpoints truncate logs, as {@link io.tidaldb.core.TidalBuilder#retention} and its maximum say. */
        public Builder retention(Duration age, Duration max) {
            retention = age;
            retentionMax = max;
            return this;
        }

        /** Sets for how long idempotency keys are remembered, as {@link io.tidaldb.core.TidalBuilder#idempotencyHorizon}. */
        public Builder idempotencyHorizon(Duration remembered) {
            horizon = remembered;
            return this;
        }

        /** Lets machines read again what they hold, as {@link io.tidaldb.core.TidalBuilder#scrub} says; an hour after their start unless set. */
        public Builder scrub(Duration interval, long bytesPerSecond) {
            scrubInterval = interval;
            scrubBytesPerSecond = bytesPerSecond;
            return this;
        }

        /** Sets what machines are like. */
        public Builder machines(Function<NodeId, MachineProfile> each) {
            profiles = each;
            return this;
        }

        /** Starts the cluster. */
        public SimulatedCluster open() {
            return new SimulatedCluster(this);
        }
    }

    /** Starts to configure a cluster. */
    public static Builder builder() {
        return new Builder();
    }

    private SimulatedCluster(Builder from) {
        world = new SimulatedWorld(from.seed, from.trace);
        network = new SimulatedNetwork(world);
        network.links(from.links);
        client = new SimulatedClient(world);
        leader = from.leader;
        List<ShardAssignment> shards = new ArrayList<>();
        for (int region = 0; region < from.regions; region++) {
            for (int shard = 0; shard < from.shardsPerRegion; shard++) {
                NodeId node = NodeId.of("n" + (region * from.shardsPerRegion + shard));
                ShardAssignment assignment = new ShardAssignment(ShardId.of(shard), RegionId.of(region), node);
                shards.add(assignment);
                machines.put(assignment.replica(), world.machine(node, from.profiles.apply(node)));
                replicas.put(node, assignment.replica());
                homes.put(node, new SimulatedHome(Path.of(node.name())));
            }
        }
        machine(leader);
        var builder = Tidal.builder()
                .platform(new Ground())
                .wal(new ClusterDisks(
                        directory -> machine(NodeId.of(directory.toString())).disks()))
                .transport(network.transports())
                .replication(from.replication)
                .topology(new Topology(shards));
        from.signals.forEach(builder::signal);
        if (from.retention != null) {
            builder.retention(from.retention).retentionMax(from.retentionMax);
        }
        if (from.horizon != null) {
            builder.idempotencyHorizon(from.horizon);
        }
        if (from.scrubInterval != null) {
            builder.scrub(from.scrubInterval, from.scrubBytesPerSecond);
        }
        tidal = builder.open();
        world.onCrash(machine -> {
            try {
                tidal.crashNode(machine.id());
            } catch (TidalException e) {
                // It had not come up yet.
                if (e.code() != ErrorCode.PEER_UNAVAILABLE) {
                    throw e;
                }
            }
        });
        tidal.createTenant(TenantConfig.builder(TenantId.DEFAULT)
                .pinnedShards(machines.keySet().stream()
                        .filter(replica -> replica.region().equals(leader.region()))
                        .toArray(ReplicaId[]::new))
                .build());
    }

    /** What the instance runs on. */
    private final class Ground implements Platform {

        private final Clock clock =
                new SimulatedClock(world.time(), MachineProfile.DEFAULT, world.random("the users' clock"));
        private final RandomSource random = world.random("the instance");

        @Override
        public Clock clock() {
            return clock;
        }

        @Override
        public RandomSource random() {
            return random;
        }

        @Override
        public LoopFactory loops() {
            return client;
        }

        @Override
        public boolean hasHomes() {
            return true;
        }

        @Override
        public Machine machine(NodeId node) {
            SimulatedMachine machine = SimulatedCluster.this.machine(node);
            SimulatedHome home = home(node);
            home.open();
            return new Machine(machine.clock(), machine.randomness(), machine.loops(), home);
        }
    }

    // Who is there

    /** Returns the replica that leads the first shard, or the one that was configured. */
    public ReplicaId leader() {
        return leader;
    }

    /** Returns the replica that leads a shard. */
    public ReplicaId leader(ShardId shard) {
        return followerIn(leader.region(), shard);
    }

    /** Returns the replica of the leader's shard in a region. */
    public ReplicaId followerIn(RegionId region) {
        return followerIn(region, leader.shard());
    }

    /** Returns the replica of a shard in a region. */
    public ReplicaId followerIn(RegionId region, ShardId shard) {
        ReplicaId replica = new ReplicaId(region, shard);
        machine(replica);
        return replica;
    }

    /** Returns all replicas, in order. */
    public List<ReplicaId> replicas() {
        return List.copyOf(machines.keySet());
    }

    /** Returns the machine that a replica is on. */
    public SimulatedMachine machine(ReplicaId replica) {
        SimulatedMachine machine = machines.get(replica);
        if (machine == null) {
            throw TidalException.invalid(
                    "replica " + replica + " does not exist: expected one of " + machines.keySet());
        }
        return machine;
    }

    private SimulatedMachine machine(NodeId node) {
        return machine(replica(node));
    }

    /** Returns the replica that is on a node. */
    public ReplicaId replica(NodeId node) {
        ReplicaId replica = replicas.get(node);
        if (replica == null) {
            throw TidalException.invalid("node " + node + " does not exist: expected one of " + replicas.keySet());
        }
        return replica;
    }

    /** Returns what of a node lasts beside its logs. */
    public SimulatedHome home(NodeId node) {
        SimulatedHome home = homes.get(node);
        if (home == null) {
            throw TidalException.invalid("node " + node + " does not exist: expected one of " + homes.keySet());
        }
        return home;
    }

    /** Returns the world that all of it is in. */
    public SimulatedWorld world() {
        return world;
    }

    /** Returns what the machines are connected by. */
    public SimulatedNetwork network() {
        return network;
    }

    /** Returns the instance, whose nodes run on the machines. What blocks in it lets time pass. */
    public Tidal tidal() {
        return tidal;
    }

    /** Returns the tenant that is written and read here. */
    public Tenant tenant() {
        return tidal.tenant(TenantId.DEFAULT).orElseThrow();
    }

    /** Sets for how long calls of the instance wait at most, whatever they ask for: what they wait for may never come. */
    public void patience(Duration atMost) {
        client.patience(atMost);
    }

    // Time

    /** Lets time pass. */
    public void advance(Duration duration) {
        world.runFor(duration);
    }

    // Writing and reading

    /** Records a signal that happens now, on the shard that the entity belongs to; returns when it is acknowledged. */
    public Position writeSignal(String signal, long entity, double weight) {
        return tenant().record(signal, entity, weight);
    }

    /** Returns the decayed score now, as the replicas in a region know it. */
    public double readDecayScore(RegionId region, String signal, long entity) {
        return tenant().read(signal, entity, ReadOptions.DEFAULT.in(region)).score();
    }

    /** Returns how many records the replicas in a region hold, over all shards: those have the same that hold as many. */
    public long appliedSeqno(RegionId region) {
        SortedMap<LogId, Long> ends = new TreeMap<>();
        machines.forEach((replica, machine) -> {
            if (replica.region().equals(region)) {
                machine.disks().inspect(Path.of(machine.id().name()), new Ends(ends));
            }
        });
        return ends.values().stream().mapToLong(Seqno::counter).sum();
    }

    /** Collects where logs of the tenant end. */
    private record Ends(SortedMap<LogId, Long> ends) implements WalInspection {

        @Override
        public void batch(LogId log, String file, long offset, WalBatch batch) {
            if (log.tenant().equals(TenantId.DEFAULT)) {
                ends.put(log, batch.lastSeqno());
            }
        }

        @Override
        public void file(String file, long bytes) {}

        @Override
        public void tornTail(String file, long offset, long bytes) {}

        @Override
        public void damage(String file, long offset, String expected, String actual) {}
    }

    // Convergence

    /**
     * Lets time pass until all replicas of all tenants have everything that their leaders have.
     *
     * @throws TidalException DEADLINE_EXCEEDED if they do not within a limit, with a message that names who lags, and by how much
     */
    public void awaitFullConvergence(Duration limit) {
        long end = world.nanoTime() + limit.toNanos();
        String missing = missing();
        while (!missing.isEmpty()) {
            if (world.nanoTime() >= end) {
                throw new TidalException(
                        ErrorCode.DEADLINE_EXCEEDED,
                        "the replicas have not converged after " + limit + " of virtual time: " + missing);
            }
            world.runFor(LOOK_AGAIN);
            missing = missing();
        }
    }

    /** Returns who lags, or nothing. */
    private String missing() {
        StringJoiner missing = new StringJoiner("; ");
        machines.forEach((replica, machine) -> {
            if (!machine.isRunning()) {
                missing.add(machine.id() + " (" + replica + ") does not run");
            }
        });
        for (ClusterHealth.ShardHealth shard : tidal.health().shards()) {
            shard.replicationLag().forEach((follower, lag) -> {
                if (lag.records() != 0 || lag.millis() != 0) {
                    missing.add(follower + " (" + replica(follower) + ") lags " + lag.records() + " records"
                            + (lag.millis() < 0 ? "" : " and " + lag.millis() + " ms") + " behind " + shard.node()
                            + " (" + new ReplicaId(shard.region(), shard.shard()) + ")");
                }
            });
        }
        return missing.toString();
    }

    // What can go wrong

    /** Messages that do not get through until this is closed. A second close does nothing. */
    public final class Partition implements AutoCloseable {

        private final SimulatedNetwork.Cut cut;

        private Partition(SimulatedNetwork.Cut cut) {
            this.cut = cut;
            partitions.add(this);
        }

        /** Returns how many messages it has dropped, or would have if it lasted. */
        public long dropped() {
            return cut.lost();
        }

        @Override
        public void close() {
            cut.close();
            partitions.remove(this);
        }
    }

    /** Lets nothing pass between two regions, in either direction. */
    public Partition injectPartition(RegionId one, RegionId other) {
        return new Partition(network.partition(nodes(one), nodes(other)));
    }

    /** Lets nothing pass between the machines of two replicas, in either direction. */
    public Partition injectPartition(ReplicaId one, ReplicaId other) {
        return new Partition(network.partition(machine(one).id(), machine(other).id()));
    }

    /** Lets nothing pass from a region to another, while what goes the other way arrives. */
    public Partition injectOneWayPartition(RegionId from, RegionId to) {
        return new Partition(network.cut(nodes(from), nodes(to)));
    }

    /** Lets nothing pass from the machine of a replica to another's, while what goes the other way arrives. */
    public Partition injectOneWayPartition(ReplicaId from, ReplicaId to) {
        return new Partition(network.cut(machine(from).id(), machine(to).id()));
    }

    private List<NodeId> nodes(RegionId region) {
        return machines.entrySet().stream()
                .filter(each -> each.getKey().region().equals(region))
                .map(each -> each.getValue().id())
                .toList();
    }

    /** Closes all partitions. */
    public void healAllPartitions() {
        List.copyOf(partitions).forEach(Partition::close);
    }

    /** Crashes the machine of a replica: what was not synced may be lost, or torn. One that does not run is left as it is. */
    public void crash(ReplicaId replica) {
        machine(replica).crash("as a test has asked for");
    }

    /** Crashes the machine that leads a shard. */
    public void crash(ShardId shard) {
        crash(leader(shard));
    }

    /** Starts the machine of a replica again, which recovers and catches up. */
    public void restart(ReplicaId replica) {
        SimulatedMachine machine = machine(replica);
        machine.restart();
        machine.call(() -> {
            tidal.startNode(machine.id());
            return replica;
        });
    }

    /** Starts the machine that leads a shard again. */
    public void restart(ShardId shard) {
        restart(leader(shard));
    }

    /** Lets nothing run on the machine of a replica for a while, as a long collection of garbage does. */
    public void pause(ReplicaId replica, Duration duration) {
        machine(replica).pause(duration);
    }

    @Override
    public void close() {
        tidal.abandon();
    }
}
