package io.tidaldb.core.leading;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.routing.ShardReplicas;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToIntBiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Who leads next: for each slot, of those that lack nothing that another one has dropped from its logs, the one that has most. Whatever a
 * majority had acknowledged is in it, if half of the replicas, rounded up, are asked. A damaged one counts among these for who has all that it
 * is known to have had. A pure function.
 */
public final class Succession {

    private Succession() {}

    private record Slot(TenantId tenant, ShardId shard) implements Comparable<Slot> {

        @Override
        public int compareTo(Slot other) {
            int byTenant = tenant.compareTo(other.tenant);
            return byTenant != 0 ? byTenant : shard.compareTo(other.shard);
        }
    }

    /**
     * Decides.
     *
     * @param answers what the nodes that answer hold of what lost its leader
     * @param members how many replicas a tenant's slot has, whether they answer or not
     * @return nothing for slots of which too few answer, or whose replicas all lack something
     */
    public static List<ClusterCommand.Promote> decide(
            List<Answer.Positions> answers, ToIntBiFunction<TenantId, ShardId> members) {
        SortedMap<Slot, List<Answer.Replica>> slots = new TreeMap<>();
        for (Answer.Positions answer : answers) {
            for (Answer.Replica replica : answer.replicas()) {
                ShardId shard = ReplicaId.parse(replica.replica()).shard();
                slots.computeIfAbsent(new Slot(TenantId.of(replica.tenant()), shard), each -> new ArrayList<>())
                        .add(replica);
            }
        }
        List<ClusterCommand.Promote> promotions = new ArrayList<>();
        slots.forEach((slot, replicas) -> {
            int all = members.applyAsInt(slot.tenant, slot.shard);
            Answer.@Nullable Replica next = all > 0 ? best(replicas, all) : null;
            if (next != null) {
                promotions.add(new ClusterCommand.Promote(slot.tenant, ReplicaId.parse(next.replica())));
            }
        });
        return promotions;
    }

    /** Returns whether a replica may lead next, be it the one that has most or not. */
    static boolean mayLead(ClusterCommand.Promote next, List<Answer.Positions> answers, int members) {
        List<Answer.Replica> replicas = answers.stream()
                .flatMap(answer -> answer.replicas().stream())
                .filter(each -> each.tenant() == next.tenant().value()
                        && ReplicaId.parse(each.replica())
                                .shard()
                                .equals(next.leader().shard()))
                .toList();
        return members > 0
                && replicas.stream()
                        .filter(each -> each.replica().equals(next.leader().toString()))
                        .anyMatch(each -> mayLead(each, replicas, members));
    }

    private static boolean mayLead(Answer.Replica candidate, List<Answer.Replica> replicas, int members) {
        long counted = replicas.stream()
                .filter(each -> !isDamaged(each) || hasAll(candidate, each))
                .count();
        return counted >= ShardReplicas.enoughToPromote(members)
                && replicas.stream().allMatch(other -> isDamaged(other) || lacksNothing(candidate, other));
    }

    private static boolean isDamaged(Answer.Replica replica) {
        return Boolean.TRUE.equals(replica.damaged());
    }

    /** Returns those replicas whose files are not damaged, as far as they say. */
    static Stream<Answer.Replica> whole(Answer.Positions answer) {
        return answer.replicas().stream().filter(each -> !isDamaged(each));
    }

    private static boolean hasAll(Answer.Replica candidate, Answer.Replica damaged) {
        return damaged.logs().stream()
                .allMatch(log -> Long.compareUnsigned(log.lastSeqno(), candidate.end(log.origin())) <= 0);
    }

    private static Answer.@Nullable Replica best(List<Answer.Replica> replicas, int members) {
        Answer.Replica best = null;
        for (Answer.Replica each : replicas) {
            boolean may = each.canLead() && mayLead(each, replicas, members);
            if (may && (best == null || records(each) > records(best))) {
                best = each;
            }
        }
        return best;
    }

    /** Returns whether a replica can lead as far as its own state and what another one has dropped from its logs are concerned. */
    static boolean lacksNothing(Answer.Replica candidate, Answer.Replica other) {
        return candidate.canLead()
                && other.logs().stream()
                        .allMatch(log -> Long.compareUnsigned(log.firstSeqno(), end(candidate, log) + 1) <= 0);
    }

    /** Returns how far a replica holds a log. */
    static long end(Answer.Replica replica, Answer.Log of) {
        return replica.logs().stream()
                .filter(log -> log.isOf(of))
                .mapToLong(Answer.Log::lastSeqno)
                .findFirst()
                .orElse(of.startSeqno());
    }

    private static long records(Answer.Replica replica) {
        return replica.logs().stream()
                .mapToLong(log -> log.lastSeqno() - log.startSeqno())
                .sum();
    }
}
