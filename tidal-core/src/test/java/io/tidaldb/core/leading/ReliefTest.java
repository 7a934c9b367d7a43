package io.tidaldb.core.leading;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.remote.Answer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Who gets what a node gives up")
class ReliefTest {

    private static final NodeId SELF = NodeId.of("n0");

    private static Answer.Log log(long first, long last) {
        return new Answer.Log(0, 0, 0, first, last);
    }

    private static Answer.Replica replica(long tenant, int region, boolean canLead, Answer.Log... logs) {
        return new Answer.Replica(tenant, "r" + region + ":s0", canLead, List.of(logs), List.of(), null);
    }

    private static Answer.Positions answer(Answer.Replica... replicas) {
        return new Answer.Positions(List.of(replicas));
    }

    private static Relief.Successor successor(long tenant, int region, long behind) {
        return new Relief.Successor(TenantId.of(tenant), ReplicaId.parse("r" + region + ":s0"), behind);
    }

    @Test
    @DisplayName("the one that is least behind gets a slot")
    void leastBehind() {
        assertThat(Relief.decide(
                        answer(replica(7, 0, true, log(1, 10))),
                        List.of(
                                answer(replica(7, 1, true, log(1, 8))),
                                answer(replica(7, 2, true, log(1, 9))),
                                answer(replica(8, 1, true, log(1, 10)))),
                        each -> true))
                .containsExactly(successor(7, 2, 1));
    }

    @Test
    @DisplayName("of equals each region gets as many")
    void spread() {
        assertThat(Relief.decide(
                        answer(replica(1, 0, true), replica(2, 0, true), replica(3, 0, true), replica(4, 0, true)),
                        List.of(
                                answer(
                                        replica(1, 1, true),
                                        replica(2, 1, true),
                                        replica(3, 1, true),
                                        replica(4, 1, true)),
                                answer(
                                        replica(1, 2, true),
                                        replica(2, 2, true),
                                        replica(3, 2, true),
                                        replica(4, 2, true))),
                        each -> true))
                .extracting(each -> each.replica().region().value())
                .containsExactly(1, 2, 1, 2);
    }

    @Test
    @DisplayName("nobody gets it whose state does not count, who lacks what was dropped, or who is not wanted")
    void nobody() {
        Answer.Positions own = answer(replica(7, 0, true, log(5, 10)));
        assertThat(Relief.decide(own, List.of(answer(replica(7, 1, false, log(1, 10)))), each -> true))
                .isEmpty();
        assertThat(Relief.decide(own, List.of(answer(replica(7, 1, true, log(1, 3)))), each -> true))
                .isEmpty();
        assertThat(Relief.decide(own, List.of(answer(replica(7, 1, true, log(1, 4)))), each -> true))
                .containsExactly(successor(7, 1, 6));
        assertThat(Relief.decide(own, List.of(answer(replica(7, 1, true, log(1, 4)))), each -> false))
                .isEmpty();
    }

    private static TenantRecord record(long tenant, String leads, String preferred) {
        return new TenantRecord(
                TenantConfig.builder(TenantId.of(tenant)).build(),
                List.of(ReplicaId.parse(leads)),
                List.of(ReplicaId.parse(preferred)),
                1,
                0,
                0);
    }

    @Test
    @DisplayName("what prefers a node that is ready goes back to it, a few at a time, and nothing else")
    void toPreferred() {
        List<TenantRecord> records = List.of(
                record(1, "r0:s0", "r0:s0"),
                record(2, "r0:s0", "r1:s0"),
                record(3, "r0:s0", "r2:s0"),
                record(4, "r2:s0", "r1:s0"),
                record(5, "r0:s0", "r1:s0"),
                record(6, "r0:s0", "r1:s0"));
        assertThat(toPreferred(records, null, 2)).containsExactly(home(2), home(5));
        assertThat(toPreferred(records, home(5), 2)).containsExactly(home(6), home(2));
        assertThat(toPreferred(records, home(3), 8)).containsExactly(home(5), home(6), home(2));
    }

    @Test
    @DisplayName("of slots of which those before can't go home for now, each has its turn")
    void inTurn() {
        List<TenantRecord> records = LongStream.rangeClosed(1, 20)
                .mapToObj(tenant -> record(tenant, "r0:s0", "r1:s0"))
                .toList();
        Set<ClusterCommand.Promote> tried = new HashSet<>();
        ClusterCommand.Promote last = null;
        for (int attempt = 0; attempt < 3; attempt++) {
            List<ClusterCommand.Promote> wanted = toPreferred(records, last, 8);
            tried.addAll(wanted);
            last = wanted.get(wanted.size() - 1);
        }
        assertThat(tried).hasSize(20);
    }

    private static ClusterCommand.Promote home(long tenant) {
        return new ClusterCommand.Promote(TenantId.of(tenant), ReplicaId.parse("r1:s0"));
    }

    private static List<ClusterCommand.Promote> toPreferred(
            List<TenantRecord> records, ClusterCommand.@Nullable Promote last, int most) {
        return Relief.toPreferred(
                records,
                SELF,
                replica -> NodeId.of("n" + replica.region().value()),
                NodeId.of("n1")::equals,
                last,
                most);
    }
}
