package io.tidaldb.core.leading;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.remote.Answer;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Who leads after a node that is gone")
class SuccessionTest {

    private static final int MEMBERS = 3;

    private static Answer.Log log(int region, long first, long last) {
        return new Answer.Log(region, 0, 0, first, last);
    }

    private static Answer.Replica replica(int region, boolean canLead, Answer.Log... logs) {
        return new Answer.Replica(7, "r" + region + ":s0", canLead, List.of(logs), List.of(), null);
    }

    private static List<ClusterCommand.Promote> decide(Answer.Replica... replicas) {
        return Succession.decide(List.of(new Answer.Positions(List.of(replicas))), (tenant, shard) -> MEMBERS);
    }

    private static ClusterCommand.Promote leader(String replica) {
        return new ClusterCommand.Promote(TenantId.of(7), ReplicaId.parse(replica));
    }

    @Test
    @DisplayName("the one that has most of all logs together leads")
    void furthest() {
        assertThat(decide(replica(0, true, log(2, 1, 10)), replica(1, true, log(2, 1, 11))))
                .containsExactly(leader("r1:s0"));
        assertThat(decide(replica(0, true, log(2, 1, 10), log(1, 1, 5)), replica(1, true, log(2, 1, 11))))
                .containsExactly(leader("r0:s0"));
    }

    @Test
    @DisplayName("nobody leads who lacks what another one has dropped from its log")
    void lacksWhatWasDropped() {
        assertThat(decide(replica(0, true, log(2, 1, 10), log(1, 1, 90)), replica(1, true, log(2, 12, 12))))
                .containsExactly(leader("r1:s0"));
        assertThat(decide(replica(0, true, log(2, 1, 11), log(1, 1, 90)), replica(1, true, log(2, 12, 12))))
                .containsExactly(leader("r0:s0"));
    }

    @Test
    @DisplayName("nobody leads whose state does not count, or when too few answer")
    void nobody() {
        assertThat(decide(replica(0, false, log(2, 1, 10)), replica(1, false, log(2, 1, 9))))
                .isEmpty();
        assertThat(decide(replica(0, false, log(2, 1, 10)), replica(1, true, log(2, 1, 9))))
                .containsExactly(leader("r1:s0"));
        assertThat(decide(replica(0, true, log(2, 1, 10)))).isEmpty();
    }

    @Test
    @DisplayName("a damaged one that knows what it had counts for who has all of that, and never leads")
    void damaged() {
        Answer.Replica damaged = new Answer.Replica(7, "r1:s0", false, List.of(log(2, 11, 10)), List.of(), true);
        assertThat(decide(replica(0, true, log(2, 1, 10)), damaged)).containsExactly(leader("r0:s0"));
        assertThat(decide(replica(0, true, log(2, 1, 9)), damaged)).isEmpty();
        // Those that are whole are enough.
        assertThat(decide(replica(0, true, log(2, 1, 9)), replica(2, true, log(2, 1, 8)), damaged))
                .containsExactly(leader("r0:s0"));
    }
}
