package io.tidaldb.it.sim;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.key.KeyVault;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.core.ClusterMember;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.Topology;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopBody;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopHandle;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.runtime.Machine;
import io.tidaldb.core.runtime.Platform;
import io.tidaldb.core.runtime.RandomSource;
import io.tidaldb.core.upgrade.Release;
import io.tidaldb.testkit.LossyDisk;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Instances that are one node each of a cluster, in virtual time: a machine, a home and a process for each, a network between them and a
 * control log that they agree by. A process that ends takes its instance with it.
 */
public final class SimulatedMembers implements AutoCloseable {

    private static final String CLUSTER = "members";
    private static final Duration KEY_CHECK = Duration.ofSeconds(1);

    private final SimulatedWorld world;
    private final SimulatedNetwork network;
    private final SimulatedControl control;
    private final Topology topology;
    private final Duration lease;
    private final Duration returnAfter;
    private final List<Member> members = new ArrayList<>();
    private final UnaryOperator<MachineProfile> profiles;
    private int named;
    private boolean encrypting;
    private @Nullable Duration retention;
    private Duration scrubInterval = Duration.ofDays(1);

    SimulatedMembers(
            SimulatedWorld world,
            int count,
            Duration lease,
            Duration returnAfter,
            UnaryOperator<MachineProfile> profiles) {
        this.world = world;
        this.lease = lease;
        this.returnAfter = returnAfter;
        network = new SimulatedNetwork(world);
        control = new SimulatedControl(world);
        this.profiles = profiles;
        named = count;
        topology = Topology.regions(count).shardsPerRegion(3);
        topology.nodes().stream().sorted().forEach(node -> members.add(new Member(node, null)));
        world.onCrash(machine ->
                members.stream().filter(member -> member.machine == machine).forEach(Member::abandon));
    }

    /** Has their instances use the master keys of their machines, which have a shared one from now on. */
    void encrypting() {
        encrypting = true;
        byte[] key = new byte[KeyVault.DATA_KEY_BYTES];
        members.forEach(member -> member.vault.add(SimulatedVault.SHARED, 1, key));
    }

    /** Has their instances drop what is older from the logs, once it is in a checkpoint. */
    void retaining(Duration age) {
        retention = age;
    }

    /** Has their instances read again what they hold so often. */
    void scrubbing(Duration interval) {
        scrubInterval = interval;
    }

    /**
     * Returns whether a refusal says that something can't be read, and bits have turned: whoever is asked says that, and nothing else, until what
     * is damaged was found and fetched again.
     */
    boolean isRot(TidalException refusal) {
        boolean damage = refusal.code() == ErrorCode.CORRUPT_LOG || refusal.code() == ErrorCode.CORRUPT_DATA;
        return damage
                && members.stream()
                        .flatMap(member -> member.machine.disks().all().stream())
                        .anyMatch(disk -> disk.rotten() > 0);
    }

    /** Fails if somebody is refused as no fault explains. */
    void mustExplain(String what, TidalException refusal) {
        boolean expected = refusal.code().outcome() != Outcome.FATAL && refusal.code() != ErrorCode.VERSION_MISMATCH;
        if (!expected && !isRot(refusal)) {
            throw new AssertionError(what + ", which no fault explains", refusal);
        }
    }

    /** Opens all, each while those before it wait for it. */
    void open() {
        members.subList(1, members.size()).forEach(member -> world.execute(member::start));
        members.get(0).start();
        if (!world.runUntil(() -> members.stream().allMatch(Member::serves), Duration.ofMinutes(1))) {
            throw new AssertionError("not all members have opened within a minute");
        }
    }

    /** Returns the world that all of it is in. */
    public SimulatedWorld world() {
        return world;
    }

    SimulatedNetwork network() {
        return network;
    }

    SimulatedControl control() {
        return control;
    }

    /** Returns all members, in order. */
    public List<Member> members() {
        return members;
    }

    /** Forgets one that is gone for good, and returns the one that is to take its place; nobody has started it yet. */
    Member successor(Member gone) {
        RegionId region = gone.joins != null
                ? gone.joins
                : topology.shards().stream()
                        .filter(each -> each.node().equals(gone.id))
                        .findFirst()
                        .orElseThrow()
                        .region();
        Member next = new Member(NodeId.of("n" + named++), region);
        next.vault.addAll(gone.vault);
        members.set(members.indexOf(gone), next);
        return next;
    }

    /**
     * What was on a member's disk at a moment.
     *
     * @param home null if only the control log was copied
     */
    record Copy(SimulatedControl.Copy control, @Nullable SimulatedHome home, Map<Path, LossyDisk.Image> disks) {}

    /** A machine, and the instance that its process opened last. */
    public final class Member {

        private final NodeId id;
        private final SimulatedMachine machine;
        private final SimulatedHome home;
        private final SimulatedVault vault;

        /** The region of one that joins; null for those with which the cluster is made. */
        private final @Nullable RegionId joins;

        private @Nullable Tidal tidal;
        private @Nullable TidalException refused;
        private boolean stopping;
        private Release release = Release.current();
        private TransportFactory transports = network.transports();

        private Member(NodeId id, @Nullable RegionId joins) {
            this.id = id;
            this.joins = joins;
            this.machine = world.machine(id, profiles.apply(MachineProfile.DEFAULT));
            this.home = new SimulatedHome(Path.of(id.name()));
            this.vault = new SimulatedVault(machine);
        }

        /** Returns the name of its node. */
        public NodeId id() {
            return id;
        }

        /** Returns where it is: those that found the cluster are each in a region of their own. */
        public RegionId region() {
            return joins != null
                    ? joins
                    : RegionId.of(Integer.parseInt(id.name().substring(1)));
        }

        /** Returns what it runs on. */
        public SimulatedMachine machine() {
            return machine;
        }

