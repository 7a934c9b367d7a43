package io.tidaldb.core.report;

import io.tidaldb.api.Durability;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.routing.ShardReplicas;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What of a slot can still be lost. A pure function of who holds what and who runs.
 *
 * <p>Data is there as long as every write that was acknowledged is on a node that is not lost for good; service, as long as writes are
 * taken at the tenant's level, or will be when others have taken over. Nodes that don't answer count as lost for both.
 */
public final class Redundancy {

    private Redundancy() {}

    /**
     * A node that holds a slot.
     *
     * @param up whether it answers
     * @param complete whether it surely has all that was acknowledged
     */
    public record Copy(NodeId node, RegionId region, boolean up, boolean complete) {}

    /**
     * A slot.
     *
     * @param durability at which its writes are acknowledged
     */
    public record Slot(List<Copy> members, NodeId leader, Durability durability) {

        /** Copies the list. */
        public Slot {
            members = List.copyOf(members);
        }
    }

    /**
     * Who decides.
     *
     * @param voters of whom a majority is needed; none if whoever runs decides alone
     * @param takesOver whether others lead by themselves what a lost node led
     */
    public record Deciders(List<Copy> voters, boolean takesOver) {

        /** Copies the list. */
        public Deciders {
            voters = List.copyOf(voters);
        }
    }

    /** What becomes of a slot when nodes are lost. */
    public enum Fate {
        /** Nothing changes. */
        SERVES,
        /** Another node leads. */
        MOVES,
        /** It can be read, not written. */
        READ_ONLY,
        /** It can't be read either. */
        UNAVAILABLE
    }

    /** Returns how much can be lost without losing data. */
    static ClusterHealth.CanLose data(Slot slot) {
        return new ClusterHealth.CanLose(keeps(slot, each -> each.node()), keeps(slot, each -> each.region()));
    }

    // Lost is what is on no complete copy that is left, and may be on none of those that are left: whoever acknowledged
    // it is gone.
    private static int keeps(Slot slot, Function<Copy, Object> unit) {
        Set<Object> complete = new HashSet<>();
        slot.members().stream()
                .filter(each -> each.up() && each.complete())
                .forEach(each -> complete.add(unit.apply(each)));
        List<Copy> others = slot.members().stream()
                .filter(each -> each.up() && !complete.contains(unit.apply(each)))
                .toList();
        int mayBeLeft = slot.members().size() - acknowledging(slot);
        return complete.size() + greedy(others, unit, mayBeLeft) - 1;
    }

    /** Returns how many members have a write when it is acknowledged, at least. */
    static int acknowledging(Slot slot) {
        return ShardReplicas.enoughToAcknowledge(
                slot.durability(), slot.members().size());
    }

    /** Returns how much can be lost while writes go on, at once or when others have taken over; -1 if they don't now. */
    static ClusterHealth.CanLose service(Slot slot, Deciders deciders) {
        return new ClusterHealth.CanLose(
                serves(slot, deciders, each -> each.node()), serves(slot, deciders, each -> each.region()));
    }

    private static int serves(Slot slot, Deciders deciders, Function<Copy, Object> unit) {
        int least = Integer.MAX_VALUE;
        int voters = deciders.voters().size();
        if (voters > 0) {
            least = greedy(deciders.voters(), unit, voters / 2);
        }
        int acknowledge = acknowledging(slot);
        if (acknowledge > 1) {
            least = Math.min(least, greedy(slot.members(), unit, acknowledge - 1));
        }
        return Math.min(least, withoutLeader(slot, deciders, unit)) - 1;
    }

    /** Returns how few units have to be lost, the leader's among them, so that nobody leads. */
    private static int withoutLeader(Slot slot, Deciders deciders, Function<Copy, Object> unit) {
        Copy leader = leader(slot);
        int needed = deciders.takesOver() && slot.members().size() > 1
                ? ShardReplicas.enoughToPromote(slot.members().size())
                : Integer.MAX_VALUE;
        if (!leader.up()) {
            return greedy(slot.members(), unit, needed - 1);
        }
        List<Copy> others = slot.members().stream()
                .filter(each -> !unit.apply(each).equals(unit.apply(leader)))
                .toList();
        return 1 + greedy(others, unit, needed - 1);
    }

    private static Copy leader(Slot slot) {
        return slot.members().stream()
                .filter(each -> each.node().equals(slot.leader()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no member leads: " + slot));
    }

    /** Returns how few units have to be lost so that no more than so many copies that answer are left. */
    private static int greedy(List<Copy> copies, Function<Copy, Object> unit, int atMost) {
        Map<Object, Integer> sizes = new HashMap<>();
        copies.stream().filter(Copy::up).forEach(each -> sizes.merge(unit.apply(each), 1, Integer::sum));
        int left = sizes.values().stream().mapToInt(Integer::intValue).sum();
        int lost = 0;
        for (int size :
                sizes.values().stream().sorted(Comparator.reverseOrder()).toList()) {
            if (left <= atMost) {
                break;
            }
            left -= size;
            lost++;
        }
        return lost;
    }

    /** Returns what becomes of a slot when nodes are lost besides those that don't answer. */
    public static Fate fate(Slot slot, Deciders deciders, Predicate<NodeId> lost) {
        List<Copy> left = left(slot.members(), lost);
        if (left.isEmpty()) {
            return Fate.UNAVAILABLE;
        }
        boolean decides = deciders.voters().isEmpty()
                || 2 * left(deciders.voters(), lost).size() > deciders.voters().size();
        int acknowledge = acknowledging(slot);
        if (!decides || acknowledge > 1 && left.size() < acknowledge) {
            return Fate.READ_ONLY;
        }
        if (left.stream().anyMatch(each -> each.node().equals(slot.leader()))) {
            return Fate.SERVES;
        }
        return deciders.takesOver()
                        && left.size()
                                >= ShardReplicas.enoughToPromote(slot.members().size())
                ? Fate.MOVES
                : Fate.READ_ONLY;
    }

    /** Returns whether all that was acknowledged is still there when nodes are lost besides those that don't answer. */
    static boolean keepsData(Slot slot, Predicate<NodeId> lost) {
        List<Copy> left = left(slot.members(), lost);
        return left.stream().anyMatch(Copy::complete) || slot.members().size() - left.size() < acknowledging(slot);
    }

    private static List<Copy> left(List<Copy> copies, Predicate<NodeId> lost) {
        return copies.stream()
                .filter(each -> each.up() && !lost.test(each.node()))
                .toList();
    }

    /** Returns what a tenant can still lose: the least of its slots. */
    public static ClusterHealth.TenantRisk risk(List<Slot> slots, Deciders deciders) {
        return new ClusterHealth.TenantRisk(
                least(slots.stream().map(Redundancy::data).toList()),
                least(slots.stream().map(slot -> service(slot, deciders)).toList()));
    }

    private static ClusterHealth.CanLose least(List<ClusterHealth.CanLose> each) {
        return new ClusterHealth.CanLose(
                each.stream().mapToInt(ClusterHealth.CanLose::nodes).min().orElse(-1),
                each.stream().mapToInt(ClusterHealth.CanLose::regions).min().orElse(-1));
    }
}
