package io.tidaldb.it.sim;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Scheduler;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.control.ControlPosition;
import io.tidaldb.api.control.ControlSnapshot;
import io.tidaldb.core.control.LocalControlLogFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the members of a control log agree on in a simulated world: one sequence, each entry of which a majority of disks held when it was
 * agreed, and who leads: one that has no less than each of a majority. Members hear of it late, may be cut off, closed and opened again; the
 * leader may be lost. What a leader lacks is lost for all, which can't be unless a disk goes back to an older copy. Confined to the world's
 * thread.
 *
 * <p>A node that is its own only member gets core's local log.
 */
public final class SimulatedControl {

    /** What outlasts a member's process. */
    private static final class Disk {

        /** How many entries it has. */
        long stored;

        /** Of how many of them it knew that they are agreed. */
        long known;

        @Nullable
        ControlSnapshot snapshot;

        Disk copy() {
            Disk copy = new Disk();
            copy.stored = stored;
            copy.known = known;
            copy.snapshot = snapshot;
            return copy;
        }
    }

    /** A copy of what a member had on its disk. */
    public static final class Copy {

        private final Disk disk;

        private Copy(Disk disk) {
            this.disk = disk;
        }
    }

    private final SimulatedWorld world;
    private final SimulatedRandom random;

    /** Decides which majority has an entry first. */
    private final SimulatedRandom spread;

    private final List<byte[]> agreed = new ArrayList<>();
    private final SortedMap<NodeId, SimulatedControlLog> open = new TreeMap<>();
    private final SortedMap<NodeId, Disk> disks = new TreeMap<>();
    private final SortedSet<NodeId> cutOff = new TreeSet<>();
    private List<NodeId> members = List.of();
    private List<NodeId> followers = List.of();
    private boolean changed;
    private ControlFaults faults = ControlFaults.NONE;
    private Consumer<byte[]> proposals = command -> {};
    private Consumer<byte[]> decisions = command -> {};
    private @Nullable NodeId leader;
    private boolean electing;
    private long forgotten;

    /** Creates a log in which nothing is agreed yet. */
    public SimulatedControl(SimulatedWorld world) {
        this.world = world;
        this.random = world.random("control");
        this.spread = world.random("control disks");
        world.onCrash(machine -> {
            open.remove(machine.id());
            reconsider();
        });
    }

    /** Returns what opens the log on each of its members. */
    public ControlLogFactory logs() {
        return new Factory();
    }

    /** Sets what happens from now on. */
    public void faults(ControlFaults what) {
        faults = what;
    }

    /**
     * Adds somebody who sees each command, before anything else comes of it.
     *
     * @param proposed when a member proposes it
     * @param decided when it is agreed, before any member hears of it
     */
    public void watch(Consumer<byte[]> proposed, Consumer<byte[]> decided) {
        proposals = proposals.andThen(proposed);
        decisions = decisions.andThen(decided);
    }

    /** Cuts a member off from all others. */
    public void isolate(NodeId member) {
        cutOff.add(member);
        reconsider();
    }

    /** Lets a member's part fail for good, as if its disk had; until it is opened again nothing is decided or heard there. */
    public void fail(NodeId member) {
        SimulatedControlLog log = open.get(member);
        if (log != null) {
            log.fail();
        }
    }

    /** Lets all members reach each other again. */
    public void heal() {
        cutOff.clear();
        reconsider();
        open.values().forEach(this::tell);
    }

    /** Lets the leader lose its office; until there is another, nothing is decided. */
    public void loseLeader() {
        leader = null;
        reconsider();
    }

    /** Returns how many commands are agreed. */
    public long agreed() {
        return agreed.size();
    }

    /** Returns how many commands were agreed and are so no more. */
    public long forgotten() {
        return forgotten;
    }

    /** Copies what a member has on its disk. */
    public Copy copy(NodeId member) {
        return new Copy(disk(member).copy());
    }

    /** Puts a copy in the place of what a member, which does not run, has on its disk. */
    public void putBack(NodeId member, Copy copy) {
        disks.put(member, copy.disk.copy());
    }

    private final class Factory implements ControlLogFactory {

        @Override
        public String name() {
            return "simulated";
        }

        @Override
        public int spiVersion() {
            return Spi.VERSION;
        }

        @Override
        public ControlLog create(ControlLogContext context) {
            boolean joins = !context.members().contains(context.node());
            if (context.members().size() == 1 && !joins) {
                return new LocalControlLogFactory().create(context);
            }
            if (!members.isEmpty() && !changed && !joins && !members.equals(context.members())) {
                throw new TidalException(
                        ErrorCode.DIRECTORY_MISMATCH,
                        "the simulated control log has the members " + members + ": expected " + context.members());
            }
            if (members.isEmpty()) {
                members = context.members();
            }
            context.checkReached(new ControlPosition(0, disk(context.node()).stored));
            SimulatedControlLog log = new SimulatedControlLog(SimulatedControl.this, context);
            open.put(context.node(), log);
            reconsider();
            return log;
        }
    }

    // For members

    List<NodeId> members() {
        return members;
    }

    List<NodeId> followers() {
        return followers;
    }