        /** Returns what of its node lasts beside its logs. */
        SimulatedHome home() {
            return home;
        }

        /** Returns its machine's master keys. */
        SimulatedVault vault() {
            return vault;
        }

        /** Returns whether its instance is open. */
        public boolean serves() {
            return tidal != null;
        }

        /** Returns whether its instance is being closed, or closed. */
        boolean stops() {
            return stopping;
        }

        /** Returns its instance, which is open. */
        public Tidal tidal() {
            Tidal open = tidal;
            if (open == null) {
                throw new AssertionError(id + " does not serve");
            }
            return open;
        }

        /** Calls the instance as a user in its process does; a crash of the machine ends the user as well. */
        public <T extends @Nullable Object> T call(Function<Tidal, T> what) {
            return machine.call(() -> what.apply(tidal()));
        }

        /** As {@link #call}; who comes too often waits as the quota says, and tries again. */
        <T extends @Nullable Object> T callInTime(Function<Tidal, T> what) {
            while (true) {
                try {
                    return call(what);
                } catch (QuotaExceededException e) {
                    world.runFor(Objects.requireNonNull(e.retryAfter()));
                }
            }
        }

        /** Says which version its process is of, when it opens its instance next. */
        void runs(Release of) {
            release = of;
        }

        /** Says what carries its messages, when it opens its instance next. */
        void sends(TransportFactory by) {
            transports = by;
        }

        /** Opens the instance in the process that runs. One that can't be opened ends, as a process does. */
        void start() {
            stopping = false;
            refused = null;
            try {
                machine.call(() -> tidal = builder().open());
                machine.note("serves");
            } catch (MachineCrash e) {
                machine.note("crashed before it served");
            } catch (TidalException e) {
                machine.note("does not start: " + e.getMessage());
                refused = e;
                machine.crash("it could not be opened");
            }
        }

        /** Returns why its instance could not be opened the last time; null if it could. */
        @Nullable
        TidalException refused() {
            return refused;
        }

        /** Copies its disk, or the control log alone. */
        Copy copy(boolean whole) {
            return new Copy(
                    control.copy(id),
                    whole ? home.copy() : null,
                    whole ? machine.disks().images() : Map.of());
        }

        /** Puts a copy in the place of what it copied; the machine does not run. */
        void putBack(Copy copy) {
            control.putBack(id, copy.control);
            if (copy.home != null) {
                home.become(copy.home);
            }
            machine.disks().restore(copy.disks);
        }

        /** Closes the instance in order, then ends the process. */
        void stop() {
            stopping = true;
            try {
                call(open -> {
                    open.close();
                    return id;
                });
                tidal = null;
                machine.stop();
            } catch (MachineCrash e) {
                machine.note("crashed while it was closed");
            }
        }

        private void abandon() {
            Tidal open = tidal;
            tidal = null;
            if (open != null) {
                open.abandon();
            }
        }

        private TidalBuilder builder() {
            TidalBuilder builder = common();
            SortedMap<NodeId, String> peers = new TreeMap<>();
            if (joins != null) {
                members.stream().filter(each -> each != this).forEach(each -> peers.put(each.id, each.id.name()));
                return builder.region(joins).member(ClusterMember.joining(CLUSTER, id, id.name(), peers));
            }
            topology.nodes().stream().filter(each -> !each.equals(id)).forEach(each -> peers.put(each, each.name()));
            return builder.topology(topology).member(ClusterMember.of(CLUSTER, id, id.name(), peers));
        }

        private TidalBuilder common() {
            TidalBuilder builder = Tidal.builder()
                    .platform(new Ground(this))
                    .wal(new ClusterDisks(directory -> machine.disks()))
                    .transport(transports)
                    .controlLog(control.logs())
                    .lease(lease)
                    .returnAfter(returnAfter)
                    .scrub(scrubInterval, 64 << 20)
                    .signal("view", Duration.ofDays(7));
            Duration age = retention;
            if (age != null) {
                builder.retention(age).retentionMax(age);
            }
            return encrypting ? builder.keyVault(vault).keys(Path.of("keys")).keyCheck(KEY_CHECK) : builder;
        }
    }

    /** What the process of a member runs on: all of it is its machine's, but that whoever waits lets time pass. */
    private final class Ground implements Platform {

        private final Member member;
        private final LoopFactory loops;

        Ground(Member member) {
            this.member = member;
            this.loops = new UsersLoops(member.machine.loops(), new SimulatedClient(world));
        }

        @Override
        public Clock clock() {
            return member.machine.clock();
        }

        @Override
        public RandomSource random() {
            return member.machine.randomness();
        }

        @Override
        public LoopFactory loops() {
            return loops;
        }

        @Override
        public Release release() {
            return member.release;
        }

        @Override
        public boolean hasHomes() {
            return true;
        }

        @Override
        public Machine machine(NodeId node) {
            member.home.open();
            return new Machine(clock(), random(), member.machine.loops(), member.home);
        }
    }

    private record UsersLoops(LoopFactory machine, LoopFactory users) implements LoopFactory {

        @Override
        public LoopHandle start(String role, LoopBody body) {
            return machine.start(role, body);
        }

        @Override
        public CallbackExecutor callbacks(String role) {
            return machine.callbacks(role);
        }

        @Override
        public BackgroundExecutor background(String role) {
            return machine.background(role);
        }

        @Override
        public LoopScheduler scheduler(String role) {
            return machine.scheduler(role);
        }

        @Override
        public <T> T await(CompletableFuture<T> result, long atMostNanos)
                throws ExecutionException, TimeoutException, InterruptedException {
            return users.await(result, atMostNanos);
        }
    }

    @Override
    public void close() {
        members.forEach(Member::abandon);
    }
}
