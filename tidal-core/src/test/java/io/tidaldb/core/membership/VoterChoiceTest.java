package io.tidaldb.core.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.core.control.NodeRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Who votes")
class VoterChoiceTest {

    private final List<NodeRecord> nodes = new ArrayList<>();

    private void node(String name, int region, boolean removed) {
        nodes.add(new NodeRecord(NodeId.of(name), RegionId.of(region), "", "", removed, null));
    }

    private static List<NodeId> names(String... names) {
        return Stream.of(names).map(NodeId::of).toList();
    }

    @Test
    @DisplayName("nothing changes while the members are those that are agreed")
    void settled() {
        node("n0", 0, false);
        node("n1", 1, false);
        assertThat(VoterChoice.next(nodes, names("n0", "n1"), List.of(), node -> true))
                .isEmpty();
    }

    @Test
    @DisplayName("who was removed goes, and its successor votes once it can be reached")
    void replaced() {
        node("n0", 0, false);
        node("n1", 1, false);
        node("n2", 2, true);
        node("n3", 2, false);
        List<NodeId> before = names("n0", "n1", "n2");
        assertThat(VoterChoice.next(nodes, before, List.of(), node -> true))
                .contains(new VoterChoice(names("n0", "n1", "n3"), List.of()));
        assertThat(VoterChoice.next(nodes, before, List.of(), node -> false))
                .contains(new VoterChoice(names("n0", "n1"), List.of()));
    }

    @Test
    @DisplayName("one newcomer a step gets a vote, from the region that has fewest; seven vote at most")
    void spread() {
        for (int region = 0; region < 3; region++) {
            for (int each = 0; each < 4; each++) {
                node("r" + region + "-" + each, region, false);
            }
        }
        List<NodeId> voters = names("r0-0");
        List<NodeId> followers = List.of();
        int steps = 0;
        for (Optional<VoterChoice> next; ; steps++) {
            next = VoterChoice.next(nodes, voters, followers, node -> true);
            if (next.isEmpty()) {
                break;
            }
            List<NodeId> before = voters;
            assertThat(next.get().voters().stream().filter(node -> !before.contains(node)))
                    .hasSizeLessThanOrEqualTo(1);
            voters = next.get().voters();
            followers = next.get().followers();
        }
        assertThat(steps).isEqualTo(6);
        assertThat(voters).isEqualTo(names("r0-0", "r0-1", "r0-2", "r1-0", "r1-1", "r2-0", "r2-1"));
        assertThat(followers).hasSize(5).doesNotContainAnyElementsOf(voters);
    }

    @Test
    @DisplayName("where more vote than may, those of the most crowded region lose their votes")
    void tooMany() {
        for (int each = 0; each < 9; each++) {
            node("n" + each, each < 5 ? 0 : each, false);
        }
        List<NodeId> all = nodes.stream().map(NodeRecord::node).toList();
        assertThat(VoterChoice.next(nodes, all, List.of(), node -> true))
                .contains(new VoterChoice(names("n0", "n1", "n2", "n5", "n6", "n7", "n8"), names("n3", "n4")));
    }
}