    /** Changes the members, if a member may now; returns why not, or null if it is done. */
    @Nullable
    TidalException change(NodeId by, List<NodeId> voters, List<NodeId> others) {
        if (!by.equals(leader)) {
            return new TidalException(ErrorCode.NOT_OWNER, by + " does not decide");
        }
        for (NodeId each : voters) {
            boolean isNew = !members.contains(each) && !followers.contains(each);
            if (isNew && (!open.containsKey(each) || cutOff.contains(each))) {
                return new TidalException(ErrorCode.NOT_CAUGHT_UP, each + " can't be reached");
            }
        }
        if (connected(voters) * 2 <= voters.size()) {
            return new TidalException(ErrorCode.NOT_CAUGHT_UP, "no majority of " + voters + " can be reached");
        }
        if (world.trace().isOn()) {
            world.note("control: members are " + voters + " and " + others);
        }
        members = voters.stream().sorted().toList();
        store(null);
        followers = others.stream().sorted().toList();
        changed = true;
        reconsider();
        open.values().forEach(this::tell);
        return null;
    }

    SimulatedRandom random() {
        return random;
    }

    ControlFaults faults() {
        return faults;
    }

    Scheduler scheduler(NodeId member) {
        Collection<SimulatedMachine> machines = world.machines();
        return machines.stream()
                .filter(machine -> machine.id().equals(member))
                .findFirst()
                .map(SimulatedMachine::scheduler)
                .orElse(world);
    }

    Duration draw(Latency latency) {
        return Duration.ofNanos(latency.drawNanos(random));
    }

    /** Returns who leads as far as a member knows. */
    Optional<NodeId> leaderSeenBy(NodeId member) {
        return reaches(member) ? Optional.ofNullable(leader) : Optional.empty();
    }

    /** Returns whether a member could have something agreed now. */
    boolean decides(NodeId member) {
        return leader != null && reaches(member);
    }

    void proposed(byte[] command) {
        proposals.accept(command);
    }

    long append(byte[] command) {
        agreed.add(command);
        store(leader);
        decisions.accept(command);
        open.values().forEach(this::tell);
        return agreed.size();
    }

    byte[] entry(long index) {
        return agreed.get((int) index - 1);
    }

    /** Returns the newest snapshot of any member, if a member that knows so much is to be given it. */
    @Nullable
    ControlSnapshot snapshotFor(long known) {
        ControlSnapshot newest = null;
        for (Disk disk : disks.values()) {
            ControlSnapshot each = disk.snapshot;
            if (each != null && each.index() > known && (newest == null || each.index() > newest.index())) {
                newest = each;
            }
        }
        return newest != null && (agreed.size() - known > 20 || random.chance(faults.snapshots())) ? newest : null;
    }

    boolean reaches(NodeId member) {
        return open.containsKey(member)
                && !cutOff.contains(member)
                && (members.contains(member) || followers.contains(member))
                && connected(members) * 2 > members.size();
    }

    long known(NodeId member) {
        return disk(member).known;
    }

    void know(NodeId member, long index) {
        Disk disk = disk(member);
        disk.known = Math.max(disk.known, index);
        disk.stored = Math.max(disk.stored, index);
    }

    @Nullable
    ControlSnapshot snapshot(NodeId member) {
        return disk(member).snapshot;
    }

    void store(NodeId member, ControlSnapshot snapshot) {
        ControlSnapshot former = disk(member).snapshot;
        if (former == null || former.index() < snapshot.index()) {
            disk(member).snapshot = snapshot;
            disk(member).stored = Math.max(disk(member).stored, snapshot.index());
        }
    }

    /** What is agreed is on the disks of a majority, whoever decides among them: no more have it before they hear of it. */
    private void store(@Nullable NodeId decides) {
        List<NodeId> able = new ArrayList<>(members.stream()
                .filter(this::reaches)
                .filter(each -> !each.equals(decides))
                .toList());
        int missing = members.size() / 2 + 1;
        if (decides != null && members.contains(decides)) {
            disk(decides).stored = agreed.size();
            missing--;
        }
        for (; missing > 0 && !able.isEmpty(); missing--) {
            disk(able.remove((int) spread.below(able.size()))).stored = agreed.size();
        }
    }

    void closed(NodeId member, SimulatedControlLog log) {
        if (open.get(member) == log) {
            open.remove(member);
            reconsider();
        }
    }

    private void tell(SimulatedControlLog log) {
        scheduler(log.node()).schedule(draw(faults.delivery()), () -> log.hear(agreed.size()));
    }

    private long connected(List<NodeId> voters) {
        return voters.stream()
                .filter(member -> open.containsKey(member) && !cutOff.contains(member))
                .count();
    }

    private Disk disk(NodeId member) {
        return disks.computeIfAbsent(member, any -> new Disk());
    }

    private void reconsider() {
        if (leader != null && !(members.contains(leader) && reaches(leader))) {
            leader = null;
        }
        if (leader == null && !electing) {
            electing = true;
            world.schedule(draw(faults.election()), this::elect);
        }
    }

    private void elect() {
        electing = false;
        List<NodeId> able = open.keySet().stream()
                .filter(member -> members.contains(member) && reaches(member))
                .toList();
        List<NodeId> electable =
                able.stream().filter(each -> isElectable(each, able)).toList();
        if (leader == null && !electable.isEmpty()) {
            NodeId elected = electable.get((int) random.below(electable.size()));
            leader = elected;
            forget(disk(elected).stored);
            if (world.trace().isOn()) {
                world.note("control: " + leader + " decides");
            }
            open.values().forEach(this::tell);
        }
    }

    /** A majority votes for one that has no less than they have. */
    private boolean isElectable(NodeId candidate, List<NodeId> able) {
        long stored = disk(candidate).stored;
        return able.stream().filter(each -> disk(each).stored <= stored).count() * 2 > members.size();
    }

    private void forget(long left) {
        if (left < agreed.size()) {
            long lost = agreed.size() - left;
            world.note("control: " + lost + " decisions are forgotten");
            forgotten += lost;
            agreed.subList((int) left, agreed.size()).clear();
        }
    }
}
