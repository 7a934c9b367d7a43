package io.tidaldb.core.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.report.Redundancy.Copy;
import io.tidaldb.core.report.Redundancy.Deciders;
import io.tidaldb.core.report.Redundancy.Fate;
import io.tidaldb.core.report.Redundancy.Slot;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class RedundancyTest {

    private static final NodeId N0 = NodeId.of("n0");

    /** A slot in a cluster, and the cluster's nodes. */
    private record Case(Slot slot, Deciders deciders, List<Copy> nodes) {}

    private static Case random(Random random) {
        int nodes = 1 + random.nextInt(6);
        int regions = 1 + random.nextInt(nodes);
        List<Copy> all = new ArrayList<>();
        for (int i = 0; i < nodes; i++) {
            all.add(new Copy(
                    NodeId.of("n" + i),
                    RegionId.of(i < regions ? i : random.nextInt(regions)),
                    random.nextInt(8) > 0,
                    random.nextInt(3) > 0));
        }
        int count = 1 + random.nextInt(nodes);
        List<Copy> members = new ArrayList<>(all.subList(0, count));
        Copy leader = members.get(random.nextInt(count));
        members.replaceAll(
                each -> each.equals(leader) ? new Copy(each.node(), each.region(), each.up(), each.up()) : each);
        Durability durability = Durability.values()[random.nextInt(count == 1 ? 2 : Durability.values().length)];
        boolean processes = random.nextBoolean();
        return new Case(
                new Slot(members, leader.node(), durability),
                new Deciders(processes ? all : List.of(), processes),
                all);
    }

    /** Returns the largest number of units of which any may be lost, by trying all sets of them. */
    private static int tried(List<? extends Object> units, Predicate<Set<Object>> holds) {
        int allowed = units.size();
        for (int set = 0; set < 1 << units.size(); set++) {
            Set<Object> lost = new HashSet<>();
            for (int i = 0; i < units.size(); i++) {
                if ((set >> i & 1) != 0) {
                    lost.add(units.get(i));
                }
            }
            if (!holds.test(lost)) {
                allowed = Math.min(allowed, lost.size() - 1);
            }
        }
        return allowed;
    }

    private static boolean hasData(Case each, Predicate<Copy> lost) {
        // Of each write that may have been acknowledged: whoever acknowledged it could be any set that is large enough.
        List<Copy> members = each.slot().members();
        List<Copy> left =
                members.stream().filter(copy -> copy.up() && !lost.test(copy)).toList();
        if (left.stream().anyMatch(Copy::complete)) {
            return true;
        }
        int enough = switch (each.slot().durability()) {
            case ASYNC, LOCAL -> 1;
            case MAJORITY -> members.size() / 2 + 1;
            case ALL -> members.size();
        };
        for (int set = 0; set < 1 << members.size(); set++) {
            List<Copy> holders = new ArrayList<>();
            for (int i = 0; i < members.size(); i++) {
                if ((set >> i & 1) != 0) {
                    holders.add(members.get(i));
                }
            }
            if (holders.size() >= enough && holders.stream().noneMatch(left::contains)) {
                return false;
            }
        }
        return true;
    }

    private static boolean serves(Case each, Predicate<Copy> lost) {
        List<Copy> members = each.slot().members();
        long left =
                members.stream().filter(copy -> copy.up() && !lost.test(copy)).count();
        List<Copy> voters = each.deciders().voters();
        boolean decides = voters.isEmpty()
                || voters.stream().filter(copy -> copy.up() && !lost.test(copy)).count() > voters.size() / 2;
        boolean leads = members.stream()
                .anyMatch(copy -> copy.node().equals(each.slot().leader()) && copy.up() && !lost.test(copy));
        boolean succeeded = each.deciders().takesOver() && left >= members.size() - members.size() / 2 && left > 0;
        boolean acknowledged = switch (each.slot().durability()) {
            case ASYNC, LOCAL -> true;
            case MAJORITY -> left > members.size() / 2;
            case ALL -> left == members.size();
        };
        return decides && acknowledged && (leads || succeeded);
    }

    @Test
    @DisplayName("F-60: exactly so many nodes and regions can be lost, whichever they are, and not one more")
    void isWhatTryingAllSetsSays() {
        Set<Integer> seen = new TreeSet<>();
        for (long seed = 0; seed < 20_000; seed++) {
            Case each = random(new Random(seed));
            List<NodeId> nodes = each.nodes().stream().map(Copy::node).toList();
            List<RegionId> regions =
                    each.nodes().stream().map(Copy::region).distinct().toList();
            ClusterHealth.CanLose data = Redundancy.data(each.slot());
            ClusterHealth.CanLose service = Redundancy.service(each.slot(), each.deciders());
            String as = "seed " + seed + ": " + each;
            assertThat(data.nodes())
                    .as(as)
                    .isEqualTo(tried(nodes, lost -> hasData(each, copy -> lost.contains(copy.node()))));
            assertThat(data.regions())
                    .as(as)
                    .isEqualTo(tried(regions, lost -> hasData(each, copy -> lost.contains(copy.region()))));
            assertThat(service.nodes())
                    .as(as)
                    .isEqualTo(tried(nodes, lost -> serves(each, copy -> lost.contains(copy.node()))));
            assertThat(service.regions())
                    .as(as)
                    .isEqualTo(tried(regions, lost -> serves(each, copy -> lost.contains(copy.region()))));
            seen.add(data.nodes());
            seen.add(service.nodes());
        }
        assertThat(seen).contains(-1, 0, 1, 2, 3);
    }

    @Test
    @DisplayName("F-60: what becomes of a slot if a node is lost agrees with how many can be lost")
    void fateAgrees() {
        Set<Fate> seen = new TreeSet<>();
        for (long seed = 0; seed < 20_000; seed++) {
            Case each = random(new Random(seed));
            for (Copy node : each.nodes()) {
                Fate fate = Redundancy.fate(each.slot(), each.deciders(), node.node()::equals);
                seen.add(fate);
                assertThat(fate.compareTo(Fate.MOVES) <= 0)
                        .as("seed %s: %s without %s", seed, each, node)
                        .isEqualTo(serves(each, copy -> copy.node().equals(node.node())));
                assertThat(Redundancy.keepsData(each.slot(), node.node()::equals))
                        .as("seed %s: %s without %s", seed, each, node)
                        .isEqualTo(hasData(each, copy -> copy.node().equals(node.node())));
            }
        }
        assertThat(seen).containsExactlyInAnyOrder(Fate.values());
    }

    @Test
    @DisplayName(
            "F-60: three replicas survive one node, and with a majority's acknowledgement one that is behind counts")
    void threeReplicas() {
        List<Copy> three = List.of(
                new Copy(N0, RegionId.of(0), true, true),
                new Copy(NodeId.of("n1"), RegionId.of(1), true, false),
                new Copy(NodeId.of("n2"), RegionId.of(2), true, false));
        Deciders processes = new Deciders(three, true);
        assertThat(Redundancy.data(new Slot(three, N0, Durability.LOCAL))).isEqualTo(new ClusterHealth.CanLose(0, 0));
        assertThat(Redundancy.data(new Slot(three, N0, Durability.MAJORITY)))
                .isEqualTo(new ClusterHealth.CanLose(1, 1));
        assertThat(Redundancy.service(new Slot(three, N0, Durability.LOCAL), processes))
                .isEqualTo(new ClusterHealth.CanLose(1, 1));
        assertThat(Redundancy.service(new Slot(three, N0, Durability.ALL), processes))
                .isEqualTo(new ClusterHealth.CanLose(0, 0));
        assertThat(Redundancy.fate(new Slot(three, N0, Durability.LOCAL), processes, N0::equals))
                .isEqualTo(Fate.MOVES);
    }
}
