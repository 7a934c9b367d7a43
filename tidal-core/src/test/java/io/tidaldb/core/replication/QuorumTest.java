package io.tidaldb.core.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Seqno;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("how far members hold a log")
class QuorumTest {

    private static final NodeId A = NodeId.of("a");
    private static final NodeId B = NodeId.of("b");
    private static final NodeId C = NodeId.of("c");

    @Test
    @DisplayName("a node alone is its own majority")
    void alone() {
        Quorum quorum = new Quorum(0, List.of());
        quorum.own(5);
        assertThat(quorum.majority()).isEqualTo(5);
        assertThat(quorum.all()).isEqualTo(5);
    }

    @Test
    @DisplayName("of two, both are a majority; of three, two")
    void majorities() {
        Quorum two = new Quorum(0, List.of(A));
        two.own(5);
        assertThat(two.majority()).isZero();
        two.acked(A, 3);
        assertThat(two.majority()).isEqualTo(3);

        Quorum three = new Quorum(0, List.of(A, B));
        three.own(5);
        three.acked(B, 4);
        assertThat(three.majority()).isEqualTo(4);
        assertThat(three.all()).isZero();
        three.acked(A, 1);
        assertThat(three.all()).isEqualTo(1);
    }

    @Test
    @DisplayName("what this node does not hold is held by no majority, even if the others do")
    void ownCounts() {
        Quorum quorum = new Quorum(0, List.of(A, B));
        quorum.acked(A, 9);
        quorum.acked(B, 9);
        assertThat(quorum.majority()).isZero();
        quorum.own(7);
        assertThat(quorum.majority()).isEqualTo(7);
    }

    @Test
    @DisplayName("positions do not go back, and strangers do not count")
    void ignoresOldNews() {
        Quorum quorum = new Quorum(0, List.of(A));
        quorum.own(9);
        quorum.own(8);
        quorum.acked(A, 6);
        quorum.acked(A, 5);
        quorum.acked(C, 9);
        assertThat(quorum.own()).isEqualTo(9);
        assertThat(quorum.all()).isEqualTo(6);
        assertThat(quorum.size()).isEqualTo(2);
    }

    @Test
    @DisplayName("who stays a member keeps its position, a newcomer holds nothing, who returns begins again")
    void membersChange() {
        Quorum quorum = new Quorum(0, List.of(A, B));
        quorum.own(9);
        quorum.acked(A, 6);
        quorum.acked(B, 3);
        quorum.members(List.of(A));
        assertThat(quorum.all()).isEqualTo(6);
        quorum.members(List.of(A, B, C));
        assertThat(quorum.majority()).isZero();
        quorum.acked(C, 8);
        assertThat(quorum.majority()).isEqualTo(6);
        assertThat(quorum.all()).isZero();
    }

    @Test
    @DisplayName("any acknowledgements and changes of members agree with counting")
    void agreesWithAModel() {
        for (int seed = 0; seed < 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<NodeId> nodes = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                nodes.add(NodeId.of("n" + i));
            }
            long start = Seqno.of(random.nextInt(Seqno.MAX_INCARNATION + 1), 0);
            TreeMap<NodeId, Long> model = new TreeMap<>();
            long own = 0;
            Quorum quorum = new Quorum(start, List.of());
            for (int step = 0; step < 300; step++) {
                NodeId node = nodes.get(random.nextInt(nodes.size()));
                long seqno = random.nextLong(step + 1);
                if (random.nextInt(20) == 0) {
                    List<NodeId> members =
                            nodes.stream().filter(n -> random.nextBoolean()).toList();
                    quorum.members(members);
                    model.keySet().retainAll(members);
                    members.forEach(member -> model.putIfAbsent(member, 0L));
                } else if (random.nextInt(3) == 0) {
                    quorum.own(start + seqno);
                    own = Math.max(own, seqno);
                } else {
                    quorum.acked(node, start + seqno);
                    model.computeIfPresent(node, (n, before) -> Math.max(before, seqno));
                }
                assertThat(new long[] {quorum.own(), quorum.majority(), quorum.all()})
                        .as("seed %d, step %d", seed, step)
                        .containsExactly(start + own, start + held(model, own, false), start + held(model, own, true));
            }
        }
    }

    /** Returns the highest seqno that enough hold, found by trying every one. */
    private static long held(Map<NodeId, Long> acked, long own, boolean all) {
        int members = acked.size() + 1;
        for (long seqno = own; ; seqno--) {
            long candidate = seqno;
            long holders = 1
                    + acked.values().stream().filter(held -> held >= candidate).count();
            if (all ? holders == members : 2 * holders > members) {
                return seqno;
            }
        }
    }
}
