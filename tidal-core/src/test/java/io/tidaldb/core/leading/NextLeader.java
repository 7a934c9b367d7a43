package io.tidaldb.core.leading;

import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.remote.Answer;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** Who leads next, as it is decided: for tests elsewhere. */
public final class NextLeader {

    private NextLeader() {}

    /**
     * Returns who leads a slot next; null if too few have answered.
     *
     * @param held how far each replica that has answered holds each log
     * @param members how many replicas there are
     */
    public static @Nullable ReplicaId of(SortedMap<ReplicaId, SortedMap<Origin, Long>> held, int members) {
        List<Answer.Positions> answers = held.entrySet().stream()
                .map(each -> new Answer.Positions(List.of(replica(each.getKey(), each.getValue()))))
                .toList();
        List<ClusterCommand.Promote> decided = Succession.decide(answers, (tenant, shard) -> members);
        return decided.isEmpty() ? null : decided.get(0).leader();
    }

    private static Answer.Replica replica(ReplicaId replica, SortedMap<Origin, Long> held) {
        List<Answer.Log> logs = held.entrySet().stream()
                .map(each -> log(each.getKey(), each.getValue()))
                .toList();
        return new Answer.Replica(TenantId.of(1).value(), replica.toString(), true, logs, List.of(), null);
    }

    private static Answer.Log log(Origin origin, long last) {
        return new Answer.Log(
                origin.region().value(), origin.shard().value(), origin.incarnation(), origin.startSeqno() + 1, last);
    }
}
